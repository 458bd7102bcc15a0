"""`chakka bill`: the books."""

import argparse

from chakka.cli.portal_command import add_portal_command

_WHAT_IT_DOES = """\
ACTION is one of
  run, draft, blockers, decide, issue     a month: draft, checks, decisions, issue
  list, show, search, explain             what was issued, and why
  credit, adjust                          what went wrong
  pdf, pint, csv, export                  documents and the double-entry journal
  verify                                  chain of hashes, gaps, sums, everything computed again
  publish, tables                         price list, levies, tax rates
  seed-demo                               the demo business
Each has --help of its own."""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("bill", help="bill a month, issue, show, search and verify invoices")
    add_portal_command(parser, _WHAT_IT_DOES)
