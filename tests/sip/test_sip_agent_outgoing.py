"""The calling side: CANCEL races, forks, late answers, re-INVITE and glare (RFC 3261 §9.1, §13.2, §14)."""

from typing import Any

import pytest
from network import BOB
from sip_peer import OFFER, PEER, Peer, request_text, response_text, statuses

from chakka.sip.agent import Outgoing
from chakka.sip.events import (
    Acked,
    Answered,
    Bye,
    Failed,
    LateAnswer,
    Provisional,
    Reinvite,
    ReinviteAnswered,
    ReinviteFailed,
    RequestEnded,
)
from chakka.sip.message import Request


def names(peer: Peer) -> list[str]:
    return [type(event).__name__ for event in peer.told()]


def answered(peer: Peer) -> Request:
    """Return our INVITE after its call has been answered and ACKed."""
    invite = peer.invited()
    peer.sends(response_text(invite, 200))
    peer.call.ack(peer.now)
    peer.heard()
    peer.told()
    return invite


def from_callee(peer: Peer, method: str, number: int = 1, **changes: Any) -> bytes:
    """Return a request of the callee in the dialog that `answered` made."""
    parts = {
        "branch": f"z9hG4bKc{number}",
        "call_id": peer.call.call_id,
        "from_tag": "callee",
        "to_tag": peer.call.local_tag,
    }
    return request_text(method, number=number, **(parts | changes))


def test_the_invite_is_built_from_what_it_is_given_and_nothing_else() -> None:
    invite = Peer().invited(headers=(("Route", "<sip:192.0.2.2;lr>"), ("Reason", "x")), max_forwards=12)
    assert (invite.max_forwards, invite.headers.get("Route")) == (12, "<sip:192.0.2.2;lr>")
    assert (invite.headers.get("Content-Type"), invite.body) == ("application/sdp", OFFER)
    assert invite.from_.tag
    assert invite.to.tag is None


def test_provisionals_are_reported_with_the_tag_of_their_branch() -> None:
    peer = Peer()
    invite = peer.invited()
    peer.sends(response_text(invite, 100, tag=""))
    peer.sends(response_text(invite, 180, tag="b1"))
    peer.sends(response_text(invite, 183, tag="b2"))
    told = [(e.response.status, e.tag) for e in peer.told() if isinstance(e, Provisional)]
    assert told == [(100, None), (180, "b1"), (183, "b2")]


def test_the_user_acks_the_answer_and_its_repetitions_get_the_same_ack() -> None:
    peer = Peer()
    invite = peer.invited()
    answer = response_text(invite, 200)
    assert peer.sends(answer) == []
    (event,) = peer.told()
    assert isinstance(event, Answered)
    assert event.tag == "callee"
    assert peer.sends(answer) == []
    peer.call.ack(0.0, b"our answer")
    (ack,) = peer.heard()
    (again,) = peer.sends(answer)
    assert isinstance(ack, Request)
    assert (ack.method, ack.cseq.number, ack.body) == ("ACK", 1, b"our answer")
    assert ack.to_bytes() == again.to_bytes()
    assert ack.via.branch != invite.via.branch
    assert peer.told() == []


def test_a_failure_is_acked_on_the_invites_own_branch() -> None:
    peer = Peer()
    invite = peer.invited(headers=(("Route", "<sip:192.0.2.2;lr>"),))
    (ack,) = peer.sends(response_text(invite, 486))
    assert isinstance(ack, Request)
    assert (ack.method, ack.via.branch, ack.uri) == ("ACK", invite.via.branch, invite.uri)
    assert (ack.to.tag, ack.headers.get("Route")) == ("callee", "<sip:192.0.2.2;lr>")
    (event,) = peer.told()
    assert isinstance(event, Failed)
    assert (event.status, event.cause) == (486, "response")


def test_a_destination_that_cannot_be_reached_fails_at_once() -> None:
    peer = Peer()
    peer.invited()
    peer.agent.transport_failed(PEER, 0.1)
    assert peer.told() == [Failed(peer.call, 503, None, "transport")]
    assert peer.is_at_rest


def test_a_transport_error_elsewhere_or_after_ringing_changes_nothing() -> None:
    peer = Peer()
    invite = peer.invited()
    peer.agent.transport_failed(("192.0.2.99", 5060), 0.1)
    peer.sends(response_text(invite, 180))
    peer.agent.transport_failed(PEER, 0.1)
    assert names(peer) == ["Provisional"]


# CANCEL.


def test_a_cancel_waits_for_a_provisional() -> None:
    peer = Peer()
    invite = peer.invited(headers=(("Route", "<sip:192.0.2.2;lr>"),))
    peer.call.cancel(0.0, (("Reason", "Q.850;cause=31"),))
    assert peer.heard() == []
    (cancel,) = peer.sends(response_text(invite, 100, tag=""))
    assert isinstance(cancel, Request)
    assert (cancel.method, cancel.uri, cancel.cseq.number) == ("CANCEL", invite.uri, 1)
    assert (cancel.via, cancel.headers.get("Route")) == (invite.via, "<sip:192.0.2.2;lr>")
    assert cancel.headers.get("Reason") == "Q.850;cause=31"


def test_a_cancelled_call_ends_in_one_failed() -> None:
    peer = Peer()
    invite = peer.invited()
    peer.sends(response_text(invite, 180))
    peer.told()
    peer.call.cancel(0.0)
    peer.call.cancel(0.0)
    (cancel,) = peer.heard()
    peer.sends(response_text(cancel, 200))  # type: ignore[arg-type]
    assert statuses(peer.sends(response_text(invite, 487))) == ["ACK"]
    (event,) = peer.told()
    assert isinstance(event, Failed)
    assert event.status == 487
    peer.wait(40.0)
    assert peer.is_at_rest


def test_a_200_that_crosses_our_cancel_is_acked_and_ended_and_never_an_answer() -> None:
    peer = Peer()
    invite = peer.invited()
    peer.sends(response_text(invite, 180))
    peer.told()
    peer.call.cancel(0.0)
    peer.heard()
    answer = response_text(invite, 200)
    ack, bye = peer.sends(answer)
    assert statuses([ack, bye]) == ["ACK", "BYE"]
    assert bye.to.tag == "callee"
    assert names(peer) == ["LateAnswer", "Failed"]
    assert statuses(peer.sends(answer)) == ["ACK"]
    assert peer.told() == []


def test_a_200_without_any_provisional_after_cancel_is_ended_too() -> None:
    peer = Peer()
    invite = peer.invited()
    peer.call.cancel(0.0)
    assert statuses(peer.sends(response_text(invite, 200))) == ["ACK", "BYE"]
    assert names(peer) == ["LateAnswer", "Failed"]


def test_a_cancel_that_comes_after_an_answer_not_yet_seen_by_the_user_ends_the_call() -> None:
    peer = Peer()
    peer.sends(response_text(peer.invited(), 200))
    peer.call.cancel(0.0)
    assert statuses(peer.heard()) == ["ACK", "BYE"]
    peer.call.ack(0.0)
    peer.call.bye(0.0)
    assert peer.heard() == []


# Forks.


def test_a_second_branch_that_answers_is_acked_and_ended() -> None:
    peer = Peer()
    invite = peer.invited()
    peer.sends(response_text(invite, 200, tag="first"))
    peer.call.ack(0.0)
    peer.heard()
    peer.told()
    second = response_text(invite, 200, tag="second")
    assert [(str(m.to.tag)) for m in peer.sends(second)] == ["second", "second"]
    assert peer.told() == [LateAnswer(peer.call)]
    assert statuses(peer.sends(second)) == ["ACK"]
    assert not peer.call.is_ended


def test_an_answer_after_a_failure_is_acked_and_ended() -> None:
    peer = Peer()
    invite = peer.invited()
    peer.sends(response_text(invite, 486, tag="first"))
    peer.told()
    assert statuses(peer.sends(response_text(invite, 200, tag="second"))) == ["ACK", "BYE"]
    assert peer.told() == [LateAnswer(peer.call)]


# The dialog.


def test_our_bye_ends_the_call_and_a_bye_that_crosses_it_gets_200() -> None:
    peer = Peer()
    answered(peer)
    peer.call.bye(0.0)
    (bye,) = peer.heard()
    assert isinstance(bye, Request)
    assert (bye.method, bye.cseq.number) == ("BYE", 2)
    assert statuses(peer.sends(from_callee(peer, "BYE"))) == ["200"]
    assert peer.told() == []


def test_a_bye_before_our_ack_sends_the_ack_first() -> None:
    peer = Peer()
    peer.sends(response_text(peer.invited(), 200))
    peer.call.bye(0.0)
    assert statuses(peer.heard()) == ["ACK", "BYE"]


def test_an_answer_without_a_contact_can_still_be_ended() -> None:
    peer = Peer()
    invite = peer.invited()
    peer.sends(response_text(invite, 200, headers=("X-No: contact",)))
    peer.call.bye(0.0)
    assert [m.uri for m in peer.heard() if isinstance(m, Request)] == [invite.uri] * 2


def test_the_callee_may_end_the_call() -> None:
    peer = Peer()
    answered(peer)
    assert statuses(peer.sends(from_callee(peer, "BYE"))) == ["200"]
    assert [type(event) for event in peer.told()] == [Bye]
    peer.call.bye(0.0)
    assert peer.heard() == []


@pytest.mark.parametrize(("method", "status"), [("BYE", "481"), ("UPDATE", "500"), ("INFO", "500")])
def test_a_callee_has_to_wait_with_its_requests_until_the_answer(method: str, status: str) -> None:
    peer = Peer()
    peer.sends(response_text(peer.invited(), 180))
    assert statuses(peer.sends(from_callee(peer, method))) == [status]


def test_a_re_invite_of_the_callee_is_the_users_to_accept() -> None:
    peer = Peer()
    answered(peer)
    assert statuses(peer.sends(from_callee(peer, "INVITE", body=b"hold"))) == ["100"]
    (event,) = peer.told()
    assert isinstance(event, Reinvite)
    assert event.request.body == b"hold"
    assert peer.call.accept(event.transaction, b"held", 0.0)
    (answer,) = peer.heard()
    assert answer.body == b"held"
    assert peer.wait(1.0) == [(0.5, "200")]
    peer.sends(from_callee(peer, "ACK", branch="z9hG4bKack"))
    assert peer.told() == [Acked(peer.call, b"")]
    assert peer.wait(30.0) == []


def test_an_update_is_accepted_without_an_ack() -> None:
    peer = Peer()
    answered(peer)
    assert peer.sends(from_callee(peer, "UPDATE", body=OFFER)) == []
    (event,) = peer.told()
    assert isinstance(event, Reinvite)
    peer.call.accept(event.transaction, OFFER, 0.0)
    assert statuses(peer.heard()) == ["200"]
    assert peer.wait(30.0) == []


def test_a_refused_re_invite_leaves_the_call_up() -> None:
    peer = Peer()
    answered(peer)
    peer.sends(from_callee(peer, "INVITE"))
    (event,) = peer.told()
    assert isinstance(event, Reinvite)
    assert peer.call.refuse(event.transaction, 488, 0.0)
    assert not peer.call.refuse(event.transaction, 488, 0.0)
    assert statuses(peer.heard()) == ["488"]
    assert not peer.call.is_ended


def test_a_cancelled_re_invite_gets_487_and_can_no_longer_be_accepted() -> None:
    peer = Peer()
    answered(peer)
    peer.sends(from_callee(peer, "INVITE"))
    (event,) = peer.told()
    assert isinstance(event, Reinvite)
    assert statuses(peer.sends(from_callee(peer, "CANCEL"))) == ["200", "487"]
    assert not peer.call.accept(event.transaction, b"late", 0.0)
    assert peer.heard() == []


def test_a_bye_ends_a_re_invite_that_waits_for_its_answer() -> None:
    peer = Peer()
    answered(peer)
    peer.sends(from_callee(peer, "INVITE"))
    assert statuses(peer.sends(from_callee(peer, "BYE", number=2))) == ["200", "487"]


# Our re-INVITE.


def test_our_re_invite_is_answered_and_acked_by_the_user() -> None:
    peer = Peer()
    answered(peer)
    peer.call.reinvite(0.0, b"new offer")
    (reinvite,) = peer.heard()
    assert isinstance(reinvite, Request)
    assert (reinvite.cseq.number, reinvite.body) == (2, b"new offer")
    moved = response_text(reinvite, 200, headers=("Contact: <sip:192.0.2.55>",))
    peer.sends(moved)
    (event,) = peer.told()
    assert isinstance(event, ReinviteAnswered)
    peer.call.ack(0.0)
    (ack,) = peer.heard()
    assert isinstance(ack, Request)
    assert (ack.uri, ack.cseq.number) == ("sip:192.0.2.55", 2)
    assert statuses(peer.sends(moved)) == ["ACK"]
    assert not peer.call.is_reinviting


def test_a_refused_re_invite_of_ours_is_reported() -> None:
    peer = Peer()
    answered(peer)
    peer.call.reinvite(0.0, OFFER)
    (reinvite,) = peer.heard()
    assert statuses(peer.sends(response_text(reinvite, 488))) == ["ACK"]  # type: ignore[arg-type]
    assert peer.told() == [ReinviteFailed(peer.call, 488)]


def test_glare_gives_491_to_the_peer_and_our_own_is_tried_again_after_2_to_4_seconds() -> None:
    peer = Peer()
    answered(peer)
    peer.call.reinvite(0.0, OFFER)
    (ours,) = peer.heard()
    assert statuses(peer.sends(from_callee(peer, "INVITE"))) == ["491"]
    peer.sends(response_text(ours, 491))  # type: ignore[arg-type]
    ((moment, line),) = [entry for entry in peer.wait(4.0) if entry[1] == "INVITE"][:1]
    assert line == "INVITE"
    assert 2.1 <= moment <= 4.0
    assert peer.told() == []


def test_a_re_invite_that_meets_491_every_time_is_given_up() -> None:
    peer = Peer()
    answered(peer)
    peer.call.reinvite(0.0, OFFER)
    tries = 0
    for _ in range(2000):
        for message in peer.heard():
            if isinstance(message, Request) and message.method == "INVITE":
                tries += 1
                peer.sends(response_text(message, 491))
        due = peer.agent.next_timer()
        if due is None or due > 100.0:
            break
        peer.now = due
        peer.agent.handle_timer(due)
    assert tries == 5
    assert ReinviteFailed(peer.call, 491) in peer.told()


def test_our_re_invite_waits_while_the_peers_is_to_be_answered() -> None:
    peer = Peer()
    answered(peer)
    peer.sends(from_callee(peer, "INVITE"))
    (event,) = peer.told()
    assert isinstance(event, Reinvite)
    peer.call.reinvite(0.0, OFFER)
    assert peer.heard() == []
    peer.call.refuse(event.transaction, 488, 0.0)
    peer.heard()
    assert (min(m for m, line in peer.wait(5.0) if line == "INVITE") < 10.0) is True


def test_a_re_invite_answered_after_the_call_ended_is_still_acked() -> None:
    peer = Peer()
    answered(peer)
    peer.call.reinvite(0.0, OFFER)
    (reinvite,) = peer.heard()
    peer.sends(from_callee(peer, "BYE"))
    peer.told()
    assert statuses(peer.sends(response_text(reinvite, 200))) == ["ACK"]  # type: ignore[arg-type]
    assert peer.told() == []


def test_a_re_invite_that_is_never_decided_is_forgotten_after_the_call() -> None:
    peer = Peer()
    answered(peer)
    peer.call.reinvite(0.0, OFFER)
    (reinvite,) = peer.heard()
    peer.sends(response_text(reinvite, 100))  # type: ignore[arg-type]
    peer.sends(from_callee(peer, "BYE"))
    peer.wait(100.0)
    assert peer.is_at_rest


def test_a_re_invite_on_a_call_that_has_ended_fails_with_481() -> None:
    peer = Peer()
    answered(peer)
    peer.sends(from_callee(peer, "BYE"))
    peer.told()
    peer.call.reinvite(0.0, OFFER)
    assert (peer.heard(), peer.told()) == ([], [ReinviteFailed(peer.call, 481)])


# Credentials and other requests.


def test_a_challenged_call_is_tried_again_with_credentials() -> None:
    peer = Peer()
    first = peer.invited()
    peer.sends(response_text(first, 407))
    peer.told()
    peer.call.again(0.0, (("Proxy-Authorization", 'Digest username="line"'),))
    (second,) = peer.heard()
    assert isinstance(second, Request)
    assert (second.call_id, second.from_.tag) == (first.call_id, first.from_.tag)
    assert second.cseq.number == 2
    assert second.headers.get("Proxy-Authorization") == 'Digest username="line"'
    peer.sends(response_text(second, 200))
    assert names(peer) == ["Answered"]


def test_a_call_that_has_not_failed_cannot_be_tried_again() -> None:
    peer = Peer()
    peer.invited()
    with pytest.raises(RuntimeError):
        peer.call.again(0.0, ())


def test_an_options_ends_in_its_final_response() -> None:
    peer = Peer()
    outgoing = Outgoing(
        request_uri="sip:192.0.2.2", destination=BOB, from_="<sip:us@x>", to="<sip:192.0.2.2>"
    )
    asked = peer.agent.request("OPTIONS", outgoing, 0.0)
    (request,) = peer.heard()
    assert isinstance(request, Request)
    peer.sends(response_text(request, 100, tag=""))
    peer.sends(response_text(request, 200))
    (event,) = peer.told()
    assert isinstance(event, RequestEnded)
    assert event.request is asked
    assert event.response is not None
