"""The ledger: one record and at most one charge for each call, in SQLite.

Written by ingest in transactions that hold everything of their batch or nothing, so that any part of it can
be delivered again. The tables are a function of the set of delivered entries and the tariff: order, parts
and repetitions leave no trace.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import msgspec

from chakka.errors import InputError
from chakka.records.fold import CallEntries, Key, conflicts
from chakka.records.model import Record, Tick
from chakka.stores.ledger_schema import KIND, migrate
from chakka.stores.ranges import Range, contiguous_end, merged

_STATE = msgspec.msgpack.Decoder(CallEntries)
_RECORD = msgspec.json.Decoder(Record)
_WAIT_FOR_LOCK_S = 10.0


class LedgerUnavailable(Exception):
    """The ledger cannot be used for now: locked for long, or its disk is full or failing."""


class Rated(msgspec.Struct, frozen=True, kw_only=True):
    """What an ended call costs, or in `suspense` why that cannot be said.

    assumed: facts that the tariff's defaults stood in for, joined by commas.
    """

    call_id: str
    number: str
    usage_month: str
    units: int | None
    amount_uy: int | None
    tariff_version: str
    rule: str | None
    assumed: str
    suspense: str | None


class LedgerCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call as the ledger has it; `rated` is None for calls that are up or were not answered."""

    record: Record
    rated: Rated | None


class CallFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which calls are asked for; None = all. `[since_ms, until_ms)` is about their arrival.

    kind: a value of `records.model.CallKind`.
    """

    number: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    reason: str | None = None
    kind: str | None = None
    limit: int = 100


class Ledger:
    """An open ledger; one thread uses it."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._file = _identity(path)

    @classmethod
    def open(cls, path: Path) -> "Ledger":
        """Return the ledger in file `path` for writing, made if absent, its schema brought up to date."""
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = _connect(path, "rwc")
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            migrate(connection)
        except sqlite3.DatabaseError as fault:
            connection.close()
            raise InputError(f"ledger {path}: {fault}") from fault
        return cls(connection, path)

    @classmethod
    def open_to_read(cls, path: Path) -> "Ledger":
        """Return the ledger in file `path` for questions only. Raises: InputError if there is none."""
        if not path.is_file():
            raise InputError(f"no ledger {path}: no call was recorded yet")
        connection = _connect(path, "ro")
        try:
            connection.execute("SELECT 1 FROM records LIMIT 1")
        except sqlite3.DatabaseError as fault:
            connection.close()
            raise InputError(f"ledger {path}: {fault}") from fault
        return cls(connection, path)

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextmanager
    def writing(self) -> Iterator["LedgerChange"]:
        """Give one transaction: all of it is durable at the end, or nothing of it.

        Raises: LedgerUnavailable to be tried again; InputError if the file is damaged.
        """
        with self._faults():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield LedgerChange(self._connection)
                self._connection.execute("COMMIT")
            except BaseException:
                # A disk that is full has ended the transaction by itself.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as fault:
            raise LedgerUnavailable(f"ledger {self._path}: {fault}") from fault
        except sqlite3.DatabaseError as fault:
            raise InputError(f"ledger {self._path}: {fault}") from fault

    def is_in_place(self) -> bool:
        """Return whether the file is still the one that was opened, not removed or replaced since."""
        return self._file == _identity(self._path)

    def delivered(self) -> dict[tuple[str, int], int]:
        """Return, by (node, boot), the last sequence before which every entry was taken.

        Raises: LedgerUnavailable to be tried again; InputError if the file is damaged.
        """
        ranges: dict[tuple[str, int], list[Range]] = {}
        with self._faults():
            rows = self._connection.execute(
                "SELECT node, boot, first, last FROM delivered ORDER BY node, boot, first"
            ).fetchall()
        for node, boot, first, last in rows:
            ranges.setdefault((node, boot), []).append((first, last))
        return {source: contiguous_end(found) for source, found in ranges.items()}

    def call(self, call_id: str) -> LedgerCall | None:
        """Return one call, or None if the ledger has no record of it."""
        found = self._connection.execute(f"{_SELECT_CALLS} AND records.call_id = ?", (call_id,)).fetchone()
        return _ledger_call(found) if found else None

    def calls(self, wanted: CallFilter) -> list[LedgerCall]:
        """Return the calls that are wanted, newest first."""
        conditions = {
            "records.number = ?": wanted.number,
            "arrived_at_ms >= ?": wanted.since_ms,
            "arrived_at_ms < ?": wanted.until_ms,
            "reason = ?": wanted.reason,
            f"{KIND} = ?": wanted.kind,
        }
        asked = {condition: value for condition, value in conditions.items() if value is not None}
        where = "".join(f" AND {condition}" for condition in asked)
        rows = self._connection.execute(
            f"{_SELECT_CALLS}{where} ORDER BY arrived_at_ms DESC, records.call_id DESC LIMIT ?",
            (*asked.values(), wanted.limit),
        )
        return [_ledger_call(row) for row in rows]

    def conflicts(self) -> list[tuple[str, str, int, int]]:
        """Return (call id, node, boot, sequence) of the entries that contradict another of their call."""
        return list(
            self._connection.execute(
                "SELECT call_id, node, boot, sequence FROM conflicts ORDER BY 1, 2, 3, 4"
            )
        )


class LedgerChange:
    """What can be done within one transaction of the ledger."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def delivered(self, node: str, boot: int) -> list[Range]:
        """Return the sequences of one boot that were taken, as ranges in order."""
        return list(
            self._connection.execute(
                "SELECT first, last FROM delivered WHERE node = ? AND boot = ? ORDER BY first", (node, boot)
            )
        )

    def calls_without_end(self, begun_before_ms: int) -> dict[str, CallEntries]:
        """Return what is known of calls that began before an instant and are not known to be over.

        A call begins with its answer; one that was not answered, as it comes in.
        """
        rows = self._connection.execute(
            "SELECT call_id, entries FROM records WHERE released_at_ms IS NULL"
            " AND (answered_at_ms < ?1 OR answered_at_ms IS NULL AND arrived_at_ms < ?1)",
            (begun_before_ms,),
        )
        return {call_id: _STATE.decode(entries) for call_id, entries in rows}

    def proof_of_life(self, node: str, boot: int) -> Tick | None:
        """Return the last tick of one boot of a node, without its calls; None if there was none."""
        row = self._connection.execute(
            "SELECT at_ms, monotonic_ms FROM proof_of_life WHERE node = ? AND boot = ?", (node, boot)
        ).fetchone()
        return Tick(at_ms=row[0], monotonic_ms=row[1], calls=()) if row else None

    def deliver(self, node: str, boot: int, ranges: Iterable[Range]) -> None:
        """Note sequences of one boot as taken."""
        everything = merged([*self.delivered(node, boot), *ranges])
        self._connection.execute("DELETE FROM delivered WHERE node = ? AND boot = ?", (node, boot))
        self._connection.executemany(
            "INSERT INTO delivered VALUES (?, ?, ?, ?)",
            ((node, boot, first, last) for first, last in everything),
        )

    def entries_of(self, call_ids: Iterable[str]) -> dict[str, CallEntries]:
        """Return what was taken of these calls before; calls never heard of are absent."""
        rows = self._connection.execute(
            "SELECT call_id, entries FROM records WHERE call_id IN (SELECT value FROM json_each(?))",
            (_json_list(call_ids),),
        )
        return {call_id: _STATE.decode(entries) for call_id, entries in rows}

    def put_calls(self, calls: Mapping[str, tuple[CallEntries, Record | None]]) -> None:
        """Keep what is known of calls, in place of what was known before."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (_row(call_id, entries, record) for call_id, (entries, record) in calls.items()),
        )

    def put_rated(self, rated: Iterable[Rated]) -> None:
        """Keep what calls cost, in place of what they cost before."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO rated VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (msgspec.structs.astuple(one) for one in rated),
        )

    def put_conflicts(self, calls: Mapping[str, CallEntries]) -> None:
        """List the entries that contradict another one of their call, in place of those listed before."""
        self._connection.execute(
            "DELETE FROM conflicts WHERE call_id IN (SELECT value FROM json_each(?))", (_json_list(calls),)
        )
        self._connection.executemany(
            "INSERT INTO conflicts VALUES (?, ?, ?, ?, ?)",
            (
                (call_id, *kept.key, msgspec.json.encode(kept.entry).decode())
                for call_id, call in calls.items()
                for kept in conflicts(call)
            ),
        )

    def put_unreadable(self, key: Key, payload: bytes) -> None:
        """Keep an entry that cannot be read, so that it is not lost."""
        self._connection.execute("INSERT OR REPLACE INTO unreadable VALUES (?, ?, ?, ?)", (*key, payload))

    def put_proof_of_life(self, node: str, boot: int, tick: Tick) -> None:
        """Note when a node was heard of, if that is later than what is known."""
        self._connection.execute(
            "INSERT INTO proof_of_life VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " at_ms = excluded.at_ms, monotonic_ms = excluded.monotonic_ms"
            " WHERE excluded.monotonic_ms > monotonic_ms",
            (node, boot, tick.at_ms, tick.monotonic_ms),
        )


_SELECT_CALLS = (
    "SELECT record, rated.* FROM records LEFT JOIN rated ON rated.call_id = records.call_id"
    " WHERE record IS NOT NULL"
)


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    try:
        return sqlite3.connect(uri, uri=True, timeout=_WAIT_FOR_LOCK_S, isolation_level=None)
    except sqlite3.OperationalError as fault:
        raise InputError(f"ledger {path}: {fault}") from fault


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _json_list(texts: Iterable[str]) -> str:
    return msgspec.json.encode(list(texts)).decode()


def _ledger_call(row: tuple[object, ...]) -> LedgerCall:
    text, *rated = row
    names = Rated.__struct_fields__
    return LedgerCall(
        record=_RECORD.decode(str(text)),
        rated=msgspec.convert(dict(zip(names, rated, strict=True)), Rated) if rated[0] is not None else None,
    )


def _row(call_id: str, entries: CallEntries, record: Record | None) -> tuple[object, ...]:
    state = msgspec.msgpack.encode(entries)
    if record is None:
        return (call_id, None, None, None, None, None, None, None, state)
    attempt = record.facts.attempt
    return (
        call_id,
        attempt.called_number,
        record.reason.value,
        attempt.at_ms,
        record.answered_at_ms,
        record.released_at_ms,
        record.conversation_ms,
        msgspec.json.encode(record).decode(),
        state,
    )
