"""Record files into the ledger: batch by batch, each with its charges in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from itertools import compress, groupby
from operator import itemgetter
from pathlib import Path

import msgspec

from chakka.ingest.rating import Rules, caller_totals_of_rows, hold, rate_rows, totals_of
from chakka.ingest.record_batches import Batch, batches_ahead, set_aside
from chakka.records.final import Final, FinalKey, content, hash_of
from chakka.records.partials import Partial, contradicting, joined
from chakka.records.rows import encoded
from chakka.records.tally import Tally
from chakka.stores.engine import Row
from chakka.stores.ledger import Ledger, LedgerChange, SetAside
from chakka.stores.ledger_change import minutes_of
from chakka.stores.ledger_values import final_of_row
from chakka.stores.ranges import contains, length, overlap, ranges_of

# Sources of record files have no boots.
_NO_BOOT = 0
# Source and sequence of a row.
_KEY = itemgetter(0, 1)
_SOURCE, _SEQUENCE = itemgetter(0), itemgetter(1)


class TakenRows(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the rows of a record file.

    new:       taken. repeated: taken before, or of the same call and content: ignored.
    set_aside: kept, but not believed or not readable.
    charged:   calls that were charged, or whose charge changed.
    torn:      octets at the end of the file that are no whole row.
    """

    rows: int = 0
    new: int = 0
    repeated: int = 0
    set_aside: int = 0
    charged: int = 0
    torn: int = 0


def take_file(
    path: Path, ledger: Ledger, rules: Rules, now_ms: int, on_progress: Callable[[int], None]
) -> TakenRows:
    """Return what became of the rows of a file, after the ledger holds them durably.

    It may be stopped at any point and taken again; the same rows in any order, in any files and any number
    of times leave the same ledger. on_progress is told how far the file was taken, in octets.
    Raises: InputError if it is no record file; OSError if it cannot be read; LedgerUnavailable.
    """
    taken = TakenRows()
    with closing(batches_ahead(path, now_ms)) as batches:
        for batch in batches:
            with ledger.writing() as change:
                taken = _sum(taken, take_batch(batch, change, rules))
            on_progress(batch.end)
    return taken


def take_batch(batch: Batch, change: LedgerChange, rules: Rules) -> TakenRows:
    """Return what became of the rows of a batch, after they were taken and charged."""
    _believe(batch, change)
    new, others = put_records(batch, change)
    rated = rate_rows(new, rules)
    change.put_rated_rows(rated)
    change.add_totals(totals_of(rated))
    change.add_caller_totals(caller_totals_of_rows(rated, new, change.watched()))
    change.put_set_aside(batch.set_aside)
    return _sum(
        TakenRows(rows=batch.rows(), new=len(new), set_aside=len(batch.set_aside), charged=len(rated)),
        _take_known(others, change, rules),
        _take_parts([row for row in batch.others if isinstance(row, Partial)], change, rules),
        _take_tallies([row for row in batch.others if isinstance(row, Tally)], change),
        TakenRows(torn=batch.torn),
    )


class Others(msgspec.Struct, frozen=True, kw_only=True):
    """Records that need a second look.

    of_known_calls: of calls of which there is a record. again: under sequences that were taken before.
    """

    of_known_calls: list[Row]
    again: list[Row]


def put_records(batch: Batch, change: LedgerChange) -> tuple[list[Row], Others]:
    """Return the records of a batch whose calls nobody knew, after they were kept, and the others."""
    fresh, again = batch.finals, []
    is_fresh = _deliver(list(map(_KEY, batch.finals)), change)
    if is_fresh is not None:
        fresh = list(compress(batch.finals, is_fresh))
        again = [row for row, is_new in zip(batch.finals, is_fresh, strict=True) if not is_new]
    minutes = minutes_of(map(final_of_row, fresh)) if again else batch.minutes
    collided = change.put_new(fresh, minutes)
    if not collided:
        return fresh, Others(of_known_calls=[], again=again)
    places = set(map(id, collided))
    new = [row for row in fresh if id(row) not in places]
    return new, Others(of_known_calls=collided, again=again)


def _deliver(keys: Sequence[FinalKey], change: LedgerChange) -> list[bool] | None:
    """Return of each source and sequence whether it is new, after they are noted as taken; None: all are."""
    by_source: dict[str, list[int]] = {}
    # Rows of one source follow one another.
    for source, run in groupby(keys, _SOURCE):
        by_source.setdefault(source, []).extend(map(_SEQUENCE, run))
    had = {source: change.delivered(source, _NO_BOOT) for source in by_source}
    is_all_new = True
    for source, sequences in by_source.items():
        ranges = ranges_of(sequences)
        is_all_new &= length(ranges) == len(sequences) and not overlap(ranges, had[source])
        change.deliver(source, _NO_BOOT, ranges)
    if is_all_new:
        return None
    seen: set[FinalKey] = set()
    is_new = []
    for key in keys:
        is_new.append(key not in seen and not contains(had[key[0]], key[1]))
        seen.add(key)
    return is_new


def _take_known(others: Others, change: LedgerChange, rules: Rules) -> TakenRows:
    """Take records of calls that are known, and find what was repeated."""
    if not others.of_known_calls and not others.again:
        return TakenRows()
    fresh, again = (list(map(final_of_row, rows)) for rows in (others.of_known_calls, others.again))
    before = change.records_of({record.call_id for record in (*fresh, *again)})
    said = {call_id: {content(record) for record in records} for call_id, records in before.items()}
    reused = [record for record in again if record.call_id not in before]
    unheard = [
        record for record in again if record.call_id in before and content(record) not in said[record.call_id]
    ]
    now: dict[str, list[Final]] = {}
    for record in (*fresh, *unheard):
        now.setdefault(record.call_id, list(before[record.call_id])).append(record)
    rated = hold({call_id: before[call_id] for call_id in now}, now, change, rules)
    change.put_set_aside(map(_reused, reused))
    new = sum(content(record) not in said[record.call_id] for record in (*fresh, *unheard))
    return TakenRows(
        new=new,
        repeated=len(fresh) + len(again) - len(reused) - new,
        set_aside=len(reused),
        charged=len(rated),
    )


def _take_parts(parts: Sequence[Partial], change: LedgerChange, rules: Rules) -> TakenRows:
    """Take parts of records, and the records that they make up."""
    if not parts:
        return TakenRows()
    call_ids = {part.record.call_id for part in parts}
    before = change.parts_of(call_ids)
    said = {call_id: {part.content() for part in known} for call_id, known in before.items()}
    new: list[Partial] = []
    reused: list[Partial] = []
    is_new = _deliver([part.key() for part in parts], change) or [True] * len(parts)
    for part, is_fresh in zip(parts, is_new, strict=True):
        known = said.setdefault(part.record.call_id, set())
        if is_fresh or (known and part.content() not in known):
            new.append(part)
            known.add(part.content())
        elif not known:
            reused.append(part)
    change.put_parts(new)
    change.put_set_aside(map(_reused, reused))
    rated = _join(change.parts_of({part.record.call_id for part in new}), change, rules)
    repeated = len(parts) - len(new) - len(reused)
    return TakenRows(new=len(new), repeated=repeated, set_aside=len(reused), charged=rated)


def _join(calls: Mapping[str, Sequence[Partial]], change: LedgerChange, rules: Rules) -> int:
    """Put the records together whose parts are known; return how many calls were charged."""
    before = change.records_of(calls)
    now = {}
    for call_id, parts in calls.items():
        keys = {part.key() for part in parts}
        whole = [record for record in before.get(call_id, ()) if (record.source, record.sequence) not in keys]
        now[call_id] = [*whole, joined(parts)]
        change.put_contradictions(call_id, contradicting(parts))
    return len(hold(before, now, change, rules))


def _take_tallies(tallies: Sequence[Tally], change: LedgerChange) -> TakenRows:
    is_new = _deliver([(tally.source, tally.sequence) for tally in tallies], change)
    new = list(tallies if is_new is None else compress(tallies, is_new))
    for tally in new:
        change.put_counted(tally)
    return TakenRows(new=len(new), repeated=len(tallies) - len(new))


def _reused(row: Final | Partial) -> SetAside:
    record = row.record if isinstance(row, Partial) else row
    message = f"call {record.call_id}: another call was recorded under sequence {record.sequence}"
    return set_aside(row, ("sequence_reused", message))


def _believe(batch: Batch, change: LedgerChange) -> None:
    """Forget of rows of a batch that they were set aside when they came before."""
    rows: list[Final | Partial | Tally] = []
    for source in {row[0] for row in batch.finals} | {_source(row) for row in batch.others}:
        if sequences := change.sequences_set_aside(source):
            rows += [final_of_row(row) for row in batch.finals if row[0] == source and row[1] in sequences]
            rows += [row for row in batch.others if _source(row) == source]
    for row in rows:
        change.drop_set_aside(_source(row), [hash_of(encoded(row))])


def _source(row: Final | Partial | Tally) -> str:
    return row.record.source if isinstance(row, Partial) else row.source


def _sum(*taken: TakenRows) -> TakenRows:
    names = TakenRows.__struct_fields__
    return TakenRows(**{name: sum(getattr(one, name) for one in taken) for name in names})
