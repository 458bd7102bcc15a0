"""One call as call control knows it: the caller's leg, branches towards lines, and how it is written down.

What happens when is in `transitions`; the work is done by `hunting`, `announcing` and `talking`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from chakka.callplane.bindings import LineTarget
from chakka.callplane.branch import Branch
from chakka.callplane.finals import Final, reason_header
from chakka.callplane.instant import Instant
from chakka.callplane.ladders import Ladders
from chakka.callplane.lines import Lines
from chakka.callplane.minutes import Minutes
from chakka.callplane.notification import Notification
from chakka.callplane.occupancy import Occupancy
from chakka.callplane.outbound import Outbound
from chakka.callplane.outbox import Outbox
from chakka.config import Address, Config, Trunk
from chakka.media.control import Close
from chakka.records.model import CallFacts, CallKind, Seized, Unanswered
from chakka.routing.attempt import CallAttempt
from chakka.routing.caller_shown import masked
from chakka.routing.decision import Decision, Outcome, Reason
from chakka.routing.plan import CompiledPlan
from chakka.sip.agent import UserAgent
from chakka.sip.alarms import Alarm, Alarms
from chakka.sip.call import Call as Leg
from chakka.sip.call_incoming import IncomingCall
from chakka.sip.transaction import ServerTransaction
from chakka.sip.transaction_message import HeaderPairs


class State(StrEnum):
    """Where a call is."""

    PREPARING = "preparing"  # the streams of a relay are being opened
    HUNTING = "hunting"  # a line is being tried
    OPENING = "opening"  # the media process has been asked for a port
    PLAYING = "playing"  # the caller hears an announcement
    GUIDING = "guiding"  # a line answered; both sides hear their guidance
    NOTING = "noting"  # a line dialled 1351 or 1350; the change is on its way to the disk
    STORING = "storing"  # a line answered; the entry is on its way to the disk
    ANSWERED = "answered"  # the caller got 200
    UP = "up"  # the caller's ACK came
    RELEASED = "released"


class On(StrEnum):
    """What can happen to a call."""

    CANCELLED = "cancelled"
    ACKED = "acked"
    ACK_TIMEOUT = "ack_timeout"
    PRACKED = "pracked"
    RELIABLE_TIMEOUT = "reliable_timeout"
    PROVISIONAL = "provisional"
    ANSWERED = "answered"
    FAILED = "failed"
    BYE = "bye"
    REINVITE = "reinvite"
    REINVITE_ANSWERED = "reinvite_answered"
    REINVITE_FAILED = "reinvite_failed"
    SESSION_EXPIRED = "session_expired"
    MEDIA_OPENED = "media_opened"
    MEDIA_FINISHED = "media_finished"
    MEDIA_REFUSED = "media_refused"
    MEDIA_SILENT = "media_silent"
    STORED = "stored"
    NOT_STORED = "not_stored"
    NO_REPLY_TIMER = "no_reply_timer"
    RING_TIMER = "ring_timer"
    MEDIA_TIMER = "media_timer"
    LONGEST_TIMER = "longest_timer"
    STOPPING = "stopping"
    FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What all calls of a node share. rung: timers of calls that are due, to be told with the moment."""

    config: Config
    agent: UserAgent
    outbox: Outbox
    lines: Lines
    occupancy: Occupancy
    ladders: Ladders
    notification: Notification
    minutes: Minutes
    alarms: Alarms
    rung: "list[tuple[Call, On, Alarm]]"


class Setup(NamedTuple):
    """What is known of a call when it comes in; let go once it is answered and written down.

    offer: the caller's SDP as it came, empty for an offerless INVITE. hops: its Max-Forwards.
    line:          the line number that makes the call, None for a trunk's.
    outbound:      how the call goes to the outbound trunk, if it does.
    notifies:      what a call to 1351 or 1350 sets: the number presented from then on, "": none.
    is_unreadable: the number's plan cannot be read: the call gets 500.
    """

    attempt: CallAttempt
    decision: Decision
    trunk: Trunk
    offer: bytes
    hops: int
    plan: CompiledPlan | None = None
    kind: CallKind = CallKind.FREEPHONE
    line: str | None = None
    outbound: Outbound | None = None
    notifies: str | None = None
    is_unreadable: bool = False


@dataclass(frozen=True, slots=True)
class Reinviting:
    """A change of the session on its way from one leg to the other."""

    asking: Leg
    transaction: ServerTransaction
    is_offerless: bool


class Relay:
    """The two streams through which a call's sound goes while it needs us.

    towards_caller, towards_callee: where each side reaches us, once the stream is open.
    playing:       streams whose text is still being said.
    caller_joined: the caller's stream knows its peer.
    version:       of the session descriptions that we gave to either side last.
    """

    __slots__ = ("caller_joined", "playing", "towards_callee", "towards_caller", "version")

    def __init__(self) -> None:
        self.towards_caller: Address | None = None
        self.towards_callee: Address | None = None
        self.playing: set[str] = set()
        self.caller_joined = False
        self.version = 0


class Call:
    """A call from its INVITE to its record.

    setup:       None once the call is answered and journalled: a long call need not hold it.
    alarms:      the timers that run, by what they will say.
    tried:       how many of the decision's targets have had their turn.
    ways:        where else the current target can be tried.
    relay:       the streams between the legs; None when sound goes directly.
    answered_by: what the caller's 200 was for, when it was not for the call itself (R5.3).
    kind, line:  as in Setup; a line holds a channel for its call.
    """

    __slots__ = (
        "alarms",
        "answered",
        "answered_by",
        "branches",
        "callee_left",
        "caller",
        "has_rung_out",
        "id",
        "is_offerless",
        "kind",
        "line",
        "number",
        "reinviting",
        "relay",
        "setup",
        "state",
        "tried",
        "ways",
        "world",
    )

    def __init__(self, call_id: str, caller: IncomingCall, setup: Setup, world: World) -> None:
        self.id = call_id
        self.caller = caller
        self.setup: Setup | None = setup
        self.world = world
        self.number = setup.attempt.called_number
        self.kind = setup.kind
        self.line = setup.line
        self.state = State.HUNTING
        self.branches: list[Branch] = []
        self.tried = 0
        self.ways: list[LineTarget] = []
        self.alarms: dict[On, Alarm] = {}
        self.has_rung_out = False
        self.is_offerless = not setup.offer
        self.relay: Relay | None = None
        self.answered_by: str | None = None
        self.answered: Instant | None = None
        self.callee_left: Instant | None = None
        self.reinviting: Reinviting | None = None

    @property
    def seeks_line(self) -> bool:
        """Whether the call counts as one of the contract's: who only hears a text takes no place."""
        return self.setup is None or self.setup.decision.outcome is Outcome.CONNECT

    @property
    def current(self) -> Branch:
        """Return the branch being tried, or talked on."""
        return self.branches[-1]

    @property
    def destination_shown(self) -> str:
        """Return the number being tried, for watchers: a line's callee is as private as a caller."""
        number = self.current.number
        return masked(number) if self.kind is CallKind.OUTGOING else number

    @property
    def caller_stream(self) -> str:
        """Return the id of the media stream towards the caller."""
        return f"{self.id}a"

    @property
    def callee_stream(self) -> str:
        """Return the id of the media stream towards the line."""
        return f"{self.id}b"

    def has_stream(self, stream: str) -> bool:
        """Return whether a stream is the call's own announcement, or one of its relay while there is one."""
        return stream == self.id or self.relay is not None

    @property
    def the_relay(self) -> Relay:
        """Return the relay; only asked for while there is one."""
        assert self.relay is not None, "guidance goes through a relay"
        return self.relay

    def close_streams(self) -> None:
        """Free the streams; from now on there is no relay."""
        if self.state in (State.OPENING, State.PLAYING):
            self.world.outbox.media.append(Close(id=self.id))
        if self.relay is not None:
            self.relay = None
            self.world.outbox.media += [Close(id=self.caller_stream), Close(id=self.callee_stream)]

    def dialog_label(self, line_tag: str | None) -> str | None:
        """Return what the caller's dialog is called that stands for one dialog of the current line.

        A trunk that takes a single early dialog has but one, without a name of its own.
        """
        return None if self.known.trunk.single_early_dialog else f"{self.current.number} {line_tag}"

    @property
    def known(self) -> Setup:
        """Return what was known at the start; only asked for before the call is answered."""
        assert self.setup is not None, "a call lets its set-up go once it is answered"
        return self.setup

    def wait(self, kind: On, until: float) -> None:
        """Ask to be told at an instant."""
        self.unwait(kind)
        self.alarms[kind] = self.world.alarms.start(until, self, kind)

    def unwait(self, kind: On) -> None:
        """Do not ask any more."""
        self.world.alarms.stop(self.alarms.pop(kind, None))

    def unwait_all(self) -> None:
        """Do not ask for anything any more."""
        for alarm in self.alarms.values():
            self.world.alarms.stop(alarm)
        self.alarms.clear()

    def on_alarm(self, name: str, now: float) -> None:
        """Note that a timer is due; the call plane passes it on with the moment."""
        kind = On(name)
        self.world.rung.append((self, kind, self.alarms[kind]))

    def still_waits(self, kind: On, alarm: Alarm) -> bool:
        """Return whether a timer that is due still counts: one due at the same time may have stopped it."""
        if self.alarms.get(kind) is not alarm:
            return False
        del self.alarms[kind]
        return True

    def facts(self) -> CallFacts:
        """Return what goes into every entry of this call."""
        decision = self.known.decision
        return CallFacts(
            call_id=self.id,
            sip_call_id=self.caller.call_id,
            attempt=self.known.attempt,
            outcome=decision.outcome,
            group=decision.group,
            plan=decision.plan,
            trace=decision.trace,
            legs=tuple(branch.as_leg() for branch in self.branches),
            kind=self.kind,
            line=self.line,
            presented=self.known.outbound.presented if self.known.outbound else None,
        )

    def refuse(self, now: Instant, reason: Reason, final: Final, headers: HeaderPairs = ()) -> None:
        """Release the caller and write the record of an unanswered call."""
        self.release_caller(now, final, headers)
        if self.answered is not None:
            self.world.minutes.not_answered(self.answered.utc_ms)
        entry = Unanswered(
            facts=self.facts(),
            reason=reason,
            announcement=self.known.decision.announcement,
            status=200 if self.answered_by else final.status,
            cause=final.cause,
            released_at_ms=now.utc_ms,
            answered_by=self.answered_by,
        )
        self.world.outbox.append(entry)
        self.leave()
        self.world.outbox.show("released", call_id=self.id, reason=reason, status=final.status)

    def seize(self, now: Instant) -> None:
        """Write down that the call is being set up: from now on a crash leaves a record of it."""
        decision = self.known.decision
        entry = Seized(
            facts=self.facts(),
            reason=decision.reason,
            announcement=decision.announcement,
            monotonic_ms=now.monotonic_ms,
        )
        self.world.outbox.append(entry)

    def release_caller(self, now: Instant, final: Final, headers: HeaderPairs = ()) -> None:
        """Refuse the caller's INVITE, or hang up if it was answered for an announcement's sake."""
        reason = reason_header(final.cause)
        if not self.caller.is_final:
            self.caller.reject(now.monotonic, final.status, headers=(reason, *headers))
        elif self.answered_by:
            self.caller.bye(now.monotonic, (reason,))

    def leave(self) -> None:
        """Stop counting: the call is over for everybody."""
        self.close_streams()
        self.state = State.RELEASED
        self.unwait_all()
        if self.seeks_line:
            self.world.occupancy.leave(self.number)
        if self.line is not None:
            self.world.occupancy.free(self.line)
