"""What the LMDB stores of a node have in common."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import lmdb
import msgspec

from chakka.errors import InputError

FILE = "data.mdb"
Store = TypeVar("Store")


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """How a store is opened. map_bytes: address space, not disk; most_databases: named ones within it."""

    map_bytes: int
    most_databases: int
    most_readers: int = 126
    readonly: bool = False


def open_store(what: str, path: Path, shape: Shape, build: Callable[[lmdb.Environment], Store]) -> Store:
    """Return what `build` makes of the environment in directory `path`, which is made if absent.

    what:   names the store in messages.
    Raises: InputError if the file cannot be used or was cut short.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        environment = lmdb.open(
            str(path),
            map_size=shape.map_bytes,
            max_dbs=shape.most_databases,
            max_readers=shape.most_readers,
            readonly=shape.readonly,
        )
    except (lmdb.Error, OSError) as fault:
        raise InputError(f"{what} {path}: {fault}") from fault
    try:
        _require_whole_file(path, environment)
        return build(environment)
    except (lmdb.Error, InputError) as fault:
        environment.close()
        raise InputError(f"{what} {path}: {fault}") from fault


def _require_whole_file(path: Path, environment: lmdb.Environment) -> None:
    """Raise InputError if the file is shorter than its own last page: reading there would kill us."""
    needed = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
    size = (path / FILE).stat().st_size
    if size < needed:
        raise InputError(f"{FILE} has {size} bytes of {needed}: it was cut short")
