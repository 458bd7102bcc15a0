"""Which receiving group a caller belongs to, or why to none (service.md §2)."""

from chakka.numbering.model import CallerClass
from chakka.routing.attempt import CallAttempt
from chakka.routing.decision import Announcement, Reason, TraceStep
from chakka.routing.plan import MOBILE_REFUSED, NOWHERE, CompiledPlan

# Further values that are no index of a group (plan.NOWHERE, plan.MOBILE_REFUSED).
PLACE_UNKNOWN = -3
CLASS_REFUSED = -4

REFUSALS = {
    NOWHERE: (Reason.AREA_NOT_DESIGNATED, Announcement.RESTRICTED_AREA),
    MOBILE_REFUSED: (Reason.MOBILE_NOT_ACCEPTED, Announcement.RESTRICTED_CLASS),
    PLACE_UNKNOWN: (Reason.UNKNOWN_ORIGIN, Announcement.RESTRICTED_AREA),
    CLASS_REFUSED: (Reason.CLASS_NOT_ACCEPTED, Announcement.RESTRICTED_CLASS),
}

# Unknown callers stand with the fixed ones: a withheld number may still come with a charge area (R2.9).
BY_AREA = frozenset({CallerClass.FIXED, CallerClass.PAYPHONE, CallerClass.UNKNOWN})
BY_PREFECTURE = frozenset({CallerClass.MOBILE, CallerClass.FMC})


def admit(plan: CompiledPlan, attempt: CallAttempt, steps: list[TraceStep]) -> int:
    """Return the index of the caller's group, or a key of `REFUSALS`; append why to the steps.

    Source: plan-format.md, caller classes; service.md R2.2–R2.6, R2.9.
    """
    caller_class = attempt.caller_class
    if caller_class in BY_AREA:
        return _by_area(plan, attempt.charge_area, steps)
    if caller_class in BY_PREFECTURE:
        # A fixed-mobile number says nothing of where its phone is.
        known = attempt.prefecture if caller_class is CallerClass.MOBILE else None
        return _by_prefecture(plan, known, steps)
    steps.append(("class_refused", caller_class.value))
    return CLASS_REFUSED


def _by_area(plan: CompiledPlan, area: str | None, steps: list[TraceStep]) -> int:
    if area is None:
        return _of_unknown_place(plan, "fixed", plan.unknown_fixed, steps)
    value = plan.areas.value_of(area)
    if value == NOWHERE:
        steps.append(("area_outside", area))
    else:
        steps.append(("area", area, plan.groups[value].name))
    return value


def _by_prefecture(plan: CompiledPlan, prefecture: str | None, steps: list[TraceStep]) -> int:
    if prefecture is None:
        return _of_unknown_place(plan, "mobile", plan.unknown_mobile, steps)
    value = plan.prefectures.value_of(prefecture)
    if value == NOWHERE:
        steps.append(("prefecture_outside", prefecture))
    elif value == MOBILE_REFUSED:
        steps.append(("mobile_refused", prefecture))
    else:
        steps.append(("prefecture", prefecture, plan.groups[value].name))
    return value


def _of_unknown_place(plan: CompiledPlan, kind: str, treated_as: int, steps: list[TraceStep]) -> int:
    if treated_as == NOWHERE:
        steps.append(("place_unknown", kind))
        return PLACE_UNKNOWN
    steps.append(("treated_as", kind, plan.groups[treated_as].name))
    return treated_as
