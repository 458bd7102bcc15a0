"""The key that signs sessions and links, made once for each data directory."""

import contextlib
import os
import secrets
from pathlib import Path

_CHARACTERS = 64


def secret_key(directory: Path) -> str:
    """Return the key of a data directory, made if absent, readable for its owner alone."""
    file = directory / "secret_key"
    directory.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        _make(file)
    return file.read_text(encoding="ascii")


def _make(file: Path) -> None:
    """Write a new key under another name first: whoever comes at the same time never reads half of one."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    if file.exists():
        raise FileExistsError(file)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as written:
        written.write(secrets.token_urlsafe(_CHARACTERS))
    try:
        os.link(draft, file)
    finally:
        draft.unlink()
