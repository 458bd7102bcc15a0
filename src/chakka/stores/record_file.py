"""Record files: what other call planes and switches hand over (docs/records.md).

The binary form is a mark and then frames: length and CRC-32 of the payload, both 32 bits and little-endian,
and the payload. The form for people is one JSON object a line. A file may still be growing, or its writer may
have died: what is not whole at its end is not read, and said.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from struct import Struct
from zlib import crc32

import msgspec

from chakka.errors import InputError

MARK = b"chakka records 1\n"
# No record comes near it; a longer frame is a length that was damaged.
MOST_BYTES = 1 << 16
_HEADER = Struct("<II")
_BLOCK = 1 << 22


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a record file.

    payloads: rows as they stand there. damaged: stretches in which no row can be found.
    end:      how far the file was read. torn: octets behind it that are no whole row, of the last piece.
    """

    payloads: list[bytes]
    damaged: list[bytes]
    end: int
    torn: int = 0


def is_binary(path: Path) -> bool:
    """Return whether a file has the binary form, False for lines of JSON.

    Raises: InputError if it has neither; OSError if it cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(len(MARK))
    if start.startswith(MARK) or (start and MARK.startswith(start)):
        return True
    if start and not start.lstrip().startswith(b"{"):
        raise InputError(f"{path} is no record file: it begins with {start[:16]!r}")
    return False


def chunks(path: Path) -> Iterator[Chunk]:
    """Yield a file piece by piece, whichever form it has."""
    return _frames(path) if is_binary(path) else _lines(path)


def _frames(path: Path) -> Iterator[Chunk]:
    with path.open("rb") as file:
        start = file.read(len(MARK))
        if len(start) < len(MARK):
            yield Chunk(payloads=[], damaged=[], end=0, torn=len(start))
            return
        end, rest = len(MARK), b""
        while block := file.read(_BLOCK):
            payloads, damaged, rest = _split(rest + block)
            end = file.tell() - len(rest)
            yield Chunk(payloads=payloads, damaged=damaged, end=end)
        if rest:
            yield Chunk(payloads=[], damaged=[], end=end, torn=len(rest))


def _split(data: bytes) -> tuple[list[bytes], list[bytes], bytes]:
    """Return the payloads of the frames that are whole, what is damaged between them, and what is left."""
    payloads: list[bytes] = []
    damaged: list[bytes] = []
    offset: int | None = 0
    while offset is not None:
        start = _take_whole(data, offset, payloads)
        others = range(start + 1, len(data))
        offset = next((place for place in others if _take_whole(data, place, []) > place), None)
        # What may go on in the next block is left; it is shorter than the longest row.
        until = max(start, len(data) - _HEADER.size - MOST_BYTES) if offset is None else offset
        if until > start:
            damaged.append(data[start:until])
    return payloads, damaged, data[until:]


def _take_whole(data: bytes, offset: int, payloads: list[bytes]) -> int:
    """Add the payloads of the frames that are whole from an offset on; return where the last one ends."""
    unpack, size, last = _HEADER.unpack_from, _HEADER.size, len(data) - _HEADER.size
    while offset <= last:
        length, crc = unpack(data, offset)
        start = offset + size
        payload = data[start : start + length] if 0 < length <= MOST_BYTES else b""
        if len(payload) != length or not payload or crc32(payload) != crc:
            break
        payloads.append(payload)
        offset = start + length
    return offset


def _lines(path: Path) -> Iterator[Chunk]:
    with path.open("rb") as file:
        end, rest = 0, b""
        while block := file.read(_BLOCK):
            *lines, rest = (rest + block).split(b"\n")
            end += sum(map(len, lines)) + len(lines)
            yield Chunk(payloads=[line for line in lines if line.strip()], damaged=[], end=end)
        if rest.strip():
            # A line without its end is whole if its object is.
            is_whole = _is_json(rest)
            payloads = [rest] if is_whole else []
            yield Chunk(payloads=payloads, damaged=[], end=end, torn=0 if is_whole else len(rest))


def _is_json(line: bytes) -> bool:
    try:
        msgspec.json.decode(line)
    except msgspec.DecodeError:
        return False
    return True


def write(path: Path, payloads: Iterable[bytes]) -> int:
    """Return how many rows were written to a new file of the binary form; it appears whole or not at all.

    Raises: FileExistsError if the file is there already.
    """
    draft, count = path.with_name(f".{path.name}.draft"), 0
    try:
        with draft.open("wb") as file:
            file.write(MARK)
            for payload in payloads:
                file.write(frame(payload))
                count += 1
            file.flush()
            os.fsync(file.fileno())
        # Unlike a rename, a link never takes the place of a file.
        os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return count


def frame(payload: bytes) -> bytes:
    """Return a row as it stands in the binary form."""
    return _HEADER.pack(len(payload), crc32(payload)) + payload
