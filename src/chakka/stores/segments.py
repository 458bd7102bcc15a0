"""The files of a journal: their names, their order, and the few system calls that touch them."""

import os
import re
from pathlib import Path

import msgspec

from chakka.errors import InputError
from chakka.stores.frames import Kind, frame_at

_NAME = re.compile(r"(?P<node>[A-Za-z0-9_-]{1,32})\.(?P<boot>\d{8,})\.(?P<segment>\d{6,})\.journal")
NODE_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")


class SegmentName(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One segment of one life of one node: `n1.00000002.000001.journal`. Sorts in the order of writing."""

    node: str
    boot: int
    segment: int

    def filename(self) -> str:
        """Return the name of the segment's file."""
        return f"{self.node}.{self.boot:08d}.{self.segment:06d}.journal"


class Opening(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The payload of a segment's first frame: who it is, and where the node's chain stood.

    previous_*: the last frame of the segments before that holds. What stands behind it in its segment is
                void: it was never synced, or its writer was told that it is not recorded.
    """

    node: str
    boot: int
    segment: int
    previous_boot: int
    previous_sequence: int
    previous_hash: bytes


def checked_node(node: str) -> str:
    """Return `node`. Raises: InputError if it is no name for a node."""
    if not NODE_NAME.fullmatch(node):
        raise InputError(f"node {node!r}: letters, digits, - and _ only, at most 32")
    return node


def segments(directory: Path) -> list[SegmentName]:
    """Return the segments in a directory by node, in the order of writing."""
    found = (_NAME.fullmatch(name) for name in os.listdir(directory))
    return sorted(
        SegmentName(node=match["node"], boot=int(match["boot"]), segment=int(match["segment"]))
        for match in found
        if match
    )


def opening_of(data: bytes) -> Opening | None:
    """Return what the first frame of a segment says; None if it is torn or no such frame."""
    frame = frame_at(data, 0)
    if frame is None or frame.kind != Kind.OPENED:
        return None
    try:
        return msgspec.msgpack.decode(frame.payload, type=Opening)
    except msgspec.DecodeError:
        return None


def sync_directory(directory: Path) -> None:
    """Make names that were created or changed in `directory` durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class SegmentFile:
    """One file with its room taken beforehand, so that a full disk cannot stop writing within it."""

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self.size = size
        self._descriptor = -1

    def create(self) -> None:
        """Take the room on disk. Raises: OSError, with no file left behind."""
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            os.posix_fallocate(self._descriptor, 0, self.size)
            os.fsync(self._descriptor)
        except OSError:
            self.close()
            self.path.unlink(missing_ok=True)
            raise

    def rename(self, path: Path) -> None:
        """Give the file its name in the journal, durably."""
        os.rename(self.path, path)
        self.path = path
        sync_directory(path.parent)

    def write(self, data: bytes, offset: int) -> None:
        """Write all of `data` at `offset`."""
        while data:
            written = os.pwrite(self._descriptor, data, offset)
            data, offset = data[written:], offset + written

    def sync(self) -> None:
        """Wait until what was written is on the disk."""
        os.fdatasync(self._descriptor)

    def cut(self, size: int) -> None:
        """Let the file end at `size`."""
        os.ftruncate(self._descriptor, size)

    def close(self) -> None:
        """Let go of the file; more than once does no harm."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
