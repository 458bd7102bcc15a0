"""Calls that a crash left open, and how they are closed (reliability.md §1)."""

from collections.abc import Iterable

import msgspec

from chakka.records.model import Answered, Confirmed, Entry, Released, ReleasedBy, Tick

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


def calls_left_open(entries: Iterable[Entry]) -> list[OpenCall]:
    """Return the calls that were up when the entries end, in the order in which they were answered.

    entries: of one or more boots of one node, each boot's in order; `answered` comes before what follows it.
    """
    calls: dict[str, OpenCall] = {}
    for entry in entries:
        match entry:
            case Answered():
                calls[entry.facts.call_id] = OpenCall(answered=entry, proved_ms=entry.monotonic_ms)
            case Confirmed() if entry.call_id in calls:
                calls[entry.call_id] = _confirmed(calls[entry.call_id], entry)
            case Tick():
                for call_id in calls.keys() & set(entry.calls):
                    calls[call_id] = msgspec.structs.replace(calls[call_id], proved_ms=entry.monotonic_ms)
            case Released():
                calls.pop(entry.call_id, None)
    return list(calls.values())


def close(call: OpenCall) -> Released:
    """Return the end of a call that a crash cut: at its last proof of life, never later than its true end.

    Durations come from the node's monotonic clock alone, so a stepped wall clock changes nothing. A call
    without any proof of life ends as it was answered: 0 ms, not confirmed, 0 units (charging.md P1).
    """
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


def close_open_calls(entries: Iterable[Entry]) -> list[Released]:
    """Return the ends of all calls that were up when the entries of earlier boots end."""
    return [close(call) for call in calls_left_open(entries)]


def _confirmed(call: OpenCall, entry: Confirmed) -> OpenCall:
    proved_ms = call.proved_ms if entry.monotonic_ms is None else max(call.proved_ms, entry.monotonic_ms)
    return msgspec.structs.replace(call, is_confirmed=True, proved_ms=proved_ms)
