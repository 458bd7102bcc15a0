"""Live facts set by command hold on a running node from the next call on: service.md §9.5–9.7."""

import subprocess
import sys
from pathlib import Path

from peer_node import Node
from peer_plans import business, plan
from peer_sipp import Sipps
from peer_steps import FIXED_CALLER, answers, is_refused, talks_and_hangs_up

CHAKKA = Path(sys.executable).parent / "chakka"


def chakka(node: Node, *arguments: str) -> None:
    """Run a command over the node's data, in a process of its own."""
    subprocess.run(
        (CHAKKA, *arguments, "--data", node.config.directory), check=True, stdout=subprocess.DEVNULL
    )


def test_a_caller_is_blocked_and_let_in_again_without_a_publish(node: Node, sipp: Sipps) -> None:
    number, (line,) = business(node)
    chakka(node, "live", "set", number, "--block", FIXED_CALLER)
    sipp.caller(number, is_refused(603)).finish()
    chakka(node, "live", "set", number, "--unblock", FIXED_CALLER)
    callee = sipp.line(line, answers())
    sipp.caller(number, talks_and_hangs_up(200)).finish()
    callee.finish()
    calls = node.ended_calls(number, 2)
    assert [call.record.reason for call in calls] == ["blocked", "ok"]
    assert calls[0].rated is None


def test_the_emergency_switch_sends_the_next_call_elsewhere_and_back(
    node: Node, sipp: Sipps, tmp_path: Path
) -> None:
    changes = {"options": ["multi_line"], "emergency": {"plan": "storm", "minutes": 60}}
    number, (usual, elsewhere) = business(node, 2, **changes)
    storm = tmp_path / "storm.yaml"
    storm.write_bytes(node.plan_text(plan(number, [elsewhere, usual], options=["multi_line"])))
    chakka(node, "publish", str(storm), "--as", "storm")
    for switch, line in (("on", elsewhere), ("off", usual)):
        chakka(node, "live", "set", number, "--emergency", switch)
        callee = sipp.line(line, answers())
        sipp.caller(number, talks_and_hangs_up(200)).finish()
        callee.finish()
    calls = node.ended_calls(number, 2)
    assert [call.record.destination for call in calls] == [elsewhere.number, usual.number]
    assert [call.record.facts.trace[0][0] for call in calls] == ["emergency", "area"]
