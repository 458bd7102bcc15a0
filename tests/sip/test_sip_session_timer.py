"""Session timers (RFC 4028): agreed with every kind of peer, refreshed by either side, over if by neither."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from network import ALICE, BOB, Link, pair, to_bob
from sip_peer import OFFER, Peer, request_text, response_text, statuses

from chakka.sip.call import Call
from chakka.sip.events import (
    AckTimeout,
    Answered,
    Failed,
    IncomingInvite,
    Reinvite,
    ReinviteAnswered,
    ReinviteFailed,
    SessionExpired,
)
from chakka.sip.grammar import Malformed
from chakka.sip.message import Request, Response
from chakka.sip.session_timer import Terms, agreed_as_server, parse_session_expires
from chakka.sip.timers import Timers

CONTACT = "Contact: <sip:192.0.2.2:5060>"
UPDATE = "Allow: INVITE, ACK, UPDATE"


def asks(*lines: str, supported: bool = True) -> tuple[str, ...]:
    return (CONTACT, UPDATE, *(("Supported: timer",) if supported else ()), *lines)


def answered_caller(peer: Peer, headers: tuple[str, ...]) -> tuple[Any, Response]:
    """Return our incoming call, answered and ACKed, and our 200."""
    call = peer.calls(headers=headers)
    call.answer(0.0, OFFER)  # type: ignore[attr-defined]
    answer = peer.heard()[-1]
    assert isinstance(answer, Response)
    peer.sends(request_text("ACK", to_tag=answer.to.tag or "", headers=()))
    peer.told()
    return call, answer


def answering_callee(peer: Peer, *lines: str) -> Request:
    """Return our INVITE after a 200 with these header lines, ACKed."""
    invite = peer.invited()
    peer.sends(response_text(invite, 200, headers=(CONTACT, *lines)))
    peer.call.ack(0.0)
    peer.heard()
    peer.told()
    return invite


def from_callee(peer: Peer, method: str, number: int = 1, **changes: Any) -> bytes:
    tags = {"call_id": peer.call.call_id, "from_tag": "callee", "to_tag": peer.call.local_tag}
    return request_text(method, number=number, branch=f"z9hG4bKc{number}", **(tags | changes))


def at(peer: Peer, moment: float) -> list[Request | Response]:
    """Return what our agent sends at `moment`, all that was due before being let pass."""
    peer.wait(moment - 0.001)
    peer.now = moment
    peer.agent.handle_timer(moment)
    return peer.heard()


# What is agreed.


@pytest.mark.parametrize(
    ("lines", "supported", "agreed", "required"),
    [
        ((), True, "300;refresher=uac", "timer"),
        ((), False, "300;refresher=uas", None),
        (("Session-Expires: 1800",), True, "300;refresher=uac", "timer"),
        (("x: 1800;refresher=UAS",), True, "300;refresher=uas", "timer"),
        (("Session-Expires: 120;refresher=uac",), True, "120;refresher=uac", "timer"),
        (("Session-Expires: 1800", "Min-SE: 600"), True, "600;refresher=uac", "timer"),
        (("Min-SE: 400",), True, "400;refresher=uac", "timer"),
        (("Session-Expires: 30",), False, "90;refresher=uas", None),
        (("Session-Expires: 200;refresher=nobody",), True, "200;refresher=uac", "timer"),
    ],
)
def test_our_answer_shortens_the_session_but_not_below_either_minimum(
    lines: tuple[str, ...], supported: bool, agreed: str, required: str | None
) -> None:
    _, answer = answered_caller(Peer(), asks(*lines, supported=supported))
    assert answer.headers.get("Session-Expires") == agreed
    assert answer.headers.get("Require") == required


def test_a_session_shorter_than_ours_may_be_is_refused_by_422_with_our_minimum() -> None:
    (refusal,) = Peer().sends(request_text(headers=asks("Session-Expires: 89")))
    assert statuses([refusal]) == ["422"]
    assert refusal.headers.get("Min-SE") == "90"


@pytest.mark.parametrize("line", ["Session-Expires: soon", "Session-Expires: 300 s", "Min-SE: -1"])
def test_session_headers_that_cannot_be_read_are_refused_before_anything_is_kept(line: str) -> None:
    peer = Peer()
    assert statuses(peer.sends(request_text(headers=asks(line)))) == ["400"]
    assert peer.is_at_rest


def test_our_invite_asks_for_a_session_of_300_seconds_and_lets_the_peer_choose_who_refreshes() -> None:
    invite = Peer().invited()
    assert invite.headers.get("Session-Expires") == "300"
    assert "timer" in invite.headers.values("Supported")


def test_an_invite_refused_by_422_goes_out_again_with_the_interval_that_the_peer_wants() -> None:
    peer = Peer()
    invite = peer.invited()
    ack, again = peer.sends(response_text(invite, 422, headers=("Min-SE: 600",)))
    assert statuses([ack, again]) == ["ACK", "INVITE"]
    assert (again.call_id, again.from_.tag) == (invite.call_id, invite.from_.tag)
    assert again.cseq.number == invite.cseq.number + 1
    assert (again.headers.get("Session-Expires"), again.headers.get("Min-SE")) == ("600", "600")
    assert peer.told() == []


@pytest.mark.parametrize("headers", [(), ("Min-SE: 300",), ("Min-SE: x",)])
def test_a_422_that_wants_nothing_longer_fails_the_call(headers: tuple[str, ...]) -> None:
    peer = Peer()
    assert statuses(peer.sends(response_text(peer.invited(), 422, headers=headers))) == ["ACK"]
    (event,) = peer.told()
    assert isinstance(event, Failed)


def test_a_cancelled_invite_is_not_tried_again_after_422() -> None:
    peer = Peer()
    invite = peer.invited()
    peer.sends(response_text(invite, 180))
    peer.call.cancel(0.0)
    peer.heard()
    assert statuses(peer.sends(response_text(invite, 422, headers=("Min-SE: 600",)))) == ["ACK"]


@given(st.integers(0, 2**32), st.integers(0, 2**32), st.booleans(), st.sampled_from(["uac", "uas", None]))
def test_what_we_agree_to_is_never_below_a_minimum(
    interval: int, minimum: int, supported: bool, refresher: Any
) -> None:
    terms = Terms(interval=interval, refresher=refresher, minimum=minimum, is_supported=supported)
    agreement, lines = agreed_as_server(terms, Timers())
    assert agreement.interval >= max(minimum, 90)
    assert agreement.we_refresh == ("refresher=uas" in lines)
    assert 0 < agreement.patience < agreement.interval


@given(st.text(max_size=30))
def test_junk_for_an_interval_is_malformed_or_a_number(text: str) -> None:
    try:
        interval, _ = parse_session_expires(text)
    except Malformed as fault:
        assert fault.status == 400
    else:
        assert interval >= 0


# Our refresh.


@pytest.mark.parametrize(
    ("lines", "moment"),
    [
        ((UPDATE,), 150.0),
        ((UPDATE, "Session-Expires: 120;refresher=uac"), 60.0),
        ((UPDATE, "Session-Expires: 120"), 60.0),
        ((UPDATE, "Session-Expires: 5;refresher=uac"), 45.0),
        ((UPDATE, "Session-Expires: nonsense"), 150.0),
        ((UPDATE, "Session-Expires: 9999;refresher=uac"), 150.0),
    ],
)
def test_we_refresh_by_update_at_half_the_interval_unless_the_peer_does(
    lines: tuple[str, ...], moment: float
) -> None:
    peer = Peer()
    answering_callee(peer, *lines)
    (update,) = at(peer, moment)
    assert isinstance(update, Request)
    assert (update.method, update.body) == ("UPDATE", b"")
    assert (update.headers.get("Session-Expires") or "").endswith(";refresher=uac")
    peer.sends(response_text(update, 200, headers=(CONTACT, *lines)))
    (again,) = at(peer, 2 * moment)
    assert again.cseq.number == update.cseq.number + 1
    assert peer.told() == []


def test_a_peer_without_update_gets_the_same_offer_again_and_its_answer_is_acked_by_itself() -> None:
    peer = Peer()
    answering_callee(peer)
    (reinvite,) = at(peer, 150.0)
    assert isinstance(reinvite, Request)
    assert (reinvite.method, reinvite.body) == ("INVITE", OFFER)
    assert statuses(peer.sends(response_text(reinvite, 200))) == ["ACK"]
    assert peer.told() == []
    assert statuses(at(peer, 300.0)) == ["INVITE"]


def test_a_peer_that_refuses_update_gets_a_re_invite_at_once() -> None:
    peer = Peer()
    answering_callee(peer, UPDATE)
    (update,) = at(peer, 150.0)
    assert statuses(peer.sends(response_text(update, 501))) == ["INVITE"]  # type: ignore[arg-type]


def test_a_refresh_refused_by_422_is_sent_again_with_a_longer_interval() -> None:
    peer = Peer()
    answering_callee(peer, UPDATE)
    (update,) = at(peer, 150.0)
    (again,) = peer.sends(response_text(update, 422, headers=("Min-SE: 500",)))  # type: ignore[arg-type]
    assert again.headers.get("Session-Expires") == "500;refresher=uac"
    peer.sends(response_text(again, 200, headers=(CONTACT, "Session-Expires: 500;refresher=uac")))  # type: ignore[arg-type]
    assert statuses(at(peer, 400.0)) == ["UPDATE"]


def test_a_refresh_that_is_put_off_is_tried_again_after_retry_after() -> None:
    peer = Peer()
    answering_callee(peer, UPDATE)
    (update,) = at(peer, 150.0)
    peer.sends(response_text(update, 503, headers=("Retry-After: 9",)))  # type: ignore[arg-type]
    assert peer.told() == []
    assert peer.wait(158.9) == []
    assert statuses(at(peer, 159.0)) == ["UPDATE"]


@pytest.mark.parametrize("status", [408, 481])
def test_a_peer_that_does_not_know_the_dialog_any_more_is_hung_up(status: int) -> None:
    peer = Peer()
    answering_callee(peer, UPDATE)
    (update,) = at(peer, 150.0)
    assert statuses(peer.sends(response_text(update, status))) == ["BYE"]  # type: ignore[arg-type]
    assert peer.told() == [SessionExpired(peer.call)]


def test_a_vanished_peer_is_found_out_by_our_refresh_within_the_interval() -> None:
    peer = Peer()
    answering_callee(peer, UPDATE)
    at(peer, 150.0)
    sent = peer.wait(400.0)
    assert peer.told() == [SessionExpired(peer.call)]
    (first, *_) = [moment for moment, line in sent if line == "BYE"]
    assert first == 182.0
    assert peer.is_at_rest


def test_a_user_s_re_invite_waits_for_our_refresh_and_then_goes_out() -> None:
    peer = Peer()
    answering_callee(peer)
    (refresh,) = at(peer, 150.0)
    assert not peer.call.is_reinviting
    peer.call.reinvite(150.0, b"hold")
    assert peer.heard() == []
    assert peer.call.is_reinviting
    ack, hold = peer.sends(response_text(refresh, 200))  # type: ignore[arg-type]
    assert statuses([ack, hold]) == ["ACK", "INVITE"]
    assert hold.body == b"hold"
    peer.sends(response_text(hold, 200))  # type: ignore[arg-type]
    (event,) = peer.told()
    assert isinstance(event, ReinviteAnswered)
    peer.call.ack(150.0)
    assert peer.call.session_body == OFFER


def test_our_refresh_waits_while_the_peer_s_re_invite_is_open() -> None:
    peer = Peer()
    answering_callee(peer, UPDATE)
    peer.wait(149.0)
    peer.sends(from_callee(peer, "INVITE", body=b"hold"))
    (event,) = peer.told()
    assert isinstance(event, Reinvite)
    assert peer.wait(151.0) == []
    peer.call.accept(event.transaction, b"held", 151.0)
    peer.heard()
    peer.sends(from_callee(peer, "ACK", headers=()))
    assert peer.wait(300.9) == []
    assert statuses(at(peer, 301.0)) == ["UPDATE"]


def test_a_users_re_invite_refused_by_481_ends_the_call() -> None:
    peer = Peer()
    answering_callee(peer)
    peer.call.reinvite(0.0, b"hold")
    (reinvite,) = peer.heard()
    assert statuses(peer.sends(response_text(reinvite, 481))) == ["ACK", "BYE"]  # type: ignore[arg-type]
    assert peer.told() == [ReinviteFailed(peer.call, 481), SessionExpired(peer.call)]


def test_a_users_re_invite_is_a_refresh() -> None:
    peer = Peer()
    answering_callee(peer, UPDATE)
    peer.wait(100.0)
    peer.call.reinvite(100.0, b"hold")
    (reinvite,) = peer.heard()
    assert reinvite.headers.get("Session-Expires") == "300;refresher=uac"
    peer.sends(response_text(reinvite, 200))  # type: ignore[arg-type]
    peer.call.ack(100.0)
    peer.heard()
    assert peer.wait(249.9) == []
    assert statuses(at(peer, 250.0)) == ["UPDATE"]


# The peer's refresh.


def test_a_peer_that_refreshes_and_stops_is_hung_up_32_seconds_before_the_session_is_over() -> None:
    peer = Peer()
    call, _ = answered_caller(peer, asks("Session-Expires: 300;refresher=uac"))
    assert peer.wait(267.9) == []
    assert statuses(at(peer, 268.0)) == ["BYE"]
    assert peer.told() == [SessionExpired(call)]


def test_an_update_of_the_peer_begins_the_session_anew() -> None:
    peer = Peer()
    answering_callee(peer, "Session-Expires: 300;refresher=uas")
    peer.wait(150.0)
    lines = (CONTACT, "Supported: timer", "Session-Expires: 300;refresher=uac")
    (answer,) = peer.sends(from_callee(peer, "UPDATE", headers=lines))
    assert peer.told() == []
    assert answer.headers.get("Session-Expires") == "300;refresher=uac"
    assert answer.headers.get("Require") == "timer"
    assert peer.wait(417.9) == []
    assert statuses(at(peer, 418.0)) == ["BYE"]


def test_the_side_that_refreshed_goes_on_when_a_request_leaves_it_open() -> None:
    peer = Peer()
    answering_callee(peer, UPDATE, "Session-Expires: 300;refresher=uac")
    (answer,) = peer.sends(from_callee(peer, "UPDATE", headers=(CONTACT, "Supported: timer")))
    assert answer.headers.get("Session-Expires") == "300;refresher=uas"


def test_a_re_invite_of_the_peer_begins_the_session_anew_once_it_is_accepted() -> None:
    peer = Peer()
    answering_callee(peer, "Session-Expires: 300;refresher=uas")
    peer.wait(100.0)
    lines = (CONTACT, "Supported: timer", "Session-Expires: 200;refresher=uac")
    peer.sends(from_callee(peer, "INVITE", headers=lines, body=b"hold"))
    (event,) = peer.told()
    assert isinstance(event, Reinvite)
    peer.call.accept(event.transaction, b"held", 100.0)
    (answer,) = peer.heard()
    assert answer.headers.get("Session-Expires") == "200;refresher=uac"
    peer.sends(from_callee(peer, "ACK", headers=()))
    assert peer.wait(267.9) == []
    assert statuses(at(peer, 268.0)) == ["BYE"]


def test_an_update_moves_the_target_even_while_a_re_invite_waits_for_its_answer() -> None:
    peer = Peer()
    answering_callee(peer)
    peer.sends(from_callee(peer, "INVITE", body=b"hold"))
    moved = ("Contact: <sip:192.0.2.66>",)
    assert statuses(peer.sends(from_callee(peer, "UPDATE", number=2, headers=moved))) == ["200"]
    peer.call.bye(0.0)
    bye = peer.heard()[-1]
    assert isinstance(bye, Request)
    assert bye.uri == "sip:192.0.2.66"


def test_an_update_with_too_short_an_interval_is_refused_and_changes_nothing() -> None:
    peer = Peer()
    answering_callee(peer, UPDATE)
    short = (CONTACT, "Supported: timer", "Session-Expires: 10")
    assert statuses(peer.sends(from_callee(peer, "UPDATE", headers=short))) == ["422"]
    assert peer.told() == []
    assert statuses(at(peer, 150.0)) == ["UPDATE"]


def test_a_caller_without_session_timers_is_refreshed_by_us() -> None:
    peer = Peer()
    answered_caller(peer, (CONTACT, UPDATE))
    assert statuses(at(peer, 150.0)) == ["UPDATE"]


def test_a_call_that_is_over_is_not_refreshed() -> None:
    peer = Peer()
    answering_callee(peer, UPDATE)
    peer.call.bye(1.0)
    (bye,) = peer.heard()
    peer.sends(response_text(bye, 200))  # type: ignore[arg-type]
    assert peer.wait(400.0) == []
    assert peer.is_at_rest


# Both sides chakka, over a bad network.


@pytest.mark.parametrize("seed", range(5))
def test_a_call_of_an_hour_over_a_bad_network_lives_and_ends_when_one_side_vanishes(seed: int) -> None:
    network = pair(Link(loss=0.1, duplicates=0.05, delay=0.05, jitter=0.04), seed)
    incoming: list[Call] = []

    def act(where: object, event: object) -> None:
        if isinstance(event, IncomingInvite):
            incoming.append(event.call)
            event.call.answer(network.now, OFFER)
        elif isinstance(event, Answered):
            event.call.ack(network.now)
        elif isinstance(event, Reinvite):
            event.call.accept(event.transaction, OFFER, network.now)
        else:
            assert not isinstance(event, AckTimeout)

    network.on_event = act
    call = network.agents[ALICE].invite(to_bob(), 0.0)
    network.run(3600.0)
    assert not call.is_ended
    assert not incoming[0].is_ended
    network.keep = lambda source, to, data: False
    network.run(3600.0 + 300.0)
    assert network.told(ALICE)[-1] == SessionExpired(call)
    assert network.told(BOB)[-1] == SessionExpired(incoming[0])
