"""The frames of a journal segment, as bytes: length, checksum and a hash chain.

One frame is a fixed header and a payload, big-endian:

    mark 4 | kind 1 | length 4 | sequence 8 | hash 32 | crc 4 | payload

`hash` is BLAKE2b over the previous frame's hash, kind, sequence and payload: it binds a frame to all
before it. `crc` (CRC-32 over everything else) tells a whole frame from a torn one without its forerunners.
"""

import struct
import zlib
from collections.abc import Iterator
from enum import IntEnum
from hashlib import blake2b

import msgspec

MARK = b"\xc3JF1"
_HEADER = struct.Struct(">4sBIQ32sI")
_CRC = struct.Struct(">I")
HEADER_BYTES = _HEADER.size
HASH_BYTES = 32
NO_HASH = bytes(HASH_BYTES)
# An entry is a few kilobytes; a length beyond this is a damaged one.
MAX_PAYLOAD_BYTES = 512 << 10


class Kind(IntEnum):
    """What a frame is."""

    OPENED = 1  # first of a segment: names the segment and where the chain stood
    ENTRY = 2  # one journal entry
    DURABLE = 3  # all entries up to `sequence` were synced before this was written


class Frame(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One whole frame; `end` is the offset of the byte after it."""

    kind: int
    sequence: int
    hash: bytes
    payload: bytes
    end: int


def chain(previous: bytes, kind: int, sequence: int, payload: bytes) -> bytes:
    """Return the hash of a frame that follows one whose hash is `previous`."""
    digest = blake2b(previous, digest_size=HASH_BYTES)
    digest.update(kind.to_bytes(1, "big") + sequence.to_bytes(8, "big"))
    digest.update(payload)
    return digest.digest()


def encode(kind: int, sequence: int, payload: bytes, previous: bytes) -> tuple[bytes, bytes]:
    """Return the bytes of one frame and its hash."""
    hash_ = chain(previous, kind, sequence, payload)
    header = _HEADER.pack(MARK, kind, len(payload), sequence, hash_, 0)[: -_CRC.size]
    crc = zlib.crc32(payload, zlib.crc32(header))
    return b"".join((header, _CRC.pack(crc), payload)), hash_


def frame_at(data: bytes, offset: int) -> Frame | None:
    """Return the whole frame that starts at `offset`, or None if there is none or it is torn."""
    start = offset + HEADER_BYTES
    if start > len(data):
        return None
    mark, kind, length, sequence, hash_, crc = _HEADER.unpack_from(data, offset)
    if mark != MARK or length > MAX_PAYLOAD_BYTES or start + length > len(data):
        return None
    payload = data[start : start + length]
    if zlib.crc32(payload, zlib.crc32(data[offset : start - _CRC.size])) != crc:
        return None
    return Frame(kind=kind, sequence=sequence, hash=hash_, payload=payload, end=start + length)


def frames(data: bytes, offset: int, previous: bytes) -> Iterator[Frame]:
    """Yield the frames from `offset` on for as long as they are whole and chained to `previous`."""
    while (frame := frame_at(data, offset)) is not None:
        if frame.hash != chain(previous, frame.kind, frame.sequence, frame.payload):
            return
        yield frame
        offset, previous = frame.end, frame.hash


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """What a segment holds: its whole frames, and the (from, to) offsets that are damaged between them."""

    frames: list[Frame]
    damaged: list[tuple[int, int]]


def scan(data: bytes, offset: int, previous: bytes, settled: bytes | None = None) -> Scan:
    """Return the frames from `offset` on, up to the one whose hash is `settled` or to the torn tail.

    A broken frame is a torn tail only if nothing behind it proves that it had been whole: a durable mark,
    or the frame that `settled` names. Else it is damage, and reading goes on at the next whole frame.
    """
    whole: list[Frame] = []
    damaged: list[tuple[int, int]] = []
    while True:
        for frame in frames(data, offset, previous):
            whole.append(frame)
            offset, previous = frame.end, frame.hash
            if frame.hash == settled:
                return Scan(frames=whole, damaged=damaged)
        resume = _resume(data, offset, settled)
        if resume is None:
            return Scan(frames=whole, damaged=damaged)
        damaged.append((offset, resume.end - HEADER_BYTES - len(resume.payload)))
        whole.append(resume)
        offset, previous = resume.end, resume.hash
        if resume.hash == settled:
            return Scan(frames=whole, damaged=damaged)


def _resume(data: bytes, offset: int, settled: bytes | None) -> Frame | None:
    """Return the first whole frame from `offset` on, if a proof of earlier wholeness is at or behind it."""
    first = None
    while (found := _next_whole_frame(data, offset)) is not None:
        first = first or found
        if found.kind == Kind.DURABLE or found.hash == settled:
            return first
        offset = found.end
    return None


def _next_whole_frame(data: bytes, offset: int) -> Frame | None:
    while (offset := data.find(MARK, offset)) >= 0:
        if (frame := frame_at(data, offset)) is not None:
            return frame
        offset += 1
    return None
