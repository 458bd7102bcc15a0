"""From journal entries to the one record of a call: in any order, in any parts, any number of times."""

from typing import Generic, TypeVar

import msgspec

from chakka.records.model import Answered, Confirmed, Record, Released, Unanswered
from chakka.routing.decision import Reason

# Where an entry stands in the journals: (node, boot, sequence).
Key = tuple[str, int, int]
CallEntry = Unanswered | Answered | Confirmed | Released
Kind = TypeVar("Kind", bound=CallEntry)


class Kept(msgspec.Struct, Generic[Kind], frozen=True, kw_only=True):
    """An entry of a call and its key."""

    key: Key
    entry: Kind


class CallEntries(msgspec.Struct, frozen=True, kw_only=True):
    """All that the journals said of one call so far, one entry of each kind."""

    unanswered: Kept[Unanswered] | None = None
    answered: Kept[Answered] | None = None
    confirmed: Kept[Confirmed] | None = None
    released: Kept[Released] | None = None


NOTHING = CallEntries()


def call_id_of(entry: CallEntry) -> str:
    """Return the call that an entry belongs to."""
    match entry:
        case Unanswered() | Answered():
            return entry.facts.call_id
        case Confirmed() | Released():
            return entry.call_id


def add(call: CallEntries, key: Key, entry: CallEntry) -> tuple[CallEntries, Kept[CallEntry] | None]:
    """Return the call with one more entry, and the entry that had to give way, if any.

    Of two entries of one kind the first by key stays, but a real end supersedes an estimated one
    (charging.md P10). One that gives way with other content is a conflict, for an operator to look at
    (charging.md §4); a repetition is none. The result does not depend on the order of adding.
    """
    kind = type(entry).__name__.lower()
    new: Kept[CallEntry] = Kept(key=key, entry=entry)
    old: Kept[CallEntry] | None = getattr(call, kind)
    if old is None:
        return msgspec.structs.replace(call, **{kind: new}), None
    first, second = sorted((old, new), key=_precedence)
    kept = msgspec.structs.replace(call, **{kind: first})
    is_conflict = first.entry != second.entry and not _is_estimated(second)
    return kept, second if is_conflict else None


def fold(call: CallEntries) -> Record | None:
    """Return the record of a call as far as it is known; None if neither attempt nor answer was seen yet."""
    if call.answered is not None and not (_is_refused_answer(call) and call.unanswered):
        return _answered_record(call, call.answered.entry)
    if call.unanswered is not None:
        return _unanswered_record(call.unanswered.entry)
    return None


def is_final(record: Record) -> bool:
    """Return whether the call is over: nothing but a correction will change its record."""
    return record.released_at_ms is not None


def _precedence(kept: Kept[CallEntry]) -> tuple[bool, Key]:
    return _is_estimated(kept), kept.key


def _is_estimated(kept: Kept[CallEntry]) -> bool:
    return isinstance(kept.entry, Released) and kept.entry.estimated


def _is_refused_answer(call: CallEntries) -> bool:
    """Return whether an answer came to nothing: the disk failed after the write, and the call was refused."""
    return call.confirmed is None and call.released is None


def _unanswered_record(end: Unanswered) -> Record:
    return Record(
        facts=end.facts,
        reason=end.reason,
        announcement=end.announcement,
        status=end.status,
        cause=end.cause,
        released_at_ms=end.released_at_ms,
        answered_by=end.answered_by,
    )


def _answered_record(call: CallEntries, answered: Answered) -> Record:
    record = Record(
        facts=answered.facts,
        reason=Reason.OK,
        destination=answered.destination,
        answered_at_ms=answered.answered_at_ms,
        is_confirmed=call.confirmed is not None,
    )
    if call.released is None:
        return record
    end = call.released.entry
    return msgspec.structs.replace(
        record,
        cause=end.cause,
        released_at_ms=end.released_at_ms,
        conversation_ms=end.conversation_ms,
        released_by=end.released_by,
        estimated=end.estimated,
        fault=end.fault,
    )
