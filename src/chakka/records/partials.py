"""Calls that a switch records in parts, put together before units are counted (charging.md §4)."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import msgspec

from chakka.records.final import Final, FinalKey, content, hash_of


class Durations(StrEnum):
    """What the durations of a source's parts mean."""

    CUMULATIVE = "cumulative"  # since the answer
    DELTA = "delta"  # since the part before


class Partial(msgspec.Struct, frozen=True, array_like=True, tag="partial", forbid_unknown_fields=True):
    """One part of the record of a call.

    part:      its place in the call, from 1. is_last: no part comes after it.
    durations: how its source counts them.
    record:    what the part says of the call; its conversation_ms is that of the part.
    """

    part: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    is_last: bool
    durations: Durations
    record: Final

    def key(self) -> FinalKey:
        """Return source and sequence."""
        return self.record.source, self.record.sequence

    def content(self) -> int:
        """Return a hash of all that the part says, whoever says it under whatever running number."""
        said = msgspec.msgpack.encode((self.part, self.is_last, self.durations, content(self.record)))
        return hash_of(said)


def joined(parts: Sequence[Partial]) -> Final:
    """Return the one record of a call of which these parts are known; their order does not matter.

    The first part says who called whom and when, the last how it ended. Without the last part, or without
    one whose duration is needed, the record is open: such a call is not charged, and billing waits for it.
    Of two parts with the same place that say different things the first by source and sequence holds; the
    other is a contradiction (`contradicting`).
    Raises: ValueError if there are none.
    """
    held = _held(parts)
    first, last = held[0], held[-1]
    record = msgspec.structs.replace(
        first.record,
        reason=last.record.reason,
        answered_at_ms=_answered_at_ms(held),
        is_confirmed=any(part.record.is_confirmed for part in held),
        fault=last.record.fault,
        estimated=last.record.estimated,
        correction=max(part.record.correction for part in held),
    )
    if not _is_whole(held):
        return msgspec.structs.replace(record, conversation_ms=None, is_open=True)
    return msgspec.structs.replace(record, conversation_ms=_conversation_ms(held))


def contradicting(parts: Sequence[Partial]) -> list[Partial]:
    """Return the parts whose place another part holds that says something else."""
    held = {part.part: part for part in _held(parts)}
    return [part for part in sorted(parts, key=_precedence) if _contradicts(part, held[part.part])]


def _held(parts: Sequence[Partial]) -> list[Partial]:
    by_place: dict[int, Partial] = {}
    for part in sorted(parts, key=_precedence):
        by_place.setdefault(part.part, part)
    return [by_place[place] for place in sorted(by_place)]


def _precedence(part: Partial) -> tuple[int, int, FinalKey, int]:
    # A corrected part takes the place of the one that it corrects.
    return part.part, -part.record.correction, part.key(), part.content()


def _contradicts(part: Partial, held: Partial) -> bool:
    return part.record.correction == held.record.correction and part.content() != held.content()


def _answered_at_ms(held: Sequence[Partial]) -> int | None:
    answers = [part.record.answered_at_ms for part in held if part.record.answered_at_ms is not None]
    return min(answers, default=None)


def _is_whole(held: Sequence[Partial]) -> bool:
    last, counted = held[-1], _counted(held)
    first = counted[0].part if counted[0].durations is Durations.CUMULATIVE else 1
    return last.is_last and [part.part for part in counted] == list(range(first, last.part + 1))


def _conversation_ms(held: Sequence[Partial]) -> int | None:
    durations = [part.record.conversation_ms for part in _counted(held)]
    spoken = [duration_ms for duration_ms in durations if duration_ms is not None]
    return sum(spoken) if spoken else None


def _counted(held: Sequence[Partial]) -> Sequence[Partial]:
    """Return the parts whose durations add up: the last that counts since the answer, and those behind it."""
    since_answer = [place for place, part in enumerate(held) if part.durations is Durations.CUMULATIVE]
    return held[since_answer[-1] :] if since_answer else held
