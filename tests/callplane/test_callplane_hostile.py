"""What peers do that nobody should: each costs at most its own call (reliability.md §1–2)."""

import logging

import pytest
from exchange import CALLER, FIRST_LINE, FREEPHONE, OFFER, PLANE, SECOND_LINE, Exchange, Telephone
from routing_contracts import OSAKA, TOKYO, contract, overflow, to

from chakka.config import CallTimers
from chakka.routing.decision import Reason
from chakka.sip.call import Call
from chakka.sip.message import Request, Response, parse
from chakka.sip.sdp import offer


def one_line(**changes: object) -> Exchange:
    return Exchange(contract(to(OSAKA)), **changes)  # type: ignore[arg-type]


def says(exchange: Exchange, call: Call, method: str, body: bytes = b"") -> Response:
    """Return what the caller's request within its dialog is answered by."""
    assert call.dialog is not None
    lines = "Content-Type: application/sdp\r\n" if body else ""
    branch = call.core.branch()
    head = call.dialog.head(call.core, branch, call.dialog.next_number())
    exchange.plane.receive(head.request(method, lines, body), CALLER, exchange.network.now)
    exchange.run(1.0)
    answers = [parse(data) for _, _, to_, data in exchange.network.sent if to_ == CALLER]
    finals = [m for m in answers if isinstance(m, Response) and m.via.branch == branch and m.status >= 200]
    return finals[-1]


def test_an_update_without_sdp_is_answered_here_and_changes_nothing() -> None:
    exchange = one_line()
    call = exchange.dial()
    exchange.run(3.0)
    response = says(exchange, call, "UPDATE")
    assert (response.status, response.body) == (200, b"")
    assert len(exchange.invites(SECOND_LINE)) == 1
    call.reinvite(exchange.network.now, OFFER)
    exchange.run(1.0)
    assert len(exchange.invites(SECOND_LINE)) == 2


def test_an_update_with_sdp_is_agreed_with_the_other_side() -> None:
    exchange = one_line()
    call = exchange.dial()
    exchange.run(3.0)
    response = says(exchange, call, "UPDATE", OFFER)
    assert response.status == 200
    assert b"m=audio 4100" in response.body
    assert len(exchange.invites(SECOND_LINE)) == 2


def test_a_line_that_changes_its_session_while_its_answer_is_stored_has_to_wait() -> None:
    exchange = one_line()
    exchange.plane.disk.latency = 1.0
    call = exchange.dial()
    exchange.run(1.3)
    (line,) = exchange.line_calls
    line.reinvite(exchange.network.now, offer("192.0.2.21", 4102))
    exchange.run(6.0)
    assert len(exchange.answers) == 1
    call.bye(exchange.network.now)
    exchange.run(1.0)
    assert exchange.record.reason is Reason.OK
    refused = [
        parse(data) for _, source, to_, data in exchange.network.sent if (source, to_) == (PLANE, SECOND_LINE)
    ]
    assert 491 in {one.status for one in refused if isinstance(one, Response)}


def test_names_that_are_no_utf_8_do_not_keep_a_call_from_being_answered() -> None:
    exchange = one_line()
    exchange.dial()
    invite = next(data for _, _, to_, data in exchange.network.sent if to_ == PLANE)
    odd = invite.replace(b"From: <", b'From: "caf\xe9" <').replace(b"branch=z9hG4bK", b"branch=z9hG4bKodd")
    odd = odd.replace(b"Call-ID: ", b"Call-ID: odd")
    exchange.calls[0].cancel(exchange.network.now)
    exchange.run(1.0)
    exchange.plane.receive(odd, CALLER, exchange.network.now)
    exchange.run(3.0)
    answered = [data for _, _, to_, data in exchange.network.sent if to_ == CALLER and b"SIP/2.0 200" in data]
    assert any(b"CSeq: 1 INVITE" in data and b'"caf\xe9"' in data for data in answered)


def test_a_line_with_hundreds_of_early_dialogs_gets_sixteen_of_them_through() -> None:
    exchange = one_line()
    exchange.telephones[SECOND_LINE] = Telephone(rings=False, answers_after=None)
    exchange.dial()
    (invite,) = exchange.invites(SECOND_LINE)
    for place in range(300):
        exchange.plane.receive(ringing(invite, f"t{place}"), SECOND_LINE, exchange.network.now)
    exchange.run(0.3)
    assert len({early.tag for early in exchange.ringing if early.response.status > 100}) == 16
    (call,) = exchange.plane.plane.calls.values()
    assert len(call.current.early) == 16


def ringing(invite: Request, tag: str) -> bytes:
    headers = invite.headers
    lines = (
        "SIP/2.0 180 Ringing",
        f"Via: {headers.get('Via')}",
        f"From: {headers.get('From')}",
        f"To: {headers.get('To')};tag={tag}",
        f"Call-ID: {invite.call_id}",
        f"CSeq: {invite.cseq}",
        "Content-Length: 0",
    )
    return "\r\n".join((*lines, "", "")).encode()


def test_of_two_timers_due_at_once_the_second_does_not_end_the_next_branch() -> None:
    exchange = Exchange(contract(overflow(TOKYO, OSAKA, ring_seconds=5)))
    del exchange.network.agents[FIRST_LINE]
    exchange.dial()
    # The process stood still: both the first sign of life and the ring time are overdue.
    exchange.network.now += 6.0
    exchange.plane.handle_timer(exchange.network.now)
    exchange.run(3.0)
    assert len(exchange.answers) == 1


def test_an_announcement_whose_media_process_was_lost_ends_in_time() -> None:
    exchange = one_line(calls=CallTimers(announcement=5.0))
    exchange.dial("0120999999")
    exchange.run(1.0)
    assert exchange.plane.played
    exchange.plane.forget_media()
    exchange.run(3.0)
    assert not exchange.refusals
    exchange.run(2.0)
    assert [failed.status for failed in exchange.refusals] == [404]
    assert exchange.record.reason is Reason.NUMBER_NOT_IN_SERVICE
    assert not exchange.plane.plane.calls


def test_a_request_uri_without_a_number_is_a_number_not_in_service() -> None:
    exchange = one_line()
    exchange.plane.media_is_up = False
    exchange.dial("alice")
    exchange.run(1.0)
    assert [failed.status for failed in exchange.refusals] == [404]
    assert exchange.record.reason is Reason.NUMBER_NOT_IN_SERVICE


def test_a_plan_that_cannot_be_read_refuses_its_calls_and_is_reported_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    exchange = one_line()
    exchange.plans[FREEPHONE] = b"\xc1"
    with caplog.at_level(logging.ERROR):
        exchange.dial()
        exchange.dial()
    exchange.run(1.0)
    assert [failed.status for failed in exchange.refusals] == [500, 500]
    assert [record.reason for record in exchange.records] == [Reason.OVERLOAD, Reason.OVERLOAD]
    assert [line for line in caplog.messages if FREEPHONE in line] == caplog.messages[:1]


def test_a_packet_that_is_too_long_fails_alone() -> None:
    exchange = Exchange(contract(to(TOKYO)))
    exchange.telephones[FIRST_LINE] = Telephone(is_dead=True)
    agent = exchange.plane.plane.agent
    sent: list[bytes] = []
    for _ in range(2):
        exchange.plane.receive(invite_of_another_call(len(sent)), CALLER, exchange.network.now)
        exchange.plane.take_events()
        sent += [data for data, to_ in agent.take_datagrams() if to_ == FIRST_LINE]
    assert len(sent) == 2
    exchange.plane.plane.unreachable(FIRST_LINE, sent[0], exchange.plane.at(exchange.network.now))
    calls = exchange.plane.plane.calls.values()
    assert len(calls) == 1


def invite_of_another_call(place: int) -> bytes:
    lines = (
        f"INVITE sip:{FREEPHONE}@192.0.2.9 SIP/2.0",
        f"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{place}",
        "Max-Forwards: 70",
        "From: <sip:0422511234@192.0.2.1>;tag=f",
        f"To: <sip:{FREEPHONE}@192.0.2.9>",
        f"Call-ID: c{place}",
        "CSeq: 1 INVITE",
        "Contact: <sip:192.0.2.1:5060>",
        "Content-Type: application/sdp",
        f"Content-Length: {len(OFFER)}",
    )
    return "\r\n".join((*lines, "", "")).encode() + OFFER
