"""A batch of journal entries becomes records and charges in the ledger, in one transaction."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from chakka.charging.rate import Charge, RatedCall, rate
from chakka.charging.tariff import Tariff
from chakka.errors import InputError
from chakka.localtime import usage_month
from chakka.numbering.table import NumberingTable
from chakka.records import entries, fold
from chakka.records.fold import NOTHING, CallEntries, CallEntry
from chakka.records.model import CallKind, Record, Tick
from chakka.stores.journal_reader import JournalEntry
from chakka.stores.ledger import Ledger, LedgerChange, Rated
from chakka.stores.ranges import contains, merged


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """By what calls are charged: the tariff, and the table that places the subscriber's lines."""

    tariff: Tariff
    table: NumberingTable


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
    records = {call_id: fold.fold(state) for call_id, state in states.items()}
    rated = [rate_record(record, rules) for record in records.values() if record and is_to_rate(record)]
    change.put_calls({call_id: (state, records[call_id]) for call_id, state in states.items()})
    change.put_rated(rated)
    change.put_conflicts(states)
    return rated


def is_to_rate(record: Record) -> bool:
    """Return whether a record is of an answered call to a freephone number that has ended.

    Calls to line numbers are outside the service (R2.8), and lines pay for theirs as usual (R6.2).
    """
    if record.facts.kind is not CallKind.FREEPHONE:
        return False
    return record.answered_at_ms is not None and record.conversation_ms is not None


def rate_record(record: Record, rules: Rules) -> Rated:
    """Return what the call of a record costs, or why that cannot be said.

    The zone is the caller's charge area × that of the line that answered (charging.md §2).
    """
    attempt, answered_at_ms = record.facts.attempt, record.answered_at_ms
    assert answered_at_ms is not None, "only answered calls are rated"
    home = rules.table.lookup(record.destination or "")
    result = rate(
        RatedCall(
            caller_class=attempt.rating_class,
            carrier_group=attempt.carrier_group,
            answered_at_ms=answered_at_ms,
            conversation_ms=record.conversation_ms or 0,
            fault=record.fault,
            is_confirmed=record.is_confirmed,
            from_area=attempt.charge_area,
            home_area=home.charge_area,
        ),
        rules.tariff,
    )
    charge = result if isinstance(result, Charge) else None
    return Rated(
        call_id=record.facts.call_id,
        number=attempt.called_number,
        usage_month=charge.usage_month if charge else usage_month(answered_at_ms),
        units=charge.units if charge else None,
        amount_uy=charge.amount_uy if charge else None,
        tariff_version=result.tariff_version,
        rule=charge.rule if charge else None,
        assumed=",".join(charge.assumed) if charge else "",
        suspense=None if isinstance(result, Charge) else result.reason,
    )


def _deliver(received: list[JournalEntry], change: LedgerChange) -> list[JournalEntry]:
    """Return the entries that the ledger has not taken yet, each once, and note them as taken."""
    by_source: dict[tuple[str, int], dict[int, JournalEntry]] = {}
    for entry in received:
        by_source.setdefault((entry.node, entry.boot), {}).setdefault(entry.sequence, entry)
    new: list[JournalEntry] = []
    for (node, boot), by_sequence in by_source.items():
        had = change.delivered(node, boot)
        fresh = [entry for sequence, entry in by_sequence.items() if not contains(had, sequence)]
        change.deliver(node, boot, merged((entry.sequence, entry.sequence) for entry in fresh))
        new += fresh
    return new


def _read(new: list[JournalEntry], change: LedgerChange) -> Iterator[tuple[fold.Key, CallEntry]]:
    """Yield the entries that are about calls; note signs of life, and set aside what cannot be read."""
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
        elif isinstance(entry, fold.CallEntry):
            yield key, entry
    for (node, boot), tick in ticks.items():
        change.put_proof_of_life(node, boot, tick)


def _add(new: Iterable[tuple[fold.Key, CallEntry]], change: LedgerChange) -> dict[str, CallEntries]:
    """Return the calls that the new entries are about, with these added."""
    by_call = [(fold.call_id_of(entry), key, entry) for key, entry in new]
    states = change.entries_of({call_id for call_id, _, _ in by_call})
    for call_id, key, entry in by_call:
        states[call_id] = fold.add(states.get(call_id, NOTHING), key, entry)
    return states
