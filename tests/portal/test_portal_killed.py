"""A billing run whose process is killed goes on without a gap and without a double."""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from business import OCTOBER, SETTINGS

pytestmark = pytest.mark.slow
COUNT = 900
CONFIG = f"""
[data]
dir = "."
[billing]
issuer = "{SETTINGS.issuer}"
registration_number = "{SETTINGS.registration_number}"
"""


@pytest.fixture
def business(tmp_path: Path) -> Path:
    """A data directory with many subscribers and a ledger that may be missing."""
    (tmp_path / "chakka.toml").write_text(CONFIG)
    assert _ended(_portal(tmp_path, "bill", "tables")) == 0
    made = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("many_subscribers.py")), str(COUNT)],
        env=_environment(tmp_path),
        check=False,
    )
    assert made.returncode == 0
    decision = ("bill", "decide", f"no_ledger/{OCTOBER}", "--month", OCTOBER, "--reason", "no calls yet")
    assert _ended(_portal(tmp_path, *decision)) == 0
    return tmp_path


@pytest.mark.parametrize(
    ("table", "rows"), [("billing_draft", 500), ("billing_invoice", 200), ("billing_invoice", 600)]
)
def test_a_run_that_is_killed_goes_on_without_gap_or_double(business: Path, table: str, rows: int) -> None:
    killed = _portal(business, "bill", "run", "--month", OCTOBER)
    _wait_for_rows(business, table, rows)
    killed.kill()
    killed.wait()
    assert _count(business, "billing_invoice") < COUNT
    assert _ended(_portal(business, "bill", "run", "--month", OCTOBER)) == 0
    assert _ended(_portal(business, "bill", "verify")) == 0
    with _database(business) as database:
        sequences = database.execute("SELECT sequence, number FROM billing_invoice ORDER BY 1").fetchall()
        owners = database.execute("SELECT count(DISTINCT subscriber_id) FROM billing_invoice").fetchone()
    year = sequences[0][1][:8]
    assert sequences == [(place, f"{year}{place:06}") for place in range(1, COUNT + 1)]
    assert owners == (COUNT,)


def test_two_runs_at_once_issue_every_invoice_once(business: Path) -> None:
    assert _ended(_portal(business, "bill", "run", "--month", OCTOBER, "--until", "check")) == 0
    both = [_portal(business, "bill", "issue", "--month", OCTOBER) for _ in range(2)]
    for process in both:
        process.wait()
    assert _count(business, "billing_invoice") == COUNT
    assert _ended(_portal(business, "bill", "verify")) == 0


def _portal(directory: Path, *line: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "chakka.portal", *line],
        env=_environment(directory),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def _ended(process: subprocess.Popen[bytes]) -> int:
    _, said = process.communicate(timeout=100)
    print(said.decode())
    return process.returncode


def _environment(directory: Path) -> dict[str, str]:
    return {
        **os.environ,
        "CHAKKA_DATA": str(directory),
        "DJANGO_SETTINGS_MODULE": "chakka.portal.settings",
    }


def _wait_for_rows(directory: Path, table: str, rows: int) -> None:
    deadline = time.monotonic() + 60
    while _count(directory, table) < rows:
        assert time.monotonic() < deadline, f"{table} never had {rows} rows"
        time.sleep(0.005)


def _count(directory: Path, table: str) -> int:
    with _database(directory) as database:
        return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


@contextmanager
def _database(directory: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(directory / "business.sqlite")) as database:
        yield database
