"""What the LMDB stores of a node have in common."""

from pathlib import Path

import lmdb

from chakka.errors import InputError


def require_whole_file(path: Path, environment: lmdb.Environment) -> None:
    """Raise InputError if the file is shorter than its own last page: reading there would kill us."""
    needed = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
    size = (path / "data.mdb").stat().st_size
    if size < needed:
        raise InputError(f"data.mdb has {size} bytes of {needed}: it was cut short")
