"""A PostgreSQL server of the tests' own: in a directory of its own, heard on a Unix socket alone."""

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

# Durability is for what outlives the tests.
_SETTINGS = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "listen_addresses=",
    "max_connections=40",
    "shared_buffers=64MB",
)
_PORT = 5432


def binaries() -> Path | None:
    """Return where the newest PostgreSQL of this machine has its programs, None if there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    return Path(on_path).parent if on_path else None


@contextmanager
def running_server(programs: Path) -> Iterator[Path]:
    """Give the directory of the socket of a new server, which is gone afterwards."""
    # Not pytest's directory: its path is too long for a socket, and another user may not enter it.
    directory = Path(tempfile.mkdtemp(prefix="chakka-pg-", dir="/tmp"))
    try:
        if os.geteuid() == 0:
            shutil.chown(directory, "postgres", "postgres")
        cluster = directory / "cluster"
        _run([programs / "initdb", "-D", cluster, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"])
        settings = [word for setting in _SETTINGS for word in ("-c", setting)]
        options = " ".join([*settings, "-k", str(directory), "-p", str(_PORT)])
        log = directory / "log"
        _run([programs / "pg_ctl", "-D", cluster, "-l", log, "-w", "-t", "60", "-o", options, "start"])
        try:
            yield directory
        finally:
            _run([programs / "pg_ctl", "-D", cluster, "-m", "immediate", "-w", "stop"])
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def new_database(socket_directory: Path) -> Iterator[str]:
    """Give the URL of an empty database, which is dropped afterwards."""
    name = f"chakka_{secrets.token_hex(6)}"
    with psycopg.connect(url(socket_directory, "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 LOCALE 'C.UTF-8'")
        try:
            yield url(socket_directory, name)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def url(socket_directory: Path, database: str) -> str:
    """Return by what libpq finds a database of the server."""
    return f"postgresql:///{database}?host={socket_directory}&port={_PORT}&user=postgres"


def _run(command: Sequence[str | Path]) -> None:
    # The server refuses to run as root.
    prefix = (
        ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    )
    subprocess.run(
        [*prefix, *map(str, command)],
        check=True,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
    )
