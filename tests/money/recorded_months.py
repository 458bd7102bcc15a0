"""Calls of October and November as a switch records them, and what they cost by a judge of its own.

The judge shares no line with chakka's charging: prices and rules are written down here once more, from
charging.md §2 and §3.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from chakka.localtime import DAY_MS, parse_instant_ms
from chakka.records.final import Final
from chakka.records.rows import encoded
from chakka.stores.record_file import MARK, frame

OCTOBER, NOVEMBER = "2026-10", "2026-11"
# The first is that of `journalled_calls`.
NUMBERS = tuple(f"01201234{place}" for place in range(56, 68))
MICRO = 1_000_000
START_MS = parse_instant_ms("2026-10-01T00:00+09:00")
END_MS = parse_instant_ms("2026-12-01T00:00+09:00")
# Class, carrier group; how often.
CALLERS = (
    (("fixed", None), 40),
    (("mobile", "a"), 20),
    (("mobile", "b"), 18),
    (("mobile", None), 6),
    (("payphone", None), 4),
    (("unknown", None), 4),
)
# Milliseconds of a unit and yen for it, twice, so that 17.5 is whole.
PRICES = {
    ("fixed", None): (180_000, 16),
    ("unknown", None): (180_000, 16),
    ("mobile", "a"): (60_000, 32),
    ("mobile", None): (60_000, 32),
    ("mobile", "b"): (60_000, 35),
    ("payphone", None): (60_000, 60),
}

UsageKey = tuple[str, str]


def recorded(
    count: int, source: str = "switch1", seed: int = 1, numbers: Sequence[str] = NUMBERS
) -> Iterator[Final]:
    """Yield so many calls in the order of their sequence numbers, the same for the same seed."""
    draw = random.Random(seed)
    callers, weights = zip(*CALLERS, strict=True)
    for sequence in range(1, count + 1):
        rating_class, group = draw.choices(callers, weights)[0]
        arrived_at_ms = draw.randrange(START_MS, END_MS)
        is_answered = draw.random() < 0.85
        # Now and then a call ends exactly with a unit.
        conversation_ms = draw.choice((draw.randrange(600_000), 60_000 * draw.randrange(10)))
        yield Final(
            source=source,
            sequence=sequence,
            call_id=f"{source}-{sequence:08}",
            number=draw.choice(numbers),
            arrived_at_ms=arrived_at_ms,
            reason="ok" if is_answered else "no_answer",
            rating_class=rating_class,
            carrier_group=group,
            answered_at_ms=arrived_at_ms + draw.randrange(20_000) if is_answered else None,
            conversation_ms=conversation_ms if is_answered else None,
            is_confirmed=draw.random() > 0.01,
            fault=draw.random() < 0.02,
        )


def in_october(record: Final) -> Final:
    """Return the same call in the first thirty days of October, so that it is over whenever tests are run."""
    back_ms = (record.arrived_at_ms - START_MS) // (30 * DAY_MS) * 30 * DAY_MS
    answered_at_ms = record.answered_at_ms
    return msgspec.structs.replace(
        record,
        arrived_at_ms=record.arrived_at_ms - back_ms,
        answered_at_ms=None if answered_at_ms is None else answered_at_ms - back_ms,
    )


def corrected(record: Final, source: str, sequence: int) -> Final:
    """Return a correction by which a call was a minute and a half longer than was said."""
    longer_ms = (record.conversation_ms or 0) + 90_000
    return msgspec.structs.replace(
        record, source=source, sequence=sequence, conversation_ms=longer_ms, correction=record.correction + 1
    )


def write(path: Path, records: Iterable[Final]) -> Path:
    """Return a record file with these records in this order."""
    path.write_bytes(MARK + b"".join(frame(encoded(record)) for record in records))
    return path


def judged_uy(records: Iterable[Final]) -> dict[UsageKey, int]:
    """Return what the calls of each number and JST month cost in micro-yen, each call once."""
    sums: dict[UsageKey, int] = {}
    last_said = {record.call_id: record for record in sorted(records, key=lambda one: one.correction)}
    for record in last_said.values():
        if record.answered_at_ms is not None:
            key = (record.number, _month(record.answered_at_ms))
            sums[key] = sums.get(key, 0) + _judged_uy(record)
    return sums


def _judged_uy(record: Final) -> int:
    unit_ms, half_yen = PRICES[record.rating_class, record.carrier_group]
    lasted_ms = record.conversation_ms or 0
    if not record.is_confirmed:
        return 0
    whole, rest = divmod(lasted_ms, unit_ms)
    units = whole if record.fault else max(1, whole + bool(rest))
    return units * half_yen * MICRO // 2


def _month(at_ms: int) -> str:
    return f"{datetime(1970, 1, 1) + timedelta(milliseconds=at_ms, hours=9):%Y-%m}"
