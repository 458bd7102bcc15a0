"""The media process dies in the middle of a call: the call ends, on both sides, and costs nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from peer_ear import from_ulaw, loudest_hz
from peer_node import Node, wait_until
from peer_plans import business
from peer_spoken import LINE_HZ, Spoken, Talk, offer, sounds, talks
from peer_steps import ANSWERED, FIXED_CALLER, ack_failure, answers, await_request, hear, invite, ok

# From the death to the last message of both sides: seconds.
NOTICED_S = 2.0


@pytest.fixture
def own_talk(new_node: Callable[[], Node], tmp_path: Path) -> Iterator[Talk]:
    """Calls with sound on a node whose processes may be killed."""
    talk = Talk(new_node(), tmp_path)
    yield talk
    talk.close()


def _call(talk: Talk, caller_side: list[str], **plan: object) -> Spoken:
    number, (line,) = business(talk.node, **plan)
    near, far = talk.near(), talk.far(line)
    caller_side[0] = invite(offer=offer(near))
    return talk.call((number, line), (near, far), caller_side)


def test_a_call_whose_guidance_breaks_off_is_refused_and_costs_nothing(own_talk: Talk) -> None:
    node = own_talk.node
    is_refused = ["", hear(100), hear(180), hear(183), hear(480), ack_failure()]
    spoken = _call(own_talk, is_refused, guidance=True)
    wait_until(lambda: len(spoken.near.packets) > 20, "the caller hears its text")
    node.kill("media")
    killed_at = spoken.near.packets[-1].at
    spoken.finish()
    assert "Q.850;cause=38" in spoken.caller.final()["Reason"]
    silent_s = spoken.caller.final().at - killed_at
    print(f"heard: media process dies in the guidance: {silent_s:.2f} s of silence, then 480")
    assert silent_s < NOTICED_S
    call = node.the_call(spoken.number)
    assert (call.record.reason, call.record.status, call.record.cause) == ("unreachable", 480, 38)
    assert (call.record.answered_at_ms, call.rated) == (None, None)
    node.start_one("media")
    _a_call_is_heard(own_talk)


def test_a_bridged_call_whose_relay_dies_is_released_on_both_sides_and_costs_nothing(own_talk: Talk) -> None:
    node = own_talk.node
    spoken = _call(own_talk, ["", *ANSWERED, await_request("BYE"), ok()], whisper=True)
    wait_until(lambda: len(spoken.near.packets) > 20, "both sides talk")
    node.kill("media")
    # As fast as a supervisor would.
    node.start_one("media")
    killed_at = spoken.near.packets[-1].at
    spoken.finish()
    for side in (spoken.caller, spoken.callee):
        (bye,) = side.requests("BYE")
        assert "Q.850;cause=41" in bye["Reason"]
        assert bye.at - killed_at < NOTICED_S
    call = node.the_call(spoken.number)
    record = call.record
    assert (record.reason, record.released_by, record.fault) == ("ok", "us", True)
    # What our fault cuts is counted in whole units by floor (charging.md P1).
    assert (call.rated.units, call.rated.amount_uy) == (0, 0)
    _a_call_is_heard(own_talk)


def _a_call_is_heard(talk: Talk) -> None:
    """With a new media process the next call is as good as any."""
    wait_until(talk.node.media_listens, "the media process is back")
    number, (line,) = business(talk.node, whisper=True)
    near, far = talk.near(), talk.far(line)
    talk.call(
        (number, line), (near, far), talks(near, 500, FIXED_CALLER), answers(0, offer(far, "0"))
    ).finish()
    assert loudest_hz(from_ulaw(b"".join(sounds(near.packets)))) == pytest.approx(LINE_HZ, abs=4)
    assert talk.node.the_call(number).record.is_confirmed
