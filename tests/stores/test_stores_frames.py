"""Frames of a segment: what is whole is read, what is torn ends the reading, what is changed is found."""

from hypothesis import given
from hypothesis import strategies as st

from chakka.stores import frames
from chakka.stores.frames import Kind


def segment(*commits: list[bytes]) -> bytes:
    """Return commits of payloads, each with its durable mark behind it."""
    data, hash_, sequence = b"", frames.NO_HASH, 0
    for payloads in commits:
        for payload in payloads:
            sequence += 1
            frame, hash_ = frames.encode(Kind.ENTRY, sequence, payload, hash_)
            data += frame
        mark, hash_ = frames.encode(Kind.DURABLE, sequence, b"", hash_)
        data += mark
    return data


def payloads_of(scan: frames.Scan) -> list[bytes]:
    return [frame.payload for frame in scan.frames if frame.kind == Kind.ENTRY]


@given(st.lists(st.lists(st.binary(max_size=40), min_size=1, max_size=4), max_size=6))
def test_what_was_written_is_read(commits: list[list[bytes]]) -> None:
    scan = frames.scan(segment(*commits), 0, frames.NO_HASH)
    assert payloads_of(scan) == [payload for commit in commits for payload in commit]
    assert scan.damaged == []


@given(st.binary(max_size=300))
def test_junk_holds_no_frames(junk: bytes) -> None:
    scan = frames.scan(junk, 0, frames.NO_HASH)
    assert scan.frames == []
    assert scan.damaged == []


def test_junk_behind_the_last_frame_is_a_torn_tail() -> None:
    data = segment([b"one"], [b"two"])
    scan = frames.scan(data + frames.MARK + b"junk", 0, frames.NO_HASH)
    assert payloads_of(scan) == [b"one", b"two"]
    assert scan.damaged == []


def test_a_changed_frame_with_a_durable_mark_behind_it_is_damage() -> None:
    data = bytearray(segment([b"one"], [b"two"], [b"three"]))
    data[data.index(b"two")] ^= 1
    scan = frames.scan(bytes(data), 0, frames.NO_HASH)
    assert payloads_of(scan) == [b"one", b"three"]
    assert len(scan.damaged) == 1


def test_a_torn_commit_is_no_damage_even_if_its_later_pages_reached_the_disk() -> None:
    first, whole = segment([b"one"]), segment([b"one"], [b"two", b"three"])
    data = bytearray(whole[: -frames.HEADER_BYTES])
    data[data.index(b"two")] ^= 1
    scan = frames.scan(bytes(data), 0, frames.NO_HASH)
    assert payloads_of(scan) == [b"one"]
    assert scan.damaged == []
    assert scan.frames[-1].end == len(first)


def test_a_frame_that_was_taken_out_is_found() -> None:
    one, two = len(segment([b"one"])), len(segment([b"one"], [b"two"]))
    data = segment([b"one"], [b"two"], [b"three"])
    scan = frames.scan(data[:one] + data[two:], 0, frames.NO_HASH)
    assert scan.damaged == [(one, one)]


def test_two_frames_that_changed_places_are_found() -> None:
    one = frames.HEADER_BYTES + 3
    data = segment([b"one", b"two"], [b"end"])
    scan = frames.scan(data[one : 2 * one] + data[:one] + data[2 * one :], 0, frames.NO_HASH)
    assert scan.damaged
