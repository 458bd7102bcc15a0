"""A batch of journal entries becomes records and charges in the ledger, in one transaction."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache

import msgspec

from chakka.errors import InputError
from chakka.ingest.rating import Rules, hold
from chakka.records import entries, fold
from chakka.records.final import Final, final_of, source_name
from chakka.records.fold import NOTHING, CallEntries, CallEntry
from chakka.records.model import Counted, Tick
from chakka.records.tally import Tally
from chakka.stores.journal_reader import JournalEntry
from chakka.stores.ledger import Ledger, LedgerChange, Rated
from chakka.stores.ranges import contains, ranges_of


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch came to.

    repeated:     entries that had been taken before and were ignored.
    contradicted: calls of which the journals say different things; the ledger lists them.
    """

    entries: int
    repeated: int
    rated: tuple[Rated, ...]
    contradicted: tuple[str, ...]


def take(batch: Iterable[JournalEntry], ledger: Ledger, rules: Rules) -> Taken:
    """Return what was new in a batch, after the ledger holds it durably.

    The same entries in any order, in any parts and any number of times leave the same ledger.
    """
    received = list(batch)
    with ledger.writing() as change:
        new = _deliver(received, change)
        states = _add(_read(new, change), change)
        rated = keep(states, change, rules)
    contradicted = tuple(call_id for call_id, state in states.items() if fold.conflicts(state))
    return Taken(
        entries=len(new),
        repeated=len(received) - len(new),
        rated=tuple(rated),
        contradicted=contradicted,
    )


def keep(states: Mapping[str, CallEntries], change: LedgerChange, rules: Rules) -> list[Rated]:
    """Return what the calls cost that have ended, after their records and charges are kept."""
    change.put_entries(states)
    before = change.records_of(states)
    now: dict[str, list[Final]] = {}
    # A batch knows few lines, and looking one up takes as long as all else.
    home_area = cache(lambda number: rules.table.lookup(number or "").charge_area)
    for call_id, state in states.items():
        record, first = fold.fold(state), fold.beginning(state)
        if record is not None and first is not None:
            # Whatever record files say of the call stays beside it.
            said = [other for other in before.get(call_id, ()) if "/" not in other.source]
            now[call_id] = [*said, final_of(record, first.key, home_area(record.destination))]
    return hold(before, now, change, rules)


def _deliver(received: list[JournalEntry], change: LedgerChange) -> list[JournalEntry]:
    """Return the entries that the ledger has not taken yet, each once, and note them as taken."""
    by_source: dict[tuple[str, int], dict[int, JournalEntry]] = {}
    for entry in received:
        by_source.setdefault((entry.node, entry.boot), {}).setdefault(entry.sequence, entry)
    new: list[JournalEntry] = []
    for (node, boot), by_sequence in by_source.items():
        had = change.delivered(node, boot)
        fresh = [entry for sequence, entry in by_sequence.items() if not contains(had, sequence)]
        change.deliver(node, boot, ranges_of([entry.sequence for entry in fresh]))
        new += fresh
    return new


def _read(new: list[JournalEntry], change: LedgerChange) -> Iterator[tuple[fold.Key, CallEntry]]:
    """Yield the entries that are about calls; note signs of life and counts; keep what cannot be read."""
    ticks: dict[tuple[str, int], Tick] = {}
    for received in new:
        key = (received.node, received.boot, received.sequence)
        try:
            entry = entries.decode(received.payload)
        except InputError:
            change.put_unreadable(key, received.payload)
            continue
        if isinstance(entry, Tick):
            ticks[key[:2]] = max(ticks.get(key[:2], entry), entry, key=lambda tick: tick.monotonic_ms)
        elif isinstance(entry, Counted):
            change.put_counted(_tally(key, entry))
        elif isinstance(entry, fold.CallEntry):
            yield key, entry
    for (node, boot), tick in ticks.items():
        change.put_proof_of_life(node, boot, tick)


def _tally(key: fold.Key, counted: Counted) -> Tally:
    node, boot, sequence = key
    return Tally(
        source=source_name(node, boot),
        sequence=sequence,
        minute_ms=counted.minute_ms,
        calls=counted.calls,
        answered=counted.answered,
        is_last=counted.is_last,
    )


def _add(new: Iterable[tuple[fold.Key, CallEntry]], change: LedgerChange) -> dict[str, CallEntries]:
    """Return the calls that the new entries are about, with these added."""
    by_call = [(fold.call_id_of(entry), key, entry) for key, entry in new]
    states = change.entries_of({call_id for call_id, _, _ in by_call})
    for call_id, key, entry in by_call:
        states[call_id] = fold.add(states.get(call_id, NOTHING), key, entry)
    return states
