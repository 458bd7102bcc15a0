"""The called side: early dialogs, reliable provisionals, answer, CANCEL (RFC 3261 §9, §13.3; RFC 3262)."""

import pytest
from sip_peer import OFFER, Peer, request_text, statuses

from chakka.sip.call_incoming import IncomingCall
from chakka.sip.events import Acked, AckTimeout, Bye, Cancelled, Pracked, ReliableTimeout
from chakka.sip.message import Request, Response

CONTACT = "Contact: <sip:192.0.2.2>"
RELIABLE = (CONTACT, "Supported: 100rel")


def heard_one(peer: Peer) -> Request | Response:
    (message,) = peer.heard()
    return message


def prack(response: Request | Response, number: int = 2, **changes: object) -> bytes:
    rack = f"RAck: {response.headers.get('RSeq')} 1 INVITE"
    parts: dict[str, object] = {
        "branch": f"z9hG4bKp{number}",
        "to_tag": response.to.tag or "",
        "headers": (rack,),
    }
    return request_text("PRACK", number=number, **(parts | changes))  # type: ignore[arg-type]


def test_an_invite_gets_100_at_once() -> None:
    peer = Peer()
    assert statuses(peer.sends(request_text(body=OFFER))) == ["100"]
    (event,) = peer.told()
    assert event.call.offer == OFFER  # type: ignore[union-attr]


def test_each_branch_is_its_own_early_dialog_and_the_answer_uses_the_tag_of_its_branch() -> None:
    peer = Peer()
    call = peer.calls()
    call.progress(0.0, 183, tag="b1", body=b"sdp one")
    call.progress(0.0, 183, tag="b2", body=b"sdp two")
    call.progress(0.0, 180, tag="b1")
    call.answer(0.0, b"sdp two", tag="b2")
    first, second, third, answer = peer.heard()
    assert first.to.tag == third.to.tag != second.to.tag == answer.to.tag
    assert answer.body == b"sdp two"


def test_only_the_last_provisional_is_repeated() -> None:
    peer = Peer()
    call = peer.calls()
    call.progress(0.0, 183, tag="b1", body=b"sdp one")
    call.progress(0.0, 183, tag="b2", body=b"sdp two")
    peer.heard()
    peer.now = 0.5
    peer.agent.handle_timer(0.5)
    assert heard_one(peer).body == b"sdp two"


def test_nothing_is_repeated_after_the_final_response() -> None:
    peer = Peer()
    call = peer.calls()
    call.progress(0.0, 183, body=OFFER)
    call.reject(0.1, 486)
    final = peer.heard()[-1]
    peer.sends(request_text("ACK", to_tag=final.to.tag or ""))
    assert peer.wait(100.0) == []
    assert peer.is_at_rest


def test_a_refusal_carries_reason_and_phrase_as_given() -> None:
    peer = Peer()
    peer.calls().reject(0.0, 480, "Temporarily Unavailable", (("Reason", "Q.850;cause=31"),))
    refusal = heard_one(peer)
    assert isinstance(refusal, Response)
    assert (refusal.status, refusal.headers.get("Reason")) == (480, "Q.850;cause=31")


def test_an_answer_is_acked_once_however_often_the_ack_comes() -> None:
    peer = Peer()
    call = peer.calls()
    call.answer(0.0, OFFER)
    tag = heard_one(peer).to.tag or ""
    for branch in ("z9hG4bKa", "z9hG4bKa", "z9hG4bKb"):
        peer.sends(request_text("ACK", branch=branch, to_tag=tag, body=b"answer"))
    assert peer.told() == [Acked(call, b"answer")]
    assert peer.wait(100.0) == []


def test_an_ack_that_wrongly_has_the_branch_of_its_invite_counts() -> None:
    peer = Peer()
    call = peer.calls()
    call.answer(0.0, OFFER)
    peer.sends(request_text("ACK", branch="z9hG4bKone", to_tag=heard_one(peer).to.tag or ""))
    assert peer.told() == [Acked(call, b"")]


def test_an_ack_with_another_cseq_does_not_confirm() -> None:
    peer = Peer()
    peer.calls().answer(0.0, OFFER)
    tag = heard_one(peer).to.tag or ""
    peer.sends(request_text("ACK", branch="z9hG4bKa", number=2, to_tag=tag))
    assert peer.told() == []


def test_without_an_ack_the_call_is_cleaned_up_in_37_seconds() -> None:
    peer = Peer()
    call = peer.calls()
    call.answer(0.0, OFFER)
    peer.wait(32.0)
    assert peer.told() == [AckTimeout(call)]
    call.bye(peer.now)
    bye = heard_one(peer)
    assert statuses([bye]) == ["BYE"]
    peer.wait(64.0)
    assert peer.is_at_rest


def test_a_bye_before_the_ack_waits_for_it() -> None:
    peer = Peer()
    call = peer.calls()
    call.answer(0.0, OFFER)
    tag = heard_one(peer).to.tag or ""
    call.bye(0.1, (("Reason", "Q.850;cause=16"),))
    assert peer.heard() == []
    (bye,) = peer.sends(request_text("ACK", branch="z9hG4bKa", to_tag=tag))
    assert isinstance(bye, Request)
    assert (bye.method, bye.headers.get("Reason")) == ("BYE", "Q.850;cause=16")


def test_a_bye_before_the_lost_ack_ends_the_call_and_its_repetitions() -> None:
    peer = Peer()
    call = peer.calls()
    call.answer(0.0, OFFER)
    tag = heard_one(peer).to.tag or ""
    assert statuses(peer.sends(request_text("BYE", branch="z9hG4bKb", number=2, to_tag=tag))) == ["200"]
    assert [type(event) for event in peer.told()] == [Bye]
    assert call.is_ended
    assert peer.wait(100.0) == []
    assert peer.is_at_rest


# CANCEL.


def test_a_cancel_gets_200_and_the_user_ends_the_invite_with_487() -> None:
    peer = Peer()
    call = peer.calls()
    assert statuses(peer.sends(request_text("CANCEL"))) == ["200"]
    (event,) = peer.told()
    assert isinstance(event, Cancelled)
    event.call.reject(0.0, 487)
    assert statuses(peer.heard()) == ["487"]
    assert call.is_final


def test_a_repeated_cancel_is_answered_again_but_reported_once_it_has_been_acted_on() -> None:
    peer = Peer()
    call = peer.calls()
    peer.sends(request_text("CANCEL"))
    peer.told()
    call.reject(0.0, 487)
    peer.heard()
    assert statuses(peer.sends(request_text("CANCEL"))) == ["200"]
    assert peer.told() == []


def test_a_cancel_that_crosses_our_200_changes_nothing() -> None:
    peer = Peer()
    call = peer.calls()
    call.answer(0.0, OFFER)
    tag = heard_one(peer).to.tag or ""
    assert statuses(peer.sends(request_text("CANCEL"))) == ["200"]
    assert peer.told() == []
    peer.sends(request_text("ACK", branch="z9hG4bKa", to_tag=tag))
    assert peer.told() == [Acked(call, b"")]


def test_a_bye_on_an_early_dialog_is_a_cancel() -> None:
    peer = Peer()
    call = peer.calls()
    call.progress(0.0, 183, tag="b")
    tag = heard_one(peer).to.tag or ""
    assert statuses(peer.sends(request_text("BYE", branch="z9hG4bKb", number=2, to_tag=tag))) == ["200"]
    assert [type(event) for event in peer.told()] == [Cancelled]


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_an_offer_on_an_early_dialog_has_to_wait(method: str) -> None:
    peer = Peer()
    peer.calls().progress(0.0, 183)
    tag = heard_one(peer).to.tag or ""
    (response,) = peer.sends(request_text(method, branch="z9hG4bKu", number=2, to_tag=tag))
    assert statuses([response]) == ["500"]
    assert "Retry-After" in response.headers


@pytest.mark.parametrize("again", ["answer", "reject", "progress"])
def test_a_final_response_is_given_once(again: str) -> None:
    peer = Peer()
    call = peer.calls()
    call.answer(0.0, OFFER)
    second = {
        "answer": lambda: call.answer(0.0, OFFER),
        "reject": lambda: call.reject(0.0, 486),
        "progress": lambda: call.progress(0.0),
    }[again]
    with pytest.raises(RuntimeError):
        second()


def test_an_unanswered_call_cannot_be_ended_by_bye() -> None:
    with pytest.raises(RuntimeError):
        Peer().calls().bye(0.0)


# Reliable provisional responses.


def reliably(peer: Peer) -> tuple[IncomingCall, Response]:
    call = peer.calls(headers=RELIABLE)
    call.progress(0.0, 183, tag="b", body=OFFER, reliable=True)
    response = heard_one(peer)
    assert isinstance(response, Response)
    return call, response


def test_a_reliable_183_is_acknowledged_by_prack() -> None:
    peer = Peer()
    call, response = reliably(peer)
    assert response.headers.values("Require") == ["100rel"]
    assert statuses(peer.sends(prack(response))) == ["200"]
    assert peer.told() == [Pracked(call, "b", b"")]
    assert peer.wait(31.0) == []


def test_the_answer_to_our_offer_comes_in_the_prack() -> None:
    peer = Peer()
    call = peer.calls(headers=RELIABLE, body=b"")
    call.progress(0.0, 183, tag="b", body=OFFER, reliable=True)  # type: ignore[attr-defined]
    response = peer.heard()[-1]
    assert statuses(peer.sends(prack(response, body=b"answer"))) == ["200"]
    assert peer.told() == [Pracked(call, "b", b"answer")]  # type: ignore[arg-type]


def test_a_prack_that_offers_anew_acknowledges_but_its_offer_is_refused() -> None:
    peer = Peer()
    call, response = reliably(peer)
    assert statuses(peer.sends(prack(response, body=b"another offer"))) == ["488"]
    assert peer.told() == [Pracked(call, "b", b"")]
    assert peer.wait(31.0) == []


def test_a_repeated_prack_gets_200_again_and_says_nothing_new() -> None:
    peer = Peer()
    _, response = reliably(peer)
    peer.sends(prack(response))
    peer.told()
    assert statuses(peer.sends(prack(response))) == ["200"]
    assert peer.told() == []


@pytest.mark.parametrize("rack", ["RAck: 1 1 INVITE", "RAck: 4294967295 1 INVITE", "RAck: x", "X: no RAck"])
def test_a_prack_for_something_else_gets_481(rack: str) -> None:
    peer = Peer()
    _, response = reliably(peer)
    assert statuses(peer.sends(prack(response, headers=(rack,)))) == ["481"]
    assert peer.told() == []


def test_the_next_reliable_provisional_waits_for_the_prack_of_the_one_before() -> None:
    peer = Peer()
    call, first = reliably(peer)
    call.progress(0.0, 180, tag="b", reliable=True)
    assert peer.heard() == []
    ok, second = peer.sends(prack(first))
    assert statuses([ok, second]) == ["200", "180"]
    assert int(second.headers.get("RSeq") or "") == int(first.headers.get("RSeq") or "") + 1


def test_each_branch_has_its_own_reliable_provisionals() -> None:
    peer = Peer()
    call, _ = reliably(peer)
    call.progress(0.0, 183, tag="c", body=OFFER, reliable=True)
    other = heard_one(peer)
    peer.sends(prack(other))
    assert peer.told() == [Pracked(call, "c", b"")]


def test_the_answer_waits_for_the_prack_of_an_offer_or_answer_in_a_183() -> None:
    peer = Peer()
    call, response = reliably(peer)
    call.answer(0.0, OFFER, tag="b")
    assert peer.heard() == []
    assert statuses(peer.sends(request_text("CANCEL"))) == ["200"]
    assert statuses(peer.sends(prack(response))) == ["200", "200"]
    assert [type(event) for event in peer.told()] == [Pracked]


def test_the_answer_goes_out_when_the_prack_never_comes() -> None:
    peer = Peer()
    call, _ = reliably(peer)
    call.answer(0.0, OFFER, tag="b")
    assert peer.wait(32.0)[-1] == (32.0, "200")
    assert peer.told() == [ReliableTimeout(call, "b")]


def test_a_caller_that_ends_while_the_answer_waits_gets_487() -> None:
    peer = Peer()
    call, response = reliably(peer)
    call.answer(0.0, OFFER, tag="b")
    bye = request_text("BYE", branch="z9hG4bKb", number=2, to_tag=response.to.tag or "")
    assert statuses(peer.sends(bye)) == ["200", "487"]
    assert [type(event) for event in peer.told()] == [Bye]


def test_a_prack_that_comes_after_the_answer_is_still_acknowledged() -> None:
    peer = Peer()
    call = peer.calls(headers=RELIABLE)
    call.progress(0.0, 180, tag="b", reliable=True)
    ringing = heard_one(peer)
    call.answer(0.0, OFFER, tag="b")
    peer.heard()
    assert statuses(peer.sends(prack(ringing))) == ["200"]


def test_after_the_ack_requests_count_on_from_the_prack() -> None:
    peer = Peer()
    call, response = reliably(peer)
    peer.sends(prack(response, number=5))
    call.answer(0.0, OFFER, tag="b")
    tag = heard_one(peer).to.tag or ""
    peer.sends(request_text("ACK", branch="z9hG4bKa", to_tag=tag))
    peer.told()
    assert statuses(peer.sends(request_text("BYE", branch="z9hG4bKb", number=5, to_tag=tag))) == ["500"]
    assert statuses(peer.sends(request_text("BYE", branch="z9hG4bKc", number=6, to_tag=tag))) == ["200"]


def test_a_caller_without_100rel_gets_an_ordinary_183() -> None:
    peer = Peer()
    call = peer.calls()
    call.progress(0.0, 183, body=OFFER, reliable=True)
    assert "RSeq" not in heard_one(peer).headers


def test_a_caller_that_requires_100rel_gets_every_provisional_reliably() -> None:
    peer = Peer()
    call = peer.calls(headers=(CONTACT, "Require: 100rel"))
    call.progress(0.0, 180)
    assert "RSeq" in heard_one(peer).headers
