"""What happens to a call now: the live decision function, asked for every kind of caller and every place."""

from collections.abc import Iterator
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path

import msgspec
from django.conf import settings

from chakka.errors import InputError
from chakka.facts import numbering_table
from chakka.localtime import MINUTE_MS
from chakka.numbering.model import CallerClass
from chakka.routing import live_facts
from chakka.routing.attempt import CallAttempt, Live, Presentation
from chakka.routing.decide import decide
from chakka.routing.decision import Decision, Outcome, Reason
from chakka.routing.plan import CompiledPlan, decode
from chakka.stores.plan_store import PlanStore, prepared

# Whom a subscriber asks about, in the order of the page.
SHOWN_CLASSES = (
    CallerClass.FIXED,
    CallerClass.MOBILE,
    CallerClass.PAYPHONE,
    CallerClass.IP_PHONE,
    CallerClass.INTERNATIONAL,
)
_BY_AREA = frozenset({CallerClass.FIXED, CallerClass.PAYPHONE})
_CLOSED = frozenset({Reason.SUSPENDED, Reason.MONEY_GUARD})


class Reception(StrEnum):
    """What a number does now, in a word."""

    OPEN = "open"
    OFF_HOURS = "off_hours"
    EMERGENCY = "emergency"
    CLOSED = "closed"
    NO_PLAN = "no_plan"


class InForce(msgspec.Struct, frozen=True, kw_only=True):
    """What decides the calls of a number: its compiled plan as it is stored, and what is true just now."""

    plan: bytes
    live: Live


class Fate(msgspec.Struct, frozen=True, kw_only=True):
    """What callers of one class get from some places, by name; of: how many places the class has."""

    outcome: Outcome
    reason: Reason
    group: str | None
    targets: tuple[str, ...]
    by_ratio: bool
    places: tuple[str, ...] = ()
    of: int = 1


class ClassNow(msgspec.Struct, frozen=True, kw_only=True):
    """What callers of one class get now, what most places get first; by prefecture, else by charge area."""

    caller_class: CallerClass
    fates: tuple[Fate, ...]
    by_prefecture: bool


def reception(number: str, at_ms: int) -> Reception:
    """Return in a word what a number does."""
    in_force = _in_force(number, at_ms)
    if in_force is None:
        return Reception.NO_PLAN
    reasons = {fate.reason for one in _classes(in_force, number, _minute(at_ms)) for fate in one.fates}
    if reasons <= _CLOSED:
        return Reception.CLOSED
    if in_force.live.emergency is not None:
        return Reception.EMERGENCY
    return Reception.OPEN if Reason.OK in reasons else Reception.OFF_HOURS


def now(number: str, at_ms: int) -> tuple[ClassNow, ...]:
    """Return what each class of caller gets, with a line free and no limit reached; () without a plan."""
    in_force = _in_force(number, at_ms)
    return () if in_force is None else _classes(in_force, number, _minute(at_ms))


def _minute(at_ms: int) -> int:
    """Return the beginning of a minute: plans go by nothing finer."""
    return at_ms - at_ms % MINUTE_MS


def _in_force(number: str, at_ms: int) -> InForce | None:
    """Return what the call plane would go by: a prepared plan that is not there leaves the ordinary one."""
    try:
        store = _store(settings.CONFIG.plans)
    except InputError:
        # Nothing was ever published.
        return None
    plan = store.read(number)
    if plan is None:
        return None
    facts = live_facts.decode(store.read_live(number))
    name = facts.emergency_plan(at_ms)
    emergency = None if name is None else store.read(prepared(number, name))
    live = Live(
        money_guard=facts.is_money_stopped(at_ms),
        suspended=facts.suspended,
        emergency=None if emergency is None else name,
    )
    return InForce(plan=emergency or plan, live=live)


@cache
def _store(path: Path) -> PlanStore:
    return PlanStore.open(path)


# Over a thousand decisions, the same for every page of a minute.
@lru_cache(maxsize=1_000)
def _classes(in_force: InForce, number: str, at_ms: int) -> tuple[ClassNow, ...]:
    plan = decode(in_force.plan)
    return tuple(
        ClassNow(
            caller_class=caller_class,
            fates=_fates(plan, in_force.live, list(_attempts(caller_class, number, at_ms))),
            by_prefecture=caller_class is CallerClass.MOBILE,
        )
        for caller_class in SHOWN_CLASSES
    )


def _fates(plan: CompiledPlan, live: Live, attempts: list[tuple[str, CallAttempt]]) -> tuple[Fate, ...]:
    """Return what attempts, each from its place, get; what most of them get first."""
    places: dict[tuple[object, ...], list[str]] = {}
    decisions: dict[tuple[object, ...], Decision] = {}
    for place, attempt in attempts:
        decision = decide(plan, attempt, {}, live)
        # Callers who hear the same make one row; which group refused them is nothing to them.
        group = decision.group if decision.targets else None
        key = (decision.outcome, decision.reason, group, frozenset(decision.targets))
        places.setdefault(key, []).append(place)
        decisions.setdefault(key, decision)
    found = [_fate(decisions[key], tuple(names), len(attempts)) for key, names in places.items()]
    return tuple(sorted(found, key=lambda fate: -len(fate.places)))


def _attempts(caller_class: CallerClass, number: str, at_ms: int) -> Iterator[tuple[str, CallAttempt]]:
    """Yield one call of a class from every place that this class can come from."""
    attempt = CallAttempt(
        called_number=number,
        caller_class=caller_class,
        rating_class=caller_class,
        presentation=Presentation.ALLOWED,
        at_ms=at_ms,
    )
    table = numbering_table()
    if caller_class in _BY_AREA:
        for area in table.charge_areas:
            placed = msgspec.structs.replace(attempt, charge_area=area.name, prefecture=area.prefecture)
            yield area.name, placed
    elif caller_class is CallerClass.MOBILE:
        for prefecture in table.prefectures:
            yield prefecture.name, msgspec.structs.replace(attempt, prefecture=prefecture.name)
    else:
        yield "", attempt


def _fate(decision: Decision, places: tuple[str, ...], of: int) -> Fate:
    return Fate(
        outcome=decision.outcome,
        reason=decision.reason,
        group=decision.group,
        targets=decision.targets,
        by_ratio=decision.sequence is not None,
        places=places,
        of=of,
    )
