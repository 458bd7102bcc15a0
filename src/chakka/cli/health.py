"""`chakka health`: whether calls can be served, and how far the ledger is behind the journal."""

import argparse
from collections.abc import Iterable, Iterator

import msgspec

from chakka import clock
from chakka.cli.data_directory import add_data_option, places
from chakka.cli.status_page import ask
from chakka.config import Config
from chakka.errors import InputError
from chakka.records.entries import decode
from chakka.records.model import Answered, Counted, Entry, Released, Seized, Shed, Unanswered
from chakka.stores.journal_reader import Damage, JournalEntry, read_entries
from chakka.stores.ledger import LedgerUnavailable
from chakka.stores.open_ledger import open_ledger_to_read

# Records are due in the ledger a second after the call; a minute is no hiccup.
_WORRYING_LAG_S = 60


class IngestLag(msgspec.Struct, frozen=True, kw_only=True):
    """How far the ledger is behind. oldest_ms: when the oldest missing entry came about, if any is."""

    entries: int
    oldest_ms: int | None


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    command = subparsers.add_parser("health", help="is the node well: call plane, media, journal, ledger")
    add_data_option(command)
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print faults, or that there are none; return 1 if there are."""
    config = places(arguments)
    lag = ingest_lag(config)
    faults = [*_call_plane_faults(config), *_ingest_faults(lag)]
    if arguments.json:
        behind = msgspec.structs.asdict(lag) if isinstance(lag, IngestLag) else None
        print(msgspec.json.encode({"faults": faults, "ingest": behind}).decode())
    else:
        print("\n".join(faults) or "ok")
    return 1 if faults else 0


def _call_plane_faults(config: Config) -> list[str]:
    try:
        answer = ask(config.status_socket, "/healthz")
    except InputError as fault:
        return [f"call plane: {fault}"]
    return [] if answer.status == 200 else answer.body.decode().splitlines()


def _ingest_faults(lag: IngestLag | str) -> Iterator[str]:
    if isinstance(lag, str):
        yield lag
    elif lag.oldest_ms is not None:
        seconds = (clock.utc_ms() - lag.oldest_ms) // 1000
        if seconds > _WORRYING_LAG_S:
            yield f"ingest: {lag.entries} journal entries are not in the ledger, the oldest for {seconds} s"


def ingest_lag(config: Config) -> IngestLag | str:
    """Return how far the ledger is behind the journal, or why that cannot be said."""
    try:
        with open_ledger_to_read(config.ledger_place) as ledger:
            delivered = ledger.delivered()
        return _behind(read_entries(config.journal, delivered))
    except (InputError, LedgerUnavailable) as fault:
        return f"ingest: {fault}"


def _behind(missing: Iterable[JournalEntry | Damage]) -> IngestLag:
    entries, oldest_ms = 0, None
    for entry in missing:
        if isinstance(entry, JournalEntry):
            entries += 1
            oldest_ms = oldest_ms or _moment_ms(decode(entry.payload))
    return IngestLag(entries=entries, oldest_ms=oldest_ms)


def _moment_ms(entry: Entry) -> int:
    match entry:
        case Answered():
            return entry.answered_at_ms
        case Released() | Unanswered():
            return entry.released_at_ms
        case Seized():
            return entry.facts.attempt.at_ms
        case Counted() | Shed():
            return entry.minute_ms
        case _:
            return entry.at_ms
