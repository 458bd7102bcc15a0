"""Journal entries and the call record.

Every INVITE that passed admission has exactly one record, named by its call id. A call that was never
answered is one `Unanswered` entry. An answered call is `Answered` (durable before the 200 leaves), then
`Confirmed` (the caller's ACK), `Tick`s that bound the unknown after a crash, and `Released`.
"""

from enum import StrEnum

import msgspec

from chakka.routing.attempt import CallAttempt
from chakka.routing.decision import Outcome, Reason, TraceStep


class CallKind(StrEnum):
    """What a call is to the service; only calls to freephone numbers are rated."""

    FREEPHONE = "freephone"  # to a freephone number: decided by its plan
    DIRECT = "direct"  # from a trunk to a line number, which stays a normal number (R2.8)
    OUTGOING = "outgoing"  # from a line to anywhere else
    NOTIFICATION = "notification"  # from a line to 1351 or 1350 (R6.1)


class ReleasedBy(StrEnum):
    """Who ended the call."""

    CALLER = "caller"
    CALLEE = "callee"
    US = "us"


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """One branch towards a line number. Overflow makes several legs of one call: one charge.

    status: the final SIP status of the branch (487 after our CANCEL), 0 while it is up.
    cause:  Q.850 cause that the branch gave, if any.
    """

    destination: str
    address: str
    seized_at_ms: int
    ringing_at_ms: int | None = None
    status: int = 0
    cause: int | None = None


class CallFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a call when its outcome is known: attempt, decision, branches so far.

    line:      the line number that the call came from, None for calls of trunks.
    presented: the number that was shown to the called party of an outgoing call, None when it was withheld.
    """

    call_id: str
    sip_call_id: str
    attempt: CallAttempt
    outcome: Outcome
    group: str | None
    plan: str
    trace: tuple[TraceStep, ...]
    legs: tuple[Leg, ...] = ()
    kind: CallKind = CallKind.FREEPHONE
    line: str | None = None
    presented: str | None = None


class Boot(msgspec.Struct, frozen=True, kw_only=True, tag="boot"):
    """First entry of a call plane's life."""

    at_ms: int
    monotonic_ms: int
    version: str


class Unanswered(msgspec.Struct, frozen=True, kw_only=True, tag="unanswered"):
    """A call that ended without being answered: refused, announced, busy, abandoned, …

    status: final SIP status to the caller; cause: Q.850 in its Reason header, if any.
    """

    facts: CallFacts
    reason: Reason
    announcement: str | None
    status: int
    cause: int | None
    released_at_ms: int
    answered_by: str | None = None


class Answered(msgspec.Struct, frozen=True, kw_only=True, tag="answered"):
    """A line answered; written and synced before the 200 goes to the caller.

    facts.legs ends with the answering leg. The two dialog texts carry what a later boot needs to send BYE
    on each leg (JSON of the SIP layer's own making, opaque here).
    """

    facts: CallFacts
    destination: str
    answered_at_ms: int
    monotonic_ms: int
    caller_dialog: str = ""
    callee_dialog: str = ""


class Confirmed(msgspec.Struct, frozen=True, kw_only=True, tag="confirmed"):
    """The caller's ACK arrived: from here the call is chargeable (P1).

    monotonic_ms: as in Answered; a call that has no tick is closed here after a crash.
    """

    call_id: str
    at_ms: int
    monotonic_ms: int | None = None


class Tick(msgspec.Struct, frozen=True, kw_only=True, tag="tick"):
    """Proof of life of every answered call that is up, at least every 5 s."""

    at_ms: int
    monotonic_ms: int
    calls: tuple[str, ...]


class Released(msgspec.Struct, frozen=True, kw_only=True, tag="released"):
    """An answered call ended.

    conversation_ms: by one node's monotonic clock. estimated: closed at its last proof of life after a
    crash; fault: cut by a fault of the network, a crash of ours included (units by floor, P1).
    """

    call_id: str
    released_at_ms: int
    conversation_ms: int
    released_by: ReleasedBy
    cause: int | None = None
    estimated: bool = False
    fault: bool = False


class NotificationSet(msgspec.Struct, frozen=True, kw_only=True, tag="notification_set"):
    """A line number presents a freephone number on outgoing calls from now on; "": none any more (R6.1).

    call_id: the call to 1351 or 1350 that did it.
    """

    call_id: str
    line: str
    freephone: str
    at_ms: int


Entry = Boot | Unanswered | Answered | Confirmed | Tick | Released | NotificationSet


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """The one record of a call, folded from its entries.

    answered_at_ms: None for a call that was not answered. is_confirmed: the caller's ACK came (charging.md
    P1: only then is it chargeable). conversation_ms: None while the call is up and for unanswered calls.
    """

    facts: CallFacts
    reason: Reason
    announcement: str | None = None
    status: int = 200
    cause: int | None = None
    destination: str | None = None
    answered_at_ms: int | None = None
    is_confirmed: bool = False
    released_at_ms: int | None = None
    conversation_ms: int | None = None
    released_by: ReleasedBy | None = None
    answered_by: str | None = None
    estimated: bool = False
    fault: bool = False
