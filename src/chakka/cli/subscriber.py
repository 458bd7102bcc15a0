"""`chakka subscriber`: the businesses that pay for the calls."""

import argparse

from chakka.cli.portal_command import add_portal_command

_WHAT_IT_DOES = """\
ACTION is one of
  add, change     a subscriber, to whom invoices go
  list, show      all of them, or one with the contracts
Each has --help of its own."""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("subscriber", help="add, change and show subscribers")
    add_portal_command(parser, _WHAT_IT_DOES)
