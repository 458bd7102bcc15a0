"""Published tariffs: one file for each version, written once, named by the version (`name@hash.toml`).

What a file holds is for its reader to check against its name: this store only keeps bytes.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chakka.errors import InputError
from chakka.stores.segments import sync_directory

_SUFFIX = ".toml"


class TariffStore:
    """The published versions in one directory, which need not be there yet."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def versions(self) -> tuple[str, ...]:
        """Return the names of all versions, in order."""
        return tuple(sorted(path.stem for path in self._directory.glob(f"*@*{_SUFFIX}")))

    def texts(self) -> dict[str, bytes]:
        """Return version → text. Raises: InputError if a file cannot be read."""
        try:
            return {version: self._path(version).read_bytes() for version in self.versions()}
        except OSError as fault:
            raise InputError(f"tariff {fault.filename}: {fault.strerror}") from fault

    @contextmanager
    def publishing(self) -> Iterator[None]:
        """Let nobody else publish meanwhile: what was checked against the versions holds when written."""
        self._directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def write(self, version: str, content: bytes) -> None:
        """Keep a version durably; it appears whole or not at all.

        Raises: FileExistsError if there is such a version: it is never written again.
        """
        draft = self._directory / f".{version}.draft"
        try:
            with draft.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            # Unlike a rename, a link never takes the place of a file.
            os.link(draft, self._path(version))
        finally:
            draft.unlink(missing_ok=True)
        sync_directory(self._directory)

    def _path(self, version: str) -> Path:
        return self._directory / f"{version}{_SUFFIX}"
