"""`chakka contract`: which freephone number is whose, with which options, from when to when."""

import argparse

from chakka.cli.portal_command import add_portal_command

_WHAT_IT_DOES = """\
ACTION is one of
  open, change, stop     a number for a subscriber, its options, its end
  list, show             what is under contract on a day, and its monthly price
  price                  what a contract would cost in its first and second month
  directory              listings in an issue of the telephone directory
  work                   other completed work, such as the release of a lock
Each has --help of its own."""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("contract", help="open, change, stop and price contracts")
    add_portal_command(parser, _WHAT_IT_DOES)
