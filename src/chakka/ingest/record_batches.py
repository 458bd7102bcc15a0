"""Record files as batches that the ledger takes: read, checked and hashed, in a process of their own."""

import marshal
import subprocess
import sys
from collections.abc import Generator, Iterator
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
from chakka.stores.record_file import chunks, is_binary

# Rows in one transaction: enough to make its sync cheap.
BATCH_ROWS = 50_000
# A file shorter than that is read before another process would have begun.
_WORTH_A_PROCESS_BYTES = 1 << 20
# Of rows that nobody can read, the source is not known either.
_UNKNOWN_SOURCE = "?"
_MOST_KEPT_BYTES = 1 << 16


class Batch(msgspec.Struct, kw_only=True):
    """Rows of a record file.

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
    batch = _empty(0)
    for chunk in chunks(path):
        for payload in chunk.damaged:
            batch.set_aside.append(_unreadable(payload, "no row begins here"))
        for payload in chunk.payloads:
            try:
                row = read(payload)
            except InputError as fault:
                batch.set_aside.append(_unreadable(payload, str(fault)))
                continue
            _add(batch, row, now_ms)
            if batch.rows() >= BATCH_ROWS:
                yield _counted(batch)
                batch = _empty(batch.end)
        batch.end, batch.torn = chunk.end, chunk.torn
    yield _counted(batch)


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
                sent = process.stdout.read(rows + rest)
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
    # Rows are plain values, which marshal carries several times as fast as anything else does.
    rows = marshal.dumps((batch.finals, batch.minutes))
    rest = msgspec.msgpack.encode((batch.others, batch.set_aside, batch.end, batch.torn))
    return _SIZES.pack(len(rows), len(rest)) + rows + rest


def _received(rows: bytes, rest: bytes) -> Batch:
    finals, minutes = marshal.loads(rows)
    others, set_aside, end, torn = _REST.decode(rest)
    return Batch(finals=finals, minutes=minutes, others=others, set_aside=set_aside, end=end, torn=torn)


def _empty(end: int) -> Batch:
    return Batch(finals=[], minutes={}, others=[], set_aside=[], end=end, torn=0)


def _add(batch: Batch, row: Fields | Partial | Tally, now_ms: int) -> None:
    if isinstance(row, Tally):
        doubt = disbelief_of_tally(row)
    else:
        fields = msgspec.structs.astuple(row.record) if isinstance(row, Partial) else row
        doubt = disbelief(fields, now_ms)
    if doubt is not None:
        batch.set_aside.append(set_aside(row if isinstance(row, Tally | Partial) else Final(*row), doubt))
    elif isinstance(row, Tally | Partial):
        batch.others.append(row)
    else:
        batch.finals.append(row_of_fields(row))


def _counted(batch: Batch) -> Batch:
    """Return a batch with its records counted by minute, as `ledger_change.minutes_of` does."""
    sources: dict[str, tuple[dict[int, int], dict[int, int]]] = {}
    for source, arrived_at_ms, answered_at_ms, correction in map(_MOMENTS, batch.finals):
        if correction:
            continue
        arrived, answered = sources.get(source) or sources.setdefault(source, ({}, {}))
        minute = arrived_at_ms // MINUTE_MS
        arrived[minute] = arrived.get(minute, 0) + 1
        if answered_at_ms is not None:
            minute = answered_at_ms // MINUTE_MS
            answered[minute] = answered.get(minute, 0) + 1
    for source, (arrived, answered) in sources.items():
        for minute in arrived.keys() | answered.keys():
            counts = [arrived.get(minute, 0), answered.get(minute, 0)]
            batch.minutes[source, minute * MINUTE_MS] = counts
    return batch


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
    for batch in batches(Path(path), int(now_ms)):
        sys.stdout.buffer.write(_sent(batch))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
