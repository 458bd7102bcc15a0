"""Calls by chance: who calls how, what lines, disk, network and media do meanwhile, all by one seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from exchange import FIRST_LINE, FREEPHONE, OFFER, PLANE, SECOND_LINE, Exchange, PlaneOnNetwork, Telephone
from network import Link
from routing_contracts import NAGOYA, OSAKA, SHIBUYA, TOKYO, contract, overflow

from chakka.config import CallTimers
from chakka.media import control
from chakka.records.model import Answered, Unanswered
from chakka.sip import events
from chakka.sip.agent import Outgoing
from chakka.sip.call import Call
from chakka.sip.sdp import answer, offer

LINE_OFFER = offer("192.0.2.21", 4100)
HELD = OFFER.replace(b"a=sendrecv", b"a=sendonly")
WIDEBAND = OFFER.replace(b" 0 8 101", b" 9").replace(b"a=rtpmap:0 PCMU", b"a=rtpmap:9 G722")
LINKS = (
    Link(),
    Link(delay=0.03, jitter=0.03),
    Link(loss=0.1, duplicates=0.1, delay=0.05, jitter=0.05),
)
# Longer than every timer of a call that nobody ends: ring times, lost ACKs, half a session, the announcement.
LONG_ENOUGH_S = 340.0


class RandomSchedule(Exchange):
    """An exchange in which everything is chance. calls: as the caller made them."""

    def __init__(self, seed: int) -> None:
        self.chance = chance = random.Random(seed)
        numbers = (TOKYO, SHIBUYA, OSAKA, NAGOYA)[: chance.randint(2, 4)]
        plan = contract(
            overflow(*numbers, ring_seconds=chance.choice([None, 10, 30])),
            guidance=chance.random() < 0.4,
            whisper=chance.random() < 0.3,
        )
        super().__init__(
            plan,
            link=chance.choice(LINKS),
            single_early_dialog=chance.random() < 0.2,
            early_media=chance.random() < 0.7,
            calls=CallTimers(longest=chance.choice([43_200.0, 20.0])),
        )
        self.network.seed = seed
        self.plane.disk.latency = chance.choice([0.002, 0.002, 0.2, 1.0])
        self.plane.disk.fails = chance.random() < 0.08
        self.plane.media_is_up = chance.random() < 0.9
        self.plane._media = RandomMedia(self.plane, chance)  # type: ignore[method-assign]
        for place in (FIRST_LINE, SECOND_LINE):
            self.telephones[place] = self._telephone_by_chance()

    def _telephone_by_chance(self) -> Telephone:
        chance = self.chance
        return Telephone(
            rings=chance.random() < 0.7,
            early_media=chance.random() < 0.4,
            answers_after=chance.choice([None, 0.0, 0.3, 2.0, 9.0]),
            refuses=chance.choice([None] * 8 + [486, 603, 404, 500, 302, 488, 407, 480]),
            is_dead=chance.random() < 0.1,
        )

    def go_on(self) -> None:
        """Make some calls, let people do as they like, then end what is left and let all timers run out."""
        chance = self.chance
        for _ in range(chance.randint(1, 3)):
            self._call()
            for _ in range(chance.randint(0, 4)):
                self._anything()
                self.run(chance.choice([0.01, 0.05, 0.3, 1.0, 8.0]))
        self.run(chance.choice([5.0, 70.0]))
        for call in self.calls:
            _end(call, self.network.now)
        self.run(LONG_ENOUGH_S)

    def _call(self) -> None:
        chance = self.chance
        tags = chance.choice([(), (), (("Supported", "100rel"),), (("Require", "100rel"),)])
        called = chance.choice([FREEPHONE] * 6 + ["0120999999", TOKYO])
        invite = Outgoing(
            request_uri=f"sip:{called}@192.0.2.9",
            destination=PLANE,
            from_="<sip:0422511234@192.0.2.1>",
            to=f"<sip:{called}@192.0.2.9>",
            body=chance.choice([OFFER, OFFER, OFFER, b""]),
            headers=tags,
            max_forwards=chance.choice([70] * 19 + [0]),
        )
        call = self.caller.invite(invite, self.network.now)
        call.owner = invite.body
        self.calls.append(call)
        self.run(chance.choice([0.1, 1.0, 5.0]))

    def _anything(self) -> None:
        chance, now = self.chance, self.network.now
        legs: Sequence[Call] = self.calls if chance.random() < 0.5 else self.line_calls or self.calls
        leg = chance.choice(legs)
        is_up = leg.dialog is not None and not leg.is_ended
        if not is_up:
            _end(leg, now)
        elif chance.random() < 0.5 and not leg.is_answer_open and leg._to_ack is None:
            leg.bye(now)
        elif not leg.is_reinviting:
            leg.reinvite(now, chance.choice([b"", OFFER, HELD, WIDEBAND]))

    # -- what the others do

    def _caller_hears(self, event: events.Event) -> None:
        chance, now = self.chance, self.network.now
        if isinstance(event, events.Answered):
            if chance.random() < 0.9:
                event.call.ack(now, b"" if event.call.owner or chance.random() < 0.1 else OFFER)
        elif isinstance(event, events.Provisional) and "RSeq" in event.response.headers:
            if chance.random() < 0.8:
                self.prack(event, b"" if event.call.owner or chance.random() < 0.1 else OFFER)
        else:
            self._takes_change(event, OFFER)

    def _telephone(self, telephone: Telephone, event: events.Event) -> None:
        if not self._takes_change(event, LINE_OFFER):
            super()._telephone(telephone, event)

    def _takes_change(self, event: events.Event, own: bytes) -> bool:
        """Answer, refuse or leave alone a re-INVITE; acknowledge the answer to one."""
        now = self.network.now
        if isinstance(event, events.ReinviteAnswered):
            event.call.ack(now, self.chance.choice([own, b""]))
        elif isinstance(event, events.Reinvite):
            asked = event.request.body
            how = self.chance.choice([200] * 7 + [488, 491, 481, 0])
            if how == 200:
                described = answer(asked, "192.0.2.21", 4100) if asked else own
                event.call.accept(event.transaction, described or b"", now)
            elif how:
                event.call.refuse(event.transaction, how, now)
        return isinstance(event, events.Reinvite | events.ReinviteAnswered)

    # -- what must hold in the end

    def left_over(self) -> list[str]:
        """Return what is still there although every call is over; nothing, if all is well."""
        plane = self.plane.plane
        opened, closed = (
            {command.id for command in self.plane.said(kind)} for kind in (control.Open, control.Close)
        )
        ends = [
            one.facts.call_id for one in self.plane.disk.written if isinstance(one, Answered | Unanswered)
        ]
        core = plane.agent._core
        is_left: dict[str, object] = {
            "calls": plane.calls,
            "channels": plane._world.occupancy._on_number,
            "places": plane._world.occupancy._on_contract,
            "timers of calls": plane._world.alarms.earliest(),
            "streams": opened - closed,
            "dialogs": core.calls,
            "transactions": core.servers or core.clients,
            "lines that still ring": [leg for leg in self.line_calls if not leg.is_final],
            "lines that still talk": [leg for leg in self.line_calls if leg.dialog and not leg.is_ended],
            "calls with two ends": len(ends) - len(set(ends)),
            "calls without a record": len(self.calls) - len(self.records),
            "records without an end": [one for one in self.records if one.released_at_ms is None],
        }
        return [what for what, found in is_left.items() if found]


class RandomMedia:
    """A media process that is late, refuses, or forgets, as it likes."""

    def __init__(self, plane: PlaneOnNetwork, chance: random.Random) -> None:
        self._plane = plane
        self._chance = chance
        self._say: Callable[[control.Command], control.Event | None] = chance.choice(
            [self._rightly, self._rightly, self._refusing]
        )
        self._delays = chance.choice([(0.001,), (0.001, 0.4, 0.6, 2.0)])
        self._ports = 20_000

    def __call__(self, command: control.Command) -> None:
        """Take a command; its answer comes in a while, if at all."""
        plane = self._plane
        if not plane.media_is_up:
            return
        plane.commands.append(command)
        event = self._say(command)
        if event is not None:
            wait = self._chance.choice(
                self._delays if isinstance(command, control.Open) else (0.001, 0.5, 8.0)
            )
            plane._later.append((plane._now + wait, "media", event))

    def _rightly(self, command: control.Command) -> control.Event | None:
        if isinstance(command, control.Open):
            self._ports += 2
            return control.Opened(id=command.id, host="192.0.2.9", port=self._ports)
        if isinstance(command, control.Bridge):
            joined = {one.id for one in self._plane.said(control.Join)}
            is_possible = {command.id, command.other} <= joined
            return None if is_possible else control.Refused(id=command.id, error="not joined")
        return control.Finished(id=command.id) if isinstance(command, control.Play) else None

    def _refusing(self, command: control.Command) -> control.Event | None:
        if isinstance(command, control.Close) or self._chance.random() < 0.7:
            return self._rightly(command)
        return control.Refused(id=command.id, error="lost") if self._chance.random() < 0.7 else None


def _end(call: Call, now: float) -> None:
    """Hang up or give up, whichever the call's state wants."""
    if call.is_ended:
        return
    if call.dialog is not None:
        call.bye(now)
    elif not call.made_call_id:
        call.reject(now, 480)  # type: ignore[attr-defined]
    else:
        call.cancel(now)  # type: ignore[attr-defined]
