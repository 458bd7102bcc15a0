"""A crash leaves a segment with room that nobody will use; the next boot gives it back."""

from pathlib import Path

from chakka.stores.journal import Journal
from chakka.stores.journal_reader import read_entries, verify

SEGMENT = 1 << 20


def crashed(directory: Path, payload: bytes) -> None:
    """Leave a journal as kill -9 does: the file keeps its room, the lock is gone."""
    journal = Journal.open(directory, "node1", segment_bytes=SEGMENT)
    journal.append(payload)
    journal.commit()
    journal._let_go()


def test_a_crash_loop_does_not_fill_the_disk(tmp_path: Path) -> None:
    payloads = [b"entry" + b"\0" * 40 + bytes([number]) for number in range(8)]
    for payload in payloads:
        crashed(tmp_path, payload)
    used = sum(path.stat().st_size for path in tmp_path.iterdir())
    # The last boot's segment and the spare beside it are still whole.
    assert used < 3 * SEGMENT


def test_giving_room_back_loses_no_entry(tmp_path: Path) -> None:
    payloads = [b"\0" * number for number in range(1, 9)]
    for payload in payloads:
        crashed(tmp_path, payload)
    Journal.open(tmp_path, "node1", segment_bytes=SEGMENT).close()
    assert [entry.payload for entry in read_entries(tmp_path, {})] == payloads
    assert not verify(tmp_path).damages
