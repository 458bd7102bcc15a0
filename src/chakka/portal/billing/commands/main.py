"""The command line of `chakka bill`."""

import argparse
import sys
from collections.abc import Callable
from types import ModuleType

from django.conf import settings

from chakka.cli.arguments import CommandParser
from chakka.errors import InputError
from chakka.portal.billing.commands import listing
from chakka.portal.schema import bring_up_to_date

ACTIONS: tuple[ModuleType, ...] = (listing,)


def parser() -> CommandParser:
    """Return the parser of `chakka bill`."""
    root = CommandParser(prog="chakka bill", description="The books: from usage to invoices.")
    subparsers = root.add_subparsers(dest="action", required=True, metavar="ACTION")
    for action in ACTIONS:
        action.add(subparsers)
    return root


def main(words: list[str]) -> int:
    """Run one action and return its exit code: 0 good, 1 problems, 2 wrong usage."""
    arguments = parser().parse_args(words)
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        bring_up_to_date(settings.CONFIG.directory)
        return run(arguments)
    except InputError as fault:
        print(f"chakka bill {arguments.action}: {fault}", file=sys.stderr)
        for problem in fault.problems:
            print(f"  {problem.where}: {problem.message}", file=sys.stderr)
        return 1
