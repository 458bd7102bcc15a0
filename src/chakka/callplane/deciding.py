"""Deciding a call: the plan in force, the live facts, and what this node counts (service.md §9.5–9.7)."""

from collections.abc import Callable

from chakka.callplane.gaps import Window
from chakka.callplane.instant import Instant
from chakka.callplane.occupancy import Occupancy
from chakka.callplane.plans import InForce, Plans
from chakka.routing.attempt import IDLE, CallAttempt, Live
from chakka.routing.decide import decide
from chakka.routing.decision import Decision, Reason
from chakka.routing.live_facts import LiveFacts
from chakka.routing.plan import CompiledPlan

# A call that got as far as the lines has passed the limits, and only such calls count against them.
_PASSED = (Reason.OK, Reason.ALL_BUSY)


class Deciding:
    """Decides the calls of one node and remembers what limits and ratios count."""

    def __init__(
        self, plans: Plans, occupancy: Occupancy, caller_tag: Callable[[CallAttempt], str | None]
    ) -> None:
        self._plans = plans
        self._caller_tag = caller_tag
        self._occupancy = occupancy
        self._second = Window(1.0)
        self._minute = Window(60.0)

    def decide(self, attempt: CallAttempt, now: Instant) -> tuple[CompiledPlan | None, Decision]:
        """Return the plan that is in force for a call and its decision.

        Raises: InputError if the plan cannot be read.
        """
        in_force = self._plans.in_force(attempt.called_number, attempt.at_ms)
        plan = in_force.plan
        if plan is None:
            return None, decide(None, attempt, {}, IDLE)
        decision = decide(
            plan, attempt, self._plans.draws(in_force), self._live(plan, in_force, attempt, now)
        )
        if decision.reason in _PASSED:
            self._count(plan, attempt, now)
        if decision.sequence is not None:
            self._plans.drawn(in_force, decision.sequence)
        return plan, decision

    def _live(self, plan: CompiledPlan, in_force: InForce, attempt: CallAttempt, now: Instant) -> Live:
        facts = in_force.facts
        return Live(
            busy=self._occupancy.busy(plan),
            calls_up=self._occupancy.calls_up(plan.number),
            calls_this_second=self._second.count(plan.number, now.monotonic),
            caller_calls_this_minute=self._minute.count(_caller(attempt), now.monotonic),
            blocked=facts.is_blocked(attempt.calling_number, attempt.at_ms),
            money_guard=facts.is_money_stopped(attempt.at_ms) or self._is_caller_stopped(facts, attempt),
            suspended=facts.suspended,
            emergency=in_force.emergency,
        )

    def _is_caller_stopped(self, facts: LiveFacts, attempt: CallAttempt) -> bool:
        """The tag costs some microseconds, which only numbers with such callers pay."""
        if not facts.caller_stops:
            return False
        return facts.is_caller_stopped(self._caller_tag(attempt), attempt.at_ms)

    def _count(self, plan: CompiledPlan, attempt: CallAttempt, now: Instant) -> None:
        if plan.per_second is not None:
            self._second.add(plan.number, now.monotonic)
        if plan.per_caller_per_minute is not None:
            self._minute.add(_caller(attempt), now.monotonic)


def _caller(attempt: CallAttempt) -> tuple[str, str, str]:
    """Return who a call counts for. Callers without any number count as one for each trunk: to have none must
    be no way around the limit. A withheld number is one all the same."""
    trunk = "" if attempt.calling_number else attempt.trunk
    return attempt.called_number, attempt.calling_number or "", trunk
