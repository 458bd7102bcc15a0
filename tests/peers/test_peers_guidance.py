"""What both sides of a guided call hear, in which order, and when it is answered (R5.1, signalling.md §3)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from peer_ear import from_ulaw, loudest_hz, speech_level, tone_level
from peer_handset import FRAME_S, Handset
from peer_node import Node
from peer_plans import business
from peer_spoken import CALLER_HZ, LINE_HZ, Spoken, Talk, breaks, sounds, talking, talks, text
from peer_steps import FIXED_CALLER

from chakka.cli.seen_call import SeenCall

TALK_MS = 2000


@dataclass(frozen=True)
class Guided:
    """A guided call that is over; how many packets each side's text must have."""

    spoken: Spoken
    ledger: SeenCall
    caller_text: list[bytes]
    callee_text: list[bytes]

    def side(self, side: str) -> tuple[Handset, list[bytes]]:
        """Return a side's handset and its text in frames."""
        spoken = self.spoken
        return (spoken.near, self.caller_text) if side == "caller" else (spoken.far, self.callee_text)


# One call serves all tests of a worker: it takes ten seconds.
@pytest.fixture(scope="module")
def guided(shared_node: Node, prompts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guided]:
    for talk in talking(shared_node, tmp_path_factory.mktemp("guided")):
        yield _guided_call(talk, prompts)


def _guided_call(talk: Talk, prompts: Path) -> Guided:
    number, (line,) = business(talk.node, guidance=True)
    near, far = talk.near(), talk.far(line)
    spoken = talk.call((number, line), (near, far), talks(near, TALK_MS, FIXED_CALLER)).finish()
    texts = (text(prompts, f"guidance_{side}") for side in ("caller", "callee"))
    return Guided(spoken, talk.node.the_call(number), *texts)


@pytest.mark.parametrize("side", ["caller", "callee"])
def test_r5_1_each_side_hears_its_own_text_whole_and_at_the_right_level(guided: Guided, side: str) -> None:
    handset, expected = guided.side(side)
    heard = handset.packets[: len(expected)]
    assert sounds(heard) == expected
    # As long as the clip: neither hurried nor halting.
    lasted = heard[-1].at - heard[0].at + FRAME_S
    assert lasted == pytest.approx(len(expected) * FRAME_S, abs=0.06)
    level = speech_level(from_ulaw(b"".join(expected)))
    assert -23 <= level <= -15
    print(f"heard: guidance, {side}: own text {lasted:.2f} s at {level:.1f} dBFS")


@pytest.mark.parametrize("side", ["caller", "callee"])
def test_r5_1_the_other_side_is_heard_from_the_bridge_on_and_not_before(guided: Guided, side: str) -> None:
    handset, expected = guided.side(side)
    other, other_hz = (guided.spoken.far, LINE_HZ) if side == "caller" else (guided.spoken.near, CALLER_HZ)
    answered_at = guided.spoken.caller.final().at
    # The other side has been speaking for seconds.
    assert answered_at - other.sent[0] > 5
    after = handset.packets[len(expected) :]
    assert after[0].at - answered_at == pytest.approx(0, abs=0.3)
    heard = from_ulaw(b"".join(sounds(after)))
    assert loudest_hz(heard) == pytest.approx(other_hz, abs=2)
    assert speech_level(heard) == pytest.approx(-19, abs=1)
    assert len(after) * FRAME_S == pytest.approx(TALK_MS / 1000, abs=0.3)
    print(
        f"heard: guidance, {side}: other side {1000 * (after[0].at - answered_at):+.0f} ms from the 200, "
        f"{tone_level(heard, other_hz):.1f} dBFS; before the bridge nothing but the text"
    )


@pytest.mark.parametrize("side", ["caller", "callee"])
def test_one_source_goes_on_through_text_and_bridge(guided: Guided, side: str) -> None:
    handset, expected = guided.side(side)
    packets = handset.packets
    assert len({packet.ssrc for packet in packets}) == 1
    assert len({packet.source for packet in packets}) == 1
    # Nothing is missing, and time leaps once only: over the silence before the bridge.
    bridge = packets[len(expected) - 1 : len(expected) + 1]
    passed = (bridge[1].at - bridge[0].at) / FRAME_S
    leaps = breaks(packets)
    assert len(leaps) <= 1
    assert [missing for missing, _ in leaps] == [0] * len(leaps)
    assert [frames for _, frames in leaps] == [pytest.approx(passed, abs=5)] * len(leaps)


def test_r5_1_the_caller_is_answered_within_100_ms_of_the_longer_text(guided: Guided) -> None:
    ends = [
        handset.packets[len(expected) - 1].at + FRAME_S
        for handset, expected in (guided.side("caller"), guided.side("callee"))
    ]
    late = guided.spoken.caller.final().at - max(ends)
    print(f"heard: guidance: 200 {1000 * late:+.0f} ms from the end of the longer text")
    assert -FRAME_S - 0.01 <= late <= 0.1


def test_r5_1_both_texts_begin_at_once_when_the_line_answers(guided: Guided) -> None:
    answered = next(message for message in guided.spoken.callee.sent() if message.status == 200)
    for side in ("caller", "callee"):
        handset, _ = guided.side(side)
        delay = handset.packets[0].at - answered.at
        print(f"heard: guidance, {side}: text begins {1000 * delay:.0f} ms after the line's 200")
        assert 0 <= delay <= 0.3


def test_r5_1_the_call_is_answered_and_charged_from_the_bridge_on(guided: Guided) -> None:
    caller, record = guided.spoken.caller, guided.ledger.record
    assert caller.statuses() == [100, 180, 183, 200]
    assert record.answered_at_ms / 1000 == pytest.approx(caller.final().at, abs=0.1)
    assert record.conversation_ms == pytest.approx(TALK_MS, abs=300)
    assert (record.reason, record.is_confirmed, record.answered_by) == ("ok", True, None)
    assert (guided.ledger.rated.units, guided.ledger.rated.amount_uy) == (1, 8_000_000)
