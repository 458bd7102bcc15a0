"""The journal: numbered boots, chained segments, torn tails and changed bytes."""

import os
from pathlib import Path

import pytest

from chakka.errors import InputError
from chakka.stores import frames
from chakka.stores.journal import Journal
from chakka.stores.journal_reader import Damage, JournalEntry, JournalReader, read_entries, verify

Keys = list[tuple[int, int, bytes]]


def write(directory: Path, *commits: list[bytes], segment_bytes: int = 1 << 16) -> None:
    """Journal commits as one boot of node n1 and end it."""
    with Journal.open(directory, "n1", segment_bytes=segment_bytes) as journal:
        for payloads in commits:
            for payload in payloads:
                journal.append(payload)
            journal.commit()


def entries(directory: Path) -> Keys:
    found = read_entries(directory)
    return [(one.boot, one.sequence, one.payload) for one in found if isinstance(one, JournalEntry)]


def segment_file(directory: Path, place: int = -1) -> Path:
    return sorted(directory.glob("*.journal"))[place]


def test_entries_are_numbered_from_one_in_each_boot(tmp_path: Path) -> None:
    write(tmp_path, [b"a", b"b"], [b"c"])
    write(tmp_path, [b"d"])
    assert entries(tmp_path) == [(1, 1, b"a"), (1, 2, b"b"), (1, 3, b"c"), (2, 1, b"d")]


def test_append_tells_the_sequence_and_commit_the_last_durable_one(tmp_path: Path) -> None:
    with Journal.open(tmp_path, "n1", segment_bytes=1 << 16) as journal:
        assert (journal.append(b"a"), journal.append(b"b")) == (1, 2)
        assert journal.sequence == 0
        assert journal.commit() == 2
        assert journal.append(b"c") == 3
        assert journal.commit() == journal.commit() == 3


def test_a_boot_without_entries_still_counts(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path)
    write(tmp_path, [b"a"])
    assert entries(tmp_path) == [(3, 1, b"a")]
    assert not verify(tmp_path).damages


def test_what_is_not_committed_is_not_delivered(tmp_path: Path) -> None:
    with Journal.open(tmp_path, "n1", segment_bytes=1 << 16) as journal:
        journal.append(b"a")
        assert entries(tmp_path) == []
        journal.commit()
        assert entries(tmp_path) == [(1, 1, b"a")]


def test_a_reader_follows_a_journal_that_grows_through_segments_and_boots(tmp_path: Path) -> None:
    reader = JournalReader(tmp_path)
    seen: list[bytes] = []
    for boot in range(3):
        with Journal.open(tmp_path, "n1", segment_bytes=4096) as journal:
            for index in range(60):
                journal.append(f"{boot} {index}".encode() * 10)
                journal.commit()
                while found := reader.read():
                    seen += [one.payload for one in found if isinstance(one, JournalEntry)]
    assert seen == [f"{boot} {index}".encode() * 10 for boot in range(3) for index in range(60)]
    assert len(list(tmp_path.glob("*.journal"))) > 6


def test_a_reader_goes_on_after_what_it_had(tmp_path: Path) -> None:
    write(tmp_path, *([f"{index}".encode() * 40] for index in range(60)), segment_bytes=4096)
    write(tmp_path, [b"next boot"])
    rest = list(read_entries(tmp_path, {("n1", 1): 57}))
    assert [(one.boot, one.sequence) for one in rest] == [(1, 58), (1, 59), (1, 60), (2, 1)]


def test_nodes_share_a_directory_without_meeting(tmp_path: Path) -> None:
    write(tmp_path, [b"a"])
    with Journal.open(tmp_path, "n2", segment_bytes=1 << 16) as other:
        other.append(b"b")
        other.commit()
        keys = [(one.node, one.boot, one.sequence) for one in read_entries(tmp_path)]
    assert keys == [("n1", 1, 1), ("n2", 1, 1)]


def test_a_node_has_one_writer(tmp_path: Path) -> None:
    with (
        Journal.open(tmp_path, "n1", segment_bytes=4096),
        pytest.raises(InputError, match="in use by another process"),
    ):
        Journal.open(tmp_path, "n1", segment_bytes=4096)


@pytest.mark.parametrize("node", ["", "../n1", "a" * 33, "n.1", "本社"])
def test_a_node_is_named_by_plain_characters(tmp_path: Path, node: str) -> None:
    with pytest.raises(InputError, match="letters, digits"):
        Journal.open(tmp_path, node)


def test_an_entry_of_absurd_length_is_refused(tmp_path: Path) -> None:
    with (
        Journal.open(tmp_path, "n1", segment_bytes=4096) as journal,
        pytest.raises(InputError, match="at most"),
    ):
        journal.append(bytes(frames.MAX_PAYLOAD_BYTES + 1))


def test_room_for_the_next_segment_is_taken_beforehand(tmp_path: Path) -> None:
    with Journal.open(tmp_path, "n1", segment_bytes=1 << 16) as journal:
        assert journal.has_room()
        assert os.stat(tmp_path / "n1.spare").st_blocks * 512 >= 1 << 16
        assert os.stat(segment_file(tmp_path)).st_blocks * 512 >= 1 << 16


def test_a_segment_ends_at_its_last_mark_when_the_journal_is_closed(tmp_path: Path) -> None:
    write(tmp_path, [b"a"])
    assert not segment_file(tmp_path).read_bytes().endswith(b"\0\0\0\0\0\0\0\0")


def test_a_journal_torn_at_any_length_gives_a_beginning_and_goes_on(tmp_path: Path) -> None:
    """The live segment is cut at every length: what is read is a prefix, and the next boot adds to it."""
    write(tmp_path / "whole", [b"a"], [b"bb", b"ccc"])
    original = segment_file(tmp_path / "whole").read_bytes()
    lengths = set()
    for length in range(len(original) + 1):
        directory = tmp_path / f"cut{length}"
        directory.mkdir()
        (directory / segment_file(tmp_path / "whole").name).write_bytes(original[:length])
        before = entries(directory)
        write(directory, [b"after"])
        after = entries(directory)
        payloads = [payload for boot, _, payload in after if boot == 1]
        assert payloads == [b"a", b"bb", b"ccc"][: len(payloads)]
        assert after[: len(before)] == before
        assert after[-1] == (2, 1, b"after")
        assert not verify(directory).damages
        lengths.add(len(payloads))
    assert lengths == {0, 1, 2, 3}


def test_one_changed_byte_anywhere_in_a_journal_is_found(tmp_path: Path) -> None:
    """Every byte of every segment of three boots in turn; in the last commit it counts as a torn tail."""
    write(tmp_path, [b"a", b"b"], [b"c"])
    write(tmp_path, [b"d"])
    write(tmp_path, [b"e"], [b"f"])
    assert not verify(tmp_path).damages + verify(tmp_path).torn
    for path in sorted(tmp_path.glob("*.journal")):
        original = path.read_bytes()
        for place in range(len(original)):
            changed = bytearray(original)
            changed[place] ^= 0x10
            path.write_bytes(changed)
            verified = verify(tmp_path)
            assert verified.damages or verified.torn, f"{path.name} byte {place}"
        path.write_bytes(original)


def test_damage_in_the_middle_loses_no_other_entry(tmp_path: Path) -> None:
    write(tmp_path, [b"a"], [b"b"], [b"c"])
    path = segment_file(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"b", b"x"))
    found = list(read_entries(tmp_path))
    assert [one.payload for one in found if isinstance(one, JournalEntry)] == [b"a", b"c"]
    damages = [one for one in found if isinstance(one, Damage)]
    assert len(damages) == 1
    assert "not what was written" in damages[0].message


def test_damage_does_not_keep_the_next_boot_from_starting(tmp_path: Path) -> None:
    write(tmp_path, [b"a"], [b"b"], [b"c"])
    path = segment_file(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"b", b"x"))
    write(tmp_path, [b"d"])
    assert entries(tmp_path) == [(1, 1, b"a"), (1, 3, b"c"), (2, 1, b"d")]
    assert len(verify(tmp_path).damages) == 1


def test_a_damaged_opening_loses_no_entry(tmp_path: Path) -> None:
    write(tmp_path, [b"a"])
    write(tmp_path, [b"b"])
    write(tmp_path, [b"c"])
    path = segment_file(tmp_path, 1)
    data = bytearray(path.read_bytes())
    data[10] ^= 1
    path.write_bytes(data)
    assert [payload for _, _, payload in entries(tmp_path)] == [b"a", b"b", b"c"]
    assert verify(tmp_path).damages


def test_a_missing_end_of_a_finished_segment_is_found(tmp_path: Path) -> None:
    write(tmp_path, [b"a"], [b"b"])
    write(tmp_path, [b"c"])
    path = segment_file(tmp_path, 0)
    os.truncate(path, path.stat().st_size - 2 * frames.HEADER_BYTES)
    verified = verify(tmp_path)
    assert [damage.message for damage in verified.damages] == ["ends before entry 2 of boot 1"]


def test_a_missing_segment_is_found(tmp_path: Path) -> None:
    write(tmp_path, [b"a"])
    write(tmp_path, [b"b"])
    write(tmp_path, [b"c"])
    segment_file(tmp_path, 1).unlink()
    assert verify(tmp_path).damages


def test_a_copy_that_is_still_under_way_is_read_on_when_it_has_grown(tmp_path: Path) -> None:
    write(tmp_path, [b"a"], [b"b"])
    write(tmp_path, [b"c"])
    path = segment_file(tmp_path, 0)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - 2 * frames.HEADER_BYTES])
    reader = JournalReader(tmp_path)
    payloads = [one.payload for _ in range(4) for one in reader.read() if isinstance(one, JournalEntry)]
    assert payloads == [b"a", b"c"]
    path.write_bytes(whole)
    payloads = [one.payload for _ in range(4) for one in reader.read() if isinstance(one, JournalEntry)]
    assert payloads == [b"b"]


def test_a_directory_that_is_not_there_yet_has_no_entries(tmp_path: Path) -> None:
    assert entries(tmp_path / "later") == []
