"""Calls through the call plane on a simulated network: signalling.md §2–3, service.md R4.2."""

from itertools import pairwise

import msgspec
import pytest
from exchange import CALLER, FIRST_LINE, FREEPHONE, OFFER, SECOND_LINE, TUESDAY_10_MS, Exchange, Telephone
from network import Link
from routing_contracts import FROM_050, FROM_MOBILE, OSAKA, SHIBUYA, TOKYO, contract, overflow, ratio, to

from chakka.config import CallTimers
from chakka.contract.model import Contract, Limits
from chakka.records.model import Answered, Confirmed, Counted, Released, ReleasedBy, Tick
from chakka.routing.decision import Reason

_SESSION = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
VIDEO_ONLY = _SESSION + b"m=video 5000 RTP/AVP 96\r\n"
AUDIO_AND_VIDEO = (
    _SESSION
    + b"m=audio 4000 RTP/AVP 9 0 8 101\r\na=rtpmap:9 G722/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
    + b"m=video 5000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
)
OFFER_ON_HOLD = _SESSION + b"m=audio 4000 RTP/AVP 0\r\na=sendonly\r\n"


def busy_overflow(**changes: object) -> Exchange:
    return Exchange(contract(overflow(TOKYO, OSAKA)), **changes)  # type: ignore[arg-type]


def test_a_call_rings_is_answered_and_recorded() -> None:
    exchange = busy_overflow()
    call = exchange.dial()
    exchange.run(10.0)
    call.bye(exchange.network.now)
    exchange.run(1.0)
    record = exchange.record
    assert (record.reason, record.destination, record.is_confirmed) == (Reason.OK, TOKYO, True)
    assert record.released_by is ReleasedBy.CALLER
    assert record.conversation_ms == pytest.approx(9_000, abs=150)
    assert exchange.byes == [FIRST_LINE]
    assert not exchange.plane.plane.calls


def test_the_answer_is_durable_before_the_caller_gets_200() -> None:
    exchange = busy_overflow()
    exchange.plane.disk.latency = 3.0
    exchange.dial()
    exchange.run(3.0)
    assert any(isinstance(entry, Answered) for entry in exchange.plane.disk.written)
    assert not exchange.answers
    exchange.run(2.0)
    assert exchange.answers


def test_a_disk_that_fails_refuses_the_call_and_releases_the_line() -> None:
    exchange = busy_overflow()
    exchange.plane.disk.fails = True
    exchange.dial()
    exchange.run(5.0)
    assert [failed.status for failed in exchange.refusals] == [503]
    assert exchange.byes == [FIRST_LINE]
    assert exchange.record.reason is Reason.OVERLOAD


def test_r4_2_busy_goes_to_the_next_number() -> None:
    exchange = busy_overflow()
    exchange.telephones[FIRST_LINE] = Telephone(rings=False, refuses=486)
    exchange.dial()
    exchange.run(3.0)
    record = exchange.record
    assert record.destination == OSAKA
    assert [(leg.destination, leg.status) for leg in record.facts.legs] == [(TOKYO, 486), (OSAKA, 200)]


@pytest.mark.parametrize("status", [408, 480, 500, 503, 302, 401, 407, 404, 410, 484, 488])
def test_r4_2_unreachable_before_ringing_goes_to_the_next_number(status: int) -> None:
    exchange = busy_overflow()
    exchange.telephones[FIRST_LINE] = Telephone(rings=False, refuses=status)
    exchange.dial()
    exchange.run(3.0)
    assert exchange.record.destination == OSAKA


def test_r4_2_no_sign_of_life_in_four_seconds_goes_to_the_next_number() -> None:
    exchange = busy_overflow()
    exchange.telephones[FIRST_LINE].is_dead = True
    exchange.network.keep = lambda source, to, data: FIRST_LINE not in (source, to)
    exchange.dial()
    exchange.run(3.5)
    assert not exchange.invites(SECOND_LINE)
    exchange.run(3.0)
    assert exchange.record.destination == OSAKA


@pytest.mark.parametrize("status", [403, 603])
def test_r4_2_any_other_refusal_ends_the_call(status: int) -> None:
    exchange = busy_overflow()
    exchange.telephones[FIRST_LINE] = Telephone(refuses=status)
    exchange.dial()
    exchange.run(3.0)
    assert [failed.status for failed in exchange.refusals] == [status]
    assert (exchange.record.reason, exchange.record.cause) == (Reason.REJECTED, 21)
    assert not exchange.invites(SECOND_LINE)


def test_r4_2_all_busy_gives_486_with_cause_17() -> None:
    exchange = busy_overflow()
    for telephone in exchange.telephones.values():
        telephone.refuses = 486
    exchange.dial()
    exchange.run(3.0)
    assert [failed.status for failed in exchange.refusals] == [486]
    assert (exchange.record.reason, exchange.record.cause) == (Reason.ALL_BUSY, 17)


def test_a_line_that_rings_out_ends_as_no_answer_without_a_ring_time() -> None:
    exchange = busy_overflow(calls=CallTimers(ring=20.0))
    exchange.telephones[FIRST_LINE].answers_after = None
    exchange.dial()
    exchange.run(21.0)
    assert [failed.status for failed in exchange.refusals] == [480]
    assert (exchange.record.reason, exchange.record.cause) == (Reason.NO_ANSWER, 19)
    assert not exchange.invites(SECOND_LINE)


def test_a_ring_time_goes_to_the_next_number_and_the_last_rings_on() -> None:
    exchange = Exchange(contract(overflow(TOKYO, OSAKA, ring_seconds=10)))
    exchange.telephones[FIRST_LINE].answers_after = None
    exchange.telephones[SECOND_LINE].answers_after = 60.0
    exchange.dial()
    exchange.run(80.0)
    assert exchange.record.destination == OSAKA


def test_a_busy_line_and_an_unreachable_one_give_busy() -> None:
    exchange = busy_overflow()
    exchange.telephones[FIRST_LINE].refuses = 486
    exchange.telephones[SECOND_LINE] = Telephone(rings=False, refuses=503)
    exchange.dial()
    exchange.run(3.0)
    assert exchange.record.reason is Reason.ALL_BUSY


def test_all_unreachable_gives_480_with_cause_20() -> None:
    exchange = busy_overflow()
    for address in exchange.telephones:
        exchange.telephones[address] = Telephone(rings=False, refuses=503)
    exchange.dial()
    exchange.run(3.0)
    assert [failed.status for failed in exchange.refusals] == [480]
    assert (exchange.record.reason, exchange.record.cause) == (Reason.UNREACHABLE, 20)


def test_a_line_without_an_address_is_unreachable() -> None:
    exchange = Exchange(contract(to("0522001234")))
    exchange.dial()
    assert (exchange.record.reason, exchange.record.status) == (Reason.UNREACHABLE, 480)


def test_a_caller_who_gives_up_stops_the_ringing() -> None:
    exchange = busy_overflow()
    exchange.telephones[FIRST_LINE].answers_after = 30.0
    call = exchange.dial()
    call.cancel(exchange.network.now)
    exchange.run(2.0)
    assert [failed.status for failed in exchange.refusals] == [487]
    assert (exchange.record.reason, exchange.record.status) == (Reason.ABANDONED, 487)
    assert exchange.line_calls[0].is_final


def test_a_cancel_that_crosses_the_lines_answer_leaves_nothing_up() -> None:
    exchange = busy_overflow()
    call = exchange.dial()
    exchange.run(0.92)
    call.cancel(exchange.network.now)
    exchange.run(40.0)
    assert not exchange.plane.plane.calls
    assert exchange.record.reason in (Reason.ABANDONED, Reason.OK)
    assert all(line.is_ended for line in exchange.line_calls)


def test_a_caller_who_never_acks_pays_nothing() -> None:
    exchange = busy_overflow()
    exchange.acks = False
    exchange.dial()
    exchange.run(60.0)
    record = exchange.record
    assert (record.reason, record.is_confirmed) == (Reason.OK, False)
    assert record.released_by is ReleasedBy.US
    assert FIRST_LINE in exchange.byes


def test_the_callee_hangs_up() -> None:
    exchange = busy_overflow()
    exchange.dial()
    exchange.run(5.0)
    exchange.line_calls[0].bye(exchange.network.now)
    exchange.run(1.0)
    assert exchange.record.released_by is ReleasedBy.CALLEE
    assert exchange.byes == [CALLER] or CALLER in exchange.byes


def test_a_call_that_lasts_too_long_is_released_on_both_sides() -> None:
    exchange = busy_overflow(calls=CallTimers(longest=60.0))
    exchange.dial()
    exchange.run(70.0)
    assert exchange.record.released_by is ReleasedBy.US
    assert set(exchange.byes) == {CALLER, FIRST_LINE}


def test_answered_calls_give_a_sign_of_life_every_five_seconds() -> None:
    exchange = busy_overflow()
    exchange.dial()
    exchange.run(21.0)
    ticks = [entry for entry in exchange.plane.disk.written if isinstance(entry, Tick)]
    gaps = [later.monotonic_ms - tick.monotonic_ms for tick, later in pairwise(ticks)]
    assert len(ticks) >= 3
    assert max(gaps) <= 5_100


@pytest.mark.parametrize(
    ("calling", "reason", "announcement"),
    [
        (FROM_050, Reason.CLASS_NOT_ACCEPTED, "restricted_ip_phone"),
        ("+442079460000", Reason.CLASS_NOT_ACCEPTED, "restricted_international"),
    ],
)
def test_r2_2_refused_classes_hear_why(calling: str, reason: Reason, announcement: str) -> None:
    exchange = busy_overflow()
    exchange.dial(calling=calling)
    exchange.run(12.0)
    assert [failed.status for failed in exchange.refusals] == [403]
    assert (exchange.record.reason, exchange.record.cause) == (reason, 21)
    assert exchange.plane.played[0].clips[1:] == (announcement,)
    assert not exchange.invites(FIRST_LINE)


def test_r2_4_a_mobile_that_is_not_accepted_hears_why() -> None:
    exchange = Exchange(contract(to(TOKYO, mobile=False)))
    exchange.dial(calling=FROM_MOBILE, from_=f"<sip:{FROM_MOBILE}@192.0.2.1>")
    exchange.run(12.0)
    assert exchange.refusals[0].status == 403
    assert exchange.record.facts.attempt.caller_class == "mobile"


def test_an_unknown_number_hears_that_it_is_not_in_service() -> None:
    exchange = busy_overflow()
    exchange.dial(number="0120999999")
    exchange.run(12.0)
    assert exchange.plane.played[0].clips[1:] == ("not_in_service",)
    assert (exchange.record.reason, exchange.record.status) == (Reason.NUMBER_NOT_IN_SERVICE, 404)
    assert exchange.record.cause == 1


def test_without_the_media_process_the_refusal_comes_at_once() -> None:
    exchange = busy_overflow()
    exchange.plane.media_is_up = False
    exchange.dial(number="0120999999")
    exchange.run(1.0)
    assert [failed.status for failed in exchange.refusals] == [404]


def test_a_caller_who_hangs_up_during_an_announcement_frees_the_stream() -> None:
    exchange = busy_overflow()
    call = exchange.dial(number="0120999999")
    exchange.run(2.0)
    call.cancel(exchange.network.now)
    exchange.run(1.0)
    assert [failed.status for failed in exchange.refusals] == [487]
    assert exchange.record.reason is Reason.NUMBER_NOT_IN_SERVICE
    assert not exchange.plane.plane.calls


def test_r2_1_an_offer_without_g711_gets_488_with_a_warning_and_nothing_rings() -> None:
    exchange = busy_overflow()
    exchange.dial(body=VIDEO_ONLY)
    exchange.run(1.0)
    failed = exchange.refusals[0]
    assert failed.status == 488
    assert failed.response is not None
    assert "304" in (failed.response.headers.get("Warning") or "")
    assert not exchange.invites(FIRST_LINE)


def test_r2_1_video_beside_g711_is_refused_by_port_0() -> None:
    exchange = busy_overflow()
    exchange.dial(body=AUDIO_AND_VIDEO)
    exchange.run(3.0)
    body = exchange.invites(FIRST_LINE)[0].body
    assert b"m=video 0 " in body
    assert b"m=audio 4000 RTP/AVP 0 8 101" in body
    assert exchange.record.reason is Reason.OK


def test_each_line_is_an_early_dialog_of_its_own_towards_the_caller() -> None:
    exchange = busy_overflow()
    exchange.telephones[FIRST_LINE] = Telephone(early_media=True, refuses=486)
    exchange.telephones[SECOND_LINE] = Telephone(early_media=True)
    exchange.dial()
    exchange.run(5.0)
    tags = {event.tag for event in exchange.ringing if event.response.status == 183}
    assert len(tags) == 2
    assert exchange.answers[0].tag in tags
    sent_early = [event.response.body for event in exchange.ringing if event.tag == exchange.answers[0].tag]
    assert exchange.answers[0].response.body == sent_early[0]


def test_a_trunk_with_a_single_early_dialog_gets_180_without_sdp() -> None:
    exchange = busy_overflow(single_early_dialog=True)
    exchange.telephones[FIRST_LINE] = Telephone(early_media=True, refuses=486)
    exchange.dial()
    exchange.run(5.0)
    rings = [event for event in exchange.ringing if event.response.status > 100]
    assert {(event.response.status, event.response.body) for event in rings} == {(180, b"")}
    assert len({event.tag for event in rings} | {exchange.answers[0].tag}) == 1


def test_an_offerless_invite_is_connected_with_the_lines_offer() -> None:
    exchange = busy_overflow()
    exchange.acks = False
    call = exchange.dial(body=b"")
    exchange.run(1.5)
    assert b"m=audio 4100" in exchange.answers[0].response.body
    call.ack(exchange.network.now, AUDIO_AND_VIDEO)
    exchange.run(0.5)
    assert exchange.plane.disk.written[-1].__class__ is Confirmed


def test_hold_passes_through_to_the_other_side() -> None:
    exchange = busy_overflow()
    call = exchange.dial()
    exchange.run(3.0)
    call.reinvite(exchange.network.now, OFFER_ON_HOLD)
    exchange.run(1.0)
    hold = exchange.invites(FIRST_LINE)[-1]
    assert b"a=sendonly" in hold.body
    assert len(exchange.invites(FIRST_LINE)) == 2


def test_a_line_whose_channels_are_taken_counts_as_busy() -> None:
    exchange = Exchange(contract(to(OSAKA)))
    exchange.dial()
    exchange.run(3.0)
    exchange.dial()
    assert [failed.status for failed in exchange.refusals] == [486]
    assert exchange.records[-1].reason is Reason.ALL_BUSY


def test_the_contracts_limit_of_calls_gives_busy() -> None:
    exchange = Exchange(contract(to(TOKYO), limits=Limits(calls=1)))
    exchange.dial()
    exchange.run(3.0)
    exchange.dial()
    assert exchange.records[-1].reason is Reason.LIMIT
    assert exchange.records[-1].status == 486


def test_a_channel_is_free_again_after_the_call() -> None:
    exchange = Exchange(contract(to(OSAKA)))
    for _ in range(3):
        call = exchange.dial()
        exchange.run(3.0)
        call.bye(exchange.network.now)
        exchange.run(1.0)
    assert [record.reason for record in exchange.records] == [Reason.OK] * 3


def test_r4_1_a_ratio_counts_calls_from_its_publication() -> None:
    exchange = Exchange(contract(ratio({TOKYO: 1, OSAKA: 1})))
    for _ in range(4):
        call = exchange.dial()
        exchange.run(3.0)
        call.bye(exchange.network.now)
        exchange.run(1.0)
    destinations = [record.destination for record in exchange.records]
    assert sorted(destinations[:2]) == sorted(destinations[2:]) == sorted([TOKYO, OSAKA])


def test_r4_8_a_publish_holds_from_the_next_call_on() -> None:
    exchange = Exchange(contract(to(TOKYO)))
    exchange.dial()
    other = Exchange(contract(to(OSAKA)))
    exchange.plans.update(other.plans)
    exchange.dial()
    exchange.run(3.0)
    assert [record.destination for record in exchange.records] == [TOKYO, OSAKA]


def test_overload_refuses_new_calls_and_keeps_those_that_are_up() -> None:
    exchange = busy_overflow()
    call = exchange.dial()
    exchange.run(3.0)
    exchange.plane.plane.shed_new_calls(True)
    exchange.dial()
    failed = exchange.refusals[0]
    assert failed.status == 503
    assert failed.response is not None
    assert 1 <= int(failed.response.headers.get("Retry-After") or 0) <= 10
    call.bye(exchange.network.now)
    exchange.run(1.0)
    assert exchange.record.reason is Reason.OK


def test_a_stop_releases_every_call_as_our_fault() -> None:
    exchange = busy_overflow()
    exchange.dial()
    exchange.run(3.0)
    exchange.telephones[FIRST_LINE].answers_after = None
    exchange.dial()
    exchange.plane.plane.stop(exchange.plane.at(exchange.network.now))
    exchange.run(2.0)
    first, second = exchange.records
    assert (first.fault, first.released_by) == (True, ReleasedBy.US)
    assert second.reason is Reason.OVERLOAD
    assert set(exchange.byes) == {CALLER, FIRST_LINE}


@pytest.mark.parametrize("seed", range(6))
def test_a_lossy_network_loses_no_call_and_no_record(seed: int) -> None:
    exchange = busy_overflow(link=Link(loss=0.05, duplicates=0.02, delay=0.05, jitter=0.02))
    exchange.network.seed = seed
    exchange.network.__post_init__()
    call = exchange.dial()
    exchange.run(40.0)
    call.bye(exchange.network.now)
    exchange.run(40.0)
    record = exchange.record
    assert (record.reason, record.is_confirmed) == (Reason.OK, True)
    assert not exchange.plane.plane.calls
    assert isinstance(exchange.plane.disk.written[-1], Released | Tick | Counted)
    assert record.facts.attempt.called_number == FREEPHONE
    assert record.facts.attempt.at_ms == pytest.approx(TUESDAY_10_MS, abs=5_000)


def test_both_numbers_of_one_line_share_its_channels() -> None:
    exchange = Exchange(contract(to(TOKYO)), contract_of_second_number())
    exchange.dial()
    exchange.dial()
    exchange.run(3.0)
    exchange.dial(number="0120654321")
    assert exchange.records[-1].reason is Reason.ALL_BUSY


def contract_of_second_number() -> Contract:
    return msgspec.structs.replace(contract(to(SHIBUYA)), number="0120654321")


def test_an_offerless_caller_with_100rel_hears_the_announcement_after_its_prack() -> None:
    exchange = busy_overflow()
    exchange.dial(number="0120999999", body=b"", headers=(("Supported", "100rel"),))
    exchange.run(1.0)
    early = next(event for event in exchange.ringing if event.response.status == 183)
    assert b"m=audio 20000 RTP/AVP 0 8" in early.response.body
    assert not exchange.plane.played
    exchange.prack(early, OFFER)
    exchange.run(12.0)
    assert (exchange.plane.played[0].host, exchange.plane.played[0].port) == ("192.0.2.1", 4000)
    assert [failed.status for failed in exchange.refusals] == [404]


def test_an_offerless_caller_without_100rel_is_refused_at_once() -> None:
    exchange = busy_overflow()
    exchange.dial(number="0120999999", body=b"")
    assert [failed.status for failed in exchange.refusals] == [404]
    assert not exchange.plane.played


def test_after_a_crash_both_sides_are_hung_up_from_what_the_answer_kept() -> None:
    exchange = busy_overflow()
    exchange.dial()
    exchange.run(3.0)
    answered = next(entry for entry in exchange.plane.disk.written if isinstance(entry, Answered))
    exchange.restart()
    exchange.plane.plane.release_both(answered, exchange.plane.at(exchange.network.now))
    exchange.run(1.0)
    assert set(exchange.byes) == {CALLER, FIRST_LINE}


def test_a_line_that_leaves_out_what_it_refuses_still_gives_the_caller_a_whole_answer() -> None:
    exchange = busy_overflow()
    exchange.telephones[FIRST_LINE] = Telephone(leaves_out_refused=True)
    exchange.dial(body=AUDIO_AND_VIDEO)
    exchange.run(3.0)
    media = [line for line in exchange.answers[0].response.body.splitlines() if line.startswith(b"m=")]
    assert [line.split()[0] for line in media] == [b"m=audio", b"m=video"]
    assert media[1].split()[1] == b"0"
