"""Each timer of RFC 3261 Table 4, RFC 6026 and RFC 3262 at its real value, by a simulated clock."""

import pytest
from sip_peer import OFFER, PEER, Peer, request_text, response_text, str_of

from chakka.sip.agent import Outgoing
from chakka.sip.alarms import Alarms
from chakka.sip.events import AckTimeout, Failed, OtherRequest, ReliableTimeout, RequestEnded
from chakka.sip.message import respond
from chakka.sip.timers import Timers


def options(peer: Peer) -> None:
    outgoing = Outgoing(
        request_uri="sip:192.0.2.2", destination=PEER, from_="<sip:192.0.2.1>", to="<sip:192.0.2.2>"
    )
    peer.agent.request("OPTIONS", outgoing, peer.now)


def test_timers_a_and_b_repeat_an_invite_at_doubled_intervals_and_give_up_after_32_seconds() -> None:
    peer = Peer()
    peer.invited()
    assert peer.wait(31.9) == [(moment, "INVITE") for moment in (0.5, 1.5, 3.5, 7.5, 15.5, 31.5)]
    assert peer.told() == []
    assert peer.wait(32.0) == []
    assert peer.told() == [Failed(peer.call, 408, None, "timeout")]
    assert peer.is_at_rest


def test_a_provisional_stops_timers_a_and_b() -> None:
    peer = Peer()
    peer.sends(response_text(peer.invited(), 100, tag=""))
    assert peer.wait(300.0) == []
    assert [type(event).__name__ for event in peer.told()] == ["Provisional"]


def test_timer_d_keeps_a_failed_invite_for_32_seconds_and_acks_each_repetition() -> None:
    peer = Peer()
    failure = response_text(peer.invited(), 486)
    assert [str_of(message) for message in peer.sends(failure)] == ["ACK"]
    peer.wait(31.9)
    assert [str_of(message) for message in peer.sends(failure)] == ["ACK"]
    peer.wait(32.0)
    assert peer.sends(failure) == []
    assert peer.agent.counts["stray response"] == 1
    assert peer.is_at_rest


def test_timers_e_and_f_repeat_a_request_up_to_every_4_seconds_and_give_up_after_32() -> None:
    peer = Peer()
    options(peer)
    peer.heard()
    moments = (0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5)
    assert peer.wait(32.0) == [(moment, "OPTIONS") for moment in moments]
    (event,) = peer.told()
    assert isinstance(event, RequestEnded)
    assert (event.response, event.cause) == (None, "timeout")
    assert peer.is_at_rest


def test_timer_e_fires_every_4_seconds_in_proceeding() -> None:
    peer = Peer()
    options(peer)
    (request,) = peer.heard()
    peer.sends(response_text(request, 100, tag=""))  # type: ignore[arg-type]
    assert [moment for moment, _ in peer.wait(32.0)][:4] == [0.5, 4.5, 8.5, 12.5]


def test_timer_k_absorbs_repeated_responses_for_5_seconds() -> None:
    peer = Peer()
    options(peer)
    (request,) = peer.heard()
    answer = response_text(request, 200)  # type: ignore[arg-type]
    peer.sends(answer)
    peer.told()
    peer.wait(4.9)
    assert (peer.sends(answer), peer.told()) == ([], [])
    peer.wait(5.0)
    assert peer.is_at_rest


def test_timers_g_and_h_repeat_our_failure_up_to_every_4_seconds_for_32() -> None:
    peer = Peer()
    peer.calls().reject(0.0, 486)
    peer.heard()
    moments = (0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5)
    assert peer.wait(40.0) == [(moment, "486") for moment in moments]
    assert peer.is_at_rest


def test_timer_i_absorbs_acks_for_5_seconds_after_the_first() -> None:
    peer = Peer()
    peer.calls().reject(0.0, 486)
    (refusal,) = peer.heard()
    ack = request_text("ACK", to_tag=refusal.to.tag or "", headers=())
    peer.sends(ack)
    assert peer.wait(4.9) == []
    assert not peer.is_at_rest
    assert peer.wait(5.0) == []
    assert peer.is_at_rest


def test_timer_j_answers_a_repeated_request_with_the_same_octets_for_32_seconds() -> None:
    peer = Peer()
    ask = request_text("OPTIONS")
    peer.agent.receive(ask, PEER, 0.0)
    (event,) = peer.told()
    assert isinstance(event, OtherRequest)
    peer.agent.respond(event.transaction, respond(event.request, 200), 0.0)
    first = peer.agent.take_datagrams()
    peer.wait(31.9)
    peer.agent.receive(ask, PEER, peer.now)
    assert (peer.agent.take_datagrams(), peer.told()) == (first, [])
    peer.wait(32.0)
    assert peer.is_at_rest


def test_timer_l_absorbs_repeated_invites_for_32_seconds_after_our_2xx() -> None:
    peer = Peer()
    invite = request_text(body=OFFER)
    peer.agent.receive(invite, PEER, 0.0)
    call = peer.told()[0].call  # type: ignore[union-attr]
    call.answer(0.0, OFFER)
    answer = peer.heard()[-1]
    peer.sends(request_text("ACK", branch="z9hG4bKack", to_tag=answer.to.tag or ""))
    peer.told()
    peer.wait(31.9)
    assert (peer.sends(invite), peer.told()) == ([], [])
    peer.wait(32.0)
    assert len(peer.agent._core.servers) == 0


def test_timer_m_takes_2xx_of_other_branches_for_32_seconds() -> None:
    peer = Peer()
    invite = peer.invited()
    peer.sends(response_text(invite, 200, tag="first"))
    peer.call.ack(0.0)
    peer.heard()
    peer.wait(31.9)
    assert [str_of(m) for m in peer.sends(response_text(invite, 200, tag="second"))] == ["ACK", "BYE"]
    peer.wait(70.0)
    peer.told()
    assert peer.sends(response_text(invite, 200, tag="third")) == []


def test_an_answer_is_repeated_up_to_every_4_seconds_for_32_and_then_reported() -> None:
    peer = Peer()
    call = peer.calls()
    call.answer(0.0, OFFER)
    peer.heard()
    moments = (0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5)
    assert peer.wait(31.9) == [(moment, "200") for moment in moments]
    assert peer.wait(32.0) == []
    assert peer.told() == [AckTimeout(call)]
    assert peer.wait(100.0) == []


def test_a_183_with_sdp_is_repeated_after_half_one_and_two_seconds_and_then_every_minute() -> None:
    peer = Peer()
    peer.calls().progress(0.0, 183, body=OFFER)
    peer.heard()
    assert [moment for moment, _ in peer.wait(130.0)] == [0.5, 1.0, 2.0, 62.0, 122.0]


def test_a_180_without_sdp_is_repeated_every_minute() -> None:
    peer = Peer()
    peer.calls().progress(0.0, 180)
    peer.heard()
    assert peer.wait(130.0) == [(60.0, "180"), (120.0, "180")]


def test_a_reliable_183_is_repeated_at_doubled_intervals_for_32_seconds_and_then_reported() -> None:
    peer = Peer()
    call = peer.calls(headers=("Contact: <sip:192.0.2.2>", "Supported: 100rel"))
    call.progress(0.0, 183, tag="b", body=OFFER, reliable=True)
    peer.heard()
    assert [moment for moment, _ in peer.wait(31.9)] == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert peer.wait(100.0) == []
    assert peer.told() == [ReliableTimeout(call, "b")]


def test_a_cancelled_invite_without_a_final_response_is_given_up_after_32_seconds() -> None:
    peer = Peer()
    invite = peer.invited()
    peer.sends(response_text(invite, 180))
    peer.told()
    peer.call.cancel(0.0)
    (cancel,) = peer.heard()
    peer.sends(response_text(cancel, 200))  # type: ignore[arg-type]
    assert peer.wait(31.9) == []
    peer.wait(32.0)
    assert peer.told() == [Failed(peer.call, 408, None, "timeout")]
    assert peer.is_at_rest


def test_every_timer_is_a_setting_and_the_rest_follows_from_t1_and_t4() -> None:
    timers = Timers(t1=0.1, t4=1.0, timer_h=2.0)
    assert (timers.timer_b, timers.timer_f, timers.timer_l) == pytest.approx((6.4, 6.4, 6.4))
    assert (timers.timer_i, timers.timer_k) == (1.0, 1.0)
    assert timers.timer_h == 2.0


class Ringing:
    def __init__(self) -> None:
        self.rung: list[tuple[str, float]] = []

    def on_alarm(self, name: str, now: float) -> None:
        self.rung.append((name, now))


def test_alarms_ring_in_the_order_in_which_they_are_due() -> None:
    alarms, owner = Alarms(), Ringing()
    for due, name in ((3.0, "c"), (1.0, "a"), (2.0, "b"), (9.0, "later")):
        alarms.start(due, owner, name)
    alarms.ring(5.0)
    assert [name for name, _ in owner.rung] == ["a", "b", "c"]
    assert alarms.earliest() == 9.0


def test_stopped_alarms_leave_the_heap_long_before_they_are_due() -> None:
    alarms, owner = Alarms(), Ringing()
    for number in range(10_000):
        alarms.stop(alarms.start(1000.0 + number, owner, "x"))
    assert len(alarms._heap) < 200
    assert len(alarms) == 0
    assert alarms.earliest() is None


def test_an_alarm_stopped_twice_or_after_ringing_counts_once() -> None:
    alarms, owner = Alarms(), Ringing()
    alarm = alarms.start(1.0, owner, "x")
    alarms.ring(1.0)
    alarms.stop(alarm)
    other = alarms.start(2.0, owner, "y")
    alarms.stop(other)
    alarms.stop(other)
    assert len(alarms) == 0
