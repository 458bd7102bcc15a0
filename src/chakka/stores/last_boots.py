"""What a starting call plane needs of its earlier boots: the entries from which open calls can be told."""

import contextlib
from pathlib import Path

from chakka.errors import InputError
from chakka.records import entries
from chakka.records.model import Answered, Boot, Entry, Seized, Tick
from chakka.stores import frames
from chakka.stores.frames import Kind
from chakka.stores.segments import opening_of, segments


def entries_before(directory: Path, node: str, boot: int) -> list[Entry]:
    """Return the latest entries of a node's boots before `boot`, in order, back to where no call is missed.

    Read backwards, segment by segment, so that a start after a crash takes as long as the longest call
    that is up needs, not as long as the journal is. It ends at a boot that closed all calls before it (it
    journals its `Boot` entry after their ends), or once the calls of the last tick are all seen to begin.
    """
    found: list[Entry] = []
    settled: bytes | None = None
    for name in reversed([name for name in segments(directory) if name.node == node]):
        data = (directory / name.filename()).read_bytes()
        opening = opening_of(data)
        if opening is None:
            continue
        if name.boot < boot and opening.previous_hash != settled:
            found = _entries(frames.scan(data, 0, opening.previous_hash, settled)) + found
            if _reaches_back_far_enough(found):
                break
        settled = opening.previous_hash
    return found


def _entries(scan: frames.Scan) -> list[Entry]:
    found: list[Entry] = []
    for frame in scan.frames:
        if frame.kind == Kind.ENTRY:
            # One that this version cannot read must not keep the plane from starting; ingest keeps it.
            with contextlib.suppress(InputError):
                found.append(entries.decode(frame.payload))
    return found


def _reaches_back_far_enough(found: list[Entry]) -> bool:
    if any(isinstance(entry, Boot) for entry in found):
        return True
    tick = next((entry for entry in reversed(found) if isinstance(entry, Tick)), None)
    if tick is None:
        return False
    answered = {entry.facts.call_id for entry in found if isinstance(entry, Answered)}
    seized = {entry.facts.call_id for entry in found if isinstance(entry, Seized)}
    return answered.issuperset(tick.calls) and seized.issuperset(tick.seized)
