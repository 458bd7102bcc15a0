"""The plan store that stands in a directory now, also when its file is replaced while we read."""

import logging
import os
from pathlib import Path
from types import TracebackType

from chakka.stores.lmdb_file import FILE
from chakka.stores.plan_store import PlanStore

log = logging.getLogger(__name__)


class PlansInPlace:
    """Reads a plan store as `PlanStore` does, and follows it when another file is put in its place."""

    def __init__(self, path: Path) -> None:
        """Open the store. Raises: InputError if there is none to read, or if it is damaged."""
        self._path = path
        self._data = str(path / FILE)
        self._file = self._in_place()
        self._store = PlanStore.open(path)

    def __enter__(self) -> "PlansInPlace":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._store.close()

    def read(self, number: str) -> bytes | None:
        """Return the compiled plan of a number in the store that stands there now, or None.

        Raises: InputError if the file is damaged.
        """
        file = self._in_place()
        # While it is away, the one that is open answers on.
        if file is not None and file != self._file:
            self._follow(file)
        return self._store.read(number)

    def read_live(self, number: str) -> bytes | None:
        """Return the live facts of a number, or None. Raises: InputError if the file is damaged."""
        return self._store.read_live(number)

    def presentable(self, line_number: str) -> str | None:
        """Return the number that a line number may present, or None. Raises: InputError if damaged."""
        return self._store.presentable(line_number)

    def _follow(self, file: tuple[int, int]) -> None:
        log.warning("plan store %s was replaced: calls are decided by the new one", self._path)
        # First closed, then opened: both may share one lock file, and what it says is of the old one.
        self._store.close()
        self._store = PlanStore.open(self._path)
        self._file = file

    def _in_place(self) -> tuple[int, int] | None:
        # Asked for every call.
        try:
            found = os.stat(self._data)
        except OSError:
            return None
        return found.st_dev, found.st_ino
