"""A ledger in a SQLite file: WAL, synchronous=FULL."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from chakka.errors import InputError
from chakka.stores.engine import LedgerUnavailable, Row
from chakka.stores.ledger_schema import is_up_to_date, migrate
from chakka.stores.ledger_values import FINAL_COLUMNS, RATED_COLUMNS

_WAIT_FOR_LOCK_S = 10.0
# Pages of tables that are being filled stay in memory; in KiB, negative as SQLite has it.
_CACHE_KIB = -64 * 1024
# Large pages and few checkpoints: a month is many rows, and each is written once. In octets, and in pages.
_PAGE = 32 * 1024
_PAGES_IN_WAL = 2_000


def _insert(table: str, columns: Sequence[str]) -> str:
    places = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"


_PUT_FINAL = _insert("finals", FINAL_COLUMNS) + " ON CONFLICT DO NOTHING"
_PUT_RATED = _insert("rated", RATED_COLUMNS)


class SqliteEngine:
    """An open SQLite file; one thread uses it."""

    among = "IN (SELECT value FROM json_each(?))"

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._file = _identity(path)

    @classmethod
    def open(cls, path: Path) -> "SqliteEngine":
        """Return the file for writing, made if absent, its schema brought up to date."""
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = _connect(path, "rwc")
        try:
            connection.execute(f"PRAGMA page_size = {_PAGE}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_IN_WAL}")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA cache_size = {_CACHE_KIB}")
            migrate(connection)
        except sqlite3.DatabaseError as fault:
            connection.close()
            raise InputError(f"ledger {path}: {fault}") from fault
        return cls(connection, path)

    @classmethod
    def open_to_read(cls, path: Path) -> "SqliteEngine":
        """Return the file for questions only. Raises: InputError if there is none, or an old one."""
        if not path.is_file():
            raise InputError(f"no ledger {path}: no call was recorded yet")
        connection = _connect(path, "ro")
        try:
            is_new = is_up_to_date(connection)
        except sqlite3.DatabaseError as fault:
            connection.close()
            raise InputError(f"ledger {path}: {fault}") from fault
        if not is_new:
            connection.close()
            raise InputError(
                f"ledger {path} is of another chakka; ingest brings it up to date when it starts"
            )
        return cls(connection, path)

    def listed(self, texts: Iterable[str]) -> object:
        """Return texts as the one value that `among` takes."""
        return msgspec.json.encode(list(texts)).decode()

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Return the rows that a question has for an answer."""
        with self._faults():
            return self._connection.execute(sql, values).fetchall()

    def stream(self, sql: str, values: Sequence[object] = ()) -> Iterator[Row]:
        """Yield the same one by one."""
        with self._faults():
            yield from self._connection.execute(sql, values)

    def run(self, sql: str, values: Sequence[object] = ()) -> None:
        """Do one thing."""
        self._connection.execute(sql, values)

    def run_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Do one thing for each row."""
        self._connection.executemany(sql, rows)

    def put_finals(self, rows: Sequence[Row]) -> list[Row]:
        """Keep rows of `finals` whose call id is new; return the others."""
        before = self._connection.total_changes
        self._connection.executemany(_PUT_FINAL, rows)
        if self._connection.total_changes - before == len(rows):
            return []
        kept = set(
            self._connection.execute(
                f"SELECT source, sequence, call_id, content FROM finals WHERE call_id {self.among}",
                (self.listed(row[2] for row in rows),),
            )
        )
        return _not_kept(rows, kept)

    def put_rated(self, rows: Sequence[Row]) -> None:
        """Keep rows of `rated`, of calls that have none."""
        self._connection.executemany(_PUT_RATED, rows)

    def held_on(self, call_ids: Sequence[str]) -> list[int] | None:
        """Return None: one index finds every call, whatever its day."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what is done within durable at the end, or nothing of it."""
        with self._faults():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # A disk that is full has ended the transaction by itself.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Answer every question within as of one instant."""
        with self._faults():
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Raise LedgerUnavailable for what passes, InputError for a damaged file."""
        try:
            yield
        except sqlite3.OperationalError as fault:
            raise LedgerUnavailable(f"ledger {self._path}: {fault}") from fault
        except sqlite3.DatabaseError as fault:
            raise InputError(f"ledger {self._path}: {fault}") from fault

    def is_in_place(self) -> bool:
        """Return whether the file is still the one that was opened, not removed or replaced since."""
        return self._file == _identity(self._path)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def _not_kept(rows: Sequence[Row], kept: set[Row]) -> list[Row]:
    """Return the rows that are not among those kept; of two that say the same all over, one was kept."""
    others = []
    for row in rows:
        name = (row[0], row[1], row[2], row[22])
        if name in kept:
            kept.discard(name)
        else:
            others.append(row)
    return others


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
