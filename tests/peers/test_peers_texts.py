"""Announcements, early and answered: each text of signalling.md §2 as it is heard (R5.2, R5.3)."""

import subprocess
import sys
from pathlib import Path

import pytest
from peer_node import Node
from peer_plans import business
from peer_spoken import ANNOUNCEMENT_LEAD, Talk, offer, sounds, text
from peer_steps import (
    ANSWERED,
    FIXED_CALLER,
    HANGS_UP,
    answers,
    await_request,
    bye,
    hear,
    invite,
    is_refused,
    ok,
    pause,
)

CHAKKA = Path(sys.executable).parent / "chakka"


def live(node: Node, number: str, *facts: str) -> None:
    """Change what holds for a number, as the operator does."""
    command = (CHAKKA, "live", "set", number, "--data", node.config.directory, *facts)
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.parametrize(
    ("facts", "clip", "reason", "final"),
    [
        (("--suspend",), "suspended", "suspended", (480, 31)),
        (("--block", FIXED_CALLER), "blocked", "blocked", (603, 21)),
        (("--money-guard", "on"), "blocked", "money_guard", (403, 21)),
    ],
    ids=["suspended", "blocked", "money guard"],
)
def test_a_caller_who_is_not_let_in_hears_why(
    talk: Talk, prompts: Path, facts: tuple[str, ...], clip: str, reason: str, final: tuple[int, int]
) -> None:
    number, (line,) = business(talk.node)
    live(talk.node, number, *facts)
    near = talk.near()
    untouched = talk.sipp.line(line, answers())
    status, cause = final
    caller = talk.sipp.caller(number, is_refused(status, offer=offer(near))).finish()
    assert caller.statuses() == [100, 183, status]
    assert f"Q.850;cause={cause}" in caller.final()["Reason"]
    assert sounds(near.packets) == text(prompts, clip, lead=ANNOUNCEMENT_LEAD)
    assert untouched.was_never_called()
    call = talk.node.the_call(number)
    record = call.record
    assert (record.reason, record.announcement, record.status, record.cause) == (reason, clip, *final)
    assert (record.answered_at_ms, record.answered_by, call.rated) == (None, None, None)
    late = caller.final().at - near.packets[-1].at
    print(f"heard: {reason}: text whole, {status} {1000 * late:.0f} ms after its last packet")


def test_r5_3_without_early_media_the_announcement_is_answered_and_costs_nothing(
    talk: Talk, prompts: Path
) -> None:
    number, _ = business(talk.node)
    live(talk.node, number, "--suspend")
    near = talk.near(host=talk.node.network.answered_carrier)
    steps = [invite(offer=offer(near)), *ANSWERED, await_request("BYE"), ok()]
    caller = talk.sipp.caller(number, steps, host=near.host).finish()
    assert caller.statuses() == [100, 200]
    assert "Q.850;cause=31" in caller.requests("BYE")[0]["Reason"]
    assert sounds(near.packets) == text(prompts, "suspended", lead=ANNOUNCEMENT_LEAD)
    call = talk.node.the_call(number)
    record = call.record
    assert (record.reason, record.announcement, record.status) == ("suspended", "suspended", 200)
    assert (record.answered_by, record.answered_at_ms, call.rated) == ("announcement", None, None)


def test_r5_3_without_early_media_the_guidance_is_answered_and_the_price_counts_from_the_bridge(
    talk: Talk, prompts: Path
) -> None:
    number, (line,) = business(talk.node, guidance=True)
    near, far = talk.near(host=talk.node.network.answered_carrier), talk.far(line)
    own = text(prompts, "guidance_caller")
    # Answered first, it hears its text, and then the line for two seconds.
    stays = pause(20 * len(own) + 2000)
    caller_side = [invite(offer=offer(near)), *ANSWERED, stays, *HANGS_UP]
    spoken = talk.call((number, line), (near, far), caller_side).finish()
    assert spoken.caller.statuses() == [100, 180, 200]
    assert sounds(near.packets[: len(own)]) == own
    assert spoken.caller.final().at < near.packets[0].at
    bridged_at = near.packets[len(own)].at
    record = talk.node.the_call(number).record
    assert record.answered_at_ms / 1000 == pytest.approx(bridged_at, abs=0.1)
    assert record.conversation_ms == pytest.approx(2000, abs=300)
    assert (record.reason, record.is_confirmed, record.answered_by) == ("ok", True, None)


def test_r5_3_a_caller_who_leaves_during_an_answered_guidance_pays_nothing(talk: Talk) -> None:
    number, (line,) = business(talk.node, guidance=True)
    near, far = talk.near(host=talk.node.network.answered_carrier), talk.far(line)
    caller_side = [invite(offer=offer(near)), *ANSWERED, pause(1000), bye(), hear(200)]
    talk.call((number, line), (near, far), caller_side).finish()
    call = talk.node.the_call(number)
    assert (call.record.answered_by, call.record.answered_at_ms, call.record.status) == (
        "guidance",
        None,
        200,
    )
    assert call.rated is None
