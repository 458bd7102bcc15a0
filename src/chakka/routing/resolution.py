"""What becomes of a group's numbers at an instant: closed ones leave, changed ones are replaced."""

from collections.abc import Iterable

from chakka.routing.calendar import INACTIVE, Moment, active_slot, day_pattern, ruling, slot_in
from chakka.routing.decision import TraceStep
from chakka.routing.plan import CompiledPlan, PlanRatio


def target_of(plan: CompiledPlan, number: str, moment: Moment, steps: list[TraceStep]) -> str | None:
    """Return what rings for a line number: itself, its change target, or None while it is closed.

    Source: service.md R4.3 (one hop: the target's own hours are not asked), R4.4, R4.5 (closed wins).
    """
    hours = plan.hours.get(number)
    if hours is None:
        return number
    if hours.off_hours is not None:
        closing = plan.calendars[hours.off_hours]
        if active_slot(closing, moment) != INACTIVE:
            pattern = closing.patterns[day_pattern(closing, moment.day, moment.is_holiday)]
            steps.append(("closed", number, closing.name, ruling(closing, moment), pattern))
            return None
    if hours.change is not None:
        changing = plan.calendars[hours.change]
        if active_slot(changing, moment) != INACTIVE:
            steps.append(("changed", number, hours.change_to, changing.name))
            return hours.change_to
    return number


def open_targets(
    plan: CompiledPlan, numbers: Iterable[str], moment: Moment, steps: list[TraceStep]
) -> list[str]:
    """Return what rings for each number, in order: no closed one, equal targets once (R4.2, R4.6)."""
    targets: list[str] = []
    for number in numbers:
        target = target_of(plan, number, moment, steps)
        if target is not None and target not in targets:
            targets.append(target)
    return targets


def weights_now(plan: CompiledPlan, ratio: PlanRatio, moment: Moment, steps: list[TraceStep]) -> bytes:
    """Return the weights that hold at an instant: the active slot's, else the group's own (R4.1)."""
    if ratio.calendar is None:
        return ratio.weights
    calendar = plan.calendars[ratio.calendar]
    pattern = day_pattern(calendar, moment.day, moment.is_holiday)
    slot = slot_in(calendar.bounds[pattern], moment.minute)
    if slot == INACTIVE:
        return ratio.weights
    steps.append(("weights", calendar.name, calendar.patterns[pattern]))
    return ratio.slot_weights[pattern][slot]


def open_shares(
    plan: CompiledPlan, ratio: PlanRatio, moment: Moment, steps: list[TraceStep]
) -> dict[str, int]:
    """Return target → weight of those in the draw: above 0, open; equal targets have their weights summed.

    Source: plan-format.md, resolution; service.md R4.6.
    """
    shares: dict[str, int] = {}
    for number, weight in zip(ratio.members, weights_now(plan, ratio, moment, steps), strict=True):
        if weight:
            target = target_of(plan, number, moment, steps)
            if target is not None:
                shares[target] = shares.get(target, 0) + weight
    return shares


def sequence_of(group_name: str, shares: dict[str, int]) -> str:
    """Return the name of the ratio sequence to which these shares belong (R4.1)."""
    return f"{group_name}:" + ",".join([f"{target}={weight}" for target, weight in shares.items()])
