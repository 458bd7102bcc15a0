"""Calls that are refused: what the caller hears, the final response, the record (service.md §2, R5.2)."""

from collections.abc import Callable, Sequence

import pytest
from peer_ear import Ear, speech_level
from peer_node import Node
from peer_plans import business, closed_all_day, plan
from peer_sipp import Sipp, Sipps
from peer_steps import FIXED_CALLER, MOBILE_CALLER, ack_failure, answers, cancel, hear, invite, is_refused

from chakka.media.g711 import SAMPLE_RATE

Listen = Callable[[str], Ear]
TOKYO_ONLY = {"origin": {"prefectures": ["東京都"]}}
OSAKA_CALLER = "0661234567"
IP_PHONE_CALLER = "05031234567"


def offer_to(ear: Ear, *formats: str) -> Sequence[str]:
    """Return an offer whose audio the ear hears."""
    return (f"m=audio {ear.port} RTP/AVP {' '.join(formats or ('0', '8'))}",)


def refusal_that_is_heard(
    node: Node, sipp: Sipps, number: str, ear: Ear, final: tuple[int, int], caller: str
) -> Sipp:
    """Return the caller's side of a refused call after what it heard was checked."""
    status, cause = final
    run = sipp.caller(number, is_refused(status, caller, offer=offer_to(ear))).finish()
    assert run.statuses() == [100, 183, status]
    assert f"Q.850;cause={cause}" in run.final()["Reason"]
    early = next(message for message in run.received() if message.status == 183)
    assert {packet.source for packet in ear.packets} == {early.audio}
    assert -23 <= speech_level(ear.heard()) <= -15
    return run


def refused_record(node: Node, number: str) -> tuple[str, str | None, int, int | None]:
    """Return (reason, announcement, status, cause) of a call that rang nowhere and cost nothing."""
    call = node.the_call(number)
    record = call.record
    assert (record.facts.legs, record.answered_at_ms, call.rated) == ((), None, None)
    return record.reason, record.announcement, record.status, record.cause


@pytest.mark.parametrize(
    ("caller", "changes", "reason", "announcement"),
    [
        (OSAKA_CALLER, TOKYO_ONLY, "area_not_designated", "restricted_area"),
        (IP_PHONE_CALLER, {}, "class_not_accepted", "restricted_class"),
        (MOBILE_CALLER, {"unknown_origin": {"mobile": "refuse"}}, "unknown_origin", "restricted_area"),
        (MOBILE_CALLER, {"mobile": False}, "unknown_origin", "restricted_area"),
        ("+12125550100", {}, "class_not_accepted", "restricted_class"),
    ],
    ids=["another-area", "050", "mobile-from-unknown-prefecture", "no-mobiles", "abroad"],
)
def test_r2_6_a_refused_caller_hears_why_and_nothing_rings(
    node: Node,
    sipp: Sipps,
    ear: Listen,
    caller: str,
    changes: dict[str, object],
    reason: str,
    announcement: str,
) -> None:
    number, (line,) = business(node, **changes)
    untouched = sipp.line(line, answers())
    refusal_that_is_heard(node, sipp, number, ear(node.network.carrier), (403, 21), caller)
    assert refused_record(node, number) == (reason, announcement, 403, 21)
    assert untouched.was_never_called()


def test_r5_2_without_restriction_guidance_the_refusal_is_plain(node: Node, sipp: Sipps, ear: Listen) -> None:
    number, _ = business(node, restriction_guidance=False, **TOKYO_ONLY)
    listening = ear(node.network.carrier)
    caller = sipp.caller(number, is_refused(403, OSAKA_CALLER, offer=offer_to(listening))).finish()
    assert caller.statuses() == [100, 403]
    assert not listening.packets
    assert refused_record(node, number) == ("area_not_designated", None, 403, 21)


def test_r4_4_the_off_hours_text_is_heard_in_the_law_that_was_offered(
    node: Node, sipp: Sipps, ear: Listen
) -> None:
    number = _closed_business(node)
    listening = ear(node.network.carrier)
    caller = sipp.caller(number, is_refused(480, offer=offer_to(listening, "8"))).finish()
    assert caller.statuses() == [100, 183, 480]
    assert "Q.850;cause=31" in caller.final()["Reason"]
    assert {packet.payload_type for packet in listening.packets} == {8}
    first, last = listening.packets[0], listening.packets[-1]
    assert last.at - first.at == pytest.approx(len(listening.packets) * 0.02, rel=0.05)
    assert len({packet.ssrc for packet in listening.packets}) == 1
    # Nothing is lost, repeated or late on the loopback: each packet has the next number and 160 samples.
    steps = {
        ((new.sequence - old.sequence) & 0xFFFF, (new.timestamp - old.timestamp) & 0xFFFF_FFFF)
        for old, new in zip(listening.packets, listening.packets[1:], strict=False)
    }
    assert steps == {(1, 160)}
    sound = b"".join(packet.sound for packet in listening.packets)
    reading = _repeated_end(sound)
    assert 8 <= len(reading) / SAMPLE_RATE <= 20
    assert sound.count(reading) == 2
    assert refused_record(node, number) == ("off_hours", "off_hours", 480, 31)


def test_a_caller_may_hang_up_during_the_announcement(node: Node, sipp: Sipps, ear: Listen) -> None:
    number = _closed_business(node)
    listening = ear(node.network.carrier)
    steps = [invite(offer=offer_to(listening)), hear(100), hear(183), '<pause milliseconds="500"/>']
    sipp.caller(number, [*steps, cancel(), hear(200), hear(487), ack_failure()]).finish()
    heard = len(listening.packets)
    assert heard
    reason, announcement, _, _ = refused_record(node, number)
    assert (reason, announcement) == ("off_hours", "off_hours")
    # Somebody else hears another text meanwhile; nothing of it, or of the first one, comes here.
    refusal_that_is_heard(node, sipp, node.new_number(), ear(node.network.carrier), (404, 1), FIXED_CALLER)
    assert len(listening.packets) == heard


def _repeated_end(sound: bytes) -> bytes:
    """Return the longest end of a sound that is also heard before it."""
    length = len(sound) // 2
    return next(
        sound[-size:] for size in range(length, 0, -1) if sound.find(sound[-size:]) < len(sound) - size
    )


def _closed_business(node: Node) -> str:
    number, line = node.new_number(), node.new_line()
    node.publish(plan(number, [line], **closed_all_day([line])))
    return number


def test_r2_1_a_video_call_is_refused_with_a_warning(node: Node, sipp: Sipps) -> None:
    number, _ = business(node)
    video = ("m=video 40002 RTP/AVP 96", "a=rtpmap:96 H264/90000")
    caller = sipp.caller(number, is_refused(488, offer=video)).finish()
    assert caller.statuses() == [100, 488]
    assert caller.final()["Warning"].split()[0] in ("304", "305")
    assert "Q.850;cause=88" in caller.final()["Reason"]
    assert refused_record(node, number) == ("media_not_accepted", None, 488, 88)


def test_r2_1_a_wideband_call_is_refused(node: Node, sipp: Sipps) -> None:
    number, _ = business(node)
    wideband = ("m=audio 40000 RTP/AVP 9 96", "a=rtpmap:96 AMR-WB/16000")
    sipp.caller(number, is_refused(488, offer=wideband)).finish()
    assert refused_record(node, number)[0] == "media_not_accepted"


@pytest.mark.parametrize("published", [True, False], ids=["withdrawn", "never assigned"])
def test_a_number_that_is_not_in_service_says_so(
    node: Node, sipp: Sipps, ear: Listen, published: bool
) -> None:
    number = node.new_number()
    if published:
        node.publish(plan(number, [node.new_line()]))
        node.withdraw(number)
    refusal_that_is_heard(node, sipp, number, ear(node.network.carrier), (404, 1), FIXED_CALLER)
    assert refused_record(node, number) == ("number_not_in_service", "not_in_service", 404, 1)


def test_withheld_numbers_are_refused_where_the_contract_says_so(node: Node, sipp: Sipps) -> None:
    number, _ = business(node, withheld="refuse")
    withheld = ("P-Asserted-Identity: <sip:+81422511234@[local_ip]>", "Privacy: id")
    sipp.caller(number, is_refused(603, "anonymous", headers=withheld)).finish()
    assert refused_record(node, number)[0] == "blocked"


def test_an_offerless_caller_cannot_hear_why_and_is_refused_at_once(node: Node, sipp: Sipps) -> None:
    number, _ = business(node, **TOKYO_ONLY)
    caller = sipp.caller(number, is_refused(403, OSAKA_CALLER, offer=())).finish()
    assert caller.statuses() == [100, 403]
