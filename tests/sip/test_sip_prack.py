"""PRACK as a client: sent once for each reliable provisional of a callee that insists (RFC 3262 §4)."""

import pytest
from network import ALICE, BOB, Link, pair, to_bob
from sip_peer import OFFER, Peer, response_text, statuses

from chakka.sip.events import Acked, Answered, Failed, IncomingInvite, Pracked, Provisional
from chakka.sip.message import Request

CONTACT = "Contact: <sip:192.0.2.2:5060>"


def reliable(invite: Request, rseq: int | str, *, status: int = 183, tag: str = "callee") -> bytes:
    lines = (CONTACT, "Require: 100rel", f"RSeq: {rseq}")
    return response_text(invite, status, tag=tag, headers=lines, body=OFFER)


def pracks(peer: Peer, response: bytes) -> list[str]:
    """Return what is acknowledged by what our agent sends on a response."""
    found = peer.sends(response)
    assert all(isinstance(one, Request) and one.method == "PRACK" for one in found)
    return [f"{one.cseq}: {one.headers.get('RAck')}" for one in found]


def test_a_reliable_provisional_is_acknowledged_once_and_told_once() -> None:
    peer = Peer()
    invite = peer.invited()
    assert pracks(peer, reliable(invite, 7)) == ["2 PRACK: 7 1 INVITE"]
    assert pracks(peer, reliable(invite, 7)) == []
    assert pracks(peer, reliable(invite, 8, status=180)) == ["3 PRACK: 8 1 INVITE"]
    told = [event for event in peer.told() if isinstance(event, Provisional)]
    assert [event.response.status for event in told] == [183, 180]


def test_one_that_overtook_another_is_not_acknowledged_before_it() -> None:
    peer = Peer()
    invite = peer.invited()
    pracks(peer, reliable(invite, 1))
    assert pracks(peer, reliable(invite, 3)) == []
    assert pracks(peer, reliable(invite, 2)) == ["3 PRACK: 2 1 INVITE"]
    assert pracks(peer, reliable(invite, 3)) == ["4 PRACK: 3 1 INVITE"]


def test_each_branch_counts_by_itself() -> None:
    peer = Peer()
    invite = peer.invited()
    assert pracks(peer, reliable(invite, 5, tag="b1")) == ["2 PRACK: 5 1 INVITE"]
    assert pracks(peer, reliable(invite, 9, tag="b2")) == ["2 PRACK: 9 1 INVITE"]


@pytest.mark.parametrize("rseq", ["0", "x", "4294967296"])
def test_an_rseq_that_cannot_be_read_is_no_reliable_provisional(rseq: str) -> None:
    peer = Peer()
    assert peer.sends(reliable(peer.invited(), rseq)) == []
    assert [type(event) for event in peer.told()] == [Provisional]


def test_what_is_not_required_to_be_reliable_is_not_acknowledged() -> None:
    peer = Peer()
    assert peer.sends(response_text(peer.invited(), 183, headers=(CONTACT, "RSeq: 7"))) == []


def test_requests_after_the_answer_count_on_from_the_last_prack() -> None:
    peer = Peer()
    invite = peer.invited()
    pracks(peer, reliable(invite, 1))
    peer.sends(response_text(invite, 200))
    peer.call.ack(0.0)
    (ack,) = peer.heard()
    assert (ack.cseq.number, ack.to.tag) == (1, "callee")
    peer.call.bye(0.0)
    (bye,) = peer.heard()
    assert bye.cseq.number == 3


def test_our_invite_offers_no_100rel_until_a_callee_insists_by_421() -> None:
    peer = Peer()
    invite = peer.invited()
    assert "100rel" not in invite.headers.values("Supported")
    ack, again = peer.sends(response_text(invite, 421, headers=("Require: 100rel",)))
    assert statuses([ack, again]) == ["ACK", "INVITE"]
    assert "100rel" in again.headers.values("Supported")
    assert isinstance(again, Request)
    assert statuses(peer.sends(response_text(again, 421, headers=("Require: 100rel",)))) == ["ACK"]
    assert [type(event) for event in peer.told()] == [Failed]


def test_a_421_for_something_else_fails_the_call() -> None:
    peer = Peer()
    refusal = response_text(peer.invited(), 421, headers=("Require: precondition",))
    assert statuses(peer.sends(refusal)) == ["ACK"]
    assert [type(event) for event in peer.told()] == [Failed]


@pytest.mark.parametrize("seed", range(5))
def test_reliable_provisionals_between_two_agents_survive_a_bad_network(seed: int) -> None:
    network = pair(Link(loss=0.2, duplicates=0.1, delay=0.05, jitter=0.04), seed)

    def act(where: object, event: object) -> None:
        if isinstance(event, IncomingInvite):
            event.call.requires_100rel = True
            event.call.progress(network.now, 180)
            event.call.progress(network.now, 183, body=OFFER)
        elif isinstance(event, Pracked) and len([one for one in network.told(BOB) if one == event]) == 2:
            event.call.answer(network.now, OFFER)
        elif isinstance(event, Answered):
            event.call.ack(network.now)

    network.on_event = act
    call = network.agents[ALICE].invite(to_bob(), 0.0)
    network.run(60.0)
    heard = [type(event) for event in network.told(BOB)]
    assert (heard.count(Pracked), heard.count(Acked)) == (2, 1)
    assert not call.is_ended
