"""From journal entries to the one record of a call: in any order, in any parts, any number of times."""

from typing import Generic, TypeVar

import msgspec

from chakka.records.model import Answered, Confirmed, Record, Released, Seized, Unanswered
from chakka.routing.decision import Reason

# Where an entry stands in the journals: (node, boot, sequence).
Key = tuple[str, int, int]
CallEntry = Seized | Unanswered | Answered | Confirmed | Released
Kind_co = TypeVar("Kind_co", bound=CallEntry, covariant=True)


class Kept(msgspec.Struct, Generic[Kind_co], frozen=True, kw_only=True):
    """An entry of a call and its key."""

    key: Key
    entry: Kind_co


class CallEntries(msgspec.Struct, frozen=True, kw_only=True):
    """All that the journals said of one call so far.

    Of each kind, normally one entry; several when they contradict each other, the one that holds first.
    seized: only until more is known of the call, which says it all again.
    """

    seized: tuple[Kept[Seized], ...] = ()
    unanswered: tuple[Kept[Unanswered], ...] = ()
    answered: tuple[Kept[Answered], ...] = ()
    confirmed: tuple[Kept[Confirmed], ...] = ()
    released: tuple[Kept[Released], ...] = ()


NOTHING = CallEntries()


def call_id_of(entry: CallEntry) -> str:
    """Return the call that an entry belongs to."""
    match entry:
        case Seized() | Unanswered() | Answered():
            return entry.facts.call_id
        case Confirmed() | Released():
            return entry.call_id


def add(call: CallEntries, key: Key, entry: CallEntry) -> CallEntries:
    """Return the call with one more entry; the result does not depend on the order of adding.

    Of entries with the same content the first by key stays. Of those that contradict each other the first
    by key holds, but a real end supersedes an estimated one (charging.md §4, P10).
    """
    kind = type(entry).__name__.lower()
    kept: tuple[Kept[CallEntry], ...] = getattr(call, kind)
    new: tuple[Kept[CallEntry], ...] = (Kept(key=key, entry=entry),)
    if kept:
        same = next((one for one in kept if one.entry == entry), None)
        if same is not None and same.key <= key:
            return call
        others = (one for one in kept if one is not same)
        new = tuple(sorted((*others, *new), key=_precedence))
    after = msgspec.structs.replace(call, **{kind: new})
    if after.seized and (after.unanswered or after.answered):
        return msgspec.structs.replace(after, seized=())
    return after


def conflicts(call: CallEntries) -> list[Kept[CallEntry]]:
    """Return the entries that contradict those that hold: for an operator to look at (charging.md §4)."""
    rest: tuple[Kept[CallEntry], ...] = (
        *call.seized[1:],
        *call.unanswered[1:],
        *call.answered[1:],
        *call.confirmed[1:],
        *call.released[1:],
    )
    return [kept for kept in rest if not _is_estimated(kept)]


def fold(call: CallEntries) -> Record | None:
    """Return the record of a call as far as it is known; None if neither attempt nor answer was seen yet."""
    first = beginning(call)
    if first is None:
        return None
    match first.entry:
        case Answered() as answered:
            return _answered_record(call, answered)
        case Unanswered() as end:
            return _unanswered_record(end)
        case Seized() as seized:
            return _seized_record(seized)


def beginning(call: CallEntries) -> Kept[Answered] | Kept[Unanswered] | Kept[Seized] | None:
    """Return the entry that says most of a call, from which its record is made; None if there is none yet."""
    if call.answered and not (_is_refused_answer(call) and _is_known_unanswered(call)):
        return call.answered[0]
    if call.unanswered:
        return call.unanswered[0]
    return call.seized[0] if call.seized else None


def is_final(record: Record) -> bool:
    """Return whether the call is over: nothing but a correction will change its record."""
    return record.released_at_ms is not None


def _precedence(kept: Kept[CallEntry]) -> tuple[bool, Key]:
    return _is_estimated(kept), kept.key


def _is_estimated(kept: Kept[CallEntry]) -> bool:
    return isinstance(kept.entry, Released | Unanswered) and kept.entry.estimated


def _is_refused_answer(call: CallEntries) -> bool:
    """Return whether an answer came to nothing: the disk failed after the write, and the call was refused."""
    return not call.confirmed and not call.released


def _is_known_unanswered(call: CallEntries) -> bool:
    return bool(call.unanswered) and not _is_estimated(call.unanswered[0])


def _seized_record(call: Seized) -> Record:
    return Record(facts=call.facts, reason=call.reason, announcement=call.announcement, status=0)


def _unanswered_record(end: Unanswered) -> Record:
    return Record(
        facts=end.facts,
        reason=end.reason,
        announcement=end.announcement,
        status=end.status,
        cause=end.cause,
        released_at_ms=end.released_at_ms,
        answered_by=end.answered_by,
        estimated=end.estimated,
        fault=end.estimated,
    )


def _answered_record(call: CallEntries, answered: Answered) -> Record:
    record = Record(
        facts=answered.facts,
        reason=Reason.OK,
        destination=answered.destination,
        answered_at_ms=answered.answered_at_ms,
        is_confirmed=bool(call.confirmed),
    )
    if not call.released:
        return record
    end = call.released[0].entry
    return msgspec.structs.replace(
        record,
        cause=end.cause,
        released_at_ms=end.released_at_ms,
        conversation_ms=end.conversation_ms,
        released_by=end.released_by,
        estimated=end.estimated,
        fault=end.fault,
    )
