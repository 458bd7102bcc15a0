"""A ledger in a PostgreSQL database, in a schema of its own, `finals` and `rated` cut by day."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache
from itertools import groupby
from urllib.parse import urlsplit

import psycopg

from chakka.errors import InputError
from chakka.stores.engine import LedgerUnavailable, Row
from chakka.stores.ledger_values import FINAL_COLUMNS, RATED_COLUMNS
from chakka.stores.postgres_schema import SCHEMA, WRITER_LOCK, is_up_to_date, migrate

_CONNECT_S = 10
# Commits wait for the disk, whatever the server thinks; nobody waits for a lock for ever.
_SETTINGS = f"-c search_path={SCHEMA} -c synchronous_commit=on -c lock_timeout=10s -c timezone=UTC"
_OCTETS = {"caller", "caller_tag"}
_NUMBERS = {
    *("sequence", "arrived_at_ms", "answered_at_ms", "conversation_ms", "is_confirmed", "fault", "estimated"),
    *("correction", "is_open", "content", "day", "units", "amount_uy"),
}
_COLUMNS = {"finals": FINAL_COLUMNS, "rated": RATED_COLUMNS}
_CALL_ID, _DAY = 2, -1


def _type(column: str) -> str:
    return "bytea" if column in _OCTETS else "int8" if column in _NUMBERS else "text"


class PostgresEngine:
    """An open database; one thread uses it. A connection that was lost is made again when it is needed."""

    among = "= ANY(?)"

    def __init__(self, url: str, *, is_to_read: bool) -> None:
        self._url = url
        self._options = _SETTINGS + (" -c default_transaction_read_only=on" if is_to_read else "")
        self._connection: psycopg.Connection | None = None

    @classmethod
    def open(cls, url: str) -> "PostgresEngine":
        """Return the database for writing, its schema brought up to date.

        Raises: LedgerUnavailable while it cannot be reached; InputError if it can never be used.
        """
        engine = cls(url, is_to_read=False)
        with engine._faults():
            migrate(engine._open())
        return engine

    @classmethod
    def open_to_read(cls, url: str) -> "PostgresEngine":
        """Return the database for questions only. Raises: InputError if no ledger is there, or an old one."""
        engine = cls(url, is_to_read=True)
        with engine._faults():
            if not is_up_to_date(engine._open()):
                raise InputError(f"no ledger in {shown(url)}, or one of another chakka: ingest makes it")
        return engine

    def listed(self, texts: Iterable[str]) -> object:
        """Return texts as the one value that `among` takes."""
        return list(texts)

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Return the rows that a question has for an answer."""
        with self._faults():
            return self._open().execute(_spelt(sql), values).fetchall()

    def stream(self, sql: str, values: Sequence[object] = ()) -> Iterator[Row]:
        """Yield the same one by one, out of the server's memory."""
        with (
            self._faults(),
            self._open().transaction(),
            self._open().cursor(name="stream") as cursor,
        ):
            cursor.itersize = 10_000
            yield from cursor.execute(_spelt(sql), values)

    def run(self, sql: str, values: Sequence[object] = ()) -> None:
        """Do one thing."""
        self._open().execute(_spelt(sql), values)

    def run_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Do one thing for each row."""
        with self._open().cursor() as cursor:
            cursor.executemany(_spelt(sql), list(rows))

    def put_finals(self, rows: Sequence[Row]) -> list[Row]:
        """Keep rows of `finals` whose call id is new; return the others."""
        there = self._held(sorted({row[_CALL_ID] for row in rows}))
        new: list[Row] = []
        others: list[Row] = []
        for row in rows:
            (others if row[_CALL_ID] in there else new).append(row)
            there.add(row[_CALL_ID])
        for day, of_day in self._put_by_day("finals", new):
            ids = [row[_CALL_ID] for row in of_day]
            self.run(
                "INSERT INTO days VALUES (?, ?, ?) ON CONFLICT (day) DO UPDATE SET"
                " first_call_id = least(days.first_call_id, excluded.first_call_id),"
                " last_call_id = greatest(days.last_call_id, excluded.last_call_id)",
                (day, min(ids), max(ids)),
            )
        return others

    def put_rated(self, rows: Sequence[Row]) -> None:
        """Keep rows of `rated`, of calls that have none."""
        for _ in self._put_by_day("rated", rows):
            pass

    def held_on(self, call_ids: Sequence[str]) -> list[int] | None:
        """Return the days beside which none of these calls is kept: one index of each day is looked into."""
        if not call_ids:
            return []
        question = "SELECT day FROM days WHERE first_call_id <= ? AND last_call_id >= ? ORDER BY day"
        return [day for (day,) in self.rows(question, (max(call_ids), min(call_ids)))]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what is done within durable at the end, or nothing of it; one writer at a time."""
        with self._faults():
            connection = self._open()
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (WRITER_LOCK,))
                yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Answer every question within as of one instant."""
        with self._faults():
            connection = self._open()
            with connection.transaction():
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                yield

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Raise LedgerUnavailable for what passes, InputError for what does not."""
        try:
            yield
        except psycopg.OperationalError as fault:
            raise LedgerUnavailable(f"ledger {shown(self._url)}: {_sentence(fault)}") from fault
        except psycopg.Error as fault:
            raise InputError(f"ledger {shown(self._url)}: {_sentence(fault)}") from fault

    def is_in_place(self) -> bool:
        """Return True: a database that is gone cannot be asked, and one that was made anew has no tables."""
        return True

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()

    def _open(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self._url, autocommit=True, options=self._options, connect_timeout=_CONNECT_S
            )
        return self._connection

    def _held(self, call_ids: Sequence[str]) -> set[str]:
        days = self.held_on(call_ids)
        if not days:
            return set()
        question = "SELECT call_id FROM finals WHERE call_id = ANY(?) AND day = ANY(?)"
        return {call_id for (call_id,) in self.rows(question, (list(call_ids), days))}

    def _put_by_day(self, table: str, rows: Sequence[Row]) -> Iterator[tuple[int, list[Row]]]:
        """Copy rows into the partitions of their days; yield what was copied."""
        for day, group in groupby(sorted(rows, key=_day), key=_day):
            of_day, name = list(group), f"{table}_{date.fromordinal(day):%Y%m%d}"
            if self.rows("SELECT 1 WHERE to_regclass(?) IS NOT NULL", (name,)):
                self._copy(table, name, of_day)
            else:
                self._attach(table, name, day, of_day)
            yield day, of_day

    def _attach(self, table: str, name: str, day: int, rows: Sequence[Row]) -> None:
        """Fill a table of its own, without indexes, and make it the partition of its day.

        Readers of the other days go on meanwhile; the check spares the server from looking at every row.
        """
        self.run(
            f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS, CONSTRAINT of_day CHECK (day = {day}))"
        )
        self._copy(table, name, rows)
        self.run(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES IN ({day})")
        self.run(f"ALTER TABLE {name} DROP CONSTRAINT of_day")

    def _copy(self, table: str, name: str, rows: Sequence[Row]) -> None:
        columns = ", ".join(_COLUMNS[table])
        with (
            self._open().cursor() as cursor,
            cursor.copy(f"COPY {name} ({columns}) FROM STDIN (FORMAT BINARY)".encode()) as copy,
        ):
            copy.set_types([_type(column) for column in _COLUMNS[table]])
            for row in rows:
                copy.write_row(row)


def shown(url: str) -> str:
    """Return a URL as it may be printed: without user and password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"


def _day(row: Row) -> int:
    day: int = row[_DAY]
    return day


@cache
def _spelt(sql: str) -> bytes:
    """Return SQL as psycopg has it: `%s` where a value goes."""
    return sql.replace("?", "%s").encode()


def _sentence(fault: psycopg.Error) -> str:
    return " ".join(str(fault).split())
