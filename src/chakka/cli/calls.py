"""`chakka calls`: the calls that came, newest first."""

import argparse
import sys
import unicodedata
from collections.abc import Iterable

import msgspec

from chakka.cli.arguments import instant
from chakka.cli.call_row import HEADINGS, as_object, as_row
from chakka.cli.data_directory import add_data_option, ledger_to_read
from chakka.cli.seen_call import add_full_option, seen
from chakka.errors import InputError
from chakka.records.model import CallKind
from chakka.routing.decision import Reason
from chakka.stores.ledger import CallFilter

# More than anybody reads; one answer of this length still fits into memory.
MOST_CALLS = 1_000_000


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    command = subparsers.add_parser("calls", help="list calls, newest first")
    command.add_argument("--number", help="calls to this freephone number only")
    command.add_argument("--since", type=instant, metavar="ISO", help="arrived at or after, with offset")
    command.add_argument("--until", type=instant, metavar="ISO", help="arrived before, with offset")
    command.add_argument(
        "--reason",
        choices=[reason.value for reason in Reason],
        metavar="CODE",
        help="with this reason only: ok, all_busy, …",
    )
    command.add_argument(
        "--kind",
        choices=[kind.value for kind in CallKind],
        help="freephone: to a freephone number; direct: to a line number; outgoing: from a line;"
        " notification: to 1351 or 1350",
    )
    command.add_argument(
        "--limit", type=count, default=100, metavar="N", help="at most this many (default: 100)"
    )
    add_full_option(command)
    add_data_option(command)
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def count(text: str) -> int:
    """Return a number of calls, 1 or more."""
    if not (text.isascii() and text.isdigit() and len(text) <= 7 and 0 < int(text) <= MOST_CALLS):
        raise argparse.ArgumentTypeError(f"{text!r} is not 1 to {MOST_CALLS}")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Print the calls as a table or as JSON; return 2 if there is no ledger."""
    wanted = CallFilter(
        number=arguments.number.replace("-", "") if arguments.number else None,
        since_ms=arguments.since,
        until_ms=arguments.until,
        reason=arguments.reason,
        kind=arguments.kind,
        limit=arguments.limit,
    )
    try:
        with ledger_to_read(arguments) as ledger:
            calls = seen(ledger.calls(wanted), arguments)
    except InputError as fault:
        print(f"chakka calls: {fault}", file=sys.stderr)
        return 2
    if arguments.json:
        print(msgspec.json.encode([as_object(call) for call in calls]).decode())
    else:
        print(table([HEADINGS, *map(as_row, calls)]))
    return 0


def table(rows: Iterable[tuple[str, ...]]) -> str:
    """Return rows in columns; full-width characters take two places."""
    lines = list(rows)
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
