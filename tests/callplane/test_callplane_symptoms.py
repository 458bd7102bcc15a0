"""What once went wrong in calls, each under the name of its symptom."""

from collections.abc import Callable
from types import FunctionType

import pytest
from calling_lines import FRIEND, NOTIFYING, CallingOffice
from exchange import ANNOUNCEMENT_S, CALLER, FIRST_LINE, OFFER, SECOND_LINE, Exchange, Telephone
from routing_contracts import NAGOYA, OSAKA, TOKYO, contract, overflow, to

from chakka.callplane.outbox import Outbox
from chakka.config import Address, Trunk
from chakka.media.control import Bridge, Close, Join, Move, Open, Opened, Refused
from chakka.records.model import ReleasedBy, Unanswered
from chakka.routing.decision import Reason
from chakka.sip.message import parse
from chakka.sip.sdp import offer

PICK_UP_S = 1.0
UNPATCHABLE = pytest.mark.skipif(
    not isinstance(Outbox.show, FunctionType), reason="compiled: no bug can be put in its place"
)


def guided(**settings: object) -> Exchange:
    return Exchange(contract(overflow(TOKYO, OSAKA), guidance=True), **settings)  # type: ignore[arg-type]


def tell_media(exchange: Exchange, event: Opened | Refused) -> None:
    plane = exchange.plane
    plane.plane.media(event, plane.at(exchange.network.now))


def to_caller(exchange: Exchange, start: bytes) -> list[bytes]:
    return [data for _, _, to, data in exchange.network.sent if to == CALLER and data.startswith(start)]


def first_lost(to: Address, start: bytes) -> Callable[[Address, Address, bytes], bool]:
    """Return a network that loses the first of those messages to an address."""
    lost: list[bytes] = []

    def is_kept(_: Address, target: Address, data: bytes) -> bool:
        if target == to and data.startswith(start) and not lost:
            lost.append(data)
            return False
        return True

    return is_kept


def test_a_stream_that_is_opened_too_late_does_not_end_the_call() -> None:
    exchange = guided()
    exchange.plane.media_is_up = False
    exchange.dial()
    exchange.run(0.7)
    (call,) = exchange.plane.plane.calls.values()
    tell_media(exchange, Opened(id=call.caller_stream, host="192.0.2.9", port=20000))
    exchange.run(4.0)
    assert exchange.record.reason is Reason.OK


def test_a_stream_that_is_refused_too_late_does_not_end_a_call_without_relay() -> None:
    exchange = guided()
    exchange.plane.media_is_up = False
    exchange.dial()
    exchange.run(4.0)
    (call,) = exchange.plane.plane.calls.values()
    tell_media(exchange, Refused(id=call.caller_stream, error="no RTP port is free"))
    exchange.run(1.0)
    assert exchange.plane.plane.calls


def test_streams_wait_as_long_as_all_lines_together_may_ring() -> None:
    exchange = Exchange(contract(overflow(TOKYO, OSAKA, NAGOYA, ring_seconds=120), guidance=True))
    exchange.dial()
    longest = 120 + 120 + 180
    assert all(one.idle_s >= longest for one in exchange.plane.said(Open))


def test_an_offerless_caller_of_a_whispering_contract_is_joined_after_its_ack() -> None:
    exchange = Exchange(contract(to(TOKYO), whisper=True))
    exchange.acks = False
    call = exchange.dial(body=b"", headers=(("Supported", "100rel"),))
    exchange.run(PICK_UP_S + ANNOUNCEMENT_S + 0.5)
    assert exchange.answers
    call.ack(exchange.network.now, OFFER)
    exchange.run(1.0)
    joined = {join.id[-1] for join in exchange.plane.said(Join)}
    assert joined == {"a", "b"}
    order = [type(one) for one in exchange.plane.commands if isinstance(one, Join | Bridge)]
    assert order == [Join, Join, Bridge]


def test_an_offerless_caller_that_has_answered_in_its_prack_gets_no_second_offer() -> None:
    exchange = guided()
    exchange.dial(body=b"", headers=(("Supported", "100rel"),))
    exchange.run(PICK_UP_S + 0.5)
    early = next(event for event in exchange.ringing if event.response.status == 183)
    exchange.prack(early, OFFER)
    exchange.run(ANNOUNCEMENT_S + 1.0)
    assert exchange.answers[0].response.body == b""


def test_an_offerless_caller_hears_ringing_and_no_early_offer_of_the_line() -> None:
    exchange = Exchange(contract(to(TOKYO)))
    exchange.telephones[FIRST_LINE] = Telephone(early_media=True)
    exchange.dial(body=b"", headers=(("Supported", "100rel"),))
    exchange.run(0.5)
    rings = [event.response for event in exchange.ringing if event.response.status > 100]
    assert {(ring.status, ring.body) for ring in rings} == {(180, b"")}


@pytest.mark.parametrize("who", ["caller", "callee"])
def test_a_side_that_hangs_up_while_the_bridging_is_stored_ends_the_call_uncharged(who: str) -> None:
    exchange = guided(early_media=False)
    exchange.plane.disk.latency = 0.5
    call = exchange.dial()
    exchange.run(PICK_UP_S + ANNOUNCEMENT_S + 0.3)
    assert not exchange.plane.said(Bridge)
    (call if who == "caller" else exchange.line_calls[0]).bye(exchange.network.now)
    exchange.run(2.0)
    assert not exchange.plane.plane.calls
    record = exchange.record
    assert (record.conversation_ms, record.is_confirmed) == (0, False)


def test_a_line_that_gives_its_session_in_a_reliable_183_alone_is_guided() -> None:
    exchange = guided()
    exchange.telephones[FIRST_LINE] = Telephone(answers_after=None)
    exchange.dial()
    exchange.run(0.3)
    line = exchange.line_calls[0]
    assert line.request is not None
    line.progress(exchange.network.now, 183, body=offer("192.0.2.21", 4100))
    exchange.run(0.2)
    line.answer(exchange.network.now, b"")
    exchange.run(ANNOUNCEMENT_S + 1.0)
    assert exchange.record.reason is Reason.OK


def test_a_call_out_of_hops_gets_483_with_cause_25_and_a_record() -> None:
    exchange = Exchange(contract(to(TOKYO)))
    exchange.dial(max_forwards=0)
    exchange.run(1.0)
    (failed,) = exchange.refusals
    assert failed.status == 483
    assert failed.response is not None
    assert "cause=25" in (failed.response.headers.get("Reason") or "")
    record = exchange.record
    assert (record.status, record.cause) == (483, 25)
    assert not exchange.invites(FIRST_LINE)


def test_a_busy_line_and_one_that_rings_out_give_busy_with_and_without_a_ring_time() -> None:
    for ring_seconds in (None, 30):
        exchange = Exchange(contract(overflow(TOKYO, OSAKA, ring_seconds=ring_seconds)))
        exchange.telephones[FIRST_LINE] = Telephone(rings=False, refuses=486)
        exchange.telephones[SECOND_LINE] = Telephone(answers_after=None)
        exchange.dial()
        exchange.run(185.0)
        assert [failed.status for failed in exchange.refusals] == [486]


def test_a_challenge_is_not_passed_on_without_its_question() -> None:
    exchange = Exchange(contract(to(TOKYO)))
    exchange.telephones[FIRST_LINE] = Telephone(answers_after=None)
    exchange.dial()
    exchange.run(0.3)
    exchange.line_calls[0].reject(exchange.network.now, 407)
    exchange.run(0.5)
    assert [failed.status for failed in exchange.refusals] == [480]


@pytest.mark.parametrize(
    ("media", "code"),
    [(b"m=image 4000 udptl t38\r\n", "304"), (b"m=audio 4000 RTP/AVP 9\r\n", "305")],
)
def test_the_warning_of_488_says_whether_it_is_the_media_or_the_codec(media: bytes, code: str) -> None:
    exchange = Exchange(contract(to(TOKYO)))
    head = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    exchange.dial(body=head + media)
    (failed,) = exchange.refusals
    assert failed.response is not None
    assert (failed.response.headers.get("Warning") or "").startswith(f"{code} ")


def test_each_new_description_of_the_relay_has_a_new_version() -> None:
    exchange = guided()
    call = exchange.dial()
    exchange.run(PICK_UP_S + ANNOUNCEMENT_S + 2.0)
    first = exchange.answers[0].response.body
    for direction in (b"a=sendonly\r\n", b"a=sendrecv\r\n"):
        call.reinvite(exchange.network.now, OFFER.replace(b"a=sendrecv\r\n", b"") + direction)
        exchange.run(1.0)
        call.ack(exchange.network.now)
    oks = [parse(data).body for data in to_caller(exchange, b"SIP/2.0 200") if b" INVITE\r\n" in data]
    origins = [body.split(b"\r\n")[1] for body in dict.fromkeys((first, *oks))]
    assert len(set(origins)) == 3


def test_a_prack_without_an_answer_does_not_leave_the_call_waiting() -> None:
    exchange = guided()
    exchange.dial(body=b"", headers=(("Supported", "100rel"),))
    exchange.run(PICK_UP_S + ANNOUNCEMENT_S + 0.5)
    early = next(event for event in exchange.ringing if event.response.status == 183)
    exchange.prack(early, b"")
    exchange.run(2.0)
    assert not exchange.plane.plane.calls or exchange.answers


@UNPATCHABLE
def test_a_bug_during_an_announcement_frees_its_stream_and_leaves_one_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exchange = Exchange(contract(to(TOKYO)))
    exchange.dial(number="0120999999")
    plane, at = exchange.plane.plane, exchange.plane.at(exchange.network.now)
    (call,) = plane.calls.values()
    with monkeypatch.context() as patched:
        patched.setattr(plane.outbox, "show", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            plane.media(Refused(id=call.id, error="lost"), at)
    plane.give_up(at)
    exchange.run(1.0)
    assert [close.id for close in exchange.plane.said(Close)] == [call.id]
    assert exchange.record.reason is Reason.NUMBER_NOT_IN_SERVICE
    ends = [one for one in exchange.plane.disk.written if isinstance(one, Unanswered)]
    assert len(ends) == 1
    assert not plane.calls


def test_the_record_of_a_caller_who_left_an_announcement_has_the_status_that_he_got() -> None:
    exchange = Exchange(contract(to(TOKYO)))
    call = exchange.dial(number="0120999999")
    call.cancel(exchange.network.now)
    exchange.run(1.0)
    record = exchange.record
    assert [failed.status for failed in exchange.refusals] == [487]
    assert (record.reason, record.status, record.cause) == (Reason.NUMBER_NOT_IN_SERVICE, 487, 31)


@UNPATCHABLE
def test_a_bug_just_after_the_200_hangs_up_on_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = Exchange(contract(to(TOKYO)))
    exchange.plane.disk.latency = 10.0
    exchange.dial()
    exchange.run(PICK_UP_S + 0.5)
    plane = exchange.plane.plane
    (call,) = plane.calls.values()
    with monkeypatch.context() as patched:
        patched.setattr(plane.outbox, "show", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            plane.stored(call.id, True, exchange.plane.at(exchange.network.now))
    plane.give_up(exchange.plane.at(exchange.network.now))
    exchange.run(1.0)
    assert set(exchange.byes) == {CALLER, FIRST_LINE}
    assert (exchange.record.fault, exchange.record.released_by) == (True, ReleasedBy.US)


@pytest.mark.parametrize(
    ("address", "direction"),
    [
        (b"192.0.2.1", b"a=sendonly"),
        (b"192.0.2.1", b"a=inactive"),
        (b"0.0.0.0", b"a=sendrecv"),
        (b"0.0.0.0", b"a=sendonly"),
    ],
)
def test_who_holds_a_relayed_call_may_be_silent_and_have_no_address(address: bytes, direction: bytes) -> None:
    exchange = guided()
    call = exchange.dial()
    exchange.run(PICK_UP_S + ANNOUNCEMENT_S + 2.0)
    held = OFFER.replace(b"c=IN IP4 192.0.2.1", b"c=IN IP4 " + address).replace(b"a=sendrecv", direction)
    call.reinvite(exchange.network.now, held)
    exchange.run(1.0)
    (move,) = exchange.plane.said(Move)
    assert isinstance(move, Move)
    assert (move.is_listening, move.is_speaking) == (False, False)


def test_a_line_whose_refusal_is_lost_gets_it_again_and_leaves_one_record() -> None:
    office = CallingOffice(NOTIFYING)
    office.network.keep = first_lost(FIRST_LINE, b"SIP/2.0 404")
    office.carrier = Telephone(refuses=404)
    office.dial_out(FRIEND)
    office.run(5.0)
    assert [failed.status for failed in office.refusals] == [404]
    assert office.record.reason is Reason.REJECTED


def test_a_line_whose_refusal_without_ringing_is_lost_leaves_one_record() -> None:
    office = CallingOffice(NOTIFYING, trunks=(Trunk(name="carrier", hosts=("192.0.2.1",)),))
    office.network.keep = first_lost(FIRST_LINE, b"SIP/2.0 503")
    office.dial_out(FRIEND)
    office.run(5.0)
    assert [failed.status for failed in office.refusals] == [503]
    assert len(office.records) == 1


@pytest.mark.parametrize("address", [b"IN IP4 0.0.0.0", b"IN IP6 2001:db8::1"])
def test_a_caller_whom_our_streams_cannot_reach_is_connected_without_guidance(address: bytes) -> None:
    exchange = guided()
    exchange.dial(body=OFFER.replace(b"c=IN IP4 192.0.2.1", b"c=" + address))
    exchange.run(PICK_UP_S + 1.0)
    assert exchange.answers
    assert not exchange.plane.said(Open)
