"""The plan store: freephone number → compiled plan, every version that was ever published, and live facts.

An LMDB file on each node. One process writes (publish), any number read, none waits for another; a publish
is one transaction, so a reader sees the whole of it or nothing of it, at once. Versions are never changed.

A prepared plan stands beside the one in service under `NUMBER/NAME`, with a history of its own.

Beside them an index of number notification (service.md R6.3): line number → the one freephone number in whose
plan in service it stands. It is changed in the transaction that publishes or withdraws the plan.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import lmdb
import msgspec

from chakka.errors import InputError, Problem
from chakka.stores.lmdb_file import FILE, Shape, open_store

# Address space, not disk: the file grows as needed. Doubled when a publish does not fit.
MAP_BYTES = 16 << 30
# Processes that read at the same time, on one node.
MAX_READERS = 512
_PLANS, _VERSIONS, _TEXTS, _META, _LIVE = b"plans", b"versions", b"texts", b"meta", b"live"
# line number → freephone number, and back: freephone number → its line numbers, divided by blanks.
_NOTIFICATION = b"notification"
# A store that an older chakka made has none of these until a newer one writes to it.
_NEWER = (_LIVE, _NOTIFICATION)
_SEQUENCE = b"sequence"
_SEQUENCE_BYTES = 8

Result = TypeVar("Result")


def prepared(number: str, name: str) -> str:
    """Return under what a number's prepared plan stands in the store."""
    return f"{number}/{name}"


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """Who published what when, and why. `hash` is that of the compiled plan."""

    at_ms: int
    by: str
    why: str
    hash: str


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a number's history. `sequence` counts all publishes of the store; `published.hash` is ""
    and `text` None when the number was withdrawn."""

    sequence: int
    number: str
    published: Published
    text: bytes | None


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """One plan to be published. notifying: the line numbers that may present its number (R6.3)."""

    number: str
    compiled: bytes
    text: bytes
    published: Published
    notifying: tuple[str, ...] = ()


class PlanStore:
    """An open plan store. Made by `open`; one for each process and path."""

    def __init__(self, environment: lmdb.Environment, databases: dict[bytes, lmdb._Database]) -> None:
        self._environment = environment
        self._databases = databases
        self._plans = databases[_PLANS]

    @classmethod
    def open(cls, path: Path, readonly: bool = True, *, map_bytes: int = MAP_BYTES) -> "PlanStore":
        """Return the store in directory `path`, made if absent and not `readonly`.

        Raises: InputError if there is none to read, or if the file is damaged or cut short.
        """
        if readonly and not (path / FILE).is_file():
            raise InputError(f"no plan store in {path}: publish a plan first")
        shape = Shape(map_bytes=map_bytes, most_databases=6, most_readers=MAX_READERS, readonly=readonly)
        return open_store("plan store", path, shape, cls._of)

    @classmethod
    def _of(cls, environment: lmdb.Environment) -> "PlanStore":
        """Return the store of an environment, after readers that died have given their places back."""
        environment.reader_check()
        is_ours = not environment.flags()["readonly"]
        names = (_PLANS, _VERSIONS, _TEXTS, _META, *(_NEWER if is_ours else ()))
        return cls(environment, {name: environment.open_db(name, create=is_ours) for name in names})

    def __enter__(self) -> "PlanStore":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; more than once does no harm."""
        self._environment.close()

    def read(self, number: str) -> bytes | None:
        """Return the compiled plan of a freephone number (or `prepared` plan) as published last, or None.

        Raises: InputError if the file is damaged.
        """
        if not number:
            return None
        try:
            return self._in_read(lambda reading: _get(reading, number.encode(), self._plans))
        except lmdb.Error as fault:
            raise InputError(f"plan of {number}: {fault}") from fault

    def read_live(self, number: str) -> bytes | None:
        """Return the live facts of a freephone number, or None.

        Raises: InputError if the file is damaged.
        """
        try:
            return self._read_newer(_LIVE, number)
        except lmdb.Error as fault:
            raise InputError(f"live facts of {number}: {fault}") from fault

    def presentable(self, line_number: str) -> str | None:
        """Return the freephone number that a line number may present (R6.3), or None.

        Raises: InputError if the file is damaged.
        """
        try:
            number = self._read_newer(_NOTIFICATION, line_number)
        except lmdb.Error as fault:
            raise InputError(f"number notification of {line_number}: {fault}") from fault
        return number.decode() if number else None

    def change_live(self, number: str, change: Callable[[bytes | None], bytes]) -> bytes:
        """Return the live facts of a number after `change` made them from those that it had, durably.

        change: called within the transaction, so that no other change comes between; what it raises
                leaves all as it was.
        Raises: InputError if the file is damaged or its disk full.
        """
        live = self._databases[_LIVE]

        def put(writing: lmdb.Transaction) -> bytes:
            key = number.encode()
            facts = change(_get(writing, key, live))
            writing.put(key, facts, db=live)
            return facts

        try:
            return self._in_write(put)
        except lmdb.Error as fault:
            raise InputError(f"live facts of {number}: {fault}") from fault

    def live(self) -> dict[str, bytes]:
        """Return the live facts of every number that has any.

        Raises: InputError if the file is damaged.
        """
        database = self._newer(_LIVE)
        if database is None:
            return {}
        try:
            return self._in_read(
                lambda reading: {_text(key): bytes(facts) for key, facts in reading.cursor(database)}
            )
        except lmdb.Error as fault:
            raise InputError(f"live facts: {fault}") from fault

    def revision(self) -> tuple[int, int, int]:
        """Return what is something else after whatever was written to the store, by any process, and for the
        store that was put in its place."""
        file = (Path(self._environment.path()) / FILE).stat()
        return file.st_dev, file.st_ino, int(self._environment.info()["last_txnid"])

    def _read_newer(self, name: bytes, key: str) -> bytes | None:
        database = self._newer(name)
        if database is None or not key:
            return None
        return self._in_read(lambda reading: _get(reading, key.encode(), database))

    def _newer(self, name: bytes) -> lmdb._Database | None:
        if name not in self._databases:
            try:
                self._databases[name] = self._environment.open_db(name, create=False)
            except lmdb.NotFoundError:
                return None
        return self._databases[name]

    def numbers(self) -> list[str]:
        """Return every number that has a plan in service, in order."""
        return self._in_read(
            lambda reading: [
                key for key in map(_text, reading.cursor(self._plans).iternext(True, False)) if "/" not in key
            ]
        )

    def sequence(self) -> int:
        """Return how many publishes and withdrawals the store has seen."""
        return self._in_read(self._last_sequence)

    def history(self, number: str) -> list[Version]:
        """Return every version that was published for a number, oldest first; a withdrawal has no text."""
        return self._in_read(lambda reading: list(self._versions(reading, number)))

    def text(self, number: str, plan_hash: str) -> bytes | None:
        """Return the plan text of one version of a number, or None if it never had that version."""
        for version in self.history(number):
            if version.published.hash == plan_hash:
                return version.text
        return None

    def publish(self, number: str, compiled: bytes, text: bytes, published: Published) -> int:
        """Return the store's sequence after `number` is answered by this plan, durably.

        No line number may present it: publish those who may by `publish_all`.
        """
        return self.publish_all(
            [Publication(number=number, compiled=compiled, text=text, published=published)]
        )

    def publish_all(self, publications: Iterable[Publication]) -> int:
        """Return the store's sequence after all of `publications` took effect, in one transaction.

        Raises: InputError with its problems, nothing published, if a line number that may present one of the
                numbers stands in the plan of another (R6.3: at most one).
        """
        batch = tuple(publications)
        return self._in_write(lambda writing: self._put_all(writing, batch))

    def withdraw(self, number: str, published: Published) -> int:
        """Return the store's sequence after `number` has no plan any more; its history stays.

        published: who, when and why; its hash is not kept.
        Raises: InputError if the number has no plan.
        """
        return self._in_write(lambda writing: self._withdraw(writing, number, published))

    def _put_all(self, writing: lmdb.Transaction, batch: tuple[Publication, ...]) -> int:
        sequence = self._last_sequence(writing)
        for publication in batch:
            sequence += 1
            key = publication.number.encode()
            writing.put(key, publication.compiled, db=self._plans)
            text_key = publication.published.hash.encode()
            writing.put(text_key, publication.text, overwrite=False, db=self._databases[_TEXTS])
            self._put_version(writing, key, sequence, publication.published)
        # Prepared plans answer calls for a while; who may present the number does not change with them.
        self._put_notifying(writing, {one.number: one.notifying for one in batch if "/" not in one.number})
        return self._keep_sequence(writing, sequence)

    def _put_notifying(self, writing: lmdb.Transaction, lists: Mapping[str, tuple[str, ...]]) -> None:
        """Index the line numbers of plans: all old ones go first, so that a batch may exchange them."""
        index = self._databases[_NOTIFICATION]
        for number in lists:
            for line_number in bytes(writing.pop(number.encode(), db=index) or b"").split():
                writing.delete(line_number, db=index)
        problems = [
            _taken(place, line_number, other.decode())
            for number, line_numbers in lists.items()
            for place, line_number in enumerate(line_numbers)
            if (other := _add(writing, index, line_number, number)) is not None
        ]
        if problems:
            raise InputError("; ".join(problem.message for problem in problems), problems)
        for number, line_numbers in lists.items():
            if line_numbers:
                writing.put(number.encode(), " ".join(line_numbers).encode(), db=index)

    def _withdraw(self, writing: lmdb.Transaction, number: str, published: Published) -> int:
        if not writing.delete(number.encode(), db=self._plans):
            raise InputError(f"{number} has no plan")
        self._put_notifying(writing, {number: ()})
        sequence = self._last_sequence(writing) + 1
        self._put_version(writing, number.encode(), sequence, msgspec.structs.replace(published, hash=""))
        return self._keep_sequence(writing, sequence)

    def _put_version(
        self, writing: lmdb.Transaction, key: bytes, sequence: int, published: Published
    ) -> None:
        version_key = key + b"/" + sequence.to_bytes(_SEQUENCE_BYTES, "big")
        writing.put(version_key, msgspec.msgpack.encode(published), db=self._databases[_VERSIONS])

    def _versions(self, reading: lmdb.Transaction, number: str) -> Iterator[Version]:
        prefix = number.encode() + b"/"
        cursor = reading.cursor(self._databases[_VERSIONS])
        cursor.set_range(prefix)
        for key, value in cursor.iternext():
            if not bytes(key).startswith(prefix):
                return
            if len(key) != len(prefix) + _SEQUENCE_BYTES:
                # A version of one of the number's prepared plans.
                continue
            published = msgspec.msgpack.decode(value, type=Published)
            text = _get(reading, published.hash.encode(), self._databases[_TEXTS]) if published.hash else None
            sequence = int.from_bytes(bytes(key)[len(prefix) :], "big")
            yield Version(sequence=sequence, number=number, published=published, text=text)

    def _last_sequence(self, transaction: lmdb.Transaction) -> int:
        return int.from_bytes(_get(transaction, _SEQUENCE, self._databases[_META]) or b"", "big")

    def _keep_sequence(self, writing: lmdb.Transaction, sequence: int) -> int:
        writing.put(_SEQUENCE, sequence.to_bytes(8, "big"), db=self._databases[_META])
        return sequence

    def _in_read(self, query: Callable[[lmdb.Transaction], Result]) -> Result:
        try:
            with self._environment.begin() as reading:
                return query(reading)
        except lmdb.MapResizedError:
            # A publish in another process has let the file outgrow our map: adopt the new size.
            self._environment.set_mapsize(0)
            with self._environment.begin() as reading:
                return query(reading)

    def _in_write(self, change: Callable[[lmdb.Transaction], Result]) -> Result:
        while True:
            try:
                with self._environment.begin(write=True) as writing:
                    return change(writing)
            except lmdb.MapResizedError:
                self._environment.set_mapsize(0)
            except lmdb.MapFullError:
                self._environment.set_mapsize(2 * self._environment.info()["map_size"])


def _add(writing: lmdb.Transaction, index: lmdb._Database, line_number: str, number: str) -> bytes | None:
    """Index one line number; return the number in whose plan it stands already, if that is another."""
    key, value = line_number.encode(), number.encode()
    if writing.put(key, value, overwrite=False, db=index):
        return None
    known = _get(writing, key, index)
    return None if known == value else known


def _taken(place: int, line_number: str, other: str) -> Problem:
    message = f"{line_number} presents {other} already; a line number presents one number at most (R6.3)"
    return Problem(code="presents_another", where=f"number_notification[{place}]", message=message)


def _text(key: bytes | memoryview) -> str:
    return bytes(key).decode()


def _get(transaction: lmdb.Transaction, key: bytes, database: lmdb._Database) -> bytes | None:
    value = transaction.get(key, None, database)
    return None if value is None else bytes(value)
