"""`chakka`: one command for each thing that a person asks of the service.

Each command is a module of this package with `add(subparsers)`, which names its function by
`set_defaults(run=…)`; the function takes the parsed arguments and returns the exit code:
0 good, 1 problems, 2 wrong usage.
"""

import argparse
from collections.abc import Callable
from types import ModuleType

from chakka import __version__
from chakka.cli import calls, check, decide, explain, journal, number, plan, publish, rate, run
from chakka.cli.arguments import CommandParser

COMMANDS: tuple[ModuleType, ...] = (run, number, check, publish, plan, decide, calls, explain, rate, journal)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    root = CommandParser(prog="chakka", description="Toll-free numbers in Japan.")
    root.add_argument("--version", action="version", version=f"chakka {__version__}")
    subparsers = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(subparsers)
    return root


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = arguments.run
    return run(arguments)
