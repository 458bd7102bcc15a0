"""The journal on a failing disk: an entry is recorded or its writer is told that it is not."""

import errno
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chakka.stores.journal import Journal, JournalError
from chakka.stores.journal_reader import JournalEntry, read_entries, verify
from chakka.stores.segments import SegmentFile

SEGMENT_BYTES = 4096


class Disk:
    """Counts the writes and syncs of all files, and fails some of them."""

    def __init__(self, failing: range, error: int = errno.EIO) -> None:
        self.failing = failing
        self.error = error
        self.done = 0
        self.is_full = False

    def new_file(self, path: Path, size: int) -> SegmentFile:
        return FailingFile(path, size, self)

    def touch(self) -> None:
        self.done += 1
        if self.done in self.failing:
            raise OSError(self.error, "fault of the disk")


class FailingFile(SegmentFile):
    """A segment on such a disk. A write that fails has written half of it."""

    def __init__(self, path: Path, size: int, disk: Disk) -> None:
        super().__init__(path, size)
        self.disk = disk

    def create(self) -> None:
        self.disk.touch()
        if self.disk.is_full:
            raise OSError(errno.ENOSPC, "no space left on device")
        super().create()

    def write(self, data: bytes, offset: int) -> None:
        try:
            self.disk.touch()
        except OSError:
            super().write(data[: len(data) // 2], offset)
            raise
        super().write(data, offset)

    def sync(self) -> None:
        self.disk.touch()
        super().sync()


def journal_on(disk: Disk, directory: Path) -> tuple[list[bytes], list[bytes]]:
    """Journal forty entries and return those that were confirmed and those that were refused."""
    confirmed: list[bytes] = []
    refused: list[bytes] = []
    try:
        journal = Journal.open(directory, "n1", segment_bytes=SEGMENT_BYTES, new_file=disk.new_file)
    except OSError:
        return confirmed, refused
    for index in range(40):
        payload = f"entry {index}".encode() * 8
        journal.append(payload)
        try:
            journal.commit()
        except JournalError:
            refused.append(payload)
        else:
            confirmed.append(payload)
        journal.prepare()
    journal.close()
    return confirmed, refused


def payloads(directory: Path) -> list[bytes]:
    return [one.payload for one in read_entries(directory) if isinstance(one, JournalEntry)]


@pytest.mark.parametrize(
    ("error", "length"),
    [
        (errno.EIO, 1),
        pytest.param(errno.ENOSPC, 3, marks=pytest.mark.slow),
        pytest.param(errno.EIO, 12, marks=pytest.mark.slow),
    ],
)
def test_an_entry_is_confirmed_and_recorded_or_refused_and_not_whichever_write_fails(
    tmp_path: Path, error: int, length: int
) -> None:
    """The Nth write or sync fails, and as many after it, for every N = 1…200."""
    outcomes = set()
    for first in range(1, 201):
        directory = tmp_path / str(first)
        confirmed, refused = journal_on(Disk(range(first, first + length), error), directory)
        Journal.open(directory, "n1", segment_bytes=SEGMENT_BYTES).close()
        assert payloads(directory) == confirmed
        assert not verify(directory).damages
        outcomes.add((len(confirmed), len(refused)))
    assert (40, 0) in outcomes
    assert length == 1 or any(refused for _, refused in outcomes)


def test_after_a_failed_sync_the_segment_is_not_written_again(tmp_path: Path) -> None:
    disk = Disk(range(0))
    with Journal.open(tmp_path, "n1", segment_bytes=SEGMENT_BYTES, new_file=disk.new_file) as journal:
        journal.append(b"before")
        journal.commit()
        disk.failing = range(disk.done + 2, disk.done + 3)
        journal.append(b"after")
        assert journal.commit() == 2
        assert len(list(tmp_path.glob("*.journal"))) == 2
    assert payloads(tmp_path) == [b"before", b"after"]
    assert b"after" not in sorted(tmp_path.glob("*.journal"))[0].read_bytes()


def test_sequences_of_refused_entries_go_to_the_next_ones(tmp_path: Path) -> None:
    disk = Disk(range(0))
    with Journal.open(tmp_path, "n1", segment_bytes=SEGMENT_BYTES, new_file=disk.new_file) as journal:
        disk.failing = range(disk.done + 1, disk.done + 100)
        journal.append(b"refused")
        with pytest.raises(JournalError, match="1 entries of node 'n1' not written"):
            journal.commit()
        disk.failing = range(0)
        journal.append(b"recorded")
        assert journal.commit() == 1
    assert payloads(tmp_path) == [b"recorded"]


def test_on_a_full_disk_calls_that_are_up_are_still_recorded(tmp_path: Path) -> None:
    """No room for another segment: new calls are to be refused, the segment at hand goes on."""
    disk = Disk(range(0))
    with Journal.open(tmp_path, "n1", segment_bytes=SEGMENT_BYTES, new_file=disk.new_file) as journal:
        disk.is_full = True
        while journal.has_room():
            journal.append(bytes(200))
            journal.commit()
        assert not journal.prepare()
        journal.append(b"end of a call")
        journal.commit()
        disk.is_full = False
        assert journal.prepare()
        assert journal.has_room()
    assert payloads(tmp_path)[-1] == b"end of a call"


WRITER = """
import sys
from pathlib import Path
from chakka.stores.journal import Journal
journal = Journal.open(Path(sys.argv[1]), "n1", segment_bytes=1 << 15)
index = 0
while True:
    for _ in range(3):
        index += 1
        journal.append(f"{journal.boot}/{index}".encode() * 5)
    print(journal.boot, journal.commit(), flush=True)
    journal.prepare()
"""


@pytest.mark.slow
def test_a_killed_writer_loses_nothing_that_was_confirmed(tmp_path: Path) -> None:
    """kill -9 at ten arbitrary points; each time the next boot goes on, every confirmed entry is there."""
    confirmed: dict[int, int] = {}
    for round_ in range(10):
        command = [sys.executable, "-c", WRITER, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout
            lines = [writer.stdout.readline()]
            time.sleep(0.01 * round_)
            writer.send_signal(signal.SIGKILL)
            lines += writer.stdout.read().split("\n")[:-1]
        boot, sequence = map(int, lines[-1].split())
        confirmed[boot] = sequence
    Journal.open(tmp_path, "n1", segment_bytes=1 << 15).close()
    found = [one for one in read_entries(tmp_path) if isinstance(one, JournalEntry)]
    last = {one.boot: one.sequence for one in found}
    assert sorted(confirmed) == list(range(1, 11))
    assert all(last[boot] >= sequence for boot, sequence in confirmed.items())
    assert all(one.payload == f"{one.boot}/{one.sequence}".encode() * 5 for one in found)
    assert not verify(tmp_path).damages
