"""Who looked at whole numbers, of which call and why: a line of JSON each, written before they are shown."""

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from chakka.errors import InputError


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """One look at one call. at: when, in JST; by: the login name; what: the command or page."""

    at: str
    by: str
    what: str
    call_id: str
    reason: str


def note(path: Path, looks: Iterable[Access]) -> None:
    """Write looks down, durably.

    Raises: InputError if the disk refuses; then nothing may be shown.
    """
    lines = b"".join(msgspec.json.encode(look) + b"\n" for look in looks)
    if not lines:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
    except OSError as fault:
        raise InputError(f"no look can be noted, so nothing is shown: {fault}") from fault
