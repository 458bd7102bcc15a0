"""Which engine keeps a ledger: `postgresql://…` names a database, anything else a SQLite file."""

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import cast

from chakka.stores.engine import Engine
from chakka.stores.ledger import Ledger
from chakka.stores.sqlite_engine import SqliteEngine

_SCHEMES = ("postgresql://", "postgres://")


def open_ledger(where: str | Path) -> Ledger:
    """Return a ledger for writing, made if absent, its schema brought up to date.

    Raises: InputError if it cannot be used; LedgerUnavailable while a server cannot be reached.
    """
    if is_url(where):
        return Ledger(cast(Engine, _postgres().PostgresEngine.open(str(where))))
    return Ledger(SqliteEngine.open(Path(where)))


def open_ledger_to_read(where: str | Path) -> Ledger:
    """Return a ledger for questions only.

    Raises: InputError if there is none; LedgerUnavailable while a server cannot be reached.
    """
    if is_url(where):
        return Ledger(cast(Engine, _postgres().PostgresEngine.open_to_read(str(where))))
    return Ledger(SqliteEngine.open_to_read(Path(where)))


def is_url(where: str | Path) -> bool:
    """Return whether a ledger is kept by a server."""
    return str(where).startswith(_SCHEMES)


def _postgres() -> ModuleType:
    # A tenth of a second that no command need wait for whose ledger is a file.
    return import_module("chakka.stores.postgres_engine")
