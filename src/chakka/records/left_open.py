"""Calls that a crash left open, and how they are closed (reliability.md §1)."""

from collections.abc import Iterable

import msgspec

from chakka.records.model import Answered, Confirmed, Entry, Released, ReleasedBy, Seized, Tick, Unanswered
from chakka.routing.decision import Reason

# Q.850 cause 41, temporary failure: the network cut the call, nobody hung up.
TEMPORARY_FAILURE = 41


class OpenCall(msgspec.Struct, frozen=True, kw_only=True):
    """An answered call without an end. `proved_ms`: the node's monotonic clock at its last sign of life."""

    answered: Answered
    is_confirmed: bool = False
    proved_ms: int

    def call_id(self) -> str:
        """Return the id of the call."""
        return self.answered.facts.call_id


class CallBeingSetUp(msgspec.Struct, frozen=True, kw_only=True):
    """A call without an answer and without an end: a line rings, or an announcement plays."""

    seized: Seized
    proved_ms: int

    def call_id(self) -> str:
        """Return the id of the call."""
        return self.seized.facts.call_id


CallLeftOpen = OpenCall | CallBeingSetUp


def calls_left_open(entries: Iterable[Entry]) -> list[CallLeftOpen]:
    """Return the calls that were not over when the entries end, in the order of their first entries.

    entries: of one or more boots of one node, each boot's in order; what a call begins with comes before
             what follows it.
    """
    calls: dict[str, CallLeftOpen] = {}
    for entry in entries:
        match entry:
            case Seized():
                calls[entry.facts.call_id] = CallBeingSetUp(seized=entry, proved_ms=entry.monotonic_ms)
            case Answered():
                calls[entry.facts.call_id] = OpenCall(answered=entry, proved_ms=entry.monotonic_ms)
            case Confirmed():
                _confirm(calls, entry)
            case Tick():
                for call_id in calls.keys() & {*entry.calls, *entry.seized}:
                    calls[call_id] = msgspec.structs.replace(calls[call_id], proved_ms=entry.monotonic_ms)
            case Released():
                calls.pop(entry.call_id, None)
            case Unanswered():
                calls.pop(entry.facts.call_id, None)
    return list(calls.values())


def close(call: CallLeftOpen) -> Released | Unanswered:
    """Return the end of a call that a crash cut: at its last proof of life, never later than its true end.

    Durations come from the node's monotonic clock alone, so a stepped wall clock changes nothing. An answered
    call without any proof of life ends as it was answered: 0 ms, not confirmed, 0 units (charging.md P1).
    One that was only being set up ends unanswered: by `fault` if a line was being sought, else for the
    decision's own reason, which holds all the same.
    """
    if isinstance(call, CallBeingSetUp):
        return _close_unanswered(call)
    conversation_ms = max(0, call.proved_ms - call.answered.monotonic_ms)
    return Released(
        call_id=call.call_id(),
        released_at_ms=call.answered.answered_at_ms + conversation_ms,
        conversation_ms=conversation_ms,
        released_by=ReleasedBy.US,
        cause=TEMPORARY_FAILURE,
        estimated=True,
        fault=True,
    )


def _close_unanswered(call: CallBeingSetUp) -> Unanswered:
    seized = call.seized
    return Unanswered(
        facts=seized.facts,
        reason=Reason.FAULT if seized.reason is Reason.OK else seized.reason,
        announcement=seized.announcement,
        status=0,
        cause=TEMPORARY_FAILURE,
        released_at_ms=seized.facts.attempt.at_ms + max(0, call.proved_ms - seized.monotonic_ms),
        estimated=True,
    )


def _confirm(calls: dict[str, CallLeftOpen], entry: Confirmed) -> None:
    call = calls.get(entry.call_id)
    if isinstance(call, OpenCall):
        proved_ms = call.proved_ms if entry.monotonic_ms is None else max(call.proved_ms, entry.monotonic_ms)
        calls[entry.call_id] = msgspec.structs.replace(call, is_confirmed=True, proved_ms=proved_ms)
