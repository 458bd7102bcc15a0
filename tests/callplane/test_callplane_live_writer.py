"""The thread that keeps registrations: in order, together, and without holding up a call."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import pytest
from telephone_registering import LINE, OTHER_LINE

from chakka.callplane import bindings
from chakka.callplane.bindings import Binding
from chakka.callplane.live_writer import LiveWriter
from chakka.errors import InputError
from chakka.records.model import RegistrationSet
from chakka.stores.live_store import Change, KeepRegistration, LiveStore

DESK = Binding(
    number=LINE,
    contact="sip:a@192.0.2.31",
    host="192.0.2.31",
    port=5060,
    expires_ms=1,
    refreshed_ms=0,
    call_id="c",
    cseq=1,
)


def keep(number: str, octets: bytes) -> KeepRegistration:
    return KeepRegistration(number=number, octets=octets)


class SlowDisk(LiveStore):
    """A store whose disk stands still until it is let go, and fails when told to."""

    def __init__(self, environment: object) -> None:
        super().__init__(environment)  # type: ignore[arg-type]
        self.goes_on = threading.Event()
        self.batches: list[list[Change]] = []
        self.fails = False

    def apply(self, changes: Iterable[Change]) -> None:
        batch = list(changes)
        assert self.goes_on.wait(5)
        self.batches.append(batch)
        if self.fails:
            self.fails = False
            raise InputError("live store: no space")
        super().apply(batch)


def written(directory: Path) -> dict[str, bytes]:
    with LiveStore.open(directory) as store:
        return {kept.number: kept.octets for kept in store.registrations()}


def test_what_was_written_is_kept_when_closed(tmp_path: Path) -> None:
    async def run() -> None:
        writer = LiveWriter(LiveStore.open(tmp_path), asyncio.get_running_loop())
        for place in range(100):
            writer.write([keep(LINE, b"%d" % place), keep(OTHER_LINE, b"x")])
        writer.close()

    asyncio.run(run())
    assert written(tmp_path) == {LINE: b"99", OTHER_LINE: b"x"}


def test_a_slow_disk_holds_up_nobody_and_only_the_last_word_on_a_line_waits(tmp_path: Path) -> None:
    async def run() -> list[list[Change]]:
        disk = SlowDisk.open(tmp_path)
        assert isinstance(disk, SlowDisk)
        writer = LiveWriter(disk, asyncio.get_running_loop())
        started = time.monotonic()
        for place in range(1000):
            writer.write([keep(LINE, b"%d" % place)])
        assert time.monotonic() - started < 1
        disk.goes_on.set()
        await _until(lambda: len(disk.batches) == 2)
        writer.close()
        return disk.batches

    first, second, *_ = asyncio.run(run())
    assert (first, second) == ([keep(LINE, b"0")], [keep(LINE, b"999")])
    assert written(tmp_path) == {LINE: b"999"}


def test_a_disk_that_fails_once_is_said_and_used_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        disk = SlowDisk.open(tmp_path)
        assert isinstance(disk, SlowDisk)
        disk.fails = True
        disk.goes_on.set()
        writer = LiveWriter(disk, asyncio.get_running_loop())
        writer.write([keep(LINE, b"lost")])
        await _until(lambda: "not kept" in caplog.text)
        writer.write([keep(OTHER_LINE, b"kept")])
        await _until(lambda: len(disk.batches) == 2)
        writer.close()

    asyncio.run(run())
    assert written(tmp_path) == {OTHER_LINE: b"kept"}


def test_registrations_that_cannot_be_read_are_left_out_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> list[Binding]:
        store = LiveStore.open(tmp_path)
        store.apply([keep(LINE, bindings.encode((DESK,))), keep(OTHER_LINE, b"of another version")])
        writer = LiveWriter(store, asyncio.get_running_loop())
        found = writer.registrations(since=())
        writer.close()
        return found

    assert asyncio.run(run()) == [DESK]
    assert OTHER_LINE in caplog.text


DOOR = msgspec.structs.replace(DESK, contact="sip:b@192.0.2.32", host="192.0.2.32", refreshed_ms=500)


def after_crash(
    directory: Path, kept: tuple[Binding, ...], *entries: tuple[tuple[Binding, ...], int]
) -> list[Binding]:
    """Return what a boot starts with, and see to it that the store has it too.

    entries: bindings and moments of the line's last entries in the journal.
    """

    async def run() -> list[Binding]:
        store = LiveStore.open(directory)
        store.apply([keep(LINE, bindings.encode(kept))])
        writer = LiveWriter(store, asyncio.get_running_loop())
        journal = [
            RegistrationSet(number=LINE, octets=bindings.encode(one), at_ms=at_ms) for one, at_ms in entries
        ]
        found = writer.registrations(since=journal)
        writer.close()
        return found

    found = asyncio.run(run())
    assert [*bindings.decode(written(directory).get(LINE, b""))] == found
    return found


def test_a_registration_that_a_crash_kept_from_the_store_comes_back_from_the_journal(tmp_path: Path) -> None:
    assert after_crash(tmp_path, (), ((DESK,), 0)) == [DESK]


def test_a_registration_that_had_ended_before_a_crash_does_not_come_back(tmp_path: Path) -> None:
    assert after_crash(tmp_path, (DESK,), ((DESK,), 0), ((), 700)) == []


def test_the_journals_last_word_on_a_line_holds(tmp_path: Path) -> None:
    assert after_crash(tmp_path, (DESK,), ((), 300), ((DOOR,), 500), ((DESK, DOOR), 600)) == [DESK, DOOR]


def test_a_refresh_that_only_the_store_knows_of_is_kept(tmp_path: Path) -> None:
    refreshed = msgspec.structs.replace(DESK, expires_ms=9_000, refreshed_ms=900)
    assert after_crash(tmp_path, (refreshed,), ((DESK,), 0)) == [refreshed]


def test_a_change_that_only_the_store_knows_of_is_kept(tmp_path: Path) -> None:
    assert after_crash(tmp_path, (DOOR,), ((DESK,), 100)) == [DOOR]


async def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)
