"""What holds for every valid contract and every call."""

from collections import defaultdict

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from routing_contracts import TABLE, compiled
from routing_strategies import NUMBERS, attempts, contracts, lives

from chakka.contract.model import Contract
from chakka.contract.rules import problems
from chakka.routing.attempt import IDLE, CallAttempt, Live
from chakka.routing.compile import MOST_TABLES
from chakka.routing.decide import decide
from chakka.routing.decision import Outcome, Reason
from chakka.routing.document import ENGLISH, JAPANESE, sentences
from chakka.routing.plan import decode, encode

quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(contracts())
def test_the_contracts_of_these_tests_are_ones_that_may_be_published(made: Contract) -> None:
    assert problems(made, TABLE) == []


@quick
@given(contracts(), st.lists(st.tuples(attempts, lives), min_size=5, max_size=20), st.integers(-3, 10**9))
def test_any_call_on_any_valid_plan_gets_a_decision(
    made: Contract, calls: list[tuple[CallAttempt, Live]], draw: int
) -> None:
    plan = compiled(made)
    for attempt, live in calls:
        decision = decide(plan, attempt, defaultdict(lambda: draw), live)
        assert decision.plan == plan.hash
        assert set(decision.targets) <= set(NUMBERS) - live.busy
        assert len(set(decision.targets)) == len(decision.targets)
        assert bool(decision.targets) == (decision.outcome is Outcome.CONNECT)
        assert (decision.reason is Reason.OK) == (decision.outcome is Outcome.CONNECT)
        assert (decision.reason is Reason.OFF_HOURS) == (decision.outcome is Outcome.ANNOUNCE)
        assert decision.outcome in (Outcome.REFUSE, Outcome.ANNOUNCE) or decision.announcement is None
        assert decision.trace


@quick
@given(contracts(), attempts, lives)
def test_no_number_rings_that_the_trace_calls_closed_or_changed_unless_another_changed_to_it(
    made: Contract, attempt: CallAttempt, live: Live
) -> None:
    decision = decide(compiled(made), attempt, {}, live)
    gone = {step[1] for step in decision.trace if step[0] in ("closed", "changed")}
    arrived = {step[2] for step in decision.trace if step[0] == "changed"}
    assert not set(decision.targets) & (gone - arrived)


@quick
@given(contracts(), attempts, lives)
def test_the_same_call_on_the_same_plan_is_decided_the_same(
    made: Contract, attempt: CallAttempt, live: Live
) -> None:
    once, again = decide(compiled(made), attempt, {}, live), decide(compiled(made), attempt, {}, live)
    assert once == again


@quick
@given(contracts(), attempts, lives)
def test_a_plan_decides_the_same_after_a_round_trip_through_its_bytes(
    made: Contract, attempt: CallAttempt, live: Live
) -> None:
    plan = compiled(made)
    read = decode(encode(plan))
    assert read == plan
    assert encode(read) == encode(plan)
    assert decide(read, attempt, {}, live) == decide(plan, attempt, {}, live)


@quick
@given(contracts(), attempts, lives)
def test_one_more_busy_number_never_makes_one_more_target(
    made: Contract, attempt: CallAttempt, live: Live
) -> None:
    plan = compiled(made)
    quiet = decide(plan, attempt, {}, Live(blocked=live.blocked, suspended=live.suspended))
    crowded = decide(plan, attempt, {}, Live(busy=live.busy, blocked=live.blocked, suspended=live.suspended))
    assert crowded.targets == tuple(target for target in quiet.targets if target not in live.busy)


@quick
@given(contracts(), attempts, lives)
def test_every_step_of_a_trace_can_be_said_in_both_languages(
    made: Contract, attempt: CallAttempt, live: Live
) -> None:
    decision = decide(compiled(made), attempt, {}, live)
    for step, japanese, english in zip(
        decision.trace, sentences(decision.trace, "ja"), sentences(decision.trace, "en"), strict=True
    ):
        assert step[0] in JAPANESE and step[0] in ENGLISH
        assert japanese.endswith("。") and english.endswith(".")


@quick
@given(contracts(), st.lists(attempts, min_size=5, max_size=20))
def test_every_sequence_that_a_call_can_hit_has_its_table_compiled_in(
    made: Contract, calls: list[CallAttempt]
) -> None:
    plan = compiled(made)
    tables = {group.name: group.ratio.tables for group in plan.groups if group.ratio is not None}
    for attempt in calls:
        decision = decide(plan, attempt, {}, IDLE)
        if decision.sequence is not None:
            of_group = tables[decision.group or ""]
            assert decision.sequence in of_group or len(of_group) == MOST_TABLES
