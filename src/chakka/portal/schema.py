"""Brings the business database to the newest schema at first use, and its facts in."""

import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from chakka.portal.billing.terms import publish_shipped


def bring_up_to_date(directory: Path) -> None:
    """Apply the migrations that the database lacks, and say so; of two processes one waits for the other."""
    if not _missing():
        return
    with _alone(directory / "migrating.lock"):
        missing = _missing()
        if missing:
            print(f"chakka: bringing {_where()} up to date: {len(missing)} migrations", file=sys.stderr)
            call_command("migrate", verbosity=0, interactive=False)
            publish_shipped()


def _missing() -> list[object]:
    executor = MigrationExecutor(connection)
    return list(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _where() -> str:
    return f"{connection.vendor} database {connection.settings_dict['NAME']}"


@contextmanager
def _alone(lock_file: Path) -> Iterator[None]:
    with lock_file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
