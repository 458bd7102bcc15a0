"""What can be done within one transaction of a ledger."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import msgspec

from chakka.localtime import MINUTE_MS
from chakka.records.final import Final, Settled
from chakka.records.fold import CallEntries, Key, conflicts
from chakka.records.model import Tick
from chakka.records.partials import Partial
from chakka.records.tally import Tally
from chakka.stores import ledger_spent
from chakka.stores.engine import Engine, Row
from chakka.stores.ledger_spent import Warned
from chakka.stores.ledger_values import (
    FINAL_COLUMNS,
    RATED_COLUMNS,
    Rated,
    SetAside,
    final_of_row,
    final_row,
    rated_of_row,
)
from chakka.stores.ranges import Range, merged

_STATE = msgspec.msgpack.Decoder(CallEntries)
_FINAL = msgspec.msgpack.Decoder(Final)
_PARTIAL = msgspec.msgpack.Decoder(Partial)
_CONFLICT, _SUPERSEDED = "conflict", "superseded"
_FINALS = ", ".join(FINAL_COLUMNS)
_RATED = ", ".join(RATED_COLUMNS)
# Source and start of a minute → calls that arrived in it, and that were answered in it.
MinuteKey = tuple[str, int]


class LedgerChange:
    """Reads what is to be changed, and changes it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def delivered(self, node: str, boot: int) -> list[Range]:
        """Return the sequences of one boot that were taken, as ranges in order."""
        rows = self._engine.rows(
            "SELECT first, last FROM delivered WHERE node = ? AND boot = ? ORDER BY first", (node, boot)
        )
        return [(first, last) for first, last in rows]

    def deliver(self, node: str, boot: int, ranges: Iterable[Range]) -> None:
        """Note sequences of one boot as taken."""
        before = self.delivered(node, boot)
        after = merged([*before, *ranges])
        gone, come = set(before) - set(after), set(after) - set(before)
        self._engine.run_many(
            "DELETE FROM delivered WHERE node = ? AND boot = ? AND first = ?",
            [(node, boot, first) for first, _ in sorted(gone)],
        )
        self._engine.run_many(
            "INSERT INTO delivered VALUES (?, ?, ?, ?)",
            [(node, boot, first, last) for first, last in sorted(come)],
        )

    def entries_of(self, call_ids: Iterable[str]) -> dict[str, CallEntries]:
        """Return what the journals said of these calls before; calls never heard of are absent."""
        rows = self._engine.rows(
            f"SELECT call_id, entries FROM journalled WHERE call_id {self._engine.among}",
            (self._engine.listed(call_ids),),
        )
        return {call_id: _STATE.decode(entries) for call_id, entries in rows}

    def calls_without_end(self, begun_before_ms: int) -> dict[str, CallEntries]:
        """Return what the journals said of calls begun before an instant that are not known to be over."""
        rows = self._engine.rows(
            "SELECT finals.call_id, entries FROM finals"
            " JOIN journalled ON journalled.call_id = finals.call_id"
            " WHERE is_open = 1 AND coalesce(answered_at_ms, arrived_at_ms) < ?",
            (begun_before_ms,),
        )
        return {call_id: _STATE.decode(entries) for call_id, entries in rows}

    def put_entries(self, calls: Mapping[str, CallEntries]) -> None:
        """Keep what the journals said of calls, in place of what was known before; list contradictions."""
        self._engine.run_many(
            "INSERT INTO journalled VALUES (?, ?)"
            " ON CONFLICT (call_id) DO UPDATE SET entries = excluded.entries",
            [(call_id, msgspec.msgpack.encode(call)) for call_id, call in calls.items()],
        )
        contrary = [
            (call_id, *kept.key, msgspec.json.encode(kept.entry).decode())
            for call_id, call in calls.items()
            for kept in conflicts(call)
        ]
        self._engine.run(
            f"DELETE FROM conflicts WHERE call_id {self._engine.among} AND boot > 0",
            (self._engine.listed(calls),),
        )
        self._engine.run_many("INSERT INTO conflicts VALUES (?, ?, ?, ?, ?)", contrary)

    def records_of(self, call_ids: Iterable[str]) -> dict[str, list[Final]]:
        """Return every record of these calls: the one that holds first, then the others."""
        where, values = self._where(list(call_ids))
        records: dict[str, list[Final]] = {}
        for row in self._engine.rows(f"SELECT {_FINALS} FROM finals WHERE {where}", values):
            records[row[2]] = [final_of_row(row)]
        for call_id, record in self._engine.rows(
            f"SELECT call_id, record FROM rivals WHERE call_id {self._engine.among}"
            " ORDER BY call_id, source, sequence, content",
            values[:1],
        ):
            records[call_id].append(_FINAL.decode(record))
        return records

    def put_new(self, rows: Sequence[Row], minutes: Mapping[MinuteKey, Sequence[int]]) -> list[Row]:
        """Keep records of calls of which none is known, and count them; return those of the other calls.

        minutes: what all of them add to the counts; what is not kept is taken off again.
        """
        others = self._engine.put_finals(rows)
        self._count(minutes)
        self._count(minutes_of([final_of_row(row) for row in others], -1))
        return others

    def put_settled(self, before: Mapping[str, Sequence[Final]], after: Mapping[str, Settled]) -> None:
        """Keep what holds of calls and what else is said of them, in place of their records before."""
        known = [call_id for call_id in after if before.get(call_id)]
        where, values = self._where(known)
        if known:
            self._engine.run(f"DELETE FROM finals WHERE {where}", values)
            self._engine.run(f"DELETE FROM rivals WHERE call_id {self._engine.among}", values[:1])
        others = self._engine.put_finals([final_row(settled.held) for settled in after.values()])
        assert not others, "their calls were removed before"
        self._engine.run_many(
            "INSERT INTO rivals VALUES (?, ?, ?, ?, ?, ?)",
            [
                (row[2], row[0], row[1], row[22], standing, msgspec.msgpack.encode(record))
                for settled in after.values()
                for standing, records in ((_CONFLICT, settled.conflicts), (_SUPERSEDED, settled.superseded))
                for record in records
                for row in (final_row(record),)
            ],
        )
        self._count(minutes_of([record for call_id in known for record in before[call_id]], -1))
        self._count(minutes_of(record for settled in after.values() for record in settled.records()))

    def put_rated(self, rated: Sequence[Rated], of_calls: Sequence[str]) -> list[Rated]:
        """Keep what calls cost, in place of what they cost before; return that.

        Those that are not in `rated` cost nothing now.
        """
        where, values = self._where(of_calls)
        rows = self._engine.rows(f"SELECT {_RATED} FROM rated WHERE {where}", values) if of_calls else []
        if rows:
            self._engine.run(f"DELETE FROM rated WHERE {where}", values)
        before = [one for row in rows if (one := rated_of_row(row))]
        self.put_rated_rows([msgspec.structs.astuple(one) for one in rated])
        self._add_up(before, -1)
        self._add_up(rated, 1)
        return before

    def put_rated_rows(self, rows: Sequence[Row]) -> None:
        """Keep rows of `rated` of calls that have none; `add_totals` says what they come to."""
        self._engine.put_rated(rows)

    def add_totals(self, totals: Mapping[tuple[str, int, str], Sequence[int]]) -> None:
        """Add calls, units, milliseconds and micro-yen to the sums of (number, JST day, class)."""
        months: dict[tuple[str, str, str], list[int]] = {}
        days: dict[tuple[str, int], list[int]] = {}
        for (number, day, rating_class), added in totals.items():
            month = date.fromordinal(day).isoformat()[:7]
            _add(months.setdefault((number, month, rating_class), [0, 0, 0, 0]), added)
            _add(days.setdefault((number, day), [0, 0]), (added[0], added[3]))
        self._engine.run_many(
            "INSERT INTO totals VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (number, usage_month, rating_class) DO UPDATE SET"
            " calls = totals.calls + excluded.calls, units = totals.units + excluded.units,"
            " conversation_ms = totals.conversation_ms + excluded.conversation_ms,"
            " amount_uy = totals.amount_uy + excluded.amount_uy",
            [(*key, *added) for key, added in sorted(months.items())],
        )
        ledger_spent.add_day_totals(self._engine, days)

    def watched(self) -> dict[str, int]:
        """Return the numbers whose callers are told apart, and the JST day for which they are."""
        return ledger_spent.watched(self._engine)

    def watch(self, number: str, day: int | None) -> None:
        """Tell the callers of a number apart from now on, for this day; None: no more."""
        ledger_spent.unwatch(self._engine, number)
        if day is not None:
            ledger_spent.watch(self._engine, number, day)

    def add_caller_totals(self, totals: ledger_spent.CallerTotals) -> None:
        """Add calls and micro-yen to the sums of callers; of numbers and days that are watched."""
        ledger_spent.add_caller_totals(self._engine, totals)

    def put_warnings(self, warnings: Iterable[Warned]) -> list[Warned]:
        """Keep warnings of the money guard; return those that had not been given before."""
        return ledger_spent.put_warnings(self._engine, warnings)

    def parts_of(self, call_ids: Iterable[str]) -> dict[str, list[Partial]]:
        """Return the parts of records of these calls; calls without any are absent."""
        found: dict[str, list[Partial]] = {}
        rows = self._engine.rows(
            f"SELECT call_id, part FROM partials WHERE call_id {self._engine.among}"
            " ORDER BY call_id, source, sequence, content",
            (self._engine.listed(call_ids),),
        )
        for call_id, part in rows:
            found.setdefault(call_id, []).append(_PARTIAL.decode(part))
        return found

    def put_parts(self, parts: Iterable[Partial]) -> None:
        """Keep parts of records; one that is kept already stays."""
        self._engine.run_many(
            "INSERT INTO partials VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [
                (part.record.call_id, *part.key(), part.content(), msgspec.msgpack.encode(part))
                for part in parts
            ],
        )

    def put_contradictions(self, call_id: str, parts: Sequence[Partial]) -> None:
        """List parts of the record of a call that contradict another one, in place of those listed before."""
        self._engine.run("DELETE FROM conflicts WHERE call_id = ? AND boot = 0", (call_id,))
        self._engine.run_many(
            "INSERT INTO conflicts VALUES (?, ?, 0, ?, ?)",
            [(call_id, *part.key(), msgspec.json.encode(part).decode()) for part in parts],
        )

    def put_set_aside(self, rows: Iterable[SetAside]) -> None:
        """Keep rows that cannot be believed or read; one that is kept already stays."""
        self._engine.run_many(
            "INSERT INTO set_aside VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [
                (row.source, row.content, row.sequence, row.at_ms, row.reason, row.message, row.row)
                for row in rows
            ],
        )

    def sequences_set_aside(self, source: str) -> set[int]:
        """Return the sequences of rows of a source that were set aside."""
        rows = self._engine.rows(
            "SELECT sequence FROM set_aside WHERE source = ? AND sequence IS NOT NULL", (source,)
        )
        return {sequence for (sequence,) in rows}

    def drop_set_aside(self, source: str, contents: Iterable[int]) -> None:
        """Forget that rows were set aside: they are believed now."""
        self._engine.run_many(
            "DELETE FROM set_aside WHERE source = ? AND content = ?",
            [(source, content) for content in contents],
        )

    def put_unreadable(self, key: Key, payload: bytes) -> None:
        """Keep an entry that cannot be read, so that it is not lost."""
        self._engine.run("INSERT INTO unreadable VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", (*key, payload))

    def proof_of_life(self, node: str, boot: int) -> Tick | None:
        """Return the last tick of one boot of a node, without its calls; None if there was none."""
        rows = self._engine.rows(
            "SELECT at_ms, monotonic_ms FROM proof_of_life WHERE node = ? AND boot = ?", (node, boot)
        )
        return Tick(at_ms=rows[0][0], monotonic_ms=rows[0][1], calls=()) if rows else None

    def put_proof_of_life(self, node: str, boot: int, tick: Tick) -> None:
        """Note when a node was heard of, if that is later than what is known."""
        self._engine.run(
            "INSERT INTO proof_of_life VALUES (?, ?, ?, ?) ON CONFLICT (node, boot) DO UPDATE SET"
            " at_ms = excluded.at_ms, monotonic_ms = excluded.monotonic_ms"
            " WHERE excluded.monotonic_ms > proof_of_life.monotonic_ms",
            (node, boot, tick.at_ms, tick.monotonic_ms),
        )

    def put_counted(self, tally: Tally) -> None:
        """Add what a source counted in a minute to what it counted before."""
        self._engine.run(
            "INSERT INTO minutes VALUES (?, ?, 0, 0, ?, ?) ON CONFLICT (source, minute_ms) DO UPDATE SET"
            " counted_calls = minutes.counted_calls + excluded.counted_calls,"
            " counted_answered = minutes.counted_answered + excluded.counted_answered",
            (tally.source, tally.minute_ms, tally.calls, tally.answered),
        )
        self._engine.run(
            "INSERT INTO counted VALUES (?, ?, ?) ON CONFLICT (source) DO UPDATE SET"
            " minute_ms = CASE WHEN excluded.minute_ms > counted.minute_ms"
            " THEN excluded.minute_ms ELSE counted.minute_ms END,"
            " is_whole = counted.is_whole | excluded.is_whole",
            (tally.source, tally.minute_ms, int(tally.is_last)),
        )

    def _where(self, call_ids: Sequence[str]) -> tuple[str, list[object]]:
        """Return a condition that finds rows of `finals` and `rated` by call, and its values."""
        where, values = f"call_id {self._engine.among}", [self._engine.listed(call_ids)]
        days = self._engine.held_on(call_ids)
        return (where, values) if days is None else (f"{where} AND day = ANY(?)", [*values, days])

    def _count(self, minutes: Mapping[MinuteKey, Sequence[int]]) -> None:
        self._engine.run_many(
            "INSERT INTO minutes VALUES (?, ?, ?, ?, 0, 0) ON CONFLICT (source, minute_ms) DO UPDATE SET"
            " arrived = minutes.arrived + excluded.arrived, answered = minutes.answered + excluded.answered",
            [(*key, *added) for key, added in sorted(minutes.items()) if any(added)],
        )

    def _add_up(self, rated: Iterable[Rated], sign: int) -> None:
        totals: dict[tuple[str, int, str], list[int]] = {}
        for one in rated:
            if one.suspense is None:
                sums = totals.setdefault((one.number, one.day, one.rating_class), [0, 0, 0, 0])
                added = (1, one.units or 0, one.conversation_ms, one.amount_uy or 0)
                _add(sums, [sign * part for part in added])
        self.add_totals(totals)


def _add(sums: list[int], added: Sequence[int]) -> None:
    sums[:] = (total + part for total, part in zip(sums, added, strict=True))


def minutes_of(records: Iterable[Final], sign: int = 1) -> dict[MinuteKey, list[int]]:
    """Return what records add to the counts of their sources' minutes: calls that came, calls answered.

    Corrections say nothing new of how many there were.
    """
    minutes: dict[MinuteKey, list[int]] = {}
    for record in records:
        if record.correction:
            continue
        minutes.setdefault((record.source, minute_of(record.arrived_at_ms)), [0, 0])[0] += sign
        if record.answered_at_ms is not None:
            minutes.setdefault((record.source, minute_of(record.answered_at_ms)), [0, 0])[1] += sign
    return minutes


def minute_of(at_ms: int) -> int:
    """Return the start of the minute of an instant."""
    return at_ms - at_ms % MINUTE_MS
