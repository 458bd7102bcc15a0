"""Journal entries and the call record.

Every INVITE that passed admission has exactly one record, named by its call id. A call that is not over in
the moment in which it came is `Seized`. A call that was never answered is one `Unanswered` entry. An answered
call is `Answered` (durable before the 200 leaves), then `Confirmed` (the caller's ACK), `Tick`s that bound
the unknown after a crash, and `Released`.

`Counted` and `Shed` are counts of the call plane's own, beside the entries of calls: from them it can be
proved that no record is missing.
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

    line:       the line number that the call came from, None for calls of trunks.
    presented:  the number that was shown to the called party of an outgoing call, None when it was withheld.
    caller:     who called, and of an outgoing call who was called, as only the month's key can read it
                (`records.private`); b"": it stands in clear.
    caller_tag: stands for the calling number within its month; b"": there is none, or it is in clear.
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
    caller: bytes = b""
    caller_tag: bytes = b""


class Boot(msgspec.Struct, frozen=True, kw_only=True, tag="boot"):
    """First entry of a call plane's life."""

    at_ms: int
    monotonic_ms: int
    version: str


class Seized(msgspec.Struct, frozen=True, kw_only=True, tag="seized"):
    """A call came in and is being set up, or hears its announcement; nothing waits until this is durable.

    facts:                as far as they are known: no legs yet.
    reason, announcement: of the decision; `ok` for a call for which a line is being sought.
    monotonic_ms:         as in Answered.
    """

    facts: CallFacts
    reason: Reason
    announcement: str | None
    monotonic_ms: int


class Unanswered(msgspec.Struct, frozen=True, kw_only=True, tag="unanswered"):
    """A call that ended without being answered: refused, announced, busy, abandoned, …

    status:    final SIP status to the caller, 0 if a crash came first; cause: Q.850 in its Reason header.
    estimated: closed at its last proof of life after a crash.
    """

    facts: CallFacts
    reason: Reason
    announcement: str | None
    status: int
    cause: int | None
    released_at_ms: int
    answered_by: str | None = None
    estimated: bool = False


class Answered(msgspec.Struct, frozen=True, kw_only=True, tag="answered"):
    """A line answered; written and synced before the 200 goes to the caller.

    facts.legs ends with the answering leg. The two dialog texts carry what a later boot needs to send BYE
    on each leg (JSON of the SIP layer's own making, opaque here). dialogs: both, as only the month's key can
    read them; b"": they stand in clear.
    """

    facts: CallFacts
    destination: str
    answered_at_ms: int
    monotonic_ms: int
    caller_dialog: str = ""
    callee_dialog: str = ""
    dialogs: bytes = b""


class Confirmed(msgspec.Struct, frozen=True, kw_only=True, tag="confirmed"):
    """The caller's ACK arrived: from here the call is chargeable (P1).

    monotonic_ms: as in Answered; a call that has no tick is closed here after a crash.
    """

    call_id: str
    at_ms: int
    monotonic_ms: int | None = None


class Tick(msgspec.Struct, frozen=True, kw_only=True, tag="tick"):
    """Proof of life of every call that is up, at least every 5 s.

    calls: the answered ones; seized: those that are neither answered nor over.
    """

    at_ms: int
    monotonic_ms: int
    calls: tuple[str, ...]
    seized: tuple[str, ...] = ()


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


class RegistrationSet(msgspec.Struct, frozen=True, kw_only=True, tag="registration_set"):
    """A line number is reached at other contacts from now on, or at none (RFC 3261 §10.3).

    octets: its bindings, which only the registrar reads; b"": none. That a telephone prolonged what it had
            is no change, and not journalled.
    """

    number: str
    octets: bytes
    at_ms: int


class Counted(msgspec.Struct, frozen=True, kw_only=True, tag="counted"):
    """How many calls the call plane saw in one minute, counted apart from their records.

    minute_ms: start of the minute, UTC. Several of one boot and minute add up.
    calls:     INVITEs let in that arrived in the minute: each has one record.
    answered:  calls that were answered in the minute; below 0 when the disk did not take what was counted.
    is_last:   the call plane stopped in order: nothing of this boot comes after, and all of it is counted.
               Without it, what a boot that is over did behind its last counted minute is not counted.
    """

    minute_ms: int
    calls: int
    answered: int
    is_last: bool = False


class Shed(msgspec.Struct, frozen=True, kw_only=True, tag="shed"):
    """How many calls to one number were not let in within one minute: they got 503 and have no record.

    minute_ms: start of the minute, UTC. Several of one boot, minute and number add up.
    number:    a number of the service, or `others`.
    """

    minute_ms: int
    number: str
    calls: int


Entry = (
    Boot
    | Seized
    | Unanswered
    | Answered
    | Confirmed
    | Tick
    | Released
    | NotificationSet
    | RegistrationSet
    | Counted
    | Shed
)


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
