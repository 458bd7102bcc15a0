"""What would have become of a recorded call on another plan, by the same `decide` (service.md §9.3)."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from chakka.routing.attempt import CallAttempt, Live
from chakka.routing.decide import decide
from chakka.routing.decision import Decision, Outcome, Reason, TraceStep
from chakka.routing.plan import CompiledPlan

# Which field of `Live` a recorded limit is counted by.
_COUNTED = {
    "calls": "calls_up",
    "per_second": "calls_this_second",
    "per_caller_per_minute": "caller_calls_this_minute",
}


class Route(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """What became of a call. line: that answered; the first that was tried if nobody did."""

    outcome: Outcome
    reason: Reason
    group: str | None = None
    line: str | None = None


class PastCall(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded call.

    group:    None also where the record does not say it.
    trace:    of its decision; empty for calls that another call plane decided.
    line:     that answered, None if nobody did.
    in_vain:  lines that were tried and did not answer, in order.
    all_tried: every line that the decision named was tried.
    """

    attempt: CallAttempt
    outcome: Outcome
    reason: Reason
    group: str | None = None
    trace: tuple[TraceStep, ...] = ()
    line: str | None = None
    in_vain: tuple[str, ...] = ()
    all_tried: bool = False

    def route(self) -> Route:
        """Return what became of the call."""
        tried = self.in_vain[0] if self.in_vain else None
        return Route(outcome=self.outcome, reason=self.reason, group=self.group, line=self.line or tried)


class Change(StrEnum):
    """What a draft changes about a call; those that nobody answered cost nothing either way."""

    NO_LONGER_CONNECTED = "no_longer_connected"
    NEWLY_CONNECTED = "newly_connected"
    OTHER_LINE = "other_line"  # another line answers
    OTHER_LINE_TRIED = "other_line_tried"  # nobody answered; another line is tried, which might
    OTHER_GROUP = "other_group"  # the same line, by another group
    OTHER_REASON = "other_reason"  # not connected, and for another reason


def live_then(trace: Iterable[TraceStep]) -> Live:
    """Return what was true when a call was decided, as far as its trace says so.

    What the decision did not come to look at is not recorded: lines count as free, limits as not reached.
    """
    busy: set[str] = set()
    found: dict[str, int | bool] = {}
    for code, *arguments in trace:
        if code == "busy":
            busy.add(arguments[0])
        elif code == "limit" and arguments[0] in _COUNTED:
            found[_COUNTED[arguments[0]]] = int(arguments[1])
        elif code in ("blocked", "money_guard", "suspended"):
            found[code] = True
    return msgspec.structs.replace(Live(busy=frozenset(busy)), **found)


def replayed(plan: CompiledPlan, past: PastCall, draws: dict[str, int]) -> Route:
    """Return what would become of a recorded call on a plan; `draws` counts on for the next one.

    draws:  ratio sequence → its running number. A call that was drawn in a group of the same name keeps the
            number that it had: the ratio turns no further than it did, and an unchanged plan changes nothing.
    Result: of an answered call the first line that did not turn it away when it was recorded.
    """
    live = live_then(past.trace)
    decision = decide(plan, past.attempt, draws, live)
    sequence = decision.sequence
    if sequence is not None:
        number = _recorded_number(past, decision)
        if number is None:
            draws[sequence] = draws.get(sequence, 0) + 1
        elif number != draws.get(sequence, 0):
            decision = decide(plan, past.attempt, {sequence: number}, live)
    return _route(decision, past)


def change(past: PastCall, after: Route) -> Change | None:
    """Return what is different for a call, None if nothing is."""
    before = past.route()
    if (before.outcome is Outcome.CONNECT) != (after.outcome is Outcome.CONNECT):
        is_lost = before.outcome is Outcome.CONNECT
        return Change.NO_LONGER_CONNECTED if is_lost else Change.NEWLY_CONNECTED
    if after.outcome is not Outcome.CONNECT:
        is_same = (before.outcome, before.reason) == (after.outcome, after.reason)
        return None if is_same else Change.OTHER_REASON
    # Not every record says which lines were tried.
    if before.line is not None and before.line != after.line:
        return Change.OTHER_LINE_TRIED if past.line is None else Change.OTHER_LINE
    if before.group is not None and before.group != after.group:
        return Change.OTHER_GROUP
    return None


def _recorded_number(past: PastCall, decision: Decision) -> int | None:
    if past.group != decision.group:
        return None
    return next((int(step[2]) for step in past.trace if step[0] == "drawn"), None)


def _route(decision: Decision, past: PastCall) -> Route:
    route = Route(outcome=decision.outcome, reason=decision.reason, group=decision.group)
    if decision.outcome is not Outcome.CONNECT:
        return route
    left = [target for target in decision.targets if target not in past.in_vain]
    if past.line is not None and not left:
        return msgspec.structs.replace(route, outcome=Outcome.BUSY, reason=Reason.ALL_BUSY)
    if past.line is not None or (past.all_tried and left):
        return msgspec.structs.replace(route, line=left[0])
    return msgspec.structs.replace(route, line=decision.targets[0])
