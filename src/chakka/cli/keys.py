"""`chakka keys list|destroy`: the months in which callers' numbers can be read, and the end of them."""

import argparse
import sys
from collections.abc import Iterator

import msgspec

from chakka.cli.arguments import login_name, reason
from chakka.cli.calls import table
from chakka.cli.data_directory import add_data_option, places
from chakka.clock import utc_ms
from chakka.errors import InputError
from chakka.localtime import jst_iso
from chakka.stores.keys import Destruction, KeyStore

HEADINGS = ("MONTH", "NUMBERS", "DESTROYED", "BY", "REASON")


class MonthShown(msgspec.Struct, frozen=True, kw_only=True):
    """A month as the list has it. destroyed_at: in JST; None while its numbers can be read."""

    month: str
    destroyed_at: str | None = None
    by: str | None = None
    reason: str | None = None


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    command = subparsers.add_parser("keys", help="list or destroy the months' keys of callers' numbers")
    verbs = command.add_subparsers(dest="verb", required=True, metavar="list|destroy")
    listing = verbs.add_parser("list", help="list the months whose numbers can or could be read")
    listing.set_defaults(run=run_list)
    destroying = verbs.add_parser("destroy", help="make the numbers of a month unreadable, for ever")
    destroying.add_argument("month", help="the month in which the calls came: 2026-04")
    destroying.add_argument("--reason", type=reason, required=True, help="why, kept with the fact")
    destroying.set_defaults(run=run_destroy)
    for verb in (listing, destroying):
        add_data_option(verb)
        verb.add_argument("--json", action="store_true")


def run_list(arguments: argparse.Namespace) -> int:
    """Print the months; return 2 if they cannot be read."""
    try:
        months = list(_months(KeyStore(places(arguments).keys)))
    except (InputError, OSError) as fault:
        print(f"chakka keys: {fault}", file=sys.stderr)
        return 2
    if arguments.json:
        print(msgspec.json.encode(months).decode())
    else:
        print(table([HEADINGS, *map(_row, months)]))
    return 0


def run_destroy(arguments: argparse.Namespace) -> int:
    """Destroy the key of a month; return 1 if it may not be or there is none, 2 if the disk refuses."""
    wanted = Destruction(month=arguments.month, at_ms=utc_ms(), by=login_name(), reason=arguments.reason)
    try:
        KeyStore(places(arguments).keys).destroy(wanted)
    except InputError as fault:
        print(f"chakka keys: {fault}", file=sys.stderr)
        return 1
    except OSError as fault:
        print(f"chakka keys: {arguments.month}: {fault}; ask again", file=sys.stderr)
        return 2
    done = _shown(wanted)
    if arguments.json:
        print(msgspec.json.encode(done).decode())
    else:
        print(f"callers' numbers of {done.month} cannot be read any more")
    return 0


def _months(store: KeyStore) -> Iterator[MonthShown]:
    destroyed = {one.month: _shown(one) for one in store.destructions()}
    for month in sorted({*store.months(), *destroyed}):
        yield destroyed.get(month, MonthShown(month=month))


def _shown(destruction: Destruction) -> MonthShown:
    return MonthShown(
        month=destruction.month,
        destroyed_at=jst_iso(destruction.at_ms),
        by=destruction.by,
        reason=destruction.reason,
    )


def _row(month: MonthShown) -> tuple[str, ...]:
    state = "destroyed" if month.destroyed_at else "readable"
    return month.month, state, month.destroyed_at or "-", month.by or "-", month.reason or "-"
