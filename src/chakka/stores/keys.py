"""The months' secrets on disk: one file each, made once, readable by this user alone, destroyed in time.

`2026-11.key` holds the 32 octets of a month; `2026-04.destroyed` says that those of another are gone, since
when, by whom and why. What is wanted is written down first, so that a crash leaves nothing half destroyed.
"""

import contextlib
import os
import re
import secrets
from pathlib import Path

import msgspec

from chakka.errors import InputError
from chakka.localtime import DAY_MS, month_after, usage_month
from chakka.records.seal import SECRET_BYTES, MonthKey, month_key

_MONTH = re.compile("[0-9]{4}-(0[1-9]|1[0-2])")
_KEY, _DESTROYED = ".key", ".destroyed"
_OWNER_ONLY = 0o600
# Longer than any call and its records' way to the ledger.
_LAST_CALLS_MS = DAY_MS


class Destruction(msgspec.Struct, frozen=True, kw_only=True):
    """That a month's key is gone. at_ms: since when."""

    month: str
    at_ms: int
    by: str
    reason: str


class KeyStore:
    """The keys in a directory. What is read is kept: open one anew for every question asked later."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._read: dict[str, MonthKey | None] = {}

    def key_at(self, at_ms: int) -> MonthKey | None:
        """Return the key of the month in which a call arrived, None if there is none (any more).

        Raises: InputError if there is one that cannot be read.
        """
        return self.key(usage_month(at_ms))

    def key(self, month: str) -> MonthKey | None:
        """Return the key of a month, None if there is none (any more).

        Raises: InputError if there is one that cannot be read.
        """
        if month not in self._read:
            self._read[month] = self._key_on_disk(month)
        return self._read[month]

    def months(self) -> list[str]:
        """Return the months that have a key, the first one first."""
        return self._named(_KEY)

    def destructions(self) -> list[Destruction]:
        """Return what was destroyed, the first month first. Raises: InputError if that cannot be read."""
        return [self._destruction(month) for month in self._named(_DESTROYED)]

    def destruction(self, month: str) -> Destruction | None:
        """Return when and why the key of a month was destroyed, None if it was not."""
        return self._destruction(month) if self._path(month, _DESTROYED).exists() else None

    def make(self, month: str) -> bool:
        """Make the key of a month, durably; return False if there is or was one.

        Raises: OSError if the disk refuses.
        """
        if self._path(month, _KEY).exists() or self._path(month, _DESTROYED).exists():
            return False
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_new = self._put(self._path(month, _KEY), secrets.token_bytes(SECRET_BYTES))
        self._read.pop(month, None)
        return is_new

    def destroy(self, wanted: Destruction) -> None:
        """Destroy the key of a month: overwritten, removed, and never made again.

        Raises: InputError if there is none, or calls of its month may still be up; OSError if the disk
                refuses.
        """
        if not _MONTH.fullmatch(wanted.month):
            raise InputError(f"{wanted.month!r} is no month; write 2026-04")
        if wanted.month >= usage_month(wanted.at_ms - _LAST_CALLS_MS):
            raise InputError(f"{wanted.month} can be destroyed when it has been over for a day")
        if not self._path(wanted.month, _KEY).exists():
            earlier = self.destruction(wanted.month)
            raise InputError(f"{wanted.month} has no key" + (": it was destroyed" if earlier else ""))
        self._put(self._path(wanted.month, _DESTROYED), msgspec.json.encode(wanted))
        self._remove(wanted.month)

    def finish_destructions(self) -> None:
        """Remove the keys whose destruction a crash cut short. Raises: OSError if the disk refuses."""
        for month in set(self.months()) & set(self._named(_DESTROYED)):
            self._remove(month)

    def overdue(self, now_ms: int, retention_months: int) -> list[str]:
        """Return the months whose keys have been kept for so many whole months after their own."""
        oldest = month_after(usage_month(now_ms - _LAST_CALLS_MS), -retention_months)
        return [month for month in self.months() if month < oldest]

    def _key_on_disk(self, month: str) -> MonthKey | None:
        try:
            # A copy that comes back from somewhere is not used again.
            if self._path(month, _DESTROYED).exists():
                return None
            return month_key(self._path(month, _KEY).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, InputError) as fault:
            raise InputError(f"key of {month}: {fault}") from fault

    def _destruction(self, month: str) -> Destruction:
        try:
            return msgspec.json.decode(self._path(month, _DESTROYED).read_bytes(), type=Destruction)
        except (OSError, msgspec.DecodeError) as fault:
            raise InputError(f"destruction of the key of {month}: {fault}") from fault

    def _named(self, kind: str) -> list[str]:
        found = (path.name.removesuffix(kind) for path in self._directory.glob(f"*{kind}"))
        return sorted(name for name in found if _MONTH.fullmatch(name))

    def _path(self, month: str, kind: str) -> Path:
        return self._directory / f"{month}{kind}"

    def _put(self, path: Path, octets: bytes) -> bool:
        """Write a file whole and durably, or not at all; return False if another process was faster."""
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _OWNER_ONLY)
            with os.fdopen(descriptor, "wb") as file:
                file.write(octets)
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, path)
        except FileExistsError:
            return False
        finally:
            draft.unlink(missing_ok=True)
            self._sync_directory()
        return True

    def _remove(self, month: str) -> None:
        path = self._path(month, _KEY)
        with path.open("r+b") as file:
            file.write(bytes(SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
        self._sync_directory()
        self._read.pop(month, None)

    def _sync_directory(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
