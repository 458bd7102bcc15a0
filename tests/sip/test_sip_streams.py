"""Calls over TCP and TLS: what the transport changes, and what it leaves as it is (RFC 3261 §17, §18)."""

from typing import Literal

import pytest
from network import ALICE, BOB, Link, pair, to_bob, tokens
from sip_peer import OFFER, Peer, request_text, response_text, statuses, str_of

from chakka.sip.address import Flow
from chakka.sip.agent import Outgoing, UserAgent
from chakka.sip.dialog import address_of, dialog_of_text
from chakka.sip.events import AckTimeout, Answered, Bye, Failed, IncomingInvite, RequestEnded
from chakka.sip.message import Request, parse
from chakka.sip.timers import Timers

HERE = Flow("192.0.2.2", 49152, "tcp")
THERE = Flow("192.0.2.2", 5060, "tcp")
OVER_TCP = "SIP/2.0/TCP 192.0.2.2:5070;branch=z9hG4bKone"


def invite_over_tcp(peer: Peer, **changes: object) -> object:
    parts = {"via": OVER_TCP, "body": OFFER}
    peer.sends(request_text(**(parts | changes)), HERE)  # type: ignore[arg-type]
    (event,) = peer.told()
    return event.call  # type: ignore[union-attr]


def ack_over_tcp(tag: str | None) -> bytes:
    return request_text("ACK", via=OVER_TCP, to_tag=tag or "", headers=())


def test_responses_take_the_connection_of_their_request_or_else_the_port_of_its_via() -> None:
    peer = Peer()
    call = invite_over_tcp(peer)
    call.progress(0.0, 180)  # type: ignore[attr-defined]
    assert peer.addresses() == [Flow("192.0.2.2", 49152, "tcp", 5070)]


@pytest.mark.parametrize(("transport", "port"), [("tcp", 5060), ("tls", 5061)])
def test_a_via_without_a_port_means_the_port_of_its_transport(transport: str, port: int) -> None:
    peer = Peer()
    source = Flow("192.0.2.2", 49152, transport)  # type: ignore[arg-type]
    via = f"SIP/2.0/{transport.upper()} 192.0.2.2;branch=z9hG4bKone"
    peer.agent.receive(request_text("OPTIONS", via=via, to_tag="x"), source, 0.0)
    assert peer.addresses() == [source._replace(otherwise=port)]


@pytest.mark.parametrize(
    ("transport", "uri", "sent_by", "contact"),
    [
        ("tcp", "sip:192.0.2.2;transport=tcp", "TCP 192.0.2.1:5060", "sip:192.0.2.1:5060;transport=tcp"),
        ("tls", "sip:192.0.2.2;transport=tls", "TLS 192.0.2.1:5061", "sip:192.0.2.1:5061;transport=tls"),
        ("tls", "sips:192.0.2.2", "TLS 192.0.2.1:5061", "sips:192.0.2.1:5061"),
    ],
)
def test_our_via_and_contact_name_the_transport(
    transport: Literal["tcp", "tls"], uri: str, sent_by: str, contact: str
) -> None:
    invite = Peer().invited(destination=Flow("192.0.2.2", 5060, transport), request_uri=uri)
    assert (invite.headers.get("Via") or "").startswith(f"SIP/2.0/{sent_by};branch=")
    assert invite.contact is not None
    assert invite.contact.uri == contact


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("sip:192.0.2.7;transport=TCP", Flow("192.0.2.7", 5060, "tcp")),
        ("sip:192.0.2.7;transport=tls", Flow("192.0.2.7", 5061, "tls")),
        ("sips:192.0.2.7", Flow("192.0.2.7", 5061, "tls")),
        ("sips:192.0.2.7:5090;transport=tcp", Flow("192.0.2.7", 5090, "tls")),
        ("sip:192.0.2.7;transport=udp", ("192.0.2.7", 5060)),
        ("sip:192.0.2.7;transport=sctp", None),
    ],
)
def test_a_uri_names_the_transport_of_its_address(uri: str, address: object) -> None:
    assert address_of(uri) == address


def test_a_uri_without_a_transport_means_that_of_its_dialog() -> None:
    assert address_of("sip:192.0.2.7", "tls") == Flow("192.0.2.7", 5061, "tls")


def test_an_invite_over_a_stream_is_sent_once_and_still_given_up_after_32_seconds() -> None:
    peer = Peer()
    peer.invited(destination=THERE)
    assert peer.wait(32.0) == []
    assert peer.told() == [Failed(peer.call, 408, None, "timeout")]
    assert peer.is_at_rest


def test_another_request_over_a_stream_is_sent_once_and_kept_no_longer_than_its_response() -> None:
    peer = Peer()
    peer.agent.request(
        "OPTIONS",
        Outgoing(request_uri="sip:192.0.2.2", destination=THERE, from_="<sip:a>", to="<sip:b>"),
        0.0,
    )
    (options,) = peer.heard()
    assert isinstance(options, Request)
    assert peer.wait(31.0) == []
    peer.sends(response_text(options, 200), THERE)
    assert [type(event) for event in peer.told()] == [RequestEnded]
    assert peer.is_at_rest


def test_our_failure_is_not_repeated_over_a_stream_but_its_ack_is_awaited() -> None:
    peer = Peer()
    invite_over_tcp(peer).reject(0.0, 486)  # type: ignore[attr-defined]
    (refusal,) = peer.heard()[-1:]
    assert peer.wait(31.9) == []
    assert not peer.is_at_rest
    peer.sends(ack_over_tcp(refusal.to.tag), HERE)
    assert peer.is_at_rest


def test_a_failure_over_a_stream_is_acked_and_forgotten() -> None:
    peer = Peer()
    invite = peer.invited(destination=THERE)
    assert statuses(peer.sends(response_text(invite, 486), THERE)) == ["ACK"]
    assert peer.is_at_rest


def test_our_answer_is_repeated_until_its_ack_over_a_stream_too() -> None:
    peer = Peer()
    invite_over_tcp(peer).answer(0.0, OFFER)  # type: ignore[attr-defined]
    peer.heard()
    assert [moment for moment, _ in peer.wait(4.0)] == [0.5, 1.5, 3.5]
    peer.wait(40.0)
    assert [type(event) for event in peer.told()] == [AckTimeout]


def test_provisionals_over_a_stream_are_repeated_for_proxies_only() -> None:
    peer = Peer()
    invite_over_tcp(peer).progress(0.0, 183, body=OFFER)  # type: ignore[attr-defined]
    peer.heard()
    assert [moment for moment, _ in peer.wait(130.0)] == [60.0, 120.0]


def test_a_connection_that_cannot_be_opened_fails_its_requests_and_no_others() -> None:
    peer = Peer()
    over_udp = peer.invited() and peer.call
    peer.invited(destination=THERE)
    peer.agent.transport_failed(THERE, 0.0)
    assert peer.told() == [Failed(peer.call, 503, None, "transport")]
    assert not over_udp.is_ended


LONG = OFFER + b"a=x\r\n" * 250


def test_a_request_too_long_for_udp_goes_by_tcp_cancel_and_all() -> None:
    peer = Peer()
    peer.call = peer.agent.invite(to_bob(body=LONG), 0.0)
    ((octets, address),) = peer.taken()
    assert address == Flow("192.0.2.2", 5060, "tcp")
    invite = parse(octets)
    assert isinstance(invite, Request)
    assert invite.via.transport == "TCP"
    assert peer.wait(5.0) == []
    peer.sends(response_text(invite, 180), THERE)
    peer.call.cancel(5.0)
    ((cancel, cancelled_at),) = peer.taken()
    assert cancelled_at == address
    assert parse(cancel).via == invite.via


def test_a_peer_without_tcp_gets_a_long_request_by_udp_the_next_one_at_once() -> None:
    peer = Peer()
    peer.call = peer.agent.invite(to_bob(body=LONG), 0.0)
    first = parse(peer.taken()[0][0])
    peer.agent.transport_failed(Flow("192.0.2.2", 5060, "tcp"), 0.1)
    ((octets, address),) = peer.taken()
    assert address == BOB
    again = parse(octets)
    assert (again.via.transport, again.via.branch, again.body) == ("UDP", first.via.branch, LONG)
    assert peer.told() == []
    assert [line for _, line in peer.wait(2.0)] == ["INVITE", "INVITE"]
    peer.agent.invite(to_bob(body=LONG), 2.0)
    assert peer.addresses() == [BOB]


def test_a_long_request_stays_on_udp_where_no_connections_are_taken() -> None:
    agent = UserAgent(
        contact="sip:192.0.2.1",
        via_host="192.0.2.1",
        timers=Timers(),
        token=tokens("u"),
        product="x",
    )
    agent.invite(to_bob(body=LONG), 0.0)
    assert agent.take_stream_messages() == []
    assert len(agent.take_datagrams()) == 1


def test_requests_in_a_dialog_go_where_contact_and_transport_say() -> None:
    peer = Peer()
    call = invite_over_tcp(peer, headers=("Contact: <sip:192.0.2.2:5080>",))
    call.answer(0.0, OFFER)  # type: ignore[attr-defined]
    (answer,) = peer.heard()[-1:]
    assert answer.contact is not None
    assert answer.contact.uri == "sip:192.0.2.1:5060;transport=tcp"
    peer.sends(ack_over_tcp(answer.to.tag), HERE)
    call.bye(1.0)  # type: ignore[attr-defined]
    ((bye, address),) = peer.taken()
    assert address == Flow("192.0.2.2", 5080, "tcp")
    assert b"Via: SIP/2.0/TCP 192.0.2.1:5060;branch=" in bye


def test_a_dialog_over_tls_is_still_one_after_a_restart() -> None:
    peer = Peer()
    source = Flow("192.0.2.2", 49152, "tls")
    peer.sends(request_text(headers=("Contact: <sip:a@example.com>",)), source)
    (event,) = peer.told()
    text = event.call.answer_text()  # type: ignore[union-attr]
    assert dialog_of_text(text).next_hop() == source


@pytest.mark.parametrize(
    ("source", "status"), [(BOB, "416"), (HERE, "416"), (HERE._replace(transport="tls"), "100")]
)
def test_sips_is_taken_by_tls_only(source: object, status: str) -> None:
    first, *_ = Peer().sends(request_text(uri="sips:0120000000@192.0.2.1"), source)  # type: ignore[arg-type]
    assert str_of(first) == status


def test_a_response_with_more_than_one_via_is_dropped() -> None:
    peer = Peer()
    invite = peer.invited()
    invite.headers.add("Via", "SIP/2.0/UDP 192.0.2.77;branch=z9hG4bKother")
    assert peer.sends(response_text(invite, 486)) == []
    assert peer.told() == []
    assert peer.agent.counts["response with more Vias"] == 1


def test_a_whole_call_over_tcp_sends_each_message_once() -> None:
    network = pair(Link(loss=0.5, delay=0.05, jitter=0.2), seed=1)

    def answer(where: object, event: object) -> None:
        if isinstance(event, IncomingInvite):
            event.call.progress(network.now, 183, body=OFFER, reliable=True)
            event.call.answer(network.now, OFFER)
        elif isinstance(event, Answered):
            event.call.ack(network.now)

    network.on_event = answer
    call = network.agents[ALICE].invite(to_bob(destination=THERE), 0.0)
    network.run(0.9)
    call.bye(network.now)
    network.run(200.0)
    sent = [str_of(message) for _, message in network.messages()]
    assert sent == ["INVITE", "100", "183", "200", "ACK", "BYE", "200"]
    assert [type(event) for event in network.told(BOB)][-1] is Bye
    assert all(not (agent._core.calls or agent._core.servers) for agent in network.agents.values())
