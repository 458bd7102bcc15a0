"""Whisper, answering machines, and calls that end during their guidance (R5.1, R5.4, service.md §9.11)."""

from pathlib import Path

import pytest
from peer_ear import Packet, from_ulaw, loudest_hz, speech_level, tone_level
from peer_handset import FRAME_S, tone
from peer_node import wait_until
from peer_plans import business
from peer_spoken import CALLER_HZ, LINE_HZ, Talk, offer, sounds, speak_where_told, talks, text
from peer_steps import (
    ANSWERED,
    FIXED_CALLER,
    HANGS_UP,
    MOBILE_CALLER,
    ack,
    ack_failure,
    answers,
    cancel,
    hear,
    invite,
    line_bye,
    pause,
    sdp,
)

GREETING_HZ, GREETING_S = 2000, 4.0


@pytest.mark.parametrize(
    ("caller", "words"),
    [
        (FIXED_CALLER, ("prefecture_13", "whisper_call")),
        (MOBILE_CALLER, ("class_mobile", "whisper_call")),
    ],
    ids=["fixed, Tokyo", "mobile"],
)
def test_the_whisper_is_heard_by_the_line_alone(
    talk: Talk, prompts: Path, caller: str, words: tuple[str, ...]
) -> None:
    number, (line,) = business(talk.node, whisper=True)
    near, far = talk.near(), talk.far(line)
    spoken = talk.call((number, line), (near, far), talks(near, 1000, caller)).finish()
    whispered = text(prompts, *words)
    assert sounds(far.packets[: len(whispered)]) == whispered
    assert -23 <= speech_level(from_ulaw(b"".join(whispered))) <= -15
    # The caller hears ringing: no session before the 200, not a packet before it.
    assert spoken.caller.statuses() == [100, 180, 200]
    assert not any(message.body for message in spoken.caller.received() if message.status == 180)
    answered_at = spoken.caller.final().at
    first = near.packets[0].at - answered_at
    assert -0.01 <= first <= 0.3
    assert loudest_hz(from_ulaw(b"".join(sounds(near.packets)))) == pytest.approx(LINE_HZ, abs=2)
    over = far.packets[len(whispered) - 1].at + FRAME_S
    assert answered_at - over <= 0.1
    print(f"heard: whisper {len(whispered) * FRAME_S:.2f} s by the line; caller silent until {first:+.3f} s")
    assert talk.node.the_call(number).record.conversation_ms == pytest.approx(1000, abs=300)


def test_r5_4_the_beginning_of_a_machines_greeting_is_lost_and_overlaps_nothing(
    talk: Talk, prompts: Path
) -> None:
    number, (line,) = business(talk.node, guidance=True)
    greeting, rest = tone(GREETING_HZ), tone(LINE_HZ)
    machine = talk.far(line, lambda at: greeting(at) if at * FRAME_S < GREETING_S else rest(at))
    near = talk.near()
    callee = talk.sipp.line(line, answers(0, offer(machine, "0")))
    caller = talk.sipp.caller(number, talks(near, 1000, FIXED_CALLER))
    # It plays as soon as it has answered; it does not wait for the line to be clear.
    wait_until(lambda: callee.requests("ACK"), "the machine has answered")
    speak_where_told(callee, machine)
    caller.finish()
    callee.finish()
    own = text(prompts, "guidance_caller")
    assert sounds(near.packets[: len(own)]) == own
    after = from_ulaw(b"".join(sounds(near.packets[len(own) :])))
    assert loudest_hz(after) == pytest.approx(LINE_HZ, abs=2)
    assert tone_level(after, GREETING_HZ) < -50
    lost = near.packets[len(own)].at - machine.sent[0]
    print(f"heard: answering machine: the first {lost:.1f} s of its greeting are lost, nothing overlaps")


def test_the_line_hangs_up_during_the_guidance(talk: Talk, prompts: Path) -> None:
    number, (line, spare) = business(talk.node, 2, guidance=True, overflow=True)
    near, far = talk.near(), talk.far(line)
    untouched = talk.sipp.line(spare, answers())
    line_side = [*answers(0, offer(far, "0"))[:-2], pause(1000), line_bye(), hear(200)]
    caller_side = [invite(offer=offer(near)), hear(100), hear(180), hear(183), hear(480), ack_failure()]
    spoken = talk.call((number, line), (near, far), caller_side, line_side).finish()
    assert "Q.850;cause=31" in spoken.caller.final()["Reason"]
    call = talk.node.the_call(number)
    record = call.record
    assert (record.reason, record.status, record.cause) == ("rejected", 480, 31)
    assert (record.answered_at_ms, call.rated) == (None, None)
    assert [leg.destination for leg in record.facts.legs] == [line.number]
    assert untouched.was_never_called()
    _heard_nothing_but(near.packets, text(prompts, "guidance_caller"), at_least_s=0.8)


def test_the_caller_gives_up_during_the_guidance(talk: Talk, prompts: Path) -> None:
    number, (line,) = business(talk.node, guidance=True)
    near, far = talk.near(), talk.far(line)
    gives_up = [pause(1000), cancel(), hear(200), hear(487), ack_failure()]
    caller_side = [invite(offer=offer(near)), hear(100), hear(180), hear(183), *gives_up]
    talk.call((number, line), (near, far), caller_side).finish()
    call = talk.node.the_call(number)
    assert (call.record.reason, call.record.status, call.record.cause) == ("abandoned", 487, 31)
    assert (call.record.answered_at_ms, call.rated) == (None, None)
    _heard_nothing_but(near.packets, text(prompts, "guidance_caller"), at_least_s=0.8)
    _heard_nothing_but(far.packets, text(prompts, "guidance_callee"), at_least_s=0.8)


def _heard_nothing_but(packets: list[Packet], frames: list[bytes], at_least_s: float) -> None:
    """Assert that the beginning of a text came, and stopped, and nothing else came."""
    assert at_least_s / FRAME_S <= len(packets) < len(frames)
    assert sounds(packets) == frames[: len(packets)]


def test_a_caller_without_an_offer_and_a_whispered_line_hear_each_other(talk: Talk, prompts: Path) -> None:
    number, (line,) = business(talk.node, whisper=True)
    near, far = talk.near(), talk.far(line)
    described = ack(body=sdp(*offer(near)))
    invited = invite(FIXED_CALLER, offer=(), headers=("Supported: 100rel",))
    talk.call(
        (number, line), (near, far), [invited, *ANSWERED[:-1], described, pause(1000), *HANGS_UP]
    ).finish()
    assert loudest_hz(from_ulaw(b"".join(sounds(near.packets)))) == pytest.approx(LINE_HZ, abs=2)
    whispered = text(prompts, "prefecture_13", "whisper_call")
    heard = from_ulaw(b"".join(sounds(far.packets[len(whispered) :])))
    assert loudest_hz(heard) == pytest.approx(CALLER_HZ, abs=2)
    assert talk.node.the_call(number).record.conversation_ms == pytest.approx(1000, abs=300)
