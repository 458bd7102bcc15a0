"""The call plane without I/O: datagrams, media events, durable entries and timers in; effects out."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chakka.callplane import announcing, hunting, notifying, relaying
from chakka.callplane.admission import Admission
from chakka.callplane.bindings import Binding
from chakka.callplane.call import Call, On, Setup, State, World
from chakka.callplane.call_id import CALL_ID_LENGTH, call_id
from chakka.callplane.counts import Counts
from chakka.callplane.credentials import Reply
from chakka.callplane.deciding import Deciding
from chakka.callplane.finals import NO_HOPS_LEFT
from chakka.callplane.instant import Instant
from chakka.callplane.ladders import Ladders, Leg, Parties
from chakka.callplane.lines import Lines
from chakka.callplane.minutes import Minutes
from chakka.callplane.notification import Notification
from chakka.callplane.occupancy import Occupancy
from chakka.callplane.outbox import Outbox
from chakka.callplane.placing import Placing
from chakka.callplane.plans import Plans
from chakka.callplane.transitions import happen
from chakka.config import Address, Config
from chakka.media import control
from chakka.numbering.table import NumberingTable
from chakka.records.model import Answered, CallKind, Counted, Shed, Tick
from chakka.routing.attempt import CallAttempt
from chakka.routing.caller_shown import caller_shown, masked
from chakka.routing.decision import Outcome, Reason
from chakka.sip import events
from chakka.sip.address import Address as SipAddress
from chakka.sip.address import Flow
from chakka.sip.agent import UserAgent
from chakka.sip.alarms import Alarms
from chakka.sip.call_incoming import IncomingCall
from chakka.sip.message import Request, Response, respond

_ALLOW = ("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, REGISTER")
_IN_CALL: dict[type[Any], On] = {
    events.Cancelled: On.CANCELLED,
    events.Acked: On.ACKED,
    events.AckTimeout: On.ACK_TIMEOUT,
    events.Pracked: On.PRACKED,
    events.ReliableTimeout: On.RELIABLE_TIMEOUT,
    events.Provisional: On.PROVISIONAL,
    events.Answered: On.ANSWERED,
    events.Failed: On.FAILED,
    events.Bye: On.BYE,
    events.Reinvite: On.REINVITE,
    events.ReinviteAnswered: On.REINVITE_ANSWERED,
    events.ReinviteFailed: On.REINVITE_FAILED,
    events.SessionExpired: On.SESSION_EXPIRED,
}
_TALKING = (State.ANSWERED, State.UP)
_MEDIA: dict[type[Any], On] = {
    control.Opened: On.MEDIA_OPENED,
    control.Finished: On.MEDIA_FINISHED,
    control.Silent: On.MEDIA_SILENT,
    control.Refused: On.MEDIA_REFUSED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What the call plane asks for: numbering table, stored plans, live facts, chance (n → n bytes).

    presentable: line number → the freephone number that it may present (R6.3).
    """

    table: NumberingTable
    read_plan: Callable[[str], bytes | None]
    randomness: Callable[[int], bytes]
    read_live: Callable[[str], bytes | None] = lambda number: None
    presentable: Callable[[str], str | None] = lambda line_number: None


class CallPlane:
    """All calls of one node. Every method takes the moment; effects wait in `outbox` and in `agent`.

    caller_tag: what stands for a caller within a month (charging.md §6), None while there is no key for it.
    """

    def __init__(self, config: Config, agent: UserAgent, sources: Sources) -> None:
        self.config = config
        self.agent = agent
        self.outbox = Outbox()
        self.calls: dict[str, Call] = {}
        self.counts = Counts()
        self.ladders = Ladders(config.watch.ladder_messages)
        self._sources = sources
        self._answered: set[str] = set()
        self._in_hand: Call | IncomingCall | None = None
        self._next_tick = 0.0
        self._lines = Lines(config, agent, self.outbox, sources.randomness)
        self._world = World(
            config=config,
            agent=agent,
            outbox=self.outbox,
            lines=self._lines,
            occupancy=Occupancy(),
            notification=Notification(sources.presentable),
            minutes=Minutes(),
            ladders=self.ladders,
            alarms=Alarms(),
            rung=[],
        )
        plans = Plans(sources.read_plan, sources.read_live)
        self.caller_tag: Callable[[CallAttempt], str | None] = lambda attempt: None
        deciding = Deciding(plans, self._world.occupancy, lambda attempt: self.caller_tag(attempt))
        self._placing = Placing(config, sources.table, self._world.notification, deciding.decide)
        self._admission = Admission(config, sources.randomness)
        agent.admission = self._admission.refusal

    # -- inputs

    def datagram(self, data: bytes, source: Address, now: Instant) -> None:
        """A datagram came from the SIP socket."""
        self.agent.receive(data, source, now.monotonic)
        self._settle(now)
        self.ladders.note(data, source, now.monotonic, is_sent=False)

    def message(self, data: bytes, source: Flow, now: Instant) -> None:
        """A message came over a stream."""
        self.agent.receive(data, source, now.monotonic)
        self._settle(now)
        self.ladders.note(data, source, now.monotonic, is_sent=False)

    def unreachable(self, destination: SipAddress, packet: bytes, now: Instant) -> None:
        """The network refused to carry datagrams to an address, or if a packet is given, that one."""
        self.agent.transport_failed(destination, now.monotonic, packet)
        self._settle(now)

    def media(self, event: control.Event, now: Instant) -> None:
        """The media process said something."""
        # A call's streams are called by its id and a letter.
        call = self.calls.get(event.id[:CALL_ID_LENGTH])
        if call is None or not call.has_stream(event.id):
            # What comes of a stream that is waited for no more must not touch the call.
            if isinstance(event, control.Opened):
                self.outbox.media.append(control.Close(id=event.id))
            return
        self._happen(call, _MEDIA[type(event)], now, event)
        self._settle(now)

    def stored(self, call_id: str, is_durable: bool, now: Instant) -> None:
        """An entry that a call waited for is on the disk, or will never be."""
        call = self.calls.get(call_id)
        if call is not None:
            self._happen(call, On.STORED if is_durable else On.NOT_STORED, now)
            self._settle(now)

    def handle_timer(self, now: Instant) -> None:
        """Let everything happen that is due."""
        self.agent.handle_timer(now.monotonic)
        self._world.alarms.ring(now.monotonic)
        rung = self._world.rung
        while rung:
            # One by one: should a call fail, the others' are told the next time.
            call, kind, alarm = rung.pop(0)
            if call.still_waits(kind, alarm):
                self._happen(call, kind, now)
        self._lines.handle_timer(now)
        self._settle(now)
        if now.monotonic >= self._next_tick:
            self._tick(now)

    def next_timer(self) -> float:
        """Return when `handle_timer` must be called next, on the monotonic clock."""
        own = (self._next_tick, self._lines.next_timer())
        waiting = (self.agent.next_timer(), self._world.alarms.earliest(), *own)
        return min(due for due in waiting if due is not None)

    def shed_new_calls(self, is_overloaded: bool) -> None:
        """Let new calls in or not; those not let in get 503, counted but not recorded (reliability.md §1)."""
        self._admission.is_overloaded = is_overloaded

    def load(self, registrations: list[Binding], now: Instant) -> None:
        """Take the registrations of an earlier boot."""
        self._lines.load(registrations, now)

    def load_notification(self, flags: Mapping[str, str]) -> None:
        """Take the flags of number notification: line number → the freephone number that it presents."""
        self._world.notification.load(flags)

    def release_both(self, answered: Answered, now: Instant) -> None:
        """Hang up on both sides of a call that an earlier boot answered and a crash cut."""
        for dialog in (answered.caller_dialog, answered.callee_dialog):
            if dialog:
                self.agent.bye_from_text(dialog, now.monotonic)

    def give_up(self, now: Instant) -> None:
        """After a bug of ours: end the call that was in hand cleanly; all others go on."""
        in_hand, self._in_hand = self._in_hand, None
        if isinstance(in_hand, IncomingCall) and not in_hand.is_final:
            in_hand.reject(now.monotonic, 500)
        elif isinstance(in_hand, Call):
            happen(in_hand, On.FAULT, now)
            self._forget(in_hand)

    def stop(self, now: Instant) -> None:
        """Let no new call in and release every call."""
        self.shed_new_calls(True)
        for call in list(self.calls.values()):
            self._happen(call, On.STOPPING, now)

    def end(self, now: Instant) -> None:
        """Write the last counts down: from now on nothing comes in."""
        self._count(self._world.minutes.take_last(now.utc_ms), self._admission.take_shed(None))

    # -- what the edge takes

    def take_datagrams(self, monotonic: float) -> list[tuple[bytes, Address]]:
        """Remove and return what is to be sent over UDP now; the ladders keep it."""
        taken = self.agent.take_datagrams()
        for data, destination in taken:
            self.ladders.note(data, destination, monotonic, is_sent=True)
        return taken

    def take_stream_messages(self, monotonic: float) -> list[tuple[bytes, Flow]]:
        """Remove and return what is to be sent over TCP and TLS now; the ladders keep it."""
        taken = self.agent.take_stream_messages()
        for data, flow in taken:
            self.ladders.note(data, flow, monotonic, is_sent=True)
        return taken

    def take_feed(self, monotonic: float) -> list[dict[str, Any]]:
        """Remove and return the events to be shown; they are counted."""
        taken = self.outbox.take_feed()
        for event in taken:
            self.counts.see(event, monotonic)
        return taken

    @property
    def is_shedding(self) -> bool:
        """True while no new call is let in."""
        return self._admission.is_overloaded

    def check_plans(self) -> None:
        """Find out whether the plan store can be read. Raises: InputError if not."""
        self._sources.read_plan("0120000000")

    # -- events

    def _settle(self, now: Instant) -> None:
        for event in self.agent.take_events():
            self._dispatch(event, now)

    def _dispatch(self, event: events.Event, now: Instant) -> None:
        if isinstance(event, events.IncomingInvite):
            self._incoming(event, now)
        elif isinstance(event, events.OtherRequest) and event.request.method == "REGISTER":
            self._lines.register(event, now)
        elif isinstance(event, events.RequestEnded):
            self._lines.ended(event, now)
        elif isinstance(event, events.OtherRequest):
            self.agent.respond(event.transaction, _other_answer(event.request), now.monotonic)
        elif type(event) in _IN_CALL:
            self._in_call(event, now)

    def _in_call(self, event: Any, now: Instant) -> None:
        call = event.call.owner
        if isinstance(call, Call):
            self._happen(call, _IN_CALL[type(event)], now, event)

    def _happen(self, call: Call, on: On, now: Instant, event: Any = None) -> None:
        self._in_hand = call
        happen(call, on, now, event)
        self._in_hand = None
        if call.state is State.RELEASED:
            self._forget(call)
        elif call.state in _TALKING:
            self._answered.add(call.id)

    def _forget(self, call: Call) -> None:
        if self.calls.pop(call.id, None) is not None:
            for branch in call.branches:
                self.counts.see_branch(branch)
        self._answered.discard(call.id)
        for leg in (call.caller, *(branch.leg for branch in call.branches)):
            if leg is not None:
                leg.owner = None

    # -- a new call

    def _incoming(self, event: events.IncomingInvite, now: Instant) -> None:
        caller = self._lines.caller_of(event.request, event.source, now)
        if isinstance(caller, Reply):
            # A stranger: no trunk and no line of ours, so no caller whom we serve; nothing is recorded.
            event.call.reject(now.monotonic, caller.status, headers=caller.headers)
            self.counts.strangers += 1
            return
        event.call.trust(now.monotonic)
        self._in_hand = event.call
        call = self._enter(event, self._placing.setup(event.request, caller, now), now)
        _begin(call, now)
        self._in_hand = None
        if call.state is State.RELEASED:
            self._forget(call)
        else:
            call.seize(now)

    def _enter(self, event: events.IncomingInvite, setup: Setup, now: Instant) -> Call:
        caller = event.call
        call = Call(call_id(now.utc_ms, self._sources.randomness(10)), caller, setup, self._world)
        caller.owner = call
        self._in_hand = call
        self.calls[call.id] = call
        self._world.minutes.came(setup.attempt.at_ms)
        if call.seeks_line:
            self._world.occupancy.enter(call.number)
        if call.line is not None:
            self._world.occupancy.seize(call.line)
        shown = _shown(setup)
        self.outbox.show("decided", call_id=call.id, **shown)
        parties = Parties(shown["called_number"], shown["calling_number"], now.utc_ms)
        self.ladders.begin(Leg(call.id, caller.call_id, "caller"), parties, event.source, now)
        return call

    # -- proof of life

    def _tick(self, now: Instant) -> None:
        self._next_tick = now.monotonic + self.config.calls.tick
        self._count(self._world.minutes.take(now.utc_ms), self._admission.take_shed(now.utc_ms))
        if self.calls:
            tick = Tick(
                at_ms=now.utc_ms,
                monotonic_ms=now.monotonic_ms,
                calls=tuple(sorted(self._answered)),
                seized=tuple(sorted(self.calls.keys() - self._answered)),
            )
            self.outbox.append(tick)

    def _count(self, counted: Iterable[Counted], shed: Iterable[Shed]) -> None:
        for minute in counted:
            self.outbox.append(minute)
        for one in shed:
            self.outbox.append(one)
            self.outbox.show("shed", minute_ms=one.minute_ms, number=one.number, calls=one.calls)


def _begin(call: Call, now: Instant) -> None:
    if call.known.is_unreadable:
        hunting.on_fault(call, now)
    elif call.known.notifies is not None:
        notifying.begin(call, now)
    elif call.known.decision.outcome is not Outcome.CONNECT:
        announcing.begin(call, now)
    elif call.known.hops == 0:
        # A B2BUA passes INVITEs on, so it counts hops as a proxy does (RFC 3261 §16.3).
        call.refuse(now, Reason.UNREACHABLE, NO_HOPS_LEFT)
    elif relaying.is_wanted(call):
        relaying.begin(call, now)
    else:
        hunting.begin(call, now)


def _other_answer(request: Request) -> Response:
    """OPTIONS says what we can; nothing else is served outside calls."""
    if request.method == "OPTIONS":
        return respond(request, 200, headers=(_ALLOW, ("Accept", "application/sdp")))
    return respond(request, 405, headers=(_ALLOW,))


def _shown(setup: Setup) -> dict[str, Any]:
    decision, attempt = setup.decision, setup.attempt
    # A line's callee is as private as a caller.
    is_private = setup.kind is CallKind.OUTGOING
    return {
        "called_number": masked(attempt.called_number) if is_private else attempt.called_number,
        "call_kind": setup.kind,
        "line": _masked(setup.line),
        "presented": _presented(setup),
        "calling_number": caller_shown(attempt.calling_number, attempt.presentation),
        "caller_class": attempt.rating_class,
        "charge_area": attempt.charge_area,
        "outcome": decision.outcome,
        "reason": decision.reason,
        "targets": () if is_private else decision.targets,
    }


def _presented(setup: Setup) -> str | None:
    """A freephone number is everybody's; a line that calls is as private as any caller."""
    outbound = setup.outbound
    if outbound is None or outbound.presented is None:
        return None
    return outbound.presented if outbound.freephone else masked(outbound.presented)


def _masked(number: str | None) -> str | None:
    return None if number is None else masked(number)
