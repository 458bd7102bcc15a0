"""What a branch towards a line came to, and what a call comes to when all its branches have failed."""

from collections.abc import Iterable
from enum import StrEnum

from chakka.callplane.finals import NETWORK_FAILED, NO_TRUNK, REFUSALS, Final, rejected_by_line
from chakka.routing.decision import Reason

# A trunk that is silent, or has no room.
_NO_TRUNK_HERE = (408, 503)
# service.md R4.2 [C]: what overflows although the line is not busy, as long as it had not rung.
_UNREACHABLE = frozenset({401, 404, 407, 408, 410, 480, 484, 488})


class BranchEnd(StrEnum):
    """How a branch ended without an answer."""

    BUSY = "busy"
    UNREACHABLE = "unreachable"
    NETWORK = "network"
    NOT_ANSWERED = "not_answered"
    REJECTED = "rejected"


def branch_end(status: int, *, has_rung: bool) -> BranchEnd:
    """Return what a final response of a line means (R4.2)."""
    if status in (486, 600):
        return BranchEnd.BUSY
    if has_rung:
        return BranchEnd.NOT_ANSWERED if status in (408, 480) else BranchEnd.REJECTED
    if status in _UNREACHABLE or 300 <= status < 400 or 500 <= status < 600:
        return BranchEnd.UNREACHABLE
    return BranchEnd.REJECTED


def goes_on(end: BranchEnd, *, ring_seconds: int | None) -> bool:
    """Return whether the next target is tried: no-answer overflow only where a ring time is set (R4.2)."""
    if end is BranchEnd.NOT_ANSWERED:
        return ring_seconds is not None
    return end is not BranchEnd.REJECTED


def goes_elsewhere(end: BranchEnd, status: int, *, is_outgoing: bool) -> bool:
    """Return whether the same target is tried at its next address.

    Of a trunk what it says of the number holds wherever it is asked: only its silence, or that it has no
    room (503, RFC 3263 §4.3), is a reason to ask elsewhere.
    """
    if is_outgoing:
        return end is BranchEnd.NETWORK or status in _NO_TRUNK_HERE
    return end in (BranchEnd.UNREACHABLE, BranchEnd.NETWORK)


def refused_by_trunk(end: BranchEnd, status: int, cause: int | None) -> tuple[Reason, Final]:
    """Return reason and final response of an outgoing call: what the trunk said, as it said it."""
    if end is BranchEnd.NETWORK or status in _NO_TRUNK_HERE:
        return Reason.UNREACHABLE, NO_TRUNK
    if end is BranchEnd.BUSY:
        return Reason.ALL_BUSY, rejected_by_line(status, cause or REFUSALS[Reason.ALL_BUSY].cause)
    if end is BranchEnd.NOT_ANSWERED:
        return Reason.NO_ANSWER, REFUSALS[Reason.NO_ANSWER]
    return Reason.REJECTED, rejected_by_line(status, cause)


def exhausted(ends: Iterable[BranchEnd]) -> tuple[Reason, Final]:
    """Return reason and final response when no target answered (signalling.md §2)."""
    seen = set(ends)
    if BranchEnd.BUSY in seen:
        return Reason.ALL_BUSY, REFUSALS[Reason.ALL_BUSY]
    if BranchEnd.NOT_ANSWERED in seen:
        return Reason.NO_ANSWER, REFUSALS[Reason.NO_ANSWER]
    if BranchEnd.NETWORK in seen:
        return Reason.UNREACHABLE, NETWORK_FAILED
    return Reason.UNREACHABLE, REFUSALS[Reason.UNREACHABLE]
