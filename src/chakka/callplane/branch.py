"""One branch of a call: the attempt to reach one line number."""

from chakka.callplane.branches import BranchEnd
from chakka.callplane.instant import Instant
from chakka.records.model import Leg
from chakka.sip.call_outgoing import OutgoingCall


class Branch:
    """A target being tried, or tried.

    leg:   the INVITE to the line; None when nothing could be sent (no address, no free channel).
    holds_channel: a line's channel is taken while it is tried; a trunk has none that we count.
    has_credentials: the line asked for credentials once, and got them.
    early: the line's To-tag → SDP that went to the caller with it: each dialog of the line is a dialog of
           its own towards the caller, as a forking proxy would give.
    """

    __slots__ = (
        "address",
        "cause",
        "early",
        "end",
        "has_credentials",
        "holds_channel",
        "leg",
        "number",
        "ringing_at_ms",
        "seized_at_ms",
        "status",
    )

    def __init__(self, number: str, address: str, now: Instant) -> None:
        self.number = number
        self.address = address
        self.seized_at_ms = now.utc_ms
        self.leg: OutgoingCall | None = None
        self.ringing_at_ms: int | None = None
        self.status = 0
        self.cause: int | None = None
        self.end: BranchEnd | None = None
        self.has_credentials = False
        self.holds_channel = False
        self.early: dict[str | None, bytes] = {}

    @property
    def has_rung(self) -> bool:
        """True once the line said that it rings."""
        return self.ringing_at_ms is not None

    def close(self, end: BranchEnd, status: int, cause: int | None = None) -> None:
        """Write down how the branch ended."""
        self.end, self.status, self.cause = end, status, cause

    def as_leg(self) -> Leg:
        """Return the branch as it goes into the record."""
        return Leg(
            destination=self.number,
            address=self.address,
            seized_at_ms=self.seized_at_ms,
            ringing_at_ms=self.ringing_at_ms,
            status=self.status,
            cause=self.cause,
        )
