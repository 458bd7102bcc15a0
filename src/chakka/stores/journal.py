"""The journal of one node: what happened, in order, durable, in files that only grow.

Entries are keyed by (node, boot, sequence). A commit writes all that was appended, syncs it, and then
writes a mark that says so; readers deliver up to the mark. After a failed write or sync the segment is
never trusted again: what it holds behind the last mark is void, and a new segment says where the chain goes
on. A commit that fails there too leaves nothing of its entries in the journal.
"""

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import msgspec

from chakka.errors import InputError
from chakka.stores import frames
from chakka.stores.frames import Kind
from chakka.stores.segments import Opening, SegmentFile, SegmentName, checked_node, opening_of, segments

SEGMENT_BYTES = 16 << 20


class JournalError(Exception):
    """Nothing that was appended since the last commit is in the journal."""


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """Where a node's chain stands: the last frame that holds, and the last entry up to it."""

    boot: int = 0
    sequence: int = 0
    hash: bytes = frames.NO_HASH


class Journal:
    """The writing end. One thread uses it; `open` begins a new boot of the node."""

    def __init__(
        self, directory: Path, node: str, size: int, new_file: Callable[[Path, int], SegmentFile]
    ) -> None:
        self.directory = directory
        self.node = node
        self.boot = 0
        self._size = size
        self._new_file = new_file
        self._lock = -1
        self._file: SegmentFile | None = None
        self._spare: SegmentFile | None = None
        self._segment = 0
        self._offset = 0
        self._durable = Chain()
        self._appended: list[bytes] = []

    @classmethod
    def open(
        cls,
        directory: Path,
        node: str,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        new_file: Callable[[Path, int], SegmentFile] = SegmentFile,
    ) -> "Journal":
        """Return the journal of `node` at the beginning of a new boot, its first segment durable.

        Raises: InputError if another process writes this node's journal, OSError if the disk refuses.
        """
        directory.mkdir(parents=True, exist_ok=True)
        journal = cls(directory, checked_node(node), segment_bytes, new_file)
        journal._take_lock()
        try:
            journal._begin_boot()
        except OSError:
            journal._let_go()
            raise
        return journal

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def sequence(self) -> int:
        """Return the last durable sequence of this boot; 0 before the first."""
        return self._durable.sequence

    def append(self, payload: bytes) -> int:
        """Return the sequence that `payload` gets if the next commit succeeds."""
        if len(payload) > frames.MAX_PAYLOAD_BYTES:
            raise InputError(f"journal entry of {len(payload)} bytes: at most {frames.MAX_PAYLOAD_BYTES}")
        self._appended.append(payload)
        return self._durable.sequence + len(self._appended)

    def commit(self) -> int:
        """Return the last durable sequence, after all that was appended is on the disk.

        Raises: JournalError if it could not be written, neither here nor in a new segment: then none of it
                is in the journal, and its sequences go to those that are appended next.
        """
        payloads, self._appended = self._appended, []
        if payloads:
            try:
                self._write(payloads)
            except OSError:
                self._retry(payloads)
        return self._durable.sequence

    def has_room(self) -> bool:
        """Return whether new calls may come: the next segment's room is taken already.

        Without it the disk is full, and what is left of this segment is for the calls that are up.
        """
        return self._spare is not None

    def prepare(self) -> bool:
        """Take the room of the next segment if there is none; return `has_room()`."""
        if self._spare is None:
            spare = self._new_file(self.directory / f"{self.node}.spare", self._size)
            with contextlib.suppress(OSError):
                spare.create()
                self._spare = spare
        return self.has_room()

    def close(self) -> None:
        """Commit what was appended and end the segment behind its last mark."""
        try:
            self.commit()
        finally:
            self._leave_segment()
            self._let_go()

    def _take_lock(self) -> None:
        self._lock = os.open(
            self.directory / f"{self.node}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640
        )
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as fault:
            self._let_go()
            raise InputError(f"journal of node {self.node!r} is in use by another process") from fault

    def _let_go(self) -> None:
        for file in (self._file, self._spare):
            if file is not None:
                file.close()
        self._file = self._spare = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _begin_boot(self) -> None:
        earlier = [name for name in segments(self.directory) if name.node == self.node]
        last = _last_frame(self.directory, earlier)
        if last is not None:
            name, frame = last
            self._durable = Chain(boot=name.boot, sequence=frame.sequence, hash=frame.hash)
        self.boot = earlier[-1].boot + 1 if earlier else 1
        self._open_segment()
        self.prepare()
        if last is not None:
            _give_room_back(self.directory / name.filename(), frame.end)

    def _open_segment(self) -> None:
        """Turn the spare into the segment that is written; its first frame says where the chain stands."""
        self.prepare()
        file, self._spare = self._spare, None
        if file is None:
            raise OSError(errno.ENOSPC, "no room for a new segment", str(self.directory))
        self._file, self._offset, self._segment = file, 0, self._segment + 1
        before = self._durable
        opening = Opening(
            node=self.node,
            boot=self.boot,
            segment=self._segment,
            previous_boot=before.boot,
            previous_sequence=before.sequence,
            previous_hash=before.hash,
        )
        sequence = before.sequence if before.boot == self.boot else 0
        first, hash_ = frames.encode(Kind.OPENED, sequence, msgspec.msgpack.encode(opening), before.hash)
        name = SegmentName(node=self.node, boot=self.boot, segment=self._segment)
        file.rename(self.directory / name.filename())
        file.write(first, 0)
        file.sync()
        self._advance(len(first), Chain(boot=self.boot, sequence=sequence, hash=hash_))

    def _advance(self, length: int, durable: Chain) -> None:
        self._offset += length
        self._durable = durable

    def _write(self, payloads: list[bytes]) -> None:
        """Make one commit durable, in this segment or in the next one if this is full."""
        length = sum(map(len, payloads)) + (len(payloads) + 1) * frames.HEADER_BYTES
        if self._offset + length > self._size:
            self._leave_segment()
        if self._file is None:
            self._open_segment()
        assert self._file is not None, "a segment is open"
        data, durable = self._encoded(payloads)
        self._file.write(data, self._offset)
        self._file.sync()
        self._advance(len(data), durable)
        # The entries are durable now, whatever becomes of the mark; without it readers learn so from the
        # opening of the next segment.
        mark, hash_ = frames.encode(Kind.DURABLE, durable.sequence, b"", durable.hash)
        try:
            self._file.write(mark, self._offset)
        except OSError:
            self._leave_segment()
        else:
            self._advance(len(mark), Chain(boot=self.boot, sequence=durable.sequence, hash=hash_))

    def _encoded(self, payloads: list[bytes]) -> tuple[bytes, Chain]:
        parts, hash_ = [], self._durable.hash
        first = self._durable.sequence + 1
        for sequence, payload in enumerate(payloads, first):
            frame, hash_ = frames.encode(Kind.ENTRY, sequence, payload, hash_)
            parts.append(frame)
        return b"".join(parts), Chain(boot=self.boot, sequence=first + len(payloads) - 1, hash=hash_)

    def _retry(self, payloads: list[bytes]) -> None:
        """Write a commit that failed once more, in a new segment: the old one is not trusted any more."""
        self._leave_segment()
        try:
            self._write(payloads)
        except OSError as fault:
            self._leave_segment()
            raise JournalError(
                f"{len(payloads)} entries of node {self.node!r} not written: {fault}"
            ) from fault

    def _leave_segment(self) -> None:
        """Close the segment behind the last frame that holds; the next commit opens another."""
        if self._file is not None:
            # If it cannot be cut, the next segment's opening says all the same where it ends.
            with contextlib.suppress(OSError):
                self._file.cut(self._offset)
            self._file.close()
            self._file = None


def _last_frame(directory: Path, names: list[SegmentName]) -> tuple[SegmentName, frames.Frame] | None:
    """Return where a node's chain stands: the last whole frame of the last segment that was begun."""
    for name in reversed(names):
        data = (directory / name.filename()).read_bytes()
        if (opening := opening_of(data)) is not None:
            return name, frames.scan(data, 0, opening.previous_hash).frames[-1]
    return None


def _give_room_back(segment: Path, end: int) -> None:
    """Cut off the room that a crash left unused in a segment, lest a crash loop fill the disk.

    end: where its last whole frame ends. What was written behind it, torn, stays for whoever looks into it.
    """
    written = len(segment.read_bytes().rstrip(b"\0"))
    # If it cannot be cut, the next segment's opening says all the same where it ends.
    with contextlib.suppress(OSError):
        os.truncate(segment, max(end, written))
