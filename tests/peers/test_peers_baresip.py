"""A real softphone calls and is called; what its user hears is measured (R4.4, signalling.md §3)."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from peer_baresip import Baresip
from peer_ear import Samples, from_ulaw, loudest_hz, speech_level, talkspurts, tone_level
from peer_node import SIP_PORT, Node, wait_until
from peer_plans import business, closed_all_day, plan
from peer_steps import FIXED_CALLER

from chakka.media.g711 import SAMPLE_RATE

Telephone = Callable[[str, str, int], Baresip]

# The pause between the two readings is a second; within one, the longest is far shorter.
BETWEEN_READINGS_S = 0.8


@pytest.fixture
def telephone(tmp_path: Path) -> Iterator[Telephone]:
    """Make telephones of a number, a host and the tone that they say."""
    made: list[Baresip] = []

    def make(user: str, host: str, tone_hz: int) -> Baresip:
        made.append(Baresip(tmp_path / f"baresip{len(made)}", user, host, tone_hz))
        return made[-1]

    yield make
    for each in made:
        each.end()


def test_r4_4_the_off_hours_text_is_heard_twice_and_the_caller_is_released(
    node: Node, telephone: Telephone
) -> None:
    number, line = node.new_number(), node.new_line()
    node.publish(plan(number, [line], **closed_all_day([line])))
    caller = telephone(FIXED_CALLER, node.network.carrier, 1000)
    caller.start(dial=f"sip:{number}@{node.network.chakka}:{SIP_PORT}")
    caller.wait_for(r"session closed: 480", within_s=45)
    caller.end()
    heard = caller.heard()
    readings = talkspurts(heard, BETWEEN_READINGS_S)
    assert len(readings) == 2, readings
    # The recording begins with the last 183, some seconds into the first reading.
    (_, first_end), (second_start, second_end) = readings
    assert 1.0 <= second_start - first_end <= 2.0
    assert 8 <= second_end - second_start <= 20
    assert len(heard) / SAMPLE_RATE - second_end < 0.5
    assert -23 <= speech_level(heard) <= -15
    record = node.the_call(number).record
    assert (record.reason, record.status, record.cause) == ("off_hours", 480, 31)
    assert record.facts.attempt.calling_number == FIXED_CALLER


def guided_call(node: Node, telephone: Telephone, carrier: str) -> tuple[Baresip, Baresip]:
    """Return caller and callee after a guided call from a carrier with two seconds of talk."""
    number, (line,) = business(node, guidance=True)
    # It answers and plays at once, as an answering machine would.
    callee = telephone(line.number, line.host, 600).start()
    caller = telephone(FIXED_CALLER, carrier, 1000)
    caller.start(dial=f"sip:{number}@{node.network.chakka}:{SIP_PORT}")
    wait_until(lambda: node.is_up(number), "both are bridged")
    talked_until = time.monotonic() + 2.0
    wait_until(lambda: time.monotonic() > talked_until, "they talk")
    caller.end()
    assert node.the_call(number).record.conversation_ms == pytest.approx(2000, abs=400)
    callee.end()
    return caller, callee


def tone_sets_in(heard: Samples, hz: int) -> int:
    """Return from which sample on a tone is heard, to 100 ms, and heard all the time."""
    frames = [tone_level(heard[at : at + 800], hz) for at in range(0, len(heard) - 799, 800)]
    first = next(place for place, level in enumerate(frames) if level > -21)
    # The last frame before it may be half full.
    assert max(frames[: first - 1]) < -26
    assert min(frames[first:]) > -21
    return first * 800


def test_r5_1_both_users_hear_their_guidance_and_then_each_other(
    node: Node, telephone: Telephone, prompts: Path
) -> None:
    # Answered first: with every 183 baresip would begin its recording anew.
    users = guided_call(node, telephone, node.network.answered_carrier)
    for user, side, other_hz in zip(users, ("caller", "callee"), (600, 1000), strict=True):
        heard = user.heard()
        clip = from_ulaw((prompts / f"guidance_{side}.ul").read_bytes())
        begins = int(np.argmax(np.correlate(heard, clip, "valid")))
        assert speech_level(clip) == pytest.approx(-19, abs=4)
        # The text to its end and nothing beside it; then the other side at once.
        assert np.max(np.abs(heard[begins : begins + len(clip)] - clip)) < 0.001
        tone_at = tone_sets_in(heard, other_hz)
        assert tone_at >= begins + len(clip) - 800
        assert len(heard) - tone_at > 1.5 * SAMPLE_RATE
        print(f"heard: baresip, {side}: text {len(clip) / SAMPLE_RATE:.2f} s, nothing in it, then the other")


def test_r5_1_the_caller_hears_the_line_after_guidance_in_early_media(
    node: Node, telephone: Telephone
) -> None:
    caller, _ = guided_call(node, telephone, node.network.carrier)
    heard = caller.heard_from_the_first()
    tone_at = tone_sets_in(heard, 600)
    # Some is missing wherever a repeated 183 began the recording anew.
    assert 4.5 <= tone_at / SAMPLE_RATE <= 6.5
    assert speech_level(heard[:tone_at]) == pytest.approx(-19, abs=4)


def test_two_telephones_hear_each_other_and_the_call_is_charged(node: Node, telephone: Telephone) -> None:
    number, (line,) = business(node)
    callee = telephone(line.number, line.host, 600).start()
    caller = telephone(FIXED_CALLER, node.network.carrier, 1000)
    caller.start(dial=f"sip:{number}@{node.network.chakka}:{SIP_PORT}")
    caller.wait_for("Call established")
    callee.wait_for("Call established")
    wait_until(lambda: caller.has_heard(2.0) and callee.has_heard(2.0), "both hear two seconds")
    caller.end()
    call = node.the_call(number)
    callee.end()
    assert loudest_hz(caller.heard()) == pytest.approx(600, abs=5)
    assert loudest_hz(callee.heard()) == pytest.approx(1000, abs=5)
    assert -22 <= speech_level(caller.heard()) <= -16
    assert -22 <= speech_level(callee.heard()) <= -16
    assert (call.record.released_by, call.record.is_confirmed) == ("caller", True)
    assert call.rated.amount_uy == 8_000_000


def test_a_line_that_hangs_up_releases_the_caller(node: Node, telephone: Telephone) -> None:
    number, (line,) = business(node)
    callee = telephone(line.number, line.host, 600).start()
    caller = telephone(FIXED_CALLER, node.network.carrier, 1000)
    caller.start(dial=f"sip:{number}@{node.network.chakka}:{SIP_PORT}")
    caller.wait_for("Call established")
    wait_until(lambda: node.calls(number), "the call is in the ledger")
    callee.end()
    caller.wait_for("session closed")
    assert node.the_call(number).record.released_by == "callee"
