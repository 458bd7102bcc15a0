"""The ledger: one record and at most one charge for each call, in SQLite or PostgreSQL.

Written by ingest in transactions that hold everything of their batch or nothing, so that any part of it can
be delivered again. The tables are a function of the set of what was delivered and the tariff: order, parts
and repetitions leave no trace.
"""

import hashlib
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import msgspec

from chakka.records.final import Final
from chakka.records.fold import CallEntries, fold
from chakka.stores import ledger_spent
from chakka.stores.charged_calls import charged_calls
from chakka.stores.engine import Engine, LedgerUnavailable, Row
from chakka.stores.ledger_books import Blocker, UsageTotal, blockers, month_days, usage
from chakka.stores.ledger_change import LedgerChange
from chakka.stores.ledger_charges import CallCharge, RuleCharges, call_charges, charges_by_rule
from chakka.stores.ledger_comparison import Conservation, Table, conservation, delivered_ranges, rows_of
from chakka.stores.ledger_days import ReasonCount, count_by_reason
from chakka.stores.ledger_spent import Warned
from chakka.stores.ledger_suspense import InSuspense, in_suspense
from chakka.stores.ledger_values import (
    FINAL_COLUMNS,
    RATED_COLUMNS,
    CallFilter,
    LedgerCall,
    Rated,
    SetAside,
    final_of_row,
    rated_of_row,
    record_of,
)
from chakka.stores.ranges import Range, contiguous_end
from chakka.stores.sqlite_engine import SqliteEngine

__all__ = [
    "CallFilter",
    "Ledger",
    "LedgerCall",
    "LedgerChange",
    "LedgerUnavailable",
    "Rated",
    "SetAside",
    "Warned",
]

_STATE = msgspec.msgpack.Decoder(CallEntries)
_SELECT_CALLS = (
    f"SELECT {', '.join(f'finals.{name}' for name in FINAL_COLUMNS)},"
    f" {', '.join(f'rated.{name}' for name in RATED_COLUMNS)}, journalled.entries FROM finals"
    " LEFT JOIN rated ON rated.call_id = finals.call_id AND rated.day = finals.day"
    " LEFT JOIN journalled ON journalled.call_id = finals.call_id"
)
_TO_NUMBER = "finals.kind = 'freephone' AND finals.number = ? AND finals.day >= ? AND finals.day < ?"
# What of a ledger counts, by the key of each table.
_DIGESTED = {
    "delivered": "SELECT node, boot, first, last FROM delivered ORDER BY node, boot, first",
    "proof_of_life": "SELECT node, boot, at_ms, monotonic_ms FROM proof_of_life ORDER BY node, boot",
    "journalled": "SELECT call_id, entries FROM journalled ORDER BY call_id",
    "conflicts": "SELECT call_id, node, boot, sequence, entry FROM conflicts"
    " ORDER BY call_id, node, boot, sequence",
    "unreadable": "SELECT node, boot, sequence, payload FROM unreadable ORDER BY node, boot, sequence",
    "finals": f"SELECT {', '.join(FINAL_COLUMNS)} FROM finals ORDER BY call_id",
    "rivals": "SELECT call_id, source, sequence, content, standing, record FROM rivals"
    " ORDER BY call_id, source, sequence, content",
    "partials": "SELECT call_id, source, sequence, content, part FROM partials"
    " ORDER BY call_id, source, sequence, content",
    "set_aside": "SELECT source, content, sequence, at_ms, reason, message, row FROM set_aside"
    " ORDER BY source, content",
    "minutes": "SELECT source, minute_ms, arrived, answered, counted_calls, counted_answered FROM minutes"
    " WHERE arrived <> 0 OR answered <> 0 OR counted_calls <> 0 OR counted_answered <> 0"
    " ORDER BY source, minute_ms",
    "counted": "SELECT source, minute_ms, is_whole FROM counted ORDER BY source",
    "rated": f"SELECT {', '.join(RATED_COLUMNS)} FROM rated ORDER BY call_id",
    "totals": "SELECT number, usage_month, rating_class, calls, units, conversation_ms, amount_uy FROM totals"
    " WHERE calls <> 0 ORDER BY number, usage_month, rating_class",
    "day_totals": "SELECT day, number, calls, amount_uy FROM day_totals WHERE calls <> 0"
    " ORDER BY day, number",
}


class Ledger:
    """An open ledger; one thread uses it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, path: Path) -> "Ledger":
        """Return the ledger in SQLite file `path` for writing, made if absent, its schema up to date."""
        return cls(SqliteEngine.open(path))

    @classmethod
    def open_to_read(cls, path: Path) -> "Ledger":
        """Return the ledger in SQLite file `path` for questions only. Raises: InputError if there is none."""
        return cls(SqliteEngine.open_to_read(path))

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.close()

    @contextmanager
    def writing(self) -> Iterator[LedgerChange]:
        """Give one transaction: all of it is durable at the end, or nothing of it.

        Raises: LedgerUnavailable to be tried again; InputError if what is kept is damaged.
        """
        with self._engine.transaction():
            yield LedgerChange(self._engine)

    def is_in_place(self) -> bool:
        """Return whether the database is still the one that was opened, not removed or replaced since."""
        return self._engine.is_in_place()

    def delivered(self) -> dict[tuple[str, int], int]:
        """Return, by (node, boot), the last sequence before which every entry was taken.

        Raises: LedgerUnavailable to be tried again; InputError if what is kept is damaged.
        """
        ranges: dict[tuple[str, int], list[Range]] = {}
        rows = self._engine.rows("SELECT node, boot, first, last FROM delivered ORDER BY node, boot, first")
        for node, boot, first, last in rows:
            ranges.setdefault((node, boot), []).append((first, last))
        return {source: contiguous_end(found) for source, found in ranges.items()}

    def call(self, call_id: str) -> LedgerCall | None:
        """Return one call, or None if the ledger has no record of it."""
        found = self._engine.rows(f"{_SELECT_CALLS} WHERE finals.call_id = ?", (call_id,))
        return _ledger_call(found[0]) if found else None

    def calls(self, wanted: CallFilter) -> list[LedgerCall]:
        """Return the calls that are wanted, newest first."""
        conditions = {
            "finals.number = ?": wanted.number,
            "finals.arrived_at_ms >= ?": wanted.since_ms,
            "finals.arrived_at_ms < ?": wanted.until_ms,
            "finals.reason = ?": wanted.reason,
            "finals.kind = ?": wanted.kind,
        }
        asked = {condition: value for condition, value in conditions.items() if value is not None}
        where = " AND ".join(asked)
        # Either order is that of an index.
        day = "" if wanted.number is not None else "finals.day DESC, "
        rows = self._engine.rows(
            f"{_SELECT_CALLS} {'WHERE' if asked else ''} {where}"
            f" ORDER BY {day}finals.arrived_at_ms DESC, finals.call_id DESC LIMIT ?",
            (*asked.values(), wanted.limit),
        )
        return [_ledger_call(row) for row in rows]

    def charged_calls(self, usage_month: str, number: str | None = None) -> Iterator[Row]:
        """Yield the calls of a usage month that are charged or in suspense, as `charged_calls` says."""
        return charged_calls(self._engine, usage_month, number)

    @contextmanager
    def at_one_instant(self) -> Iterator[None]:
        """Let every question within be answered as of one instant, whatever is written meanwhile.

        Raises: as `writing`.
        """
        with self._engine.snapshot():
            yield

    def recorded_calls(self, usage_month: str, number: str) -> Iterator[LedgerCall]:
        """Yield the calls to a freephone number in a month, answered or not, in the order of arrival.

        Raises: InputError if `usage_month` is no month.
        """
        rows = self._engine.stream(
            f"{_SELECT_CALLS} WHERE {_TO_NUMBER} ORDER BY finals.arrived_at_ms, finals.call_id",
            (number, *month_days(usage_month)),
        )
        return map(_ledger_call, rows)

    def count_recorded_calls(self, usage_month: str, number: str) -> int:
        """Return how many those are."""
        question = f"SELECT count(*) FROM finals WHERE {_TO_NUMBER}"
        ((count,),) = self._engine.rows(question, (number, *month_days(usage_month)))
        return int(count)

    def charges_by_rule(self, number: str, usage_month: str) -> list[RuleCharges]:
        """Return what the calls of a number cost in a month, by class, rule and tariff version."""
        return charges_by_rule(self._engine, number, usage_month)

    def call_charges(self, number: str, usage_month: str) -> Iterator[CallCharge]:
        """Yield what each of the same calls costs, by the time of answer."""
        return call_charges(self._engine, number, usage_month)

    def in_suspense(self, usage_month: str | None = None) -> Iterator[InSuspense]:
        """Yield the calls in suspense, of a usage month or of all."""
        return in_suspense(self._engine, usage_month)

    def conservation(self, usage_month: str | None = None) -> Conservation:
        """Return what became of the calls, of a month or of all."""
        return conservation(self._engine, usage_month)

    def delivered_ranges(self) -> dict[tuple[str, int], list[Range]]:
        """Return the sequences that were taken, by (node, boot)."""
        return delivered_ranges(self._engine)

    def rows_of(self, table: Table, usage_month: str | None = None) -> Iterator[Row]:
        """Yield a table as it is compared with that of another ledger."""
        return rows_of(self._engine, table, usage_month)

    def records_of(self, call_id: str) -> list[tuple[str, Final]]:
        """Return what else was said of a call, and whether it is a `conflict` or `superseded`."""
        rows = self._engine.rows(
            "SELECT standing, record FROM rivals WHERE call_id = ? ORDER BY source, sequence, content",
            (call_id,),
        )
        return [(standing, _FINAL.decode(record)) for standing, record in rows]

    def conflicts(self) -> list[tuple[str, str, int, int]]:
        """Return (call id, node, boot, sequence) of what contradicts something else that is said of its call.

        Of record files, the node is their source, and the boot 0.
        """
        rows = self._engine.rows(
            "SELECT call_id, node, boot, sequence FROM conflicts"
            " UNION ALL SELECT call_id, source, 0, sequence FROM rivals WHERE standing = 'conflict'"
            " ORDER BY 1, 2, 3, 4"
        )
        return [(call_id, node, boot, sequence) for call_id, node, boot, sequence in rows]

    def count_set_aside(self) -> dict[tuple[str, str], int]:
        """Return how many rows of record files could not be believed or read, by source and reason."""
        rows = self._engine.rows("SELECT source, reason, count(*) FROM set_aside GROUP BY 1, 2 ORDER BY 1, 2")
        return {(source, reason): count for source, reason, count in rows}

    def set_aside(self, limit: int = 100) -> list[SetAside]:
        """Return such rows, of each source in order."""
        rows = self._engine.rows(f"{_SELECT_ASIDE} LIMIT ?", (limit,))
        return [SetAside(**dict(zip(_SET_ASIDE, row, strict=True))) for row in rows]

    def usage(self, usage_month: str | None = None) -> list[UsageTotal]:
        """Return the exact charges by number, usage month and class, of one usage month or of all."""
        return usage(self._engine, usage_month)

    def blockers(self, usage_month: str) -> Iterator[Blocker]:
        """Yield what stands against billing a usage month (charging.md §4)."""
        return blockers(self._engine, usage_month)

    def spent(self, numbers: Iterable[str], day: int, month: str) -> dict[str, tuple[int, int]]:
        """Return what ended calls of numbers cost in a JST day and in a usage month, in micro-yen."""
        return ledger_spent.spent(self._engine, numbers, day, month)

    def spent_by_callers(
        self, number: str, day: int, at_least_uy: int, tags: Iterable[str]
    ) -> dict[str, int]:
        """Return what callers of a watched number cost: who cost so much, and those of the tags in hex."""
        return ledger_spent.spent_by_callers(self._engine, number, day, at_least_uy, tags)

    def count_by_reason(self, number: str, since_ms: int, until_ms: int) -> list[ReasonCount]:
        """Return how many calls came to a number in `[since_ms, until_ms)`, by what became of them."""
        return count_by_reason(self._engine, number, since_ms, until_ms)

    def calls_up(self, numbers: Container[str], since_day: int) -> list[Final]:
        """Return the answered calls to numbers without an end, as long as they are proved to be up.

        since_day: those answered earlier, in JST, are left out.
        """
        return ledger_spent.calls_up(self._engine, numbers, since_day)

    def watched(self) -> dict[str, int]:
        """Return the numbers whose callers are told apart, and the JST day for which they are."""
        return ledger_spent.watched(self._engine)

    def warnings(self, number: str, limit: int = 100) -> list[Warned]:
        """Return the last warnings of the money guard about a number, the newest first."""
        return ledger_spent.warnings(self._engine, number, limit)

    def digest(self) -> str:
        """Return a hash of all that counts; ledgers that were told the same have the same."""
        hash_ = hashlib.sha256()
        encoder = msgspec.msgpack.Encoder()
        for table, question in _DIGESTED.items():
            hash_.update(table.encode())
            for row in self._engine.stream(question):
                hash_.update(encoder.encode(tuple(row)))
        return hash_.hexdigest()


_FINAL = msgspec.msgpack.Decoder(Final)
_SET_ASIDE = SetAside.__struct_fields__
_SELECT_ASIDE = f"SELECT {', '.join(_SET_ASIDE)} FROM set_aside ORDER BY source, sequence, content"


def _ledger_call(row: Row) -> LedgerCall:
    final = final_of_row(row)
    *rated, entries = row[len(FINAL_COLUMNS) :]
    record = fold(_STATE.decode(entries)) if entries is not None and "/" in final.source else None
    return LedgerCall(record=record or record_of(final), rated=rated_of_row(tuple(rated)), final=final)
