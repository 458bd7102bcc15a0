"""Calls that reach a cap in yen stop the next ones on a running node: service.md §9.5, charging.md §6."""

import subprocess
import sys
import time
from pathlib import Path

from peer_node import Node, wait_until
from peer_plans import business
from peer_sipp import Sipps
from peer_spoken import ANNOUNCEMENT_LEAD, Talk, offer, sounds, text
from peer_steps import FIXED_CALLER, MOBILE_CALLER, answers, is_refused, talks_and_hangs_up

from chakka.clock import utc_ms
from chakka.localtime import DAY_MS
from chakka.money import MICRO_YEN
from chakka.routing.live_facts import LiveFacts, decode
from chakka.stores.ledger import Ledger
from chakka.stores.plan_store import PlanStore

CHAKKA = Path(sys.executable).parent / "chakka"
# A call of a fixed line costs 8 yen as soon as it is up.
ONE_CALL = 8
STOPPED_WITHIN_MS = 2_000
TALKS_MS = 4_000


def set_caps(node: Node, number: str, *caps: str) -> None:
    """Set caps, as the operator does."""
    command = (CHAKKA, "live", "set", number, "--data", node.config.directory, *caps)
    subprocess.run(command, check=True, capture_output=True)


def facts(node: Node, number: str) -> LiveFacts:
    with PlanStore.open(node.config.plans) as store:
        return decode(store.read_live(number))


def wait_for_stop(node: Node, number: str) -> int:
    """Return when a stop of the guard was seen, in ms UTC."""
    wait_until(lambda: facts(node, number).cap_stop, "the guard stops calls")
    return utc_ms()


def test_a_call_that_reaches_the_cap_while_it_is_up_stops_the_next_one_which_hears_why(
    talk: Talk, prompts: Path
) -> None:
    number, (line,) = business(talk.node)
    set_caps(talk.node, number, "--cap-day", str(ONE_CALL))
    callee = talk.sipp.line(line, answers())
    first = talk.sipp.caller(number, talks_and_hangs_up(TALKS_MS))
    seen_ms = wait_for_stop(talk.node, number)
    near = talk.near()
    second = talk.sipp.caller(number, is_refused(403, offer=offer(near))).finish()
    first.finish()
    callee.finish()
    assert sounds(near.packets) == text(prompts, "blocked", lead=ANNOUNCEMENT_LEAD)
    assert second.statuses() == [100, 183, 403]
    long, refused = talk.node.ended_calls(number, 2)
    assert (refused.record.reason, refused.record.cause, refused.rated) == ("money_guard", 21, None)
    assert (long.record.reason, long.record.fault) == ("ok", False)
    assert long.rated is not None
    assert long.rated.amount_uy == ONE_CALL * MICRO_YEN
    assert long.record.answered_at_ms is not None
    late_ms = seen_ms - long.record.answered_at_ms
    print(f"stopped {late_ms} ms after the answer of the call that reached the cap")
    assert late_ms <= STOPPED_WITHIN_MS


def test_a_raised_cap_lets_the_next_call_in(node: Node, sipp: Sipps) -> None:
    number, (line,) = business(node)
    set_caps(node, number, "--cap-day", str(ONE_CALL))
    callee = sipp.line(line, answers(), calls=2)
    sipp.caller(number, talks_and_hangs_up(200)).finish()
    wait_for_stop(node, number)
    set_caps(node, number, "--cap-day", str(10 * ONE_CALL))
    wait_until(lambda: facts(node, number).cap_stop is None, "the guard lets calls in again")
    sipp.caller(number, talks_and_hangs_up(200)).finish()
    callee.finish()
    assert [call.record.reason for call in node.ended_calls(number, 2)] == ["ok", "ok"]


def test_a_caller_over_the_cap_is_refused_and_others_get_through(node: Node, sipp: Sipps) -> None:
    number, (line,) = business(node)
    set_caps(node, number, "--cap-caller-day", str(ONE_CALL))
    callee = sipp.line(line, answers(), calls=2)
    sipp.caller(number, talks_and_hangs_up(200)).finish()
    wait_until(lambda: facts(node, number).caller_stops, "the guard stops the caller")
    sipp.caller(number, is_refused(403)).finish()
    sipp.caller(number, talks_and_hangs_up(200, MOBILE_CALLER)).finish()
    callee.finish()
    calls = node.ended_calls(number, 3)
    assert [call.record.reason for call in calls] == ["ok", "money_guard", "ok"]
    # What is published of a caller is a tag that stands in the record as well, and no number.
    stops = facts(node, number).caller_stops
    assert calls[0].record.facts.caller_tag.hex() in stops
    assert FIXED_CALLER not in str(stops)


def test_a_warning_comes_once_and_before_the_stop(node: Node, sipp: Sipps) -> None:
    number, (line,) = business(node)
    set_caps(node, number, "--cap-month", str(2 * ONE_CALL), "--warn", "50")
    callee = sipp.line(line, answers(), calls=2)
    for _ in range(2):
        sipp.caller(number, talks_and_hangs_up(200)).finish()
    callee.finish()
    stop_ms = wait_for_stop(node, number)
    node.ended_calls(number, 2)
    with Ledger.open_to_read(node.config.ledger) as ledger:
        warned = ledger.warnings(number)
    assert sorted((one.scope, one.percent) for one in warned) == [("month", 50), ("month", 100)]
    stop = facts(node, number).cap_stop
    assert stop is not None and stop.until_ms is not None
    assert 0 < stop.until_ms - stop_ms <= 31 * DAY_MS


def test_ingest_that_was_killed_stops_calls_when_it_is_back(new_node, tmp_path: Path) -> None:
    node: Node = new_node()
    sipp = Sipps(node, tmp_path)
    number, (line,) = business(node)
    set_caps(node, number, "--cap-day", str(ONE_CALL))
    node.kill("ingest")
    callee = sipp.line(line, answers())
    sipp.caller(number, talks_and_hangs_up(200)).finish()
    callee.finish()
    assert facts(node, number).cap_stop is None
    node.start_one("ingest")
    began = time.monotonic()
    wait_for_stop(node, number)
    print(f"stopped {1000 * (time.monotonic() - began):.0f} ms after ingest was started again")
    sipp.caller(number, is_refused(403)).finish()
    sipp.end()
    assert [call.record.reason for call in node.ended_calls(number, 2)] == ["ok", "money_guard"]
