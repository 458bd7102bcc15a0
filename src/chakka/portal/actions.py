"""Runs one action of a command of the business (`bill run`, `contract open`) and says how it ended."""

import argparse
import sys
from collections.abc import Callable, Mapping
from importlib import import_module

import msgspec
from django.conf import settings
from django.db import OperationalError

from chakka.cli.arguments import CommandParser
from chakka.errors import InputError, Problem
from chakka.portal.schema import bring_up_to_date


def run_action(command: str, actions: Mapping[str, str], words: list[str]) -> int:
    """Run one action and return its exit code: 0 good, 1 problems, 2 wrong usage.

    actions: the module of each action; only that one is imported. With --json what is refused is printed
             as `{"problems": [{"where", "code", "message"}]}`.
    """
    root = CommandParser(prog=f"chakka {command}")
    if not words or words[0] not in actions:
        root.error(f"{words[0] if words else 'nothing'} is no action; there are {', '.join(actions)}")
    subparsers = root.add_subparsers(dest="action", required=True, metavar="ACTION")
    import_module(actions[words[0]]).add(subparsers)
    arguments = root.parse_args(words)
    said = f"chakka {command} {arguments.action}"
    try:
        return _run(arguments)
    except InputError as fault:
        _show_refusal(said, fault, as_json=getattr(arguments, "json", False))
        return 1
    except BrokenPipeError:
        # Whoever read has gone; `chakka` knows how to end then.
        raise
    except (OSError, OperationalError) as fault:
        # No such file, a full disk, a database that is locked for long: nothing was half done.
        print(f"{said}: {fault}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{said}: stopped; the same command goes on from here", file=sys.stderr)
        return 1


def _run(arguments: argparse.Namespace) -> int:
    bring_up_to_date(settings.CONFIG.directory)
    run: Callable[[argparse.Namespace], int] = arguments.run
    return run(arguments)


def _show_refusal(said: str, fault: InputError, *, as_json: bool) -> None:
    if as_json:
        problems = fault.problems or (Problem(where="", code="refused", message=str(fault)),)
        print(msgspec.json.encode({"problems": problems}).decode())
        return
    print(f"{said}: {fault}", file=sys.stderr)
    # A single problem is often the refusal itself.
    for problem in fault.problems if [one.message for one in fault.problems] != [str(fault)] else ():
        print(f"  {problem.where}: {problem.message}", file=sys.stderr)
