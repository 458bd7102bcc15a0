"""Flat records as other switches hand them over, for tests."""

from pathlib import Path

import msgspec
from hypothesis import strategies as st

from chakka.records.final import Final
from chakka.records.partials import Durations, Partial
from chakka.records.rows import Record, encoded
from chakka.stores.record_file import write

# 2026-10-15 10:00 JST, a Thursday; a month later it is long over.
TEN_O_CLOCK_MS = 1_792_026_000_000
LATER_MS = TEN_O_CLOCK_MS + 30 * 86_400_000
MONTH = "2026-10"
FREEPHONE = "0120123456"


def recorded(call_id: str, sequence: int, conversation_ms: int | None = 60_000, **said: object) -> Final:
    """Return the record of a call of a fixed line in Musashino; None: it was not answered."""
    arrived_at_ms = TEN_O_CLOCK_MS + sequence * 1_000
    record = Final(
        source="switch-a",
        sequence=sequence,
        call_id=call_id,
        number=FREEPHONE,
        arrived_at_ms=arrived_at_ms,
        reason="ok" if conversation_ms is not None else "all_busy",
        rating_class="fixed",
        charge_area="武蔵野三鷹",
        prefecture="東京都",
        destination="0352001234",
        answered_at_ms=arrived_at_ms + 3_000 if conversation_ms is not None else None,
        conversation_ms=conversation_ms,
    )
    return msgspec.structs.replace(record, **said)


def part(call_id: str, sequence: int, place: int, conversation_ms: int, **said: object) -> Partial:
    """Return one part of a call, by default with the duration since the part before."""
    record = msgspec.structs.replace(recorded(call_id, 1, conversation_ms), sequence=sequence)
    whole = Partial(part=place, is_last=False, durations=Durations.DELTA, record=record)
    return msgspec.structs.replace(whole, **said)


def record_file(path: Path, rows: list[Record]) -> Path:
    """Write a binary record file."""
    write(path, map(encoded, rows))
    return path


texts = st.text(alphabet="abc-東京0123 ", min_size=1, max_size=8)
instants = st.integers(TEN_O_CLOCK_MS, TEN_O_CLOCK_MS + 10 * 86_400_000)
finals = st.builds(
    Final,
    source=texts,
    sequence=st.integers(1, 2**53 - 1),
    call_id=texts,
    number=texts,
    arrived_at_ms=instants,
    kind=st.sampled_from(["freephone", "direct"]),
    rating_class=texts,
    carrier_group=st.none() | texts,
    answered_at_ms=st.none() | instants,
    conversation_ms=st.none() | st.integers(0, 10**7),
    is_confirmed=st.booleans(),
    fault=st.booleans(),
    correction=st.integers(0, 3),
    caller=st.binary(max_size=8),
)
