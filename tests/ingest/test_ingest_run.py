"""Ingest as a process: it follows the journal, survives kill -9, and tells the feed."""

import logging
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec
import pytest
from journalled_calls import answered, confirmed, refused, whole_call
from ledgers import dump, journal

from chakka.cli.main import main
from chakka.ingest.feed import Feed
from chakka.ingest.rating import Rules
from chakka.ingest.run import run, take_what_is_there
from chakka.records.entries import encode
from chakka.stores.journal import Journal
from chakka.stores.journal_reader import JournalReader
from chakka.stores.ledger import Ledger


def ingest(directory: Path, path: Path, rules: Rules) -> None:
    """Take the whole journal in one go."""
    with Ledger.open(path) as ledger:
        reader = JournalReader(directory, ledger.delivered())
        while take_what_is_there(reader, ledger, rules, lambda _: None):
            pass


def process(directory: Path, path: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "chakka.ingest", "--journal", str(directory), "--ledger", str(path)]
    return subprocess.Popen(
        [*command, "--tariff", "hikari-wide", *options], stderr=subprocess.PIPE, text=True
    )


def until(is_so, timeout_s: float = 20.0) -> bool:
    """Return whether something came true in time."""
    end = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def has_call(path: Path, call_id: str) -> bool:
    if not path.exists():
        return False
    with Ledger.open(path) as ledger:
        return ledger.call(call_id) is not None


def test_the_loop_takes_calls_as_they_come(tmp_path: Path, rules: Rules) -> None:
    stop = threading.Event()
    path = tmp_path / "ledger.sqlite"
    Ledger.open(path).close()

    def follow() -> None:
        with Ledger.open(path) as ledger:
            run(tmp_path / "journal", ledger, lambda: rules, lambda _: None, stop)

    thread = threading.Thread(target=follow)
    thread.start()
    with Journal.open(tmp_path / "journal", "n1", segment_bytes=1 << 15) as opened:
        for call_id in ("c1", "c2"):
            for entry in whole_call(call_id):
                opened.append(encode(entry))
            opened.commit()
            assert until(lambda call_id=call_id: has_call(path, call_id), timeout_s=5.0)
    stop.set()
    thread.join()


def test_taking_a_journal_again_from_the_beginning_changes_nothing(tmp_path: Path, rules: Rules) -> None:
    journal(tmp_path / "journal", [entry for index in range(50) for entry in whole_call(f"c{index}")])
    path = tmp_path / "ledger.sqlite"
    ingest(tmp_path / "journal", path, rules)
    before = dump(path)
    with Ledger.open(path) as ledger:
        reader = JournalReader(tmp_path / "journal")
        while take_what_is_there(reader, ledger, rules, lambda _: None):
            pass
    assert dump(path) == before


def test_a_spool_torn_at_any_length_and_delivered_again_gives_the_same_ledger(
    tmp_path: Path, rules: Rules
) -> None:
    """A finished segment arrives cut at every 40th length, then whole; a later boot is there already."""
    journal(tmp_path / "whole", [*whole_call("c1"), refused("c2")])
    journal(tmp_path / "whole", whole_call("c3"))
    ingest(tmp_path / "whole", tmp_path / "whole.sqlite", rules)
    first, second = sorted((tmp_path / "whole").glob("*.journal"))
    for length in range(0, first.stat().st_size, 40):
        spool, path = tmp_path / f"spool{length}", tmp_path / f"{length}.sqlite"
        spool.mkdir()
        (spool / second.name).write_bytes(second.read_bytes())
        (spool / first.name).write_bytes(first.read_bytes()[:length])
        ingest(spool, path, rules)
        (spool / first.name).write_bytes(first.read_bytes())
        ingest(spool, path, rules)
        assert dump(path) == dump(tmp_path / "whole.sqlite")


def catches(pid: int, number: signal.Signals) -> bool:
    """Return whether a process has a handler for a signal (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = int(next(line for line in status.splitlines() if line.startswith("SigCgt")).split()[1], 16)
    return bool(caught >> (number - 1) & 1)


@pytest.mark.slow
def test_killed_at_any_point_it_ends_with_the_same_ledger(tmp_path: Path, rules: Rules) -> None:
    calls = [entry for index in range(8_000) for entry in whole_call(f"c{index:05d}")]
    journal(tmp_path / "journal", calls)
    ingest(tmp_path / "journal", tmp_path / "whole.sqlite", rules)
    path = tmp_path / "ledger.sqlite"
    for round_ in range(8):
        with process(tmp_path / "journal", path) as running:
            until(path.exists)
            time.sleep(0.1 * round_)
            running.kill()
    with process(tmp_path / "journal", path) as running:
        # An earlier round may have ingested everything: the last one must be there before it is told to go.
        assert until(lambda: catches(running.pid, signal.SIGTERM), timeout_s=10.0)
        assert until(lambda: has_call(path, "c07999"), timeout_s=60.0)
        running.send_signal(signal.SIGTERM)
        assert running.wait(10) == 0
    assert dump(path) == dump(tmp_path / "whole.sqlite")


def test_the_process_ends_cleanly_and_tells_the_feed_of_rated_calls(tmp_path: Path) -> None:
    journal(tmp_path / "journal", [*whole_call("c1"), refused("c2"), answered("c3"), confirmed("c3")])
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as feed:
        feed.bind(str(tmp_path / "feed.sock"))
        feed.settimeout(20)
        options = ("--feed", str(tmp_path / "feed.sock"))
        with process(tmp_path / "journal", tmp_path / "ledger.sqlite", *options) as running:
            event = msgspec.json.decode(feed.recv(65536))
            running.send_signal(signal.SIGTERM)
            assert running.wait(10) == 0
    assert (event["kind"], event["call_id"], event["amount_uy"]) == ("rated", "c1", 16_000_000)


def test_an_unknown_tariff_is_named(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "chakka.ingest", "--journal", str(tmp_path), "--tariff", "free"]
    done = subprocess.run(
        [*command, "--ledger", str(tmp_path / "ledger.sqlite")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "there is no tariff free; there are freedial" in done.stderr


def test_a_feed_that_nobody_reads_stops_nothing(tmp_path: Path, rules: Rules) -> None:
    feed = Feed(tmp_path / "nobody.sock")
    journal(tmp_path / "journal", whole_call("c1"))
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        take_what_is_there(JournalReader(tmp_path / "journal"), ledger, rules, feed.send)
        assert ledger.call("c1") is not None
    feed.close()


def test_a_feed_that_is_full_loses_events_and_never_waits(tmp_path: Path, rules: Rules) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as slow:
        slow.bind(str(tmp_path / "feed.sock"))
        feed = Feed(tmp_path / "feed.sock")
        journal(tmp_path / "journal", [entry for index in range(2_000) for entry in whole_call(f"c{index}")])
        with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
            reader = JournalReader(tmp_path / "journal")
            while take_what_is_there(reader, ledger, rules, feed.send):
                pass
            assert ledger.call("c1999") is not None
        feed.close()


def test_damage_in_the_journal_is_reported_and_the_rest_is_taken(
    tmp_path: Path, rules: Rules, caplog: pytest.LogCaptureFixture
) -> None:
    journal(tmp_path / "journal", [*whole_call("c1"), *whole_call("c2"), *whole_call("c3")])
    (segment,) = (tmp_path / "journal").glob("*.journal")
    data = bytearray(segment.read_bytes())
    data[data.rindex(b"c2@trunk")] ^= 1
    segment.write_bytes(data)
    ingest(tmp_path / "journal", tmp_path / "ledger.sqlite", rules)
    assert "not what was written" in caplog.text
    assert has_call(tmp_path / "ledger.sqlite", "c1")
    assert has_call(tmp_path / "ledger.sqlite", "c3")
    assert not has_call(tmp_path / "ledger.sqlite", "c2")


def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(os.urandom(4096))
    with process(tmp_path, path) as running:
        assert running.wait(20) == 2
        assert running.stderr
        assert "ledger" in running.stderr.read()


def test_a_ledger_that_is_locked_for_long_is_tried_again_and_reported_once(
    tmp_path: Path, rules: Rules, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chakka.stores.sqlite_engine._WAIT_FOR_LOCK_S", 0.01)
    monkeypatch.setattr("chakka.ingest.run.RETRY_S", 0.01)
    path, stop = tmp_path / "ledger.sqlite", threading.Event()
    journal(tmp_path / "journal", whole_call("c1"))
    Ledger.open(path).close()
    backup = sqlite3.connect(path, isolation_level=None)
    backup.execute("BEGIN IMMEDIATE")

    def follow() -> None:
        with Ledger.open(path) as ledger:
            run(tmp_path / "journal", ledger, lambda: rules, lambda _: None, stop)

    thread = threading.Thread(target=follow)
    with caplog.at_level(logging.INFO):
        thread.start()
        assert until(lambda: "locked" in caplog.text)
        time.sleep(0.2)
        backup.execute("ROLLBACK")
        backup.close()
        assert until(lambda: has_call(path, "c1"))
    stop.set()
    thread.join()
    assert [line for line in caplog.messages if "locked" in line] == [
        f"ledger {path}: database is locked; tried again until it can be used"
    ]


def test_a_ledger_that_was_removed_is_filled_anew_by_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    journal(tmp_path / "journal", whole_call("c1"))
    with process(tmp_path / "journal", path) as running:
        assert until(lambda: has_call(path, "c1"))
        path.unlink()
        assert running.wait(20) == 2
        assert running.stderr
        assert "removed or replaced" in running.stderr.read()
    with process(tmp_path / "journal", path) as running:
        assert until(lambda: has_call(path, "c1"))
        running.send_signal(signal.SIGTERM)
        assert running.wait(10) == 0


def test_the_process_keeps_a_ledger_in_postgresql_that_commands_read(
    tmp_path: Path, postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    journal(tmp_path / "journal", [*whole_call("c1"), refused("c2")])
    (tmp_path / "chakka.toml").write_text(f'[ledger]\nurl = "{postgres_url}"\n')
    command = [sys.executable, "-m", "chakka.ingest", "--journal", str(tmp_path / "journal")]
    with subprocess.Popen([*command, "--ledger", postgres_url, "--tariff", "hikari-wide"]) as running:

        def is_taken() -> bool:
            code = main(["calls", "--data", str(tmp_path), "--json"])
            shown = capsys.readouterr().out
            return code == 0 and len(msgspec.json.decode(shown)) == 2

        assert until(is_taken)
        running.send_signal(signal.SIGTERM)
        assert running.wait(10) == 0
    assert not (tmp_path / "ledger.sqlite").exists()
    assert main(["explain", "c1", "--data", str(tmp_path)]) == 0
    assert "2 units" in capsys.readouterr().out
