"""`chakka`: one command for each thing that a person asks of the service.

Each command is a module of this package with `add(subparsers)`, which names its function by
`set_defaults(run=…)`; the function takes the parsed arguments and returns the exit code:
0 good, 1 problems, 2 wrong usage.
"""

import argparse
import io
import os
import sys
from collections.abc import Callable
from types import ModuleType

from chakka import __version__
from chakka.cli import (
    account,
    bill,
    calls,
    check,
    contract,
    decide,
    digest,
    explain,
    guard,
    health,
    journal,
    keys,
    ladder,
    live,
    number,
    plan,
    publish,
    rate,
    records,
    replay,
    run,
    subscriber,
    suspense,
    tariff,
)
from chakka.cli.arguments import CommandParser

COMMANDS: tuple[ModuleType, ...] = (
    run,
    number,
    check,
    publish,
    plan,
    live,
    decide,
    replay,
    calls,
    explain,
    guard,
    ladder,
    rate,
    tariff,
    suspense,
    records,
    journal,
    digest,
    keys,
    health,
    subscriber,
    contract,
    bill,
    account,
)


def parser() -> CommandParser:
    """Return the parser of the whole command line."""
    root = CommandParser(prog="chakka", description="Toll-free numbers in Japan.")
    root.add_argument("--version", action="version", version=f"chakka {__version__}")
    subparsers = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(subparsers)
    return root


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    commands, words = parser(), sys.argv[1:] if argv is None else argv
    for word in words:
        # What the shell passes beside UTF-8 reaches us as surrogates, which no store, file or terminal takes.
        if any("\ud800" <= character <= "\udfff" for character in word):
            commands.error(f"argument {word!r} is not UTF-8")
    arguments = commands.parse_args(words)
    run: Callable[[argparse.Namespace], int] = arguments.run
    _show_every_character()
    try:
        code = run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has gone (`| head`); without this Python would complain once more when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _show_every_character() -> None:
    """Let a terminal that has no Japanese show `\\u6b66` instead of ending the command."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
