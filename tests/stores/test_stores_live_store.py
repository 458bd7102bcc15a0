"""Registrations and notification flags outlive restarts, kill -9 and damage."""

import subprocess
import sys
from pathlib import Path

import pytest

from chakka.errors import InputError
from chakka.stores.live_store import KeepNotification, KeepRegistration, LiveStore

LINE, OTHER_LINE = "0352001234", "0352001235"
FREEPHONE = "0120123456"


def test_what_was_kept_is_there_after_opening_again(tmp_path: Path) -> None:
    with LiveStore.open(tmp_path) as store:
        store.apply(
            [
                KeepRegistration(number=OTHER_LINE, octets=b"two"),
                KeepRegistration(number=LINE, octets=b"one"),
                KeepNotification(number=LINE, freephone=FREEPHONE),
            ]
        )
    with LiveStore.open(tmp_path) as store:
        assert [(one.number, one.octets) for one in store.registrations()] == [
            (LINE, b"one"),
            (OTHER_LINE, b"two"),
        ]
        assert store.notifying() == {LINE: FREEPHONE}


def test_what_is_kept_last_counts_and_nothing_takes_it_away(tmp_path: Path) -> None:
    with LiveStore.open(tmp_path) as store:
        store.apply(
            [KeepRegistration(number=LINE, octets=b"one"), KeepNotification(number=LINE, freephone=FREEPHONE)]
        )
        store.apply([KeepRegistration(number=LINE, octets=b"two")])
        assert [one.octets for one in store.registrations()] == [b"two"]
        store.apply([KeepRegistration(number=LINE, octets=b""), KeepNotification(number=LINE, freephone="")])
        store.apply([KeepRegistration(number=OTHER_LINE, octets=b"")])
        assert store.registrations() == []
        assert store.notifying() == {}


def test_a_new_store_is_empty(tmp_path: Path) -> None:
    with LiveStore.open(tmp_path / "live") as store:
        assert (store.registrations(), store.notifying()) == ([], {})


def test_changes_that_do_not_fit_change_nothing(tmp_path: Path) -> None:
    with LiveStore.open(tmp_path, map_bytes=1 << 16) as store:
        store.apply([KeepRegistration(number=LINE, octets=b"one")])
        large = [KeepRegistration(number=f"03{n:08}", octets=b"x" * 1000) for n in range(200)]
        with pytest.raises(InputError, match="live store"):
            store.apply([KeepRegistration(number=LINE, octets=b"two"), *large])
        assert [one.octets for one in store.registrations()] == [b"one"]


def test_a_file_that_was_cut_short_is_not_opened(tmp_path: Path) -> None:
    with LiveStore.open(tmp_path) as store:
        store.apply([KeepRegistration(number=f"03{n:08}", octets=b"x" * 1000) for n in range(20)])
    file = tmp_path / "data.mdb"
    file.write_bytes(file.read_bytes()[: 3 * 4096])
    with pytest.raises(InputError, match="cut short"):
        LiveStore.open(tmp_path)


def test_what_is_no_directory_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "live").write_text("")
    with pytest.raises(InputError, match="live"):
        LiveStore.open(tmp_path / "live")


_WRITES_UNTIL_KILLED = """
import sys
from pathlib import Path
from chakka.stores.live_store import KeepNotification, KeepRegistration, LiveStore
store = LiveStore.open(Path(sys.argv[1]))
for n in range(1_000_000):
    number = f"03{n % 50:08}"
    kept = KeepRegistration(number=number, octets=b"%d" % n)
    store.apply([kept, KeepNotification(number=number, freephone="0120123456")])
    print(n, flush=True)
"""


def test_a_writer_killed_at_any_moment_loses_nothing_that_it_had_kept(tmp_path: Path) -> None:
    for wanted in (1, 60, 131):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITES_UNTIL_KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        for line in writer.stdout:
            if int(line) >= wanted:
                break
        writer.kill()
        last = max([wanted, *(int(line) for line in writer.stdout if line.endswith("\n"))])
        writer.wait()
        with LiveStore.open(tmp_path) as store:
            kept = {one.number: int(one.octets) for one in store.registrations()}
            assert kept[f"03{last % 50:08}"] >= last
            assert kept.keys() == store.notifying().keys()
