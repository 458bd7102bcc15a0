"""Many calls at a time, and a change of plan among them."""

import subprocess
import sys
from itertools import groupby
from pathlib import Path

from peer_node import Node, wait_until
from peer_plans import business, plan
from peer_sipp import Sipps
from peer_steps import answers, talks_and_hangs_up

CHAKKA = Path(sys.executable).parent / "chakka"


def test_a_hundred_calls_at_a_time_lose_none(node: Node, sipp: Sipps) -> None:
    number, (line,) = business(node, channels=100)
    callee = sipp.line(line, answers(), calls=100)
    caller = sipp.caller(number, talks_and_hangs_up(4000), calls=100, rate=50)
    wait_until(lambda: len(node.calls(number)) == 100, "a hundred calls are up")
    assert not any(call.record.released_at_ms for call in node.calls(number))
    caller.finish()
    callee.finish()
    calls = node.ended_calls(number, 100, within_s=20)
    assert all(call.record.is_confirmed and call.rated.amount_uy == 8_000_000 for call in calls)
    assert len({call.record.facts.sip_call_id for call in calls}) == 100


def test_r4_8_a_plan_published_in_mid_traffic_holds_from_the_next_call_on(
    node: Node, sipp: Sipps, tmp_path: Path
) -> None:
    number, (old, new) = business(node, 2, channels=100, options=["multi_line"])
    before, after = (sipp.line(line, answers(), calls=1000) for line in (old, new))
    caller = sipp.caller(number, talks_and_hangs_up(200), calls=80, rate=20)
    wait_until(lambda: len(node.calls(number)) >= 20, "traffic flows")
    changed = tmp_path / "changed.yaml"
    text = node.plan_text(plan(number, [new, old], channels=100, options=["multi_line"]))
    changed.write_bytes(text)
    subprocess.run((CHAKKA, "publish", changed, "--data", node.config.directory), check=True)
    caller.finish()
    calls = node.ended_calls(number, 80)
    assert all(call.record.is_confirmed for call in calls)
    destinations = [destination for destination, _ in groupby(call.record.destination for call in calls)]
    assert destinations == [old.number, new.number]
    assert len({call.record.facts.plan for call in calls}) == 2
    assert before.requests("INVITE") and after.requests("INVITE")


def test_a_carrier_that_loses_packets_loses_no_call(node: Node, sipp: Sipps) -> None:
    number, (line,) = business(node, channels=100)
    callee = sipp.line(line, answers(), calls=40)
    sipp.caller(number, talks_and_hangs_up(1000), calls=40, lost=5).finish()
    callee.finish()
    calls = node.ended_calls(number, 40, within_s=20)
    assert all(call.record.answered_at_ms and call.record.released_by == "caller" for call in calls)
