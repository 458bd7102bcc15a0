"""Group commit: many calls share one sync, the loop never waits, everybody is told the truth."""

import asyncio
import errno
import logging
import threading
from pathlib import Path

import pytest

from chakka.stores.group_commit import GroupCommit
from chakka.stores.journal import Journal
from chakka.stores.journal_reader import JournalEntry, read_entries
from chakka.stores.segments import SegmentFile

SEGMENT_BYTES = 1 << 16


class SlowFile(SegmentFile):
    """A file whose sync waits until it is let go, counted."""

    gate = threading.Event()
    syncs = 0

    def sync(self) -> None:
        SlowFile.gate.wait()
        SlowFile.syncs += 1
        super().sync()


class BrokenFile(SegmentFile):
    """A file that cannot be written while the disk is broken."""

    is_broken = False

    def write(self, data: bytes, offset: int) -> None:
        if BrokenFile.is_broken:
            raise OSError(errno.EIO, "broken disk")
        super().write(data, offset)


def payloads(directory: Path) -> list[bytes]:
    return [one.payload for one in read_entries(directory) if isinstance(one, JournalEntry)]


def test_an_entry_is_on_the_disk_when_its_writer_is_told(tmp_path: Path) -> None:
    async def scenario() -> list[bytes]:
        loop = asyncio.get_running_loop()
        group = GroupCommit(Journal.open(tmp_path, "n1", segment_bytes=SEGMENT_BYTES), loop)
        group.start()
        told: asyncio.Future[list[bytes]] = loop.create_future()
        group.append(b"answered", lambda _: told.set_result(payloads(tmp_path)))
        there_when_told = await told
        group.close()
        return there_when_told

    assert asyncio.run(scenario()) == [b"answered"]


def test_the_callback_runs_in_the_loop_in_the_order_of_appending(tmp_path: Path) -> None:
    async def scenario() -> list[tuple[int, bool]]:
        group = GroupCommit(
            Journal.open(tmp_path, "n1", segment_bytes=SEGMENT_BYTES), asyncio.get_running_loop()
        )
        group.start()
        told: list[tuple[int, bool]] = []
        done = asyncio.Event()
        loop_thread = threading.get_ident()

        def tell(index: int) -> None:
            told.append((index, threading.get_ident() == loop_thread))
            if index == 99:
                done.set()

        for index in range(100):
            group.append(f"{index}".encode(), lambda _, index=index: tell(index))
        await done.wait()
        group.close()
        return told

    assert asyncio.run(scenario()) == [(index, True) for index in range(100)]


def test_the_loop_goes_on_and_entries_gather_while_the_disk_is_slow(tmp_path: Path) -> None:
    """A thousand entries that come while one sync hangs need one more commit, not a thousand."""

    async def scenario() -> int:
        SlowFile.gate.set()
        journal = Journal.open(tmp_path, "n1", segment_bytes=1 << 20, new_file=SlowFile)
        group = GroupCommit(journal, asyncio.get_running_loop())
        group.start()
        SlowFile.gate.clear()
        before = SlowFile.syncs
        group.append(b"first")
        last = asyncio.Event()
        for index in range(1000):
            group.append(f"{index}".encode(), lambda _, index=index: last.set() if index == 999 else None)
        await asyncio.sleep(0.01)
        assert not last.is_set()
        SlowFile.gate.set()
        await last.wait()
        group.close()
        return SlowFile.syncs - before

    assert asyncio.run(scenario()) <= 3
    assert len(payloads(tmp_path)) == 1001


def test_on_a_broken_disk_who_waits_is_told_no_and_what_must_not_be_lost_is_kept(tmp_path: Path) -> None:
    """An answer is refused; the end of another call, for which nobody waits, is written later."""

    async def scenario() -> tuple[bool, bool]:
        BrokenFile.is_broken = False
        loop = asyncio.get_running_loop()
        journal = Journal.open(tmp_path, "n1", segment_bytes=SEGMENT_BYTES, new_file=BrokenFile)
        group = GroupCommit(journal, loop)
        group.start()
        BrokenFile.is_broken = True
        refused: asyncio.Future[bool] = loop.create_future()
        group.append(b"released")
        group.append(b"answered", refused.set_result)
        is_durable = await refused
        has_room = group.has_room()
        BrokenFile.is_broken = False
        later: asyncio.Future[bool] = loop.create_future()
        group.append(b"later", later.set_result)
        await later
        group.close()
        return is_durable, has_room

    assert asyncio.run(scenario()) == (False, False)
    assert payloads(tmp_path) == [b"released", b"later"]


def test_closing_writes_what_is_waiting(tmp_path: Path) -> None:
    async def scenario() -> None:
        group = GroupCommit(
            Journal.open(tmp_path, "n1", segment_bytes=SEGMENT_BYTES), asyncio.get_running_loop()
        )
        group.start()
        for index in range(50):
            group.append(f"{index}".encode())
        group.close()

    asyncio.run(scenario())
    assert len(payloads(tmp_path)) == 50


def test_a_full_disk_is_reported_once_and_its_end_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class FullDisk(SegmentFile):
        is_full = False

        def create(self) -> None:
            if FullDisk.is_full:
                raise OSError(errno.ENOSPC, "full")
            super().create()

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        journal = Journal.open(tmp_path, "n1", segment_bytes=SEGMENT_BYTES, new_file=FullDisk)
        group = GroupCommit(journal, loop)
        group.start()
        FullDisk.is_full = True
        for _ in range(4):
            # Each entry is more than half a segment; the room taken beforehand takes the first ones.
            done: asyncio.Future[bool] = loop.create_future()
            group.append(bytes(SEGMENT_BYTES // 2 + 1), done.set_result)
            await done
        assert not group.has_room()
        FullDisk.is_full = False
        while not group.has_room():
            await asyncio.sleep(0.02)
        group.close()

    with caplog.at_level(logging.INFO):
        asyncio.run(scenario())
    said = [line for line in caplog.messages if "room on the disk" in line]
    assert said == [
        "no room on the disk for another journal segment: new calls are refused",
        "there is room on the disk for the journal again",
    ]
