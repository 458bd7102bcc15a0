"""`decide` against a brute-force reading of plan-format.md, on random plans and calls."""

import json
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from decide_oracle import Caller, Expected, expected, members_now
from random_plans import caller, plan

from chakka.contract.rules import problems
from chakka.contract.text import read
from chakka.facts import numbering_table
from chakka.numbering.model import CallerClass
from chakka.routing.attempt import CallAttempt, Live
from chakka.routing.calendar import shipped_holidays
from chakka.routing.compile import compile_plan
from chakka.routing.decide import decide
from chakka.routing.decision import Decision
from chakka.routing.plan import CompiledPlan

TABLE = numbering_table()
LONGEST_SEQUENCE = 288


def compiled(document: dict[str, Any]) -> CompiledPlan:
    """Return the compiled plan of a document, which must be without problems."""
    contract, found = read(json.dumps(document, ensure_ascii=False).encode(), TABLE)
    assert contract is not None, found
    assert problems(contract, TABLE) == []
    return compile_plan(contract, TABLE, shipped_holidays())


def decided(compiled_plan: CompiledPlan, seen: Caller, draw: int = 0) -> Decision:
    """Return what chakka decides; `draw` is the running number of whatever sequence the call hits."""
    attempt = CallAttempt(
        called_number="0120123456",
        calling_number="0312345678",
        caller_class=CallerClass(seen.caller_class),
        rating_class=CallerClass(seen.caller_class),
        charge_area=seen.charge_area,
        prefecture=seen.prefecture,
        at_ms=seen.at_ms,
    )
    live = Live(busy=seen.busy)
    first = decide(compiled_plan, attempt, {}, live)
    return first if first.sequence is None else decide(compiled_plan, attempt, {first.sequence: draw}, live)


def without_busy(compiled_plan: CompiledPlan, seen: Caller, draw: int) -> tuple[str, ...]:
    """Return what the same call would get on idle lines, less the busy ones: a draw ignores busy."""
    idle = decided(compiled_plan, replace(seen, busy=frozenset()), draw)
    return tuple(number for number in idle.targets if number not in seen.busy)


def differences(decision: Decision, wanted: Expected) -> list[str]:
    """Return in what a decision is not one of those that the oracle allows."""
    lists = {targets for targets in wanted.drawn if targets}
    got: dict[str, object] = {"announcement": decision.announcement, "targets": decision.targets}
    if decision.outcome == "busy" and wanted.outcome == "connect":
        allowed = () in wanted.drawn
        return [] if allowed and decision.reason == "all_busy" and not decision.targets else ["busy"]
    fields = ("outcome", "reason", "announcement")
    wrong = [name for name in fields if getattr(decision, name) != getattr(wanted, name)]
    if wanted.outcome != "refuse" and decision.group != wanted.group:
        wrong.append("group")
    if wanted.outcome == "connect" and decision.targets not in lists:
        wrong.append(f"targets {got} not in {lists}")
    return wrong


def compare(seed: int, plans: int, calls: int) -> Counter[str]:
    """Compare `plans` × `calls` decisions with the oracle's; return how often each reason was given."""
    random = Random(seed)
    reasons: Counter[str] = Counter()
    for _ in range(plans):
        document = plan(random)
        compiled_plan = compiled(document)
        for _ in range(calls):
            seen = caller(random, document)
            draw = random.randrange(LONGEST_SEQUENCE)
            decision = decided(compiled_plan, seen, draw)
            assert decision.targets == without_busy(compiled_plan, seen, draw)
            wrong = differences(decision, expected(document, seen))
            assert not wrong, (wrong, seen, decision, json.dumps(document, ensure_ascii=False))
            reasons[decision.reason] += 1
    return reasons


def test_every_decision_is_what_the_plan_format_says() -> None:
    reasons = compare(seed=1, plans=40, calls=50)
    assert set(reasons) == {
        "ok",
        "all_busy",
        "off_hours",
        "unknown_origin",
        "area_not_designated",
        "mobile_not_accepted",
        "class_not_accepted",
    }


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 8))
def test_many_more_decisions_are_what_the_plan_format_says(seed: int) -> None:
    assert compare(seed, plans=150, calls=120).total() == 18_000


def test_r4_1_every_prefix_of_a_sequence_is_within_1_of_each_share() -> None:
    check_sequences(seed=11, plans=40)


@pytest.mark.slow
def test_r4_1_every_prefix_of_many_more_sequences_is_within_1_of_each_share() -> None:
    check_sequences(seed=12, plans=600)


def check_sequences(seed: int, plans: int) -> None:
    """Draw two whole periods of each ratio group found by a caller and count at every prefix."""
    random = Random(seed)
    checked = 0
    for _ in range(plans):
        document = plan(random)
        compiled_plan = compiled(document)
        ratios = {group["name"]: group for group in document["groups"] if "ratio" in group}
        for _ in range(10):
            seen = caller(random, document)
            idle = replace(seen, busy=frozenset())
            group = ratios.get(str(decided(compiled_plan, idle).group))
            weights = {} if group is None else members_now(document, group, seen.at_ms)
            if weights:
                check_prefixes(compiled_plan, idle, weights)
                checked += 1
    assert checked > plans


def check_prefixes(compiled_plan: CompiledPlan, idle: Caller, weights: dict[str, int]) -> None:
    """Assert R4.1 of one sequence: ±1 at every prefix, exact after each period."""
    period = sum(weights.values())
    counts: Counter[str] = Counter()
    for draw in range(2 * period):
        counts[decided(compiled_plan, idle, draw).targets[0]] += 1
        for number, weight in weights.items():
            assert abs(counts[number] - Fraction((draw + 1) * weight, period)) < 1
    assert counts == {number: 2 * weight for number, weight in weights.items()}
