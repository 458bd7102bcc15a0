"""Connection guidance and whisper: service.md R5.1, R5.3, §9.11; signalling.md §2–3."""

import pytest
from exchange import ANNOUNCEMENT_S, CALLER, FIRST_LINE, OFFER, Exchange, Telephone
from routing_contracts import OSAKA, TOKYO, contract, overflow, to

from chakka.media.control import Bridge, Close, Join, Move, Open, Play, Refused, Silent
from chakka.records.model import Answered, ReleasedBy
from chakka.routing.decision import Reason

PICK_UP_S = 1.0


def guided(**settings: object) -> Exchange:
    return Exchange(contract(overflow(TOKYO, OSAKA), guidance=True), **settings)  # type: ignore[arg-type]


def clips(exchange: Exchange) -> dict[str, tuple[str, ...]]:
    """Return what each side heard: `a` the caller, `b` the line."""
    return {play.id[-1]: play.clips[1:] for play in exchange.plane.played}


def test_r5_1_both_sides_hear_their_text_before_they_are_bridged() -> None:
    exchange = guided()
    exchange.dial()
    exchange.run(PICK_UP_S + ANNOUNCEMENT_S - 0.5)
    assert clips(exchange) == {"a": ("guidance_caller",), "b": ("guidance_callee",)}
    assert not exchange.plane.said(Bridge)
    assert not exchange.answers
    exchange.run(1.0)
    assert len(exchange.plane.said(Bridge)) == 1
    assert len(exchange.answers) == 1


def test_r5_1_charging_begins_when_they_are_bridged() -> None:
    exchange = guided()
    call = exchange.dial()
    exchange.run(PICK_UP_S + ANNOUNCEMENT_S + 10.0)
    call.bye(exchange.network.now)
    exchange.run(1.0)
    assert exchange.record.conversation_ms == pytest.approx(10_000, abs=300)
    assert exchange.record.is_confirmed
    assert len(exchange.plane.said(Close)) == 2


def test_the_guidance_adds_less_than_100_ms_to_its_own_length() -> None:
    exchange = guided()
    exchange.dial()
    exchange.run(PICK_UP_S + ANNOUNCEMENT_S + 2.0)
    line_answer = exchange.network_moment(FIRST_LINE, b"SIP/2.0 200")
    caller_answer = exchange.network_moment_to(CALLER, b"SIP/2.0 200")
    assert caller_answer - line_answer - ANNOUNCEMENT_S < 0.1


def test_each_leg_has_its_session_with_the_relay_and_the_same_law() -> None:
    exchange = guided()
    exchange.dial()
    exchange.run(PICK_UP_S + ANNOUNCEMENT_S + 1.0)
    assert b"m=audio 20002 " in exchange.invites(FIRST_LINE)[0].body
    assert b"m=audio 20000 " in exchange.answers[0].response.body
    joins = {join.id[-1]: join for join in exchange.plane.said(Join) if isinstance(join, Join)}
    assert (joins["a"].host, joins["a"].port) == ("192.0.2.1", 4000)
    assert (joins["b"].host, joins["b"].port) == ("192.0.2.21", 4100)
    assert joins["a"].law == joins["b"].law


def test_the_line_is_not_heard_while_it_rings() -> None:
    exchange = guided()
    exchange.telephones[FIRST_LINE] = Telephone(early_media=True)
    exchange.dial()
    exchange.run(0.5)
    rings = [event.response for event in exchange.ringing if event.response.status > 100]
    assert {(ring.status, ring.body) for ring in rings} == {(180, b"")}


def test_overflow_keeps_the_streams_and_guides_after_the_answer() -> None:
    exchange = guided()
    exchange.telephones[FIRST_LINE] = Telephone(rings=False, refuses=486)
    exchange.dial()
    exchange.run(PICK_UP_S + ANNOUNCEMENT_S + 2.0)
    assert exchange.record.destination == OSAKA
    assert len(exchange.plane.said(Open)) == 2


def test_the_callee_hangs_up_during_the_guidance_and_nothing_is_charged() -> None:
    exchange = guided()
    exchange.dial()
    exchange.run(PICK_UP_S + 2.0)
    exchange.line_calls[0].bye(exchange.network.now)
    exchange.run(1.0)
    record = exchange.record
    assert [failed.status for failed in exchange.refusals] == [480]
    assert (record.cause, record.answered_at_ms, record.destination) == (31, None, None)
    assert len(exchange.line_calls) == 1
    assert len(exchange.plane.said(Close)) == 2


def test_the_caller_cancels_during_the_guidance_and_nothing_is_charged() -> None:
    exchange = guided()
    call = exchange.dial()
    exchange.run(PICK_UP_S + 2.0)
    call.cancel(exchange.network.now)
    exchange.run(1.0)
    assert exchange.record.reason is Reason.ABANDONED
    assert exchange.byes == [FIRST_LINE]
    assert not any(isinstance(entry, Answered) for entry in exchange.plane.disk.written)


def test_without_the_media_process_the_call_is_connected_without_guidance() -> None:
    exchange = guided()
    exchange.plane.media_is_up = False
    exchange.dial()
    exchange.run(4.0)
    assert exchange.record.reason is Reason.OK
    assert b"m=audio 4000 " in exchange.invites(FIRST_LINE)[0].body


def test_r5_3_a_trunk_without_early_media_is_answered_for_the_guidance_and_charged_from_the_bridge() -> None:
    exchange = guided(early_media=False)
    call = exchange.dial()
    exchange.run(PICK_UP_S + 1.0)
    assert len(exchange.answers) == 1
    exchange.run(ANNOUNCEMENT_S + 10.0)
    call.bye(exchange.network.now)
    exchange.run(1.0)
    record = exchange.record
    assert (record.reason, record.is_confirmed, record.answered_by) == (Reason.OK, True, None)
    assert record.conversation_ms == pytest.approx(10_000, abs=1_200)


@pytest.mark.parametrize("who", ["caller", "callee"])
def test_r5_3_a_hang_up_during_an_answered_guidance_costs_nothing(who: str) -> None:
    exchange = guided(early_media=False)
    call = exchange.dial()
    exchange.run(PICK_UP_S + 2.0)
    (call if who == "caller" else exchange.line_calls[0]).bye(exchange.network.now)
    exchange.run(1.0)
    record = exchange.record
    assert (record.answered_at_ms, record.answered_by, record.status) == (None, "guidance", 200)
    assert set(exchange.byes) == {CALLER, FIRST_LINE} - ({CALLER} if who == "caller" else {FIRST_LINE})
    assert not exchange.plane.plane.calls


def test_an_offerless_caller_with_100rel_is_guided_after_its_prack() -> None:
    exchange = guided()
    exchange.dial(body=b"", headers=(("Supported", "100rel"),))
    exchange.run(PICK_UP_S + 0.5)
    early = next(event for event in exchange.ringing if event.response.status == 183)
    assert b"m=audio 20000 " in early.response.body
    exchange.prack(early, OFFER)
    exchange.run(ANNOUNCEMENT_S + 1.0)
    assert clips(exchange)["a"] == ("guidance_caller",)
    assert exchange.record.reason is Reason.OK


def test_whisper_goes_to_the_callee_alone() -> None:
    exchange = Exchange(contract(to(TOKYO), whisper=True))
    exchange.dial()
    exchange.run(PICK_UP_S + ANNOUNCEMENT_S + 1.0)
    assert set(clips(exchange)) == {"b"}
    assert not any(event.response.status == 183 for event in exchange.ringing)
    assert b"m=audio 20000 " in exchange.answers[0].response.body


def test_a_hold_of_the_caller_is_answered_by_us_and_told_to_the_relay() -> None:
    exchange = guided()
    call = exchange.dial()
    exchange.run(PICK_UP_S + ANNOUNCEMENT_S + 2.0)
    call.reinvite(exchange.network.now, OFFER.replace(b"a=sendrecv\r\n", b"") + b"a=sendonly\r\n")
    exchange.run(1.0)
    (move,) = exchange.plane.said(Move)
    assert isinstance(move, Move)
    assert (move.id[-1], move.is_listening, move.is_speaking) == ("a", False, False)
    assert len(exchange.invites(FIRST_LINE)) == 1


def test_a_minute_of_silence_ends_a_relayed_call() -> None:
    exchange = guided()
    exchange.dial()
    exchange.run(PICK_UP_S + ANNOUNCEMENT_S + 2.0)
    (call,) = exchange.plane.plane.calls.values()
    exchange.plane.plane.media(Silent(id=call.caller_stream), exchange.plane.at(exchange.network.now))
    exchange.run(1.0)
    assert exchange.record.released_by is ReleasedBy.US
    assert set(exchange.byes) == {CALLER, FIRST_LINE}


def lose_the_streams(exchange: Exchange) -> None:
    """Let the media process die and start again: it knows none of its streams."""
    plane, at = exchange.plane.plane, exchange.plane.at(exchange.network.now)
    (call,) = plane.calls.values()
    for stream in (call.caller_stream, call.callee_stream):
        plane.media(Refused(id=stream, error="the media process has died"), at)


def test_a_bridged_call_whose_streams_are_lost_is_released_as_our_fault() -> None:
    exchange = guided()
    exchange.dial()
    exchange.run(PICK_UP_S + ANNOUNCEMENT_S + 2.0)
    lose_the_streams(exchange)
    exchange.run(1.0)
    record = exchange.record
    assert (record.released_by, record.fault) == (ReleasedBy.US, True)
    assert sorted(exchange.byes) == sorted((CALLER, FIRST_LINE))


def test_streams_that_are_lost_while_the_line_rings_end_the_call_when_it_answers() -> None:
    exchange = guided()
    exchange.dial()
    exchange.run(PICK_UP_S / 2)
    lose_the_streams(exchange)
    exchange.run(0.1)
    assert not exchange.refusals
    exchange.run(PICK_UP_S)
    lose_the_streams(exchange)
    exchange.run(1.0)
    record = exchange.record
    assert ([failed.status for failed in exchange.refusals], record.cause) == ([480], 38)
    assert record.answered_at_ms is None
    assert exchange.byes == [FIRST_LINE]


def test_a_stop_during_the_guidance_releases_both_sides() -> None:
    exchange = guided()
    exchange.dial()
    exchange.run(PICK_UP_S + 2.0)
    exchange.plane.plane.stop(exchange.plane.at(exchange.network.now))
    exchange.run(1.0)
    assert [failed.status for failed in exchange.refusals] == [503]
    assert exchange.byes == [FIRST_LINE]


def test_a_caller_who_gives_up_before_a_line_is_tried_frees_the_streams() -> None:
    exchange = guided()
    exchange.plane.media_is_up = False
    call = exchange.dial()
    call.cancel(exchange.network.now)
    exchange.run(1.0)
    assert exchange.record.reason is Reason.ABANDONED
    assert not exchange.plane.plane.calls
    assert not any(isinstance(one, Play) for one in exchange.plane.commands)


@pytest.mark.parametrize("offered", [OFFER, b""])
def test_r5_3_a_trunk_without_early_media_is_answered_for_an_announcement_and_not_charged(
    offered: bytes,
) -> None:
    exchange = guided(early_media=False)
    exchange.acks = False
    call = exchange.dial(number="0120999999", body=offered)
    exchange.run(1.0)
    assert not exchange.plane.played
    call.ack(exchange.network.now, b"" if offered else OFFER)
    exchange.run(ANNOUNCEMENT_S + 1.0)
    record = exchange.record
    assert (record.reason, record.answered_by) == (Reason.NUMBER_NOT_IN_SERVICE, "announcement")
    assert (record.status, record.answered_at_ms) == (200, None)
    assert exchange.byes == [CALLER]


def test_r5_3_a_caller_who_hangs_up_during_an_answered_announcement_is_recorded() -> None:
    exchange = guided(early_media=False)
    call = exchange.dial(number="0120999999")
    exchange.run(2.0)
    call.bye(exchange.network.now)
    exchange.run(1.0)
    assert exchange.record.answered_by == "announcement"
    assert not exchange.plane.plane.calls
