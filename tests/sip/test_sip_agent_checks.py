"""What never reaches the call plane: bad, forged, merged, misrouted requests (RFC 3261 §8.2, §12.2.2)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network import tokens
from sip_peer import OFFER, PEER, Peer, request_text, response_text, statuses

from chakka.sip.agent import UserAgent
from chakka.sip.events import Bye, Cancelled, IncomingInvite, OtherRequest, Reinvite
from chakka.sip.message import respond

SDP = "Content-Type: application/sdp"
CONTACT = "Contact: <sip:192.0.2.2>"


def up(peer: Peer) -> tuple[object, str]:
    """Return a call that the peer has made, answered and ACKed, and our tag."""
    call = peer.calls()
    call.answer(peer.now, OFFER)
    tag = peer.heard()[-1].to.tag or ""
    peer.sends(request_text("ACK", branch="z9hG4bKack", to_tag=tag))
    peer.told()
    return call, tag


@pytest.mark.parametrize(
    ("data", "status", "header"),
    [
        (request_text("BYE"), "481", None),
        (request_text("PRACK"), "481", None),
        (request_text("UPDATE"), "481", None),
        (request_text("INFO"), "481", None),
        (request_text("BYE", to_tag="forged"), "481", None),
        (request_text("INVITE", to_tag="forged"), "481", None),
        (request_text("CANCEL"), "481", None),
        (request_text("WINK"), "501", "Allow"),
        (request_text(uri="http://example.jp/"), "416", None),
        (request_text(headers=(CONTACT, "Require: 100rel, teleport")), "420", "Unsupported"),
        (request_text(headers=(CONTACT, "Content-Type: text/html"), body=b"<p>"), "415", "Accept"),
    ],
)
def test_it_refuses_by_itself_once_and_keeps_nothing(data: bytes, status: str, header: str | None) -> None:
    peer = Peer()
    (response,) = peer.sends(data)
    assert statuses([response]) == [status]
    assert header is None or header in response.headers
    assert response.to.tag
    assert peer.told() == []
    assert peer.is_at_rest


def test_420_names_only_what_is_not_understood() -> None:
    (response,) = Peer().sends(request_text(headers=("Require: 100rel, teleport, timer, x-ray",)))
    assert response.headers.values("Unsupported") == ["teleport", "x-ray"]


def test_a_repeated_refusal_has_the_same_to_tag() -> None:
    peer = Peer()
    data = request_text(headers=("Require: teleport",))
    (first,), (second,) = peer.sends(data), peer.sends(data)
    assert first.to.tag == second.to.tag


def test_a_body_that_need_not_be_read_does_not_refuse_the_call() -> None:
    peer = Peer()
    headers = ("Content-Type: application/isup", "Content-Disposition: signal;handling=optional")
    assert statuses(peer.sends(request_text(headers=headers, body=b"x"))) == ["100"]


def test_the_same_request_by_another_path_is_a_loop_482() -> None:
    peer = Peer()
    assert statuses(peer.sends(request_text(branch="z9hG4bKone"))) == ["100"]
    assert statuses(peer.sends(request_text(branch="z9hG4bKtwo"))) == ["482"]
    assert [type(event) for event in peer.told()] == [IncomingInvite]


def test_a_repeated_invite_gets_the_last_response_and_is_not_a_second_call() -> None:
    peer = Peer()
    call = peer.calls()
    call.progress(0.0, 180)
    peer.heard()
    assert statuses(peer.sends(request_text(body=OFFER))) == ["180"]
    assert peer.told() == []


def test_an_ack_of_a_stranger_is_ignored_and_counted() -> None:
    peer = Peer()
    assert peer.sends(request_text("ACK", to_tag="forged")) == []
    assert peer.agent.counts["stray ACK"] == 1


@pytest.mark.parametrize("changes", [{"from_tag": "forged"}, {"call_id": "other"}, {"to_tag": "forged"}])
def test_a_forged_bye_does_not_end_the_call(changes: dict[str, str]) -> None:
    peer = Peer()
    _, tag = up(peer)
    parts = {"to_tag": tag} | changes
    bye = request_text("BYE", branch="z9hG4bKbye", number=2, **parts)  # type: ignore[arg-type]
    assert statuses(peer.sends(bye)) == ["481"]
    assert peer.told() == []


def test_a_forged_cancel_with_another_branch_does_not_cancel() -> None:
    peer = Peer()
    peer.calls()
    assert statuses(peer.sends(request_text("CANCEL", branch="z9hG4bKother"))) == ["481"]
    assert peer.told() == []


def test_a_cancel_from_another_sent_by_does_not_cancel() -> None:
    peer = Peer()
    peer.calls()
    via = "SIP/2.0/UDP 192.0.2.66:5060;branch=z9hG4bKone"
    assert statuses(peer.sends(request_text("CANCEL", via=via))) == ["481"]


def test_an_rfc_2543_client_without_magic_cookie_is_matched_by_its_headers() -> None:
    peer = Peer()
    via = "SIP/2.0/UDP 192.0.2.2:5060"
    peer.sends(request_text(via=via))
    (event,) = peer.told()
    assert statuses(peer.sends(request_text(via=via))) == ["100"]
    assert statuses(peer.sends(request_text("CANCEL", via=via))) == ["200"]
    assert [type(e) for e in peer.told()] == [Cancelled]
    event.call.reject(0.0, 487)  # type: ignore[union-attr]
    (refusal,) = peer.heard()
    peer.sends(request_text("ACK", via=via, to_tag=refusal.to.tag or ""))
    assert peer.wait(31.0) == []


@pytest.mark.parametrize("method", ["BYE", "INVITE", "UPDATE", "INFO", "OPTIONS"])
def test_a_request_out_of_order_in_its_dialog_gets_500(method: str) -> None:
    peer = Peer()
    _, tag = up(peer)
    peer.sends(request_text("OPTIONS", branch="z9hG4bKx", number=10, to_tag=tag))
    late = request_text(method, branch="z9hG4bKlate", number=9, to_tag=tag)
    assert statuses(peer.sends(late)) == ["500"]
    assert peer.told() == []


@pytest.mark.parametrize(
    ("method", "status"),
    [
        ("INFO", "200"),
        ("OPTIONS", "200"),
        ("MESSAGE", "405"),
        ("REFER", "405"),
        ("WINK", "501"),
        ("PRACK", "481"),
    ],
)
def test_other_requests_in_a_dialog_are_answered_from_a_table(method: str, status: str) -> None:
    peer = Peer()
    _, tag = up(peer)
    (response,) = peer.sends(request_text(method, branch="z9hG4bKx", number=2, to_tag=tag))
    assert statuses([response]) == [status]
    assert status == "481" or "UPDATE" in response.headers.values("Allow")


def test_a_request_in_a_dialog_may_not_require_what_we_do_not_understand() -> None:
    peer = Peer()
    _, tag = up(peer)
    data = request_text("INFO", branch="z9hG4bKx", number=2, to_tag=tag, headers=("Require: teleport",))
    assert statuses(peer.sends(data)) == ["420"]


def test_a_repeated_bye_gets_200_again_and_is_reported_once() -> None:
    peer = Peer()
    call, tag = up(peer)
    bye = request_text("BYE", branch="z9hG4bKbye", number=2, to_tag=tag)
    assert statuses(peer.sends(bye) + peer.sends(bye)) == ["200", "200"]
    (event,) = peer.told()
    assert isinstance(event, Bye)
    assert event.call is call


def test_requests_after_the_bye_get_481() -> None:
    peer = Peer()
    _, tag = up(peer)
    peer.sends(request_text("BYE", branch="z9hG4bKbye", number=2, to_tag=tag))
    assert statuses(peer.sends(request_text(branch="z9hG4bKre", number=3, to_tag=tag))) == ["481"]


def test_a_response_goes_where_rport_or_sent_by_says_and_tells_what_was_seen() -> None:
    peer = Peer()
    peer.agent.receive(
        request_text(via="SIP/2.0/UDP h.example:5099;branch=z9hG4bKa"), ("198.51.100.9", 7), 0.0
    )
    ((data, address),) = peer.agent.take_datagrams()
    assert address == ("198.51.100.9", 5099)
    assert b"received=198.51.100.9" in data
    peer.agent.receive(request_text(via="SIP/2.0/UDP h:1;rport;branch=z9hG4bKb", call_id="2"), PEER, 0.0)
    ((data, address),) = peer.agent.take_datagrams()
    assert address == PEER
    assert b"rport=5060" in data
    assert b"received=192.0.2.2" in data


def test_the_lower_vias_and_record_routes_come_back_untouched() -> None:
    peer = Peer()
    headers = (CONTACT, "Via: SIP/2.0/UDP low.example;branch=z9hG4bKlow", "Record-Route: <sip:192.0.2.8;lr>")
    call = peer.calls(headers=headers)
    call.progress(0.0, 180)
    (ringing,) = peer.heard()
    assert len(ringing.vias) == 2
    assert ringing.vias[1].host == "low.example"
    assert ringing.headers.values("Record-Route") == ["<sip:192.0.2.8;lr>"]


def test_the_100_repeats_the_timestamp() -> None:
    (trying,) = Peer().sends(request_text(headers=("Timestamp: 54.21",)))
    assert trying.headers.get("Timestamp") == "54.21"
    assert trying.to.tag is None


@pytest.mark.parametrize(
    "via",
    [
        "SIP/2.0/UDP 192.0.2.2:99999;branch=z9hG4bKa",
        "SIP/2.0/UDP 192.0.2.2:0;branch=z9hG4bKa",
        "SIP/2.0/UDP ;branch=z9hG4bKa",
        "SIP/2.0/UDP",
        "garbage",
        'SIP/2.0/UDP 192.0.2.2;branch="',
        "SIP/2.0/UDP 192.0.2.2;maddr=198.51.100.1;branch=z9hG4bKa",
        "SIP/2.0/UDP 192.0.2.2;received=198.51.100.1;branch=z9hG4bKa",
    ],
)
def test_a_strange_via_does_no_harm_and_never_sends_us_elsewhere(via: str) -> None:
    peer = Peer()
    peer.agent.receive(request_text("OPTIONS", via=via), PEER, 0.0)
    assert all(host == "192.0.2.2" and 0 < port < 65536 for host, port in peer.addresses())
    assert statuses(peer.sends(request_text(branch="z9hG4bKgood", call_id="good"))) == ["100"]


@pytest.mark.parametrize(
    "data", [b"", b"\r\n\r\n", b"\0", b"SIP/2.0 200 OK\r\n\r\n", b"INVITE\r\n\r\n", b"\xff" * 70_000]
)
def test_junk_is_dropped(data: bytes) -> None:
    peer = Peer()
    assert (peer.sends(data), peer.told()) == ([], [])


def test_a_malformed_request_gets_one_400_without_state() -> None:
    peer = Peer()
    data = request_text().replace(b"CSeq: 1 INVITE", b"CSeq: 1 BYE")
    assert statuses(peer.sends(data)) == ["400"]
    assert peer.is_at_rest


@pytest.mark.parametrize(
    "request_octets",
    [
        request_text("OPTIONS"),
        request_text("REGISTER"),
        request_text("BYE"),
        request_text("WINK"),
        request_text(headers=("Require: teleport",)),
        request_text().replace(b"CSeq: 1 INVITE", b"CSeq: 1 BYE"),
        request_text("CANCEL"),
        request_text("ACK", to_tag="x"),
    ],
)
def test_an_unknown_address_gets_at_most_two_answers_and_three_times_its_octets(
    request_octets: bytes,
) -> None:
    peer = Peer(may_accept=lambda address: False)
    peer.agent.receive(request_octets, PEER, 0.0)
    sent = [data for data, _ in peer.agent.take_datagrams()]
    for event in peer.told():
        assert isinstance(event, OtherRequest)
        peer.agent.respond(event.transaction, respond(event.request, 401), 0.0)
        sent += [data for data, _ in peer.agent.take_datagrams()]
    assert len(sent) <= 1
    assert sum(map(len, sent)) <= 3 * len(request_octets)
    assert peer.wait(100.0) == []


def test_an_unknown_caller_that_is_refused_gets_one_response_per_invite_and_no_100() -> None:
    peer = Peer(may_accept=lambda address: False)
    invite = request_text(body=OFFER)
    assert peer.sends(invite) == []
    (event,) = peer.told()
    assert peer.sends(invite) == []
    event.call.reject(0.0, 407)  # type: ignore[union-attr]
    assert statuses(peer.heard()) == ["407"]
    assert peer.is_at_rest
    assert peer.wait(100.0) == []


def test_of_an_unknown_address_nothing_is_kept_after_the_refusal() -> None:
    peer = Peer(may_accept=lambda address: False)
    for place in range(3):
        assert peer.sends(request_text("OPTIONS", branch=f"z9hG4bK{place}", call_id=f"o{place}")) == []
        (event,) = peer.told()
        assert isinstance(event, OtherRequest)
        peer.agent.respond(event.transaction, respond(event.request, 200), 0.0)
        assert statuses(peer.heard()) == ["200"]
        assert peer.is_at_rest


def test_a_cancel_of_another_call_with_the_same_branch_is_refused() -> None:
    peer = Peer()
    peer.calls()
    peer.heard()
    forged = request_text("CANCEL", call_id="another")
    assert statuses(peer.sends(forged, ("192.0.2.66", 5060))) == ["481"]
    assert peer.told() == []
    assert statuses(peer.sends(request_text("CANCEL"))) == ["200"]


def test_an_invite_of_ours_that_comes_back_is_a_loop() -> None:
    peer = Peer()
    invite = peer.invited()
    (looped,) = peer.sends(invite.to_bytes(), ("192.0.2.1", 5060))
    assert statuses([looped]) == ["482"]
    by_proxy = invite.to_bytes().replace(b"Via:", b"Via: SIP/2.0/UDP 192.0.2.8;branch=z9hG4bKp\r\nVia:", 1)
    assert statuses(peer.sends(by_proxy)) == ["482"]
    assert peer.told() == []


def test_two_calls_may_have_the_same_branch() -> None:
    peer = Peer()
    peer.sends(request_text(call_id="one", number=1))
    peer.sends(request_text(call_id="two", number=2))
    assert [type(event) for event in peer.told()] == [IncomingInvite, IncomingInvite]


def test_an_options_is_answered_by_the_user_with_received_and_a_to_tag() -> None:
    peer = Peer()
    peer.agent.receive(request_text("OPTIONS", via="SIP/2.0/UDP h:9;rport;branch=z9hG4bKo"), PEER, 0.0)
    (event,) = peer.told()
    assert isinstance(event, OtherRequest)
    peer.agent.respond(event.transaction, respond(event.request, 200), 0.0)
    ((data, address),) = peer.agent.take_datagrams()
    assert address == PEER
    assert b"received=192.0.2.2" in data
    assert b">;tag=" in data.split(b"\r\nTo:")[1]


def test_a_response_that_belongs_to_nothing_is_counted_and_dropped() -> None:
    peer = Peer()
    other = Peer().invited()
    peer.agent = UserAgent(
        contact="sip:192.0.2.1",
        via_host="192.0.2.1",
        timers=peer.agent._core.timers,
        token=tokens("q"),
        product="x",
    )
    assert peer.sends(response_text(other, 200)) == []
    assert peer.agent.counts["stray response"] == 1


def test_a_header_value_with_a_line_break_is_our_bug_and_never_sent() -> None:
    peer = Peer()
    with pytest.raises(ValueError, match="line break"):
        peer.invited(headers=(("History-Info", "<sip:a@b>\r\nEvil: 1"),))
    call = peer.calls()
    with pytest.raises(ValueError, match="line break"):
        call.reject(0.0, 486, "Busy\r\nEvil: 1")
    assert not call.is_final


def test_unknown_headers_of_a_caller_come_back_nowhere() -> None:
    peer = Peer()
    call = peer.calls(headers=(CONTACT, "X-Evil: 1", "Subject: evil"))
    call.progress(0.0, 183, body=OFFER)
    call.answer(0.0, OFFER)
    for message in peer.heard():
        assert "X-Evil" not in message.headers
        assert "Subject" not in message.headers


def test_a_second_re_invite_before_the_first_is_answered_gets_500_with_retry_after() -> None:
    peer = Peer()
    _, tag = up(peer)
    peer.sends(request_text(branch="z9hG4bKr1", number=2, to_tag=tag))
    (event,) = peer.told()
    assert isinstance(event, Reinvite)
    (response,) = peer.sends(request_text(branch="z9hG4bKr2", number=3, to_tag=tag))
    assert statuses([response]) == ["500"]
    assert 0 <= int(response.headers.get("Retry-After") or "") <= 10


@pytest.mark.parametrize("name", ["Require", "Supported"])
def test_a_list_of_option_tags_that_cannot_be_read_gets_400(name: str) -> None:
    peer = Peer()
    assert statuses(peer.sends(request_text(headers=(CONTACT, f'{name}: "open, 100rel')))) == ["400"]
    assert peer.told() == []
    assert peer.is_at_rest


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_mutated_message_raises_or_disturbs_a_call_that_is_up(data: st.DataObject) -> None:
    peer = Peer()
    _, tag = up(peer)
    invite = peer.invited()
    seeds = [
        request_text(branch="z9hG4bKnew", call_id="new", body=OFFER),
        request_text("UPDATE", branch="z9hG4bKu", number=2, to_tag=tag),
        request_text("PRACK", branch="z9hG4bKp", number=2, to_tag=tag, headers=("RAck: 1 1 INVITE",)),
        response_text(invite, 200, headers=("Contact: <sip:192.0.2.2>", "Record-Route: <sip:192.0.2.8;lr>")),
        response_text(invite, 486),
    ]
    octets = bytearray(data.draw(st.sampled_from(seeds)))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(octets) - 1))
        octets[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    peer.agent.receive(bytes(octets), PEER, 0.0)
    peer.agent.take_datagrams()
    peer.wait(1.0)
    peer.told()
    bye = request_text("BYE", branch="z9hG4bKbye", number=2**31 - 1, to_tag=tag)
    assert statuses(peer.sends(bye))[0] == "200"
