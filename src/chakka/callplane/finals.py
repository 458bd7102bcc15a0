"""What the caller's side gets when a call is not connected: status and Q.850 cause (signalling.md §2)."""

from typing import NamedTuple

from chakka.routing.decision import Reason


class Final(NamedTuple):
    """A final response: SIP status and the Q.850 cause of its Reason header."""

    status: int
    cause: int


REFUSALS: dict[Reason, Final] = {
    Reason.NUMBER_NOT_IN_SERVICE: Final(404, 1),
    Reason.SUSPENDED: Final(480, 31),
    Reason.AREA_NOT_DESIGNATED: Final(403, 21),
    Reason.CLASS_NOT_ACCEPTED: Final(403, 21),
    Reason.MOBILE_NOT_ACCEPTED: Final(403, 21),
    Reason.UNKNOWN_ORIGIN: Final(403, 21),
    Reason.BLOCKED: Final(603, 21),
    Reason.MONEY_GUARD: Final(403, 21),
    Reason.OFF_HOURS: Final(480, 31),
    Reason.ALL_BUSY: Final(486, 17),
    Reason.LIMIT: Final(486, 17),
    Reason.NO_ANSWER: Final(480, 19),
    Reason.UNREACHABLE: Final(480, 20),
    Reason.ABANDONED: Final(487, 31),
    Reason.MEDIA_NOT_ACCEPTED: Final(488, 88),
    Reason.OVERLOAD: Final(503, 42),
    # Only when the confirmation cannot be heard; else the call was answered for it, and ends normally.
    Reason.NOTIFICATION_SET: Final(480, 31),
    Reason.NOTIFICATION_REFUSED: Final(403, 21),
}
NETWORK_FAILED = Final(480, 38)
NO_TRUNK = Final(503, 38)
NO_HOPS_LEFT = Final(483, 25)
INTERNAL_FAULT = Final(500, 41)
CALLEE_LEFT = Final(480, 31)

# RFC 3261 §21: the final codes that may be passed on from a line; others become 480. So do 401 and 407: a
# line's question for a password is for us alone, and without its header nobody could answer it (§22.2).
_RFC3261_FINALS = frozenset(
    {400, 402, 403, 404, 405, 406, 408, 410, 413, 414, 415, 416, 420, 421, 423}
    | {*range(480, 489), 491, 493, 600, 603, 604, 606}
)
_TEXTS = {
    1: "Unallocated (unassigned) number",
    17: "User busy",
    19: "No answer from user (user alerted)",
    20: "Subscriber absent",
    21: "Call rejected",
    25: "Exchange routing error",
    31: "Normal, unspecified",
    38: "Network out of order",
    41: "Temporary failure",
    42: "Switching equipment congestion",
    88: "Incompatible destination",
}


def rejected_by_line(status: int, cause: int | None) -> Final:
    """Return what the caller gets when a line refused: its code if a 4xx or 6xx of RFC 3261, else 480.

    cause: Q.850 cause of the line's Reason header; 21 stands in for none.
    """
    return Final(status if status in _RFC3261_FINALS else 480, cause or 21)


def reason_header(cause: int) -> tuple[str, str]:
    """Return a Reason header (RFC 3326) for a Q.850 cause."""
    text = _TEXTS.get(cause)
    return ("Reason", f'Q.850;cause={cause};text="{text}"' if text else f"Q.850;cause={cause}")
