"""What a user agent must get right as client and as server, over a network that loses, and over TCP."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from network import ALICE, BOB, Address, Link, Network, pair, to_bob

from chakka.sip.address import Flow
from chakka.sip.agent import Outgoing
from chakka.sip.call_incoming import IncomingCall
from chakka.sip.call_outgoing import OutgoingCall
from chakka.sip.events import (
    Acked,
    Answered,
    Bye,
    Cancelled,
    Event,
    Failed,
    IncomingInvite,
    OtherRequest,
    Pracked,
    Reinvite,
    ReinviteAnswered,
    RequestEnded,
)
from chakka.sip.message import respond

OFFER = b"v=0\r\n"
LOSSY = Link(loss=0.1, duplicates=0.05, delay=0.05, jitter=0.04)
OVER_TCP = Flow(BOB[0], 5060, "tcp")


class Talk:
    """Alice calls Bob; `script` says what Bob does with the call, both do the usual with all else."""

    def __init__(self, script: Callable[[Talk], None], destination: Address, seed: int) -> None:
        self.network: Network = pair(LOSSY, seed)
        self.network.on_event = self._on_event
        self.destination = destination
        self.script = script
        self.callee: IncomingCall | None = None
        self.call: OutgoingCall | None = None
        self.told: dict[Address, Counter[str]] = {ALICE: Counter(), BOB: Counter()}

    def dial(self, **changes: object) -> Talk:
        outgoing = to_bob(destination=self.destination, **({"body": OFFER} | changes))
        self.call = self.network.agents[ALICE].invite(outgoing, self.network.now)
        return self

    def run(self, seconds: float) -> Talk:
        self.network.run(self.network.now + seconds)
        return self

    @property
    def now(self) -> float:
        return self.network.now

    @property
    def ringing(self) -> IncomingCall:
        assert self.callee is not None
        return self.callee

    @property
    def dialling(self) -> OutgoingCall:
        assert self.call is not None
        return self.call

    def _on_event(self, where: Address, event: Event) -> None:
        self.told[where][type(event).__name__] += 1
        if isinstance(event, IncomingInvite):
            self.callee = event.call
            self.script(self)
        elif isinstance(event, Answered | ReinviteAnswered):
            event.call.ack(self.now)
        elif isinstance(event, Cancelled) and not event.call.is_final:
            event.call.reject(self.now, 487)
        elif isinstance(event, Reinvite):
            event.call.accept(event.transaction, OFFER, self.now)
        elif isinstance(event, OtherRequest):
            self.network.agents[where].respond(event.transaction, respond(event.request, 200), self.now)

    def count(self, where: Address, event: type) -> int:
        return self.told[where][event.__name__]


def answers(talk: Talk) -> None:
    talk.ringing.progress(talk.now, 180)
    talk.ringing.answer(talk.now, OFFER)


def only_rings(talk: Talk) -> None:
    talk.ringing.progress(talk.now, 180)


def refuses(talk: Talk) -> None:
    talk.ringing.reject(talk.now, 486)


def rings_reliably(talk: Talk) -> None:
    talk.ringing.requires_100rel = True
    talk.ringing.progress(talk.now, 183, body=OFFER)


def is_answered_once(start: Callable[..., Talk]) -> None:
    talk = start(answers).dial().run(40.0)
    assert (talk.count(ALICE, Answered), talk.count(ALICE, Failed), talk.count(BOB, Acked)) == (1, 0, 1)


def offerless_is_answered_once(start: Callable[..., Talk]) -> None:
    talk = start(answers).dial(body=b"").run(40.0)
    assert (talk.count(ALICE, Answered), talk.count(BOB, Acked)) == (1, 1)


def is_refused_once(start: Callable[..., Talk]) -> None:
    talk = start(refuses).dial().run(80.0)
    assert (talk.count(ALICE, Failed), talk.count(BOB, IncomingInvite)) == (1, 1)


def is_cancelled_while_it_rings(start: Callable[..., Talk]) -> None:
    talk = start(only_rings).dial().run(10.0)
    talk.dialling.cancel(talk.now)
    talk.run(80.0)
    assert (talk.count(BOB, Cancelled), talk.count(ALICE, Failed)) == (1, 1)


def a_cancel_that_crosses_the_answer_leaves_nobody_waiting(start: Callable[..., Talk]) -> None:
    talk = start(only_rings).dial().run(10.0)
    talk.ringing.answer(talk.now, OFFER)
    talk.dialling.cancel(talk.now)
    talk.run(80.0)
    assert (talk.count(ALICE, Answered), talk.count(ALICE, Failed)) == (0, 1)
    assert talk.count(BOB, Bye) == 1
    assert talk.ringing.is_ended


def is_ended_by_the_caller(start: Callable[..., Talk]) -> None:
    talk = start(answers).dial().run(40.0)
    talk.dialling.bye(talk.now)
    talk.run(80.0)
    assert talk.count(BOB, Bye) == 1


def is_ended_by_the_callee(start: Callable[..., Talk]) -> None:
    talk = start(answers).dial().run(40.0)
    talk.ringing.bye(talk.now)
    talk.run(80.0)
    assert talk.count(ALICE, Bye) == 1


def two_byes_that_cross_end_it_on_both_sides(start: Callable[..., Talk]) -> None:
    talk = start(answers).dial().run(40.0)
    talk.dialling.bye(talk.now)
    talk.ringing.bye(talk.now)
    talk.run(80.0)
    assert talk.dialling.is_ended
    assert talk.ringing.is_ended


def is_put_on_hold(start: Callable[..., Talk]) -> None:
    talk = start(answers).dial().run(40.0)
    talk.dialling.reinvite(talk.now, OFFER)
    talk.run(40.0)
    assert (talk.count(BOB, Reinvite), talk.count(ALICE, ReinviteAnswered), talk.count(BOB, Acked)) == (
        1,
        1,
        2,
    )


def two_holds_that_cross_are_both_done(start: Callable[..., Talk]) -> None:
    talk = start(answers).dial().run(40.0)
    talk.dialling.reinvite(talk.now, OFFER)
    talk.ringing.reinvite(talk.now, OFFER)
    talk.run(100.0)
    assert (talk.count(ALICE, ReinviteAnswered), talk.count(BOB, ReinviteAnswered)) == (1, 1)


def a_reliable_provisional_is_acknowledged(start: Callable[..., Talk]) -> None:
    talk = start(rings_reliably).dial().run(40.0)
    assert talk.count(BOB, Pracked) == 1
    talk.ringing.answer(talk.now, OFFER)
    talk.run(40.0)
    assert (talk.count(ALICE, Answered), talk.count(BOB, Acked)) == (1, 1)


def a_quiet_call_is_refreshed(start: Callable[..., Talk]) -> None:
    talk = start(answers).dial().run(1000.0)
    assert not talk.dialling.is_ended
    assert not talk.ringing.is_ended


def options_are_answered(start: Callable[..., Talk]) -> None:
    talk = start(answers)
    outgoing = Outgoing(
        request_uri="sip:192.0.2.2",
        destination=talk.destination,
        from_="<sip:a@192.0.2.1>",
        to="<sip:192.0.2.2>",
    )
    talk.network.agents[ALICE].request("OPTIONS", outgoing, 0.0)
    talk.run(80.0)
    assert (talk.count(BOB, OtherRequest), talk.count(ALICE, RequestEnded)) == (1, 1)


BEHAVIOURS = (
    is_answered_once,
    offerless_is_answered_once,
    is_refused_once,
    is_cancelled_while_it_rings,
    a_cancel_that_crosses_the_answer_leaves_nobody_waiting,
    is_ended_by_the_caller,
    is_ended_by_the_callee,
    two_byes_that_cross_end_it_on_both_sides,
    is_put_on_hold,
    two_holds_that_cross_are_both_done,
    a_reliable_provisional_is_acknowledged,
    a_quiet_call_is_refreshed,
    options_are_answered,
)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("destination", [BOB, OVER_TCP], ids=["lossy udp", "tcp"])
@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda one: one.__name__.replace("_", " "))
def test_every_behaviour_holds_over_every_network(
    behaviour: Callable[[Callable[..., Talk]], None], destination: Address, seed: int
) -> None:
    behaviour(lambda script: Talk(script, destination, seed))
