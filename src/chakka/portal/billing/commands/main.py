"""The command line of `chakka bill`."""

import argparse
import sys
from collections.abc import Callable
from importlib import import_module

from django.conf import settings
from django.db import OperationalError

from chakka.cli.arguments import CommandParser
from chakka.errors import InputError
from chakka.portal.schema import bring_up_to_date

# Which module has which action. Only that one is imported: WeasyPrint alone takes half a second.
ACTIONS = {
    "run": "running",
    "draft": "running",
    "issue": "running",
    "blockers": "deciding",
    "decide": "deciding",
    "list": "listing",
    "search": "listing",
    "show": "listing",
    "explain": "explaining",
    "credit": "correcting",
    "adjust": "correcting",
    "pdf": "printing",
    "pint": "exporting",
    "csv": "exporting",
    "export": "exporting",
    "verify": "proving",
    "publish": "tables",
    "tables": "tables",
    "seed-demo": "seeding",
}


def main(words: list[str]) -> int:
    """Run one action and return its exit code: 0 good, 1 problems, 2 wrong usage."""
    root = CommandParser(prog="chakka bill")
    if not words or words[0] not in ACTIONS:
        root.error(f"{words[0] if words else 'nothing'} is no action; there are {', '.join(ACTIONS)}")
    subparsers = root.add_subparsers(dest="action", required=True, metavar="ACTION")
    import_module(f"{__package__}.{ACTIONS[words[0]]}").add(subparsers)
    arguments = root.parse_args(words)
    try:
        return _run(arguments)
    except InputError as fault:
        print(f"chakka bill {arguments.action}: {fault}", file=sys.stderr)
        for problem in fault.problems:
            print(f"  {problem.where}: {problem.message}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read has gone; `chakka` knows how to end then.
        raise
    except (OSError, OperationalError) as fault:
        # No such file, a full disk, a database that is locked for long: nothing was half done.
        print(f"chakka bill {arguments.action}: {fault}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"chakka bill {arguments.action}: stopped; the same command goes on from here", file=sys.stderr)
        return 1


def _run(arguments: argparse.Namespace) -> int:
    bring_up_to_date(settings.CONFIG.directory)
    run: Callable[[argparse.Namespace], int] = arguments.run
    return run(arguments)
