"""`chakka bill`: the books, kept by the portal (`python -m chakka.portal bill`); here it is only found."""

import argparse
import os
import runpy
import sys

from chakka.cli.data_directory import add_data_option

_WHAT_IT_DOES = """\
ACTION is one of
  run, draft, blockers, decide, issue     a month: draft, checks, decisions, issue
  list, show, search, explain             what was issued, and why
  credit, adjust                          what went wrong
  pdf, pint, csv, export                  documents and the double-entry journal
  verify                                  chain of hashes, gaps, sums, everything computed again
  seed-demo                               the demo business
Each has --help of its own."""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "bill",
        help="bill a month, issue, show, search and verify invoices",
        epilog=_WHAT_IT_DOES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", metavar="ACTION")
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="…", help="of the action")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Hand everything to the portal, which alone knows the business database, and return its exit code."""
    places = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    add_data_option(places)
    places.add_argument("--config")
    known, words = places.parse_known_args(arguments.words)
    os.environ["CHAKKA_DATA"] = str(known.data)
    if known.config is not None:
        os.environ["CHAKKA_CONFIG"] = known.config
    sys.argv = ["chakka", "bill", arguments.action, *words]
    try:
        # By name, at run time: commands must not import Django, which takes a third of a second.
        runpy.run_module("chakka.portal", run_name="__main__")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0
