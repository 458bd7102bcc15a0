"""A call plane between a caller and two telephones, on a simulated network, clock, disk and media process."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

from network import Address, Link, Network, user_agent
from routing_contracts import HOLIDAYS, OSAKA, SHIBUYA, TABLE, TOKYO

from chakka.callplane.instant import Instant
from chakka.callplane.plane import CallPlane, Sources
from chakka.config import CallTimers, Config, LineAddress, Trunk
from chakka.contract.model import Contract
from chakka.localtime import parse_instant_ms
from chakka.media import control
from chakka.records import entries
from chakka.records.fold import NOTHING, CallEntries, CallEntry, add, call_id_of, fold
from chakka.records.model import Entry, Record
from chakka.routing.compile import compile_plan
from chakka.routing.plan import encode
from chakka.sip import events
from chakka.sip.agent import Outgoing
from chakka.sip.call_incoming import IncomingCall
from chakka.sip.call_outgoing import OutgoingCall
from chakka.sip.message import Request, parse
from chakka.sip.sdp import answer, offer
from chakka.stores.live_store import Change

CALLER: Address = ("192.0.2.1", 5060)
PLANE: Address = ("192.0.2.9", 5060)
FIRST_LINE: Address = ("192.0.2.21", 5060)
SECOND_LINE: Address = ("192.0.2.22", 5060)
STRANGER: Address = ("192.0.2.66", 5060)

FREEPHONE = "0120123456"
TUESDAY_10_MS = parse_instant_ms("2026-11-24T10:00+09:00")
OFFER = offer("192.0.2.1", 4000)
ANNOUNCEMENT_S = 8.0
# How finely people act.
_STEP_S = 0.05

LINES = {
    TOKYO: LineAddress(number=TOKYO, address=f"sip:{TOKYO}@192.0.2.21:5060"),
    SHIBUYA: LineAddress(number=SHIBUYA, address=f"sip:{SHIBUYA}@192.0.2.21:5060"),
    OSAKA: LineAddress(number=OSAKA, address=f"sip:{OSAKA}@192.0.2.22:5060"),
}


@dataclass
class Disk:
    """A journal that is durable after a while, or fails."""

    written: list[Entry] = field(default_factory=list)
    latency: float = 0.002
    fails: bool = False


class PlaneOnNetwork:
    """The call plane as the network sees it; disk and media answer by simulated time."""

    def __init__(self, plane: CallPlane, wall_ms: int) -> None:
        self.plane = plane
        self.disk = Disk()
        self.media_is_up = True
        self.played: list[control.Play] = []
        self.commands: list[control.Command] = []
        self._ports = 19998
        self.shown: list[dict[str, object]] = []
        self.kept: list[Change] = []
        self.wall_ms = wall_ms
        self._later: list[tuple[float, str, object]] = []
        self._now = 0.0

    def at(self, now: float) -> Instant:
        self._now = max(self._now, now)
        return Instant(now, self.wall_ms + int(now * 1000))

    def receive(self, data: bytes, source: Address, now: float) -> None:
        self.plane.datagram(data, source, self.at(now))

    def handle_timer(self, now: float) -> None:
        due = [one for one in self._later if one[0] <= now]
        self._later = [one for one in self._later if one[0] > now]
        for _, what, detail in due:
            if what == "stored":
                self.plane.stored(str(detail), not self.disk.fails, self.at(now))
            elif isinstance(detail, control.Opened | control.Finished | control.Refused):
                self.plane.media(detail, self.at(now))
        self.plane.handle_timer(self.at(now))

    def next_timer(self) -> float | None:
        return min([self.plane.next_timer(), *(one[0] for one in self._later)])

    def take_events(self) -> list[events.Event]:
        self._carry_out()
        return []

    def take_datagrams(self) -> list[tuple[bytes, Address]]:
        self._carry_out()
        return self.plane.take_datagrams(self._now)

    def forget_media(self) -> None:
        """The media process dies and comes back: what it had promised will not come."""
        self._later = [one for one in self._later if one[1] != "media"]

    def take_stream_messages(self) -> list[tuple[bytes, object]]:
        """Nothing here goes over a stream."""
        return []

    def _carry_out(self) -> None:
        for entry, waiting in self.plane.outbox.take_entries():
            if waiting is None or not self.disk.fails:
                self.disk.written.append(entries.decode(entries.encode(entry)))
            if waiting is not None:
                self._later.append((self._now + self.disk.latency, "stored", waiting))
        for command in self.plane.outbox.take_media():
            self._media(command)
        self.shown += self.plane.take_feed(self._now)
        self.kept += self.plane.outbox.take_live()

    def _media(self, command: control.Command) -> None:
        if not self.media_is_up:
            return
        self.commands.append(command)
        if isinstance(command, control.Open):
            self._ports += 2
            opened = control.Opened(id=command.id, host="192.0.2.9", port=self._ports)
            self._later.append((self._now + 0.001, "media", opened))
        elif isinstance(command, control.Play):
            self.played.append(command)
            self._later.append((self._now + ANNOUNCEMENT_S, "media", control.Finished(id=command.id)))

    def said_of_calls(self, kind: str) -> list[dict[str, object]]:
        """Return the events of one kind that were shown."""
        return [event for event in self.shown if event["kind"] == kind]

    def said(self, kind: type[control.Command]) -> list[control.Command]:
        """Return the commands of one kind that the media process got."""
        return [command for command in self.commands if isinstance(command, kind)]


@dataclass
class Telephone:
    """How the lines at one address behave."""

    rings: bool = True
    early_media: bool = False
    answers_after: float | None = 1.0
    refuses: int | None = None
    is_dead: bool = False
    leaves_out_refused: bool = False


class Exchange:
    """The caller, the call plane and two addresses of lines."""

    def __init__(self, *contracts: Contract, link: Link | None = None, **settings: object) -> None:
        plans = {contract.number: encode(compile_plan(contract, TABLE, HOLIDAYS)) for contract in contracts}
        self.plans = plans
        self.live: dict[str, bytes] = {}
        self.presentable = {line: one.number for one in contracts for line in one.number_notification}
        self.network = Network({}, link or Link())
        self.settings = settings
        self.plane = self._plane()
        self.caller = user_agent("caller", CALLER)
        self.telephones = {FIRST_LINE: Telephone(), SECOND_LINE: Telephone()}
        self.calls: list[OutgoingCall] = []
        self.line_calls: list[IncomingCall] = []
        self.byes: list[Address] = []
        self.refusals: list[events.Failed] = []
        self.answers: list[events.Answered] = []
        self.ringing: list[events.Provisional] = []
        self._picks: list[tuple[float, IncomingCall, bytes]] = []
        agents: dict[Address, object] = {
            CALLER: self.caller,
            PLANE: self.plane,
            FIRST_LINE: user_agent("first", FIRST_LINE),
            SECOND_LINE: user_agent("second", SECOND_LINE),
        }
        self.network.agents.update(agents)  # type: ignore[arg-type]
        self.network.on_event = self._on_event
        self.acks = True

    def restart(self) -> None:
        """The call plane dies and comes back, knowing nothing."""
        self.plane = self._plane()
        self.network.agents[PLANE] = self.plane  # type: ignore[assignment]

    def _plane(self) -> PlaneOnNetwork:
        settings = self.settings
        trunk = Trunk(
            name="carrier",
            hosts=("192.0.2.1",),
            trusted=True,
            single_early_dialog=bool(settings.get("single_early_dialog", False)),
            early_media=bool(settings.get("early_media", True)),
        )
        config = Config(
            listen=PLANE,
            trunks=settings.get("trunks", (trunk,)),  # type: ignore[arg-type]
            lines=settings.get("lines", LINES),  # type: ignore[arg-type]
            calls=settings.get("calls", CallTimers()),  # type: ignore[arg-type]
        )
        agent = user_agent("plane", PLANE, may_accept=lambda address: address[0] == CALLER[0])
        chance = count()
        sources = Sources(
            table=TABLE,
            read_plan=self.plans.get,
            read_live=self.live.get,
            presentable=self.presentable.get,
            randomness=lambda size: (next(chance) % 256**size).to_bytes(size, "big"),
        )
        wall_ms = int(str(settings.get("wall_ms", TUESDAY_10_MS)))
        return PlaneOnNetwork(CallPlane(config, agent, sources), wall_ms)

    # -- what people do

    def dial(self, number: str = FREEPHONE, calling: str = "0422511234", **changes: object) -> OutgoingCall:
        """Dial and let a moment pass."""
        parts: dict[str, object] = {
            "request_uri": f"sip:{number}@192.0.2.9",
            "destination": PLANE,
            "from_": f"<sip:{calling}@192.0.2.1>",
            "to": f"<sip:{number}@192.0.2.9>",
            "body": OFFER,
        }
        call = self.caller.invite(Outgoing(**(parts | changes)), self.network.now)  # type: ignore[arg-type]
        self.calls.append(call)
        self.run(0.1)
        return call

    def run(self, seconds: float) -> None:
        """Let time pass; telephones are picked up when it is time."""
        until = self.network.now + seconds
        while self.network.now < until:
            self.network.run(min(until, self.network.now + _STEP_S))
            while self._picks and self._picks[0][0] <= self.network.now:
                _, call, body = self._picks.pop(0)
                if not call.is_final:
                    call.answer(self.network.now, body)

    def prack(self, early: events.Provisional, body: bytes) -> None:
        """Acknowledge a reliable provisional, as a caller that can does (RFC 3262 §4)."""
        response = early.response
        head = (
            f"PRACK {response.contact.uri if response.contact else ''} SIP/2.0",
            "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKprack",
            f"From: {response.headers.get('From')}",
            f"To: {response.headers.get('To')}",
            f"Call-ID: {response.call_id}",
            f"CSeq: {response.cseq.number + 1} PRACK",
            f"RAck: {response.headers.get('RSeq')} {response.cseq}",
            "Content-Type: application/sdp",
            f"Content-Length: {len(body)}",
        )
        packet = "\r\n".join((*head, "", "")).encode() + body
        self.plane.receive(packet, CALLER, self.network.now)

    @property
    def records(self) -> list[Record]:
        """Return the records that the journal folds to."""
        calls: dict[str, CallEntries] = {}
        for sequence, entry in enumerate(self.plane.disk.written):
            if isinstance(entry, CallEntry):
                call_id = call_id_of(entry)
                calls[call_id] = add(calls.get(call_id, NOTHING), ("node1", 1, sequence), entry)
        return [record for call in calls.values() if (record := fold(call)) is not None]

    @property
    def record(self) -> Record:
        """Return the only record."""
        (record,) = self.records
        return record

    def invites(self, line: Address) -> list[Request]:
        """Return the INVITEs that reached an address of lines, repetitions left out."""
        messages = [parse(data) for _, _, to, data in self.network.sent if to == line]
        requests = [one for one in messages if isinstance(one, Request) and one.method == "INVITE"]
        return list({str(request.via.branch): request for request in requests}.values())

    def network_moment(self, source: Address, start: bytes) -> float:
        """Return when an address first sent a message that begins so."""
        return next(
            at for at, sender, _, data in self.network.sent if sender == source and data.startswith(start)
        )

    def network_moment_to(self, target: Address, start: bytes) -> float:
        """Return when a message that begins so was first sent to an address."""
        return next(at for at, _, to, data in self.network.sent if to == target and data.startswith(start))

    # -- what the others do

    def _on_event(self, where: Address, event: events.Event) -> None:
        if where == CALLER:
            self._caller_hears(event)
        elif where in self.telephones:
            self._telephone(self.telephones[where], event)
        if isinstance(event, events.Bye):
            self.byes.append(where)

    def _caller_hears(self, event: events.Event) -> None:
        if isinstance(event, events.Answered):
            self.answers.append(event)
            if self.acks:
                event.call.ack(self.network.now)
        elif isinstance(event, events.Failed):
            self.refusals.append(event)
        elif isinstance(event, events.Provisional):
            self.ringing.append(event)
        elif isinstance(event, events.Reinvite):
            event.call.accept(
                event.transaction, answer(event.request.body, "192.0.2.1", 4000) or b"", self.network.now
            )

    def _telephone(self, telephone: Telephone, event: events.Event) -> None:
        now = self.network.now
        if isinstance(event, events.IncomingInvite) and not telephone.is_dead:
            self.line_calls.append(event.call)
            self._ring(telephone, event.call, event.request.body, now)
        elif isinstance(event, events.Cancelled):
            event.call.reject(now, 487)
        elif isinstance(event, events.Reinvite):
            event.call.accept(event.transaction, answer(event.request.body, "192.0.2.21", 4100) or b"", now)

    def _ring(self, telephone: Telephone, call: IncomingCall, offered: bytes, now: float) -> None:
        body = answer(offered, "192.0.2.21", 4100) or b"" if offered else offer("192.0.2.21", 4100)
        if telephone.leaves_out_refused:
            body = body.partition(b"m=video")[0]
        if telephone.rings:
            status, early = (183, body) if telephone.early_media else (180, b"")
            call.progress(now, status, body=early)
        if telephone.refuses is not None:
            call.reject(now, telephone.refuses)
        elif telephone.answers_after is not None:
            self._picks.append((now + telephone.answers_after, call, body))
            self._picks.sort(key=lambda pick: pick[0])
