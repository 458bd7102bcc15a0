"""Where the business database is: a SQLite file of the data directory, or a PostgreSQL named by URL."""

from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from chakka.errors import InputError

# Ingest never holds this database; another run or the portal does, for moments.
_WAIT_FOR_LOCK_S = 20


def database(url: str, directory: Path) -> dict[str, Any]:
    """Return Django's setting for the database of `url`; "" is `business.sqlite` in the data directory.

    Raises: InputError if the URL names no PostgreSQL database.
    """
    if not url:
        return _sqlite(directory / "business.sqlite")
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres") or len(parts.path) < 2:
        raise InputError(f"[database] url = {_shown(parts)}: write postgresql://USER@HOST/NAME")
    return _postgresql(parts)


def _sqlite(file: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": file,
        "OPTIONS": {
            # A transaction that begins by reading and then writes would fail instead of waiting its turn.
            "transaction_mode": "IMMEDIATE",
            "timeout": _WAIT_FOR_LOCK_S,
            "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
        },
    }


def _postgresql(parts: SplitResult) -> dict[str, Any]:
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path[1:]),
        # As libpq has it, all of these may stand in the query; a socket directory can stand nowhere else.
        "USER": options.pop("user", unquote(parts.username or "")),
        "PASSWORD": options.pop("password", unquote(parts.password or "")),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": options.pop("port", str(parts.port or "")),
        "OPTIONS": options,
    }


def _shown(parts: SplitResult) -> str:
    """Return the URL as it may be printed: without its password."""
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
