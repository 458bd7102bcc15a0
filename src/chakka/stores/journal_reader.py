"""The reading end of a journal: entries in the order of writing, each proved by the hash chain.

A segment with a successor ends where the successor's opening says; the live one is read up to its last
durable mark. What stands behind that is not delivered: it is being written, or torn, or void.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from chakka.stores import frames
from chakka.stores.frames import Frame, Kind
from chakka.stores.segments import Opening, SegmentName, opening_of, segments

# Longer than any frame: a block of nothing but zeros is room not yet written.
_BLOCK = 1 << 20
_ZEROS = bytes(_BLOCK)
_OPENING_BYTES = 1024


class JournalEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One entry and its key (node, boot, sequence)."""

    node: str
    boot: int
    sequence: int
    payload: bytes


class Damage(msgspec.Struct, frozen=True, kw_only=True):
    """A place where a segment is not what was written: between `offset` and `end` something was changed."""

    segment: str
    offset: int
    end: int
    message: str


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What a check of a whole journal found.

    torn: bytes behind the last durable mark of a segment that is live or whose writer died. They were
          never confirmed to anybody.
    """

    segments: int
    entries: int
    damages: tuple[Damage, ...]
    torn: tuple[Damage, ...]


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    """How far a segment was read: everything before `offset` was delivered."""

    offset: int = 0
    hash: bytes = frames.NO_HASH


class JournalReader:
    """Follows the segments of all nodes in a directory. `read` again when there may be more."""

    def __init__(self, directory: Path, after: Mapping[tuple[str, int], int] | None = None) -> None:
        """after: last sequence already had, by (node, boot); nothing up to it is delivered again."""
        self._directory = directory
        self._after = dict(after or {})
        self._openings: dict[SegmentName, Opening] = {}
        self._places: dict[SegmentName, _Place] = {}
        self._finished: set[SegmentName] = set()
        self._cut_short: dict[SegmentName, int] = {}

    def read(self) -> list[JournalEntry | Damage]:
        """Return what is new in the first segment that has something new, or nothing."""
        for name, successor in self._unfinished():
            found = self._read_segment(name, successor)
            if found:
                return found
        return []

    def tails(self) -> Iterator[Damage]:
        """Yield, for each segment that may still grow, the bytes that stand behind its last mark."""
        for name, successor in self._unfinished():
            place = self._places.get(name, _Place())
            tail = self._bytes(name, place.offset).rstrip(b"\0")
            if successor is None and tail:
                message = f"{len(tail)} bytes behind the last durable mark: being written, or torn"
                end = place.offset + len(tail)
                yield Damage(segment=name.filename(), offset=place.offset, end=end, message=message)

    def _unfinished(self) -> Iterator[tuple[SegmentName, Opening | None]]:
        """Yield the segments still to be read, each with the opening of the one that follows it."""
        if not self._directory.is_dir():
            return
        names = segments(self._directory)
        pending: list[tuple[SegmentName, Opening | None]] = []
        successor: Opening | None = None
        for name in reversed(names):
            if successor is not None and successor.node != name.node:
                successor = None
            if name not in self._finished:
                pending.append((name, successor))
            successor = self._opening(name) or successor
        yield from reversed(pending)

    def _opening(self, name: SegmentName) -> Opening | None:
        opening = self._openings.get(name)
        if opening is None:
            with (self._directory / name.filename()).open("rb") as file:
                opening = opening_of(file.read(_OPENING_BYTES))
            if opening is not None:
                self._openings[name] = opening
        return opening

    def _read_segment(self, name: SegmentName, successor: Opening | None) -> list[JournalEntry | Damage]:
        if successor is not None and self._has_nothing_new(name, successor):
            self._finished.add(name)
            return []
        if name in self._cut_short and self._cut_short[name] == self._size(name):
            return []
        opening = self._opening(name)
        start = self._places.get(name) or _Place(hash=opening.previous_hash if opening else frames.NO_HASH)
        settled = successor.previous_hash if successor else None
        data = self._bytes(name, start.offset) if successor else self._used_bytes(name, start.offset)
        scan = frames.scan(data, 0, start.hash, settled)
        trusted = _trusted(scan.frames, settled)
        if trusted:
            self._places[name] = _Place(offset=start.offset + trusted[-1].end, hash=trusted[-1].hash)
        damages = [_changed(name, start.offset + first, start.offset + end) for first, end in scan.damaged]
        if successor is not None:
            damages += self._ended(name, trusted, successor, start.offset + len(data))
        return [*damages, *self._entries(name, trusted)]

    def _has_nothing_new(self, name: SegmentName, successor: Opening) -> bool:
        opening = self._openings.get(name)
        is_void = opening is not None and opening.previous_hash == successor.previous_hash
        had = self._after.get((name.node, name.boot), 0)
        return is_void or (successor.previous_boot == name.boot and successor.previous_sequence <= had)

    def _ended(self, name: SegmentName, trusted: list[Frame], successor: Opening, size: int) -> list[Damage]:
        """Finish a segment if it was read to where its successor says; else say that it is cut short."""
        last = trusted[-1].hash if trusted else self._places.get(name, _Place()).hash
        if last == successor.previous_hash or self._opening(name) is None:
            self._finished.add(name)
            return []
        # A copy that is still under way looks the same: it is read again when it has grown.
        self._cut_short[name] = self._size(name)
        message = f"ends before entry {successor.previous_sequence} of boot {successor.previous_boot}"
        return [Damage(segment=name.filename(), offset=size, end=size, message=message)]

    def _entries(self, name: SegmentName, trusted: list[Frame]) -> Iterator[JournalEntry]:
        had = self._after.get((name.node, name.boot), 0)
        for frame in trusted:
            if frame.kind == Kind.ENTRY and frame.sequence > had:
                yield JournalEntry(
                    node=name.node, boot=name.boot, sequence=frame.sequence, payload=frame.payload
                )

    def _size(self, name: SegmentName) -> int:
        return (self._directory / name.filename()).stat().st_size

    def _bytes(self, name: SegmentName, offset: int) -> bytes:
        with (self._directory / name.filename()).open("rb") as file:
            file.seek(offset)
            return file.read()

    def _used_bytes(self, name: SegmentName, offset: int) -> bytes:
        """Return what is written from `offset` on, without reading all the room that is not."""
        blocks = []
        with (self._directory / name.filename()).open("rb") as file:
            file.seek(offset)
            while (block := file.read(_BLOCK)) and block != _ZEROS:
                blocks.append(block)
        return b"".join(blocks)


def read_entries(
    directory: Path, after: Mapping[tuple[str, int], int] | None = None
) -> Iterator[JournalEntry | Damage]:
    """Yield all entries that are durable now, and damages where they are met.

    after: last sequence already had, by (node, boot).
    """
    reader = JournalReader(directory, after)
    while found := reader.read():
        yield from found


def verify(directory: Path) -> Verified:
    """Return what a check of every hash in a journal found; one changed byte is found."""
    reader = JournalReader(directory)
    entries, damages = 0, []
    while found := reader.read():
        damages += [item for item in found if isinstance(item, Damage)]
        entries += sum(isinstance(item, JournalEntry) for item in found)
    return Verified(
        segments=len(segments(directory)),
        entries=entries,
        damages=tuple(damages),
        torn=tuple(reader.tails()),
    )


def _trusted(whole: list[Frame], settled: bytes | None) -> list[Frame]:
    """Return the frames up to the one that the next segment builds on, else up to the last durable mark."""
    for last in range(len(whole) - 1, -1, -1):
        if whole[last].hash == settled or whole[last].kind == Kind.DURABLE:
            return whole[: last + 1]
    return []


def _changed(name: SegmentName, offset: int, end: int) -> Damage:
    message = f"bytes {offset} to {end} are not what was written"
    return Damage(segment=name.filename(), offset=offset, end=end, message=message)
