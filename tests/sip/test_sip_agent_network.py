"""Whole calls over a network that loses, repeats and delays: one final each, one ACK per 2xx, no rest."""

from __future__ import annotations

import gc
import random
import tracemalloc
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network import ALICE, BOB, Link, Network, pair, to_bob, user_agent

from chakka.sip.agent import UserAgent
from chakka.sip.call import Call
from chakka.sip.call_incoming import IncomingCall
from chakka.sip.call_outgoing import OutgoingCall
from chakka.sip.events import (
    Acked,
    AckTimeout,
    Answered,
    Bye,
    Cancelled,
    Event,
    Failed,
    IncomingInvite,
    Reinvite,
    ReinviteAnswered,
    ReinviteFailed,
)
from chakka.sip.message import Request, Response, parse

OFFER = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n"
)


class Users:
    """Alice calls; Bob does with each call what the dice say: ring, answer, refuse; somebody hangs up."""

    def __init__(self, network: Network, seed: int) -> None:
        self.network = network
        self.dice = random.Random(seed)
        self.finals: Counter[Call] = Counter()
        self.acked: Counter[Call] = Counter()
        self.answered: set[Call] = set()
        self.started: list[OutgoingCall] = []
        network.on_event = self.on_event

        self.hesitates = False
        self.ringing: list[IncomingCall] = []

    def call(self) -> None:
        agent = self.network.agents[ALICE]
        self.started.append(agent.invite(to_bob(body=OFFER), self.network.now))

    def on_event(self, where: object, event: Event) -> None:
        now = self.network.now
        if isinstance(event, IncomingInvite):
            self.decide(event, now)
        elif isinstance(event, Answered):
            self.finals[event.call] += 1
            self.answered.add(event.call)
            event.call.ack(now)
        elif isinstance(event, Failed):
            self.finals[event.call] += 1
        elif isinstance(event, Acked):
            self.acked[event.call] += 1
        elif isinstance(event, Cancelled) and not event.call.is_final:
            event.call.reject(now, 487)
        elif isinstance(event, AckTimeout):
            event.call.bye(now)
        elif isinstance(event, Reinvite):
            event.call.accept(event.transaction, OFFER, now)
        elif isinstance(event, ReinviteAnswered):
            event.call.ack(now)

    def decide(self, event: IncomingInvite, now: float) -> None:
        self.finals[event.call] += 0
        choice = self.dice.random()
        if choice < 0.8:
            event.call.progress(now, 183, tag="b", body=OFFER, reliable=self.dice.random() < 0.5)
        if self.hesitates:
            self.ringing.append(event.call)
        elif choice < 0.7:
            event.call.answer(now, OFFER, tag="b")
        else:
            event.call.reject(now, 486)


def at_rest(agent: UserAgent) -> bool:
    core = agent._core
    return not (core.clients or core.servers or core.merging or core.calls or len(core.alarms))


def calls_over(link: Link, seed: int, calls: int = 60) -> tuple[Network, Users]:
    network = pair(link, seed)
    users = Users(network, seed)
    for number in range(calls):
        users.call()
        network.run(0.05 * (number + 1))
    network.run(50.0)
    return network, users


@pytest.mark.parametrize("seed", range(3))
def test_five_percent_loss_and_jitter_lose_no_call(seed: int) -> None:
    network, users = calls_over(Link(loss=0.05, duplicates=0.02, delay=0.05, jitter=0.02), seed)
    assert [users.finals[call] for call in users.started] == [1] * len(users.started)
    assert not [
        event for _, event in network.events if isinstance(event, Failed) and event.cause != "response"
    ]
    assert sum(users.acked.values()) == len(users.answered)
    assert max(users.acked.values()) == 1


@pytest.mark.parametrize("seed", range(3))
def test_twenty_percent_loss_gives_each_invite_one_final_and_each_2xx_one_ack(seed: int) -> None:
    network, users = calls_over(Link(loss=0.2, duplicates=0.05, delay=0.05, jitter=0.04), seed)
    assert [users.finals[call] for call in users.started] == [1] * len(users.started)
    assert max(users.acked.values()) == 1
    failed = [event for _, event in network.events if isinstance(event, Failed) and event.cause != "response"]
    assert len(failed) <= 1
    assert len([event for where, event in network.events if isinstance(event, IncomingInvite)]) >= 59


def test_every_2xx_on_the_wire_is_followed_by_an_ack_of_its_dialog() -> None:
    network, _ = calls_over(Link(loss=0.2, delay=0.05), 7)
    acks = {
        (m.call_id, m.to.tag)
        for _, m in network.messages(source=ALICE)
        if isinstance(m, Request) and m.method == "ACK"
    }
    answers = {
        (m.call_id, m.to.tag)
        for _, m in network.messages(source=BOB)
        if isinstance(m, Response) and m.status == 200 and m.cseq.method == "INVITE"
    }
    assert answers
    assert answers <= acks


def hang_up_all(network: Network, users: Users) -> None:
    for call in users.answered:
        call.bye(network.now)
    network.run(network.now + 140.0)


@pytest.mark.parametrize("loss", [0.0, 0.2])
def test_nothing_is_left_when_all_calls_are_over(loss: float) -> None:
    network, users = calls_over(Link(loss=loss, delay=0.02), 3)
    hang_up_all(network, users)
    # A callee whose caller's BYE is lost eleven times waits for its session timer; none is so unlucky here.
    assert [at_rest(agent) for agent in network.agents.values()] == [True, True]


STEPS = ["call", "cancel", "bye", "reinvite", "wait", "wait", "answer", "refuse"]


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 2**32),
    st.lists(st.sampled_from(STEPS), max_size=30),
)
def test_any_schedule_of_calls_cancels_and_byes_over_a_bad_network_ends_clean(
    seed: int, steps: list[str]
) -> None:
    network = pair(Link(loss=0.1, duplicates=0.1, delay=0.05, jitter=0.05), seed)
    users = Users(network, seed)
    users.hesitates = True
    for step in steps:
        act(network, users, step)
    for call in users.started:
        call.cancel(network.now)
    network.run(network.now + 100.0)
    for incoming in users.ringing:
        if not incoming.is_final:
            incoming.reject(network.now, 480)
    network.run(network.now + 200.0)
    for _, event in network.events:
        if isinstance(event, IncomingInvite) and event.call.dialog is not None:
            event.call.bye(network.now)
    network.run(network.now + 200.0)
    assert [users.finals[call] for call in users.started] == [1] * len(users.started)
    assert max(users.acked.values(), default=0) <= 1 + steps.count("reinvite")
    assert [at_rest(agent) for agent in network.agents.values()] == [True, True]


def act(network: Network, users: Users, step: str) -> None:
    now = network.now
    if step == "call":
        users.call()
    elif step == "wait":
        network.run(now + users.dice.uniform(0.0, 1.0))
    elif step in ("answer", "refuse"):
        open_calls = [call for call in users.ringing if not call.is_final]
        if open_calls and step == "answer":
            users.dice.choice(open_calls).answer(now, OFFER, tag="b")
        elif open_calls:
            users.dice.choice(open_calls).reject(now, 486)
    elif users.started:
        call = users.dice.choice(users.started)
        if step == "cancel":
            call.cancel(now)
        elif call in users.answered and step == "bye":
            call.bye(now)
        elif call in users.answered and not call.is_reinviting:
            call.reinvite(now, OFFER)


def test_two_re_invites_that_cross_are_both_done_in_the_end() -> None:
    network = pair(Link(delay=0.05))
    users = Users(network, 1)
    incoming: list[Call] = []
    network.on_event = lambda where, event: (
        incoming.append(event.call) if isinstance(event, Acked) else None,
        users.on_event(where, event),
    )[1]
    users.dice = random.Random(4)
    while not incoming:
        users.call()
        network.run(network.now + 1.0)
    (caller,) = users.answered
    caller.reinvite(network.now, OFFER)
    incoming[0].reinvite(network.now, OFFER)
    network.run(network.now + 20.0)
    kinds = Counter(type(event).__name__ for _, event in network.events)
    assert kinds["ReinviteAnswered"] == 2
    assert not [event for _, event in network.events if isinstance(event, ReinviteFailed)]


def deliver(agents: dict[object, UserAgent], now: float) -> None:
    """Carry datagrams at once, without keeping a log of them."""
    moved = True
    while moved:
        moved = False
        for address, agent in agents.items():
            for event in agent.take_events():
                moved = True
                if isinstance(event, IncomingInvite):
                    event.call.progress(now, 183, body=OFFER)
                    event.call.answer(now, OFFER)
                elif isinstance(event, Answered):
                    event.call.ack(now)
            for data, to in agent.take_datagrams():
                moved = True
                agents[to].receive(data, address, now)  # type: ignore[arg-type]


@pytest.mark.parametrize("calls", [100, pytest.param(10_000, marks=pytest.mark.slow)])
def test_memory_after_many_finished_calls_is_what_it_was_before(calls: int) -> None:
    agents: dict[object, UserAgent] = {ALICE: user_agent("a", ALICE), BOB: user_agent("b", BOB)}

    def finish(count: int, start: float) -> None:
        for number in range(count):
            now = start + number * 0.1
            call = agents[ALICE].invite(to_bob(body=OFFER), now)
            deliver(agents, now)
            call.bye(now)
            deliver(agents, now)
            for agent in agents.values():
                agent.handle_timer(now)
        for agent in agents.values():
            agent.handle_timer(start + count * 0.1 + 100.0)

    tracemalloc.start()
    # Fills what the parsers remember of recent values, which is bounded.
    finish(150, 0.0)
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    finish(calls, 1000.0)
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert all(at_rest(agent) for agent in agents.values())
    assert after - before < 200_000


def test_a_live_call_of_two_legs_costs_less_than_16_kib() -> None:
    agents: dict[object, UserAgent] = {ALICE: user_agent("a", ALICE), BOB: user_agent("b", BOB)}
    calls = []
    for _ in range(30):
        agents[ALICE].invite(to_bob(body=OFFER), 0.0)
        deliver(agents, 0.0)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(200):
        calls.append(agents[ALICE].invite(to_bob(body=OFFER), 0.0))
        deliver(agents, 0.0)
    # Both legs of each call are counted, one in each agent, transactions still alive.
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert (after - before) / 200 < 16 * 1024


def test_every_datagram_sent_can_be_read_again() -> None:
    network, _ = calls_over(Link(delay=0.01), 5, calls=20)
    for _, _, _, data in network.sent:
        assert parse(data).to_bytes().count(b"\r\n\r\n") >= 1


def test_a_vanished_caller_leaves_only_what_a_session_timer_must_clear() -> None:
    network = pair(Link(delay=0.01))
    users = Users(network, 4)
    users.call()
    network.run(0.2)
    network.keep = lambda source, to, data: False
    network.run(200.0)
    held = [event.call for _, event in network.events if isinstance(event, IncomingInvite)]
    for call in held:
        if call.dialog is not None:
            call.bye(network.now)
    network.run(300.0)
    assert at_rest(network.agents[BOB])
    assert not [event for _, event in network.events if isinstance(event, Bye)]
