"""The live store: what one node's call plane must still know after a restart (architecture.md §4).

An LMDB file with one writer, the call plane: where lines are registered, and which lines show the freephone
number when they call out. Each change is one transaction, on the disk when `apply` returns.
"""

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import lmdb
import msgspec

from chakka.errors import InputError
from chakka.stores.lmdb_file import Shape, open_store

# Address space, not disk: 100,000 lines with five contacts each take a tenth of it.
MAP_BYTES = 4 << 30
_REGISTRATIONS, _NOTIFICATIONS = b"registrations", b"notifications"


class KeepRegistration(msgspec.Struct, frozen=True, kw_only=True):
    """A line is registered as `octets` say, which only the registrar reads; b"": it is not any more."""

    number: str
    octets: bytes


class KeepNotification(msgspec.Struct, frozen=True, kw_only=True):
    """Number notification of a line number is on or off (signalling.md §4).

    freephone: the number that it presents from now on; "": none. A flag outlives the contract for which it
               was set, and must not come to hold for another (R6.1: off after contract).
    """

    number: str
    freephone: str


Change = KeepRegistration | KeepNotification


class LiveStore:
    """An open live store. Made by `open`; one for each process and path."""

    def __init__(self, environment: lmdb.Environment) -> None:
        self._environment = environment
        self._registrations = environment.open_db(_REGISTRATIONS)
        self._notifications = environment.open_db(_NOTIFICATIONS)

    @classmethod
    def open(cls, path: Path, *, map_bytes: int = MAP_BYTES) -> "LiveStore":
        """Return the store in directory `path`, made if absent.

        Raises: InputError if the file cannot be used or was cut short.
        """
        return open_store("live store", path, Shape(map_bytes=map_bytes, most_databases=2), cls)

    def __enter__(self) -> "LiveStore":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; more than once does no harm."""
        self._environment.close()

    def apply(self, changes: Iterable[Change]) -> None:
        """Make all of the changes, durably, or none.

        Raises: InputError if the disk does not take them; what was kept before is kept still.
        """
        try:
            with self._environment.begin(write=True) as writing:
                for change in changes:
                    self._put(writing, change)
        except lmdb.Error as fault:
            raise InputError(f"live store: {fault}") from fault

    def _put(self, writing: lmdb.Transaction, change: Change) -> None:
        key = change.number.encode()
        if isinstance(change, KeepNotification):
            kept, database = change.freephone.encode(), self._notifications
        else:
            kept, database = change.octets, self._registrations
        if kept:
            writing.put(key, kept, db=database)
        else:
            writing.delete(key, db=database)

    def registrations(self) -> list[KeepRegistration]:
        """Return the registrations of every line, by number."""
        return [
            KeepRegistration(number=key, octets=octets) for key, octets in self._rows(self._registrations)
        ]

    def notifying(self) -> dict[str, str]:
        """Return the freephone number that each line number presents whose number notification is on."""
        return {key: value.decode() for key, value in self._rows(self._notifications)}

    def _rows(self, database: lmdb._Database) -> list[tuple[str, bytes]]:
        try:
            with self._environment.begin() as reading:
                return [(bytes(key).decode(), bytes(value)) for key, value in reading.cursor(database)]
        except lmdb.Error as fault:
            raise InputError(f"live store: {fault}") from fault
