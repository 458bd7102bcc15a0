"""`chakka account`: who may log in to the portal, and what locks them out."""

import argparse

from chakka.cli.portal_command import add_portal_command

_WHAT_IT_DOES = """\
ACTION is one of
  create          a login id and a password for a person of a subscriber, or of the operator
  role            for whom a login acts
  list, locks     logins; locked ones with what led to it and what they ask for
  unlock          release a lock, with who, why and the fee
  demo            the login of the demo business
Each has --help of its own."""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("account", help="make, show and unlock logins of the portal")
    add_portal_command(parser, _WHAT_IT_DOES)
