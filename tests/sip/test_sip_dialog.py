"""Dialogs: route sets, targets, next hops and the text that survives a restart (RFC 3261 §12)."""

import pytest
from network import tokens
from sip_peer import PEER, Peer, request_text, response_text, statuses

from chakka.sip.agent_core import Core, Identity
from chakka.sip.dialog import Dialog, address_of, dialog_of_request, dialog_of_response, dialog_of_text
from chakka.sip.message import Request, Response, parse
from chakka.sip.timers import Timers
from chakka.sip.transaction_message import RequestHead

CORE = Core(
    Identity(contact="sip:192.0.2.1:5060", via_host="192.0.2.1:5060", product="chakka-test"),
    Timers(),
    tokens("t"),
)


def invite(*headers: str) -> Request:
    message = parse(request_text(headers=headers))
    assert isinstance(message, Request)
    return message


def written(dialog: Dialog) -> Request:
    message = parse(dialog.head(CORE, "z9hG4bKx", dialog.next_number()).request("BYE"))
    assert isinstance(message, Request)
    return message


def test_a_request_to_the_caller_swaps_from_and_to_and_goes_to_its_contact() -> None:
    dialog = dialog_of_request(invite("Contact: <sip:alice@192.0.2.7:5070;x=1>"), "ours", PEER)
    bye = written(dialog)
    assert bye.uri == "sip:alice@192.0.2.7:5070;x=1"
    assert (bye.from_.tag, bye.to.tag) == ("ours", "peer")
    assert bye.cseq.number == 1
    assert dialog.next_hop() == ("192.0.2.7", 5070)


def test_the_called_side_follows_record_route_in_order_and_the_caller_in_reverse() -> None:
    routes = ("Record-Route: <sip:192.0.2.8;lr>, <sip:192.0.2.9;lr>",)
    as_called = dialog_of_request(invite("Contact: <sip:192.0.2.7>", *routes), "ours", PEER)
    assert written(as_called).headers.values("Route") == ["<sip:192.0.2.8;lr>", "<sip:192.0.2.9;lr>"]
    head = RequestHead("sip:b@c", "SIP/2.0/UDP h", "<sip:a@b>;tag=1", "<sip:c@d>", "id", 5)
    text = response_text(invite(), 200, headers=("Contact: <sip:192.0.2.7>", *routes))
    response = parse(text)
    assert isinstance(response, Response)
    as_caller = dialog_of_response(head, response, PEER)
    assert written(as_caller).headers.values("Route") == ["<sip:192.0.2.9;lr>", "<sip:192.0.2.8;lr>"]
    assert as_caller.next_hop() == ("192.0.2.9", 5060)


def test_a_strict_router_gets_its_own_uri_and_the_target_comes_last() -> None:
    headers = ("Contact: <sip:target@192.0.2.7>", "Record-Route: <sip:192.0.2.8>, <sip:192.0.2.9;lr>")
    bye = written(dialog_of_request(invite(*headers), "ours", PEER))
    assert bye.uri == "sip:192.0.2.8"
    assert bye.headers.values("Route") == ["<sip:192.0.2.9;lr>", "<sip:target@192.0.2.7>"]


def test_a_contact_whose_host_is_a_name_is_reached_where_its_message_came_from() -> None:
    dialog = dialog_of_request(invite("Contact: <sip:alice@phone.example>"), "ours", PEER)
    assert dialog.next_hop() == PEER


def test_a_caller_without_a_usable_contact_is_still_reached() -> None:
    dialog = dialog_of_request(invite("Contact: <tel:+81312345678>"), "ours", PEER)
    assert dialog.target == "sip:0312345678@192.0.2.2"


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("sip:a@192.0.2.7", ("192.0.2.7", 5060)),
        ("sip:a@192.0.2.7:5080;lr", ("192.0.2.7", 5080)),
        ("sip:a@[2001:db8::1]:5080", ("2001:db8::1", 5080)),
        ("sip:a@name.example;maddr=192.0.2.8", ("192.0.2.8", 5060)),
        ("sip:a@name.example", None),
        ("tel:+81312345678", None),
    ],
)
def test_an_address_is_read_from_a_uri_without_looking_names_up(uri: str, address: object) -> None:
    assert address_of(uri) == address


def test_the_text_of_a_dialog_gives_the_same_dialog_back() -> None:
    headers = ("Contact: <sip:192.0.2.7>", 'Record-Route: <sip:192.0.2.8;lr>;x="a,b"')
    dialog = dialog_of_request(invite(*headers), "ours", PEER)
    assert dialog_of_text(dialog.text()) == dialog


def test_names_that_are_no_utf_8_go_through_the_text_of_a_dialog() -> None:
    octets = invite("Contact: <sip:192.0.2.7>").to_bytes().replace(b"From: <", b'From: "caf\xe9" <')
    request = parse(octets)
    assert isinstance(request, Request)
    dialog = dialog_of_request(request, "ours", PEER)
    dialog.text().encode("ascii")
    assert dialog_of_text(dialog.text()) == dialog


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"call_id": 1}'])
def test_a_text_that_is_no_dialog_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"Expect|missing"):
        dialog_of_text(text)


def test_after_a_restart_both_kinds_of_calls_are_ended_from_their_texts() -> None:
    before = Peer()
    incoming = before.calls()
    incoming.answer(0.0, b"")
    answered = before.heard()[-1]
    before.sends(response_text(before.invited(), 200, tag="callee"))
    before.call.ack(0.0)
    after = Peer()
    after.agent.bye_from_text(incoming.dialog_text(), 0.0)
    after.agent.bye_from_text(before.call.dialog_text(), 0.0)
    first, second = after.heard()
    assert statuses([first, second]) == ["BYE", "BYE"]
    assert (first.from_.tag, first.to.tag) == (answered.to.tag, "peer")
    assert (second.call_id, second.to.tag) == (before.call.call_id, "callee")
    # Requests sent after the text was written used some numbers up.
    assert second.cseq.number > 1000


def test_a_re_invite_of_the_peer_moves_the_target_once_it_is_accepted() -> None:
    peer = Peer()
    call = peer.calls()
    call.answer(0.0, b"")
    tag = peer.heard()[-1].to.tag or ""
    peer.sends(request_text("ACK", branch="z9hG4bKa", to_tag=tag))
    peer.told()
    moved = ("Contact: <sip:192.0.2.77:5099>",)
    peer.sends(request_text(branch="z9hG4bKb", number=2, to_tag=tag, headers=moved))
    (event,) = peer.told()
    assert call.dialog.target == "sip:192.0.2.2:5060"
    call.accept(event.transaction, b"", 0.0)  # type: ignore[union-attr]
    assert call.dialog.target == "sip:192.0.2.77:5099"
