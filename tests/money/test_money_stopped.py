"""Ingest and billing runs that are killed, or find the disk full, go on and bill every call once."""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import business
import pytest
from recorded_months import MICRO, OCTOBER, in_october, judged_uy, recorded, write

from chakka.records.final import Final

pytestmark = pytest.mark.slow

CALLS, SUBSCRIBERS = 120_000, 500
# Those of `many_subscribers`.
NUMBERS = tuple(f"0800{place:07}" for place in range(SUBSCRIBERS))
CONFIG = f"""
[data]
dir = "."
[billing]
issuer = "{business.SETTINGS.issuer}"
registration_number = "{business.SETTINGS.registration_number}"
"""
TAKE = ("records", "take", "calls")
BILL = ("bill", "run", "--month", OCTOBER)


@pytest.fixture(scope="module")
def records() -> list[Final]:
    return [in_october(record) for record in recorded(CALLS, numbers=NUMBERS)]


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory, records: list[Final]) -> Path:
    """A data directory with subscribers, and a record file that nobody has taken."""
    directory = tmp_path_factory.mktemp("founded")
    (directory / "chakka.toml").write_text(CONFIG)
    write(directory / "calls", records)
    assert run(directory, "bill", "tables").returncode == 0
    script = Path(business.__file__).with_name("many_subscribers.py")
    subprocess.run([sys.executable, str(script), str(SUBSCRIBERS)], env=environment(directory), check=True)
    return directory


@pytest.fixture
def directory(founded: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(founded, tmp_path / "data")


def environment(directory: Path) -> dict[str, str]:
    return {
        **os.environ,
        "CHAKKA_DATA": str(directory),
        "DJANGO_SETTINGS_MODULE": "chakka.portal.settings",
    }


def command(*words: str) -> list[str]:
    code = "import sys; from chakka.cli.main import main; sys.exit(main(sys.argv[1:]))"
    return [sys.executable, "-c", code, *words, "--data", "."]


def start(directory: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(*words),
        cwd=directory,
        env=environment(directory),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    process = start(directory, *words)
    said, _ = process.communicate(timeout=110)
    return subprocess.CompletedProcess(words, process.returncode, said)


def kill_when(directory: Path, database: str, question: str, at_least: int, *words: str) -> None:
    """Start a command and kill -9 it as soon as a question about a database has so high an answer."""
    process = start(directory, *words)
    while answer(directory / database, question) < at_least:
        assert process.poll() is None, f"{words} ended before it was killed: {process.stdout.read()}"
        time.sleep(0.002)
    process.kill()
    process.wait()


def answer(database: Path, question: str) -> int:
    if not database.exists():
        return 0
    try:
        with closing(sqlite3.connect(database, timeout=5)) as connection:
            return int(connection.execute(question).fetchone()[0])
    except sqlite3.OperationalError:
        # Its tables are being made.
        return 0


def assert_billed_as_judged(directory: Path, records: Iterable[Final]) -> None:
    verified = run(directory, "bill", "verify")
    assert (verified.returncode, "0 yen difference" in verified.stdout) == (0, True), verified.stdout
    with closing(sqlite3.connect(directory / "business.sqlite")) as database:
        billed = dict(
            database.execute(
                "SELECT number, sum(net_yen) FROM billing_invoicelinerow WHERE item = 'calls' GROUP BY number"
            )
        )
        numbers = [row[0] for row in database.execute("SELECT sequence FROM billing_invoice ORDER BY 1")]
    assert billed == {number: cost // MICRO for (number, _), cost in judged_uy(records).items()}
    assert numbers == list(range(1, SUBSCRIBERS + 1))


def test_killed_again_and_again_every_call_is_billed_once(directory: Path, records: list[Final]) -> None:
    for part in (1, CALLS // 2):
        kill_when(directory, "ledger.sqlite", "SELECT count(*) FROM finals", part, *TAKE)
    assert run(directory, *TAKE).returncode == 0
    kill_when(directory, "business.sqlite", "SELECT count(*) FROM billing_draft", 1, *BILL)
    kill_when(directory, "business.sqlite", "SELECT count(*) FROM billing_invoice", 1, *BILL)
    ended = run(directory, *BILL)
    assert ended.returncode == 0, ended.stdout
    assert_billed_as_judged(directory, records)


def on_small_disk(directory: Path, room_kib: int, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command on a disk of its own with so much room; what it leaves there is the directory then."""
    disk, left = directory.with_name("disk"), directory.with_name("left")
    disk.mkdir(exist_ok=True)
    shutil.rmtree(left, ignore_errors=True)
    used_kib = sum(file.stat().st_size for file in directory.rglob("*") if file.is_file()) // 1024
    script = (
        'mount -t tmpfs -o "size=$1k" none "$2" && cp -a "$3/." "$2" && cd "$2" || exit 99; shift 3;'
        ' "$@"; code=$?; cp -a . "$LEFT"; exit $code'
    )
    sizes = (str(used_kib + room_kib), str(disk), str(directory))
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", *sizes, *command(*words)],
        env={**environment(disk), "LEFT": str(left)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 99 or not left.exists():
        pytest.skip(f"no disk of one's own can be had here: {done.stderr}")
    shutil.rmtree(directory)
    left.rename(directory)
    return done


def test_a_full_disk_is_said_and_loses_no_call(directory: Path, records: list[Final]) -> None:
    """The disk is full while calls are taken, then while drafts and invoices are made; each time it grows."""
    for words, first_kib in ((TAKE, 2_000), (BILL, 100)):
        room_kib = first_kib
        while (done := on_small_disk(directory, room_kib, *words)).returncode:
            assert "database or disk is full" in done.stderr
            assert "Traceback" not in done.stderr
            room_kib *= 2
        assert room_kib > first_kib, f"{words} had room enough"
    assert_billed_as_judged(directory, records)
