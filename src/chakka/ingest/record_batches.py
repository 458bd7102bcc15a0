"""Record files as batches that the ledger takes: read, checked and hashed, in a process of their own."""

import gc
import marshal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from operator import itemgetter
from pathlib import Path
from struct import Struct

import msgspec

from chakka.errors import InputError
from chakka.localtime import MINUTE_MS
from chakka.records.final import Final, hash_of
from chakka.records.partials import Partial
from chakka.records.rows import Fields, decoded, disbelief, disbelief_of_tally, encoded, read_line
from chakka.records.tally import Tally
from chakka.stores.engine import Row
from chakka.stores.ledger_change import MinuteKey
from chakka.stores.ledger_values import SetAside, row_of_fields
from chakka.stores.record_file import Chunk, chunks, is_binary

# A file shorter than that is read before another process would have begun.
_WORTH_A_PROCESS_BYTES = 1 << 20
# Of rows that nobody can read, the source is not known either.
_UNKNOWN_SOURCE = "?"
_MOST_KEPT_BYTES = 1 << 16


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of a record file: as many as make the sync of one transaction cheap.

    finals:    as rows of the ledger. minutes: what they add to the counts of their minutes.
    others:    parts of records and counts, in order.
    set_aside: rows that cannot be believed or read.
    end:       how far the file was read. torn: octets at its end that are no whole row.
    """

    finals: list[Row]
    minutes: dict[MinuteKey, list[int]]
    others: list[Partial | Tally]
    set_aside: list[SetAside]
    end: int
    torn: int

    def rows(self) -> int:
        """Return how many rows of the file it holds."""
        return len(self.finals) + len(self.others) + len(self.set_aside)


def batches(path: Path, now_ms: int) -> Iterator[Batch]:
    """Yield the rows of a record file, whichever form it has.

    now_ms: our clock; what ended later is from the future.
    Raises: InputError if it is no record file; OSError if it cannot be read.
    """
    read = decoded if is_binary(path) else read_line
    for chunk in chunks(path):
        yield _batch(chunk, read, now_ms)


def _batch(chunk: Chunk, read: Callable[[bytes], Fields | Partial | Tally], now_ms: int) -> Batch:
    """Return the rows of a piece of a file."""
    finals: list[Row] = []
    others: list[Partial | Tally] = []
    aside = [_unreadable(stretch, "no row begins here") for stretch in chunk.damaged]
    once = dict[object, object]().setdefault
    for payload in chunk.payloads:
        try:
            row = read(payload)
        except InputError as fault:
            aside.append(_unreadable(payload, str(fault)))
            continue
        doubt = _doubt(row, now_ms)
        if doubt is not None:
            aside.append(set_aside(row if isinstance(row, Tally | Partial) else Final(*row), doubt))
        elif isinstance(row, tuple):
            finals.append(row_of_fields(row, once))
        else:
            others.append(row)
    return Batch(
        finals=finals,
        minutes=_minutes(finals),
        others=others,
        set_aside=aside,
        end=chunk.end,
        torn=chunk.torn,
    )


def _doubt(row: Fields | Partial | Tally, now_ms: int) -> tuple[str, str] | None:
    if isinstance(row, tuple):
        return disbelief(row, now_ms)
    if isinstance(row, Tally):
        return disbelief_of_tally(row)
    return disbelief(msgspec.structs.astuple(row.record), now_ms)


def batches_ahead(path: Path, now_ms: int) -> Generator[Batch, None, None]:
    """Yield the same; of a long file, one process reads while the other writes.

    Raises: InputError also if the reading process dies.
    """
    is_binary(path)  # says so here if it is no record file
    if path.stat().st_size < _WORTH_A_PROCESS_BYTES:
        yield from batches(path, now_ms)
        return
    # A session of its own: Ctrl-C is for the process that writes; it ends this one.
    command = [sys.executable, "-m", __name__, str(path), str(now_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None, "it was asked for"
        try:
            while len(header := process.stdout.read(_SIZES.size)) == _SIZES.size:
                rows, rest = _SIZES.unpack(header)
                sent = memoryview(process.stdout.read(rows + rest))
                if len(sent) < rows + rest:
                    break
                yield _received(sent[:rows], sent[rows:])
        except GeneratorExit:
            process.terminate()
            raise
    if process.returncode:
        raise InputError(f"{path}: the process that reads it ended with code {process.returncode}")


# Source, arrival, answer and correction of a row.
_MOMENTS = itemgetter(0, 4, 13, 18)
# Octets of the rows of a batch, and of what else is in it.
_SIZES = Struct("<QQ")
_REST = msgspec.msgpack.Decoder(tuple[list[Partial | Tally], list[SetAside], int, int])


def _sent(batch: Batch) -> bytes:
    # Rows are plain values, which marshal carries several times as fast as anything else does, and what is
    # one value in many rows only once.
    rows = marshal.dumps((batch.finals, batch.minutes))
    rest = msgspec.msgpack.encode((batch.others, batch.set_aside, batch.end, batch.torn))
    return _SIZES.pack(len(rows), len(rest)) + rows + rest


def _received(rows: memoryview, rest: memoryview) -> Batch:
    # Nothing of it is garbage yet, and looking for some takes a fifth of the time.
    was_enabled = gc.isenabled()
    gc.disable()
    finals, minutes = marshal.loads(rows)
    if was_enabled:
        gc.enable()
    others, set_aside, end, torn = _REST.decode(rest)
    return Batch(finals=finals, minutes=minutes, others=others, set_aside=set_aside, end=end, torn=torn)


def _minutes(rows: list[Row]) -> dict[MinuteKey, list[int]]:
    """Return what rows add to the counts of their minutes, as `ledger_change.minutes_of` does of records."""
    sources: dict[str, tuple[dict[int, int], dict[int, int]]] = {}
    for source, arrived_at_ms, answered_at_ms, correction in map(_MOMENTS, rows):
        if correction:
            continue
        arrived, answered = sources.get(source) or sources.setdefault(source, ({}, {}))
        minute = arrived_at_ms // MINUTE_MS
        arrived[minute] = arrived.get(minute, 0) + 1
        if answered_at_ms is not None:
            minute = answered_at_ms // MINUTE_MS
            answered[minute] = answered.get(minute, 0) + 1
    return {
        (source, minute * MINUTE_MS): [arrived.get(minute, 0), answered.get(minute, 0)]
        for source, (arrived, answered) in sources.items()
        for minute in arrived.keys() | answered.keys()
    }


def _unreadable(payload: bytes, message: str) -> SetAside:
    return SetAside(
        source=_UNKNOWN_SOURCE,
        content=hash_of(payload),
        sequence=None,
        at_ms=None,
        reason="unreadable",
        message=f"{len(payload)} octets cannot be read: {message}",
        row=payload[:_MOST_KEPT_BYTES],
    )


def set_aside(row: Final | Partial | Tally, doubt: tuple[str, str]) -> SetAside:
    """Return a row as it is kept for an operator. doubt: what is wrong with it, as a word and a sentence."""
    reason, message = doubt
    said = encoded(row)
    record = row.record if isinstance(row, Partial) else row
    return SetAside(
        source=record.source,
        content=hash_of(said),
        sequence=record.sequence,
        at_ms=record.minute_ms
        if isinstance(record, Tally)
        else record.answered_at_ms or record.arrived_at_ms,
        reason=reason,
        message=message,
        row=said,
    )


def main(path: str, now_ms: str) -> None:
    """Write the batches of a file to standard output, for `batches_ahead` of another process."""
    # Rows refer to nothing that refers to them.
    gc.disable()
    for batch in batches(Path(path), int(now_ms)):
        sys.stdout.buffer.write(_sent(batch))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
