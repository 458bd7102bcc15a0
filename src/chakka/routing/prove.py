"""Prove a plan before it is published: every place, class and minute has an outcome (service.md §9.2).

By interval algebra, not by trying every call: charge areas are put together by the group that takes them,
time is cut where a schedule changes, and one witness of each cell is decided by `decide` itself.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from chakka.contract.model import Contract
from chakka.localtime import jst_instant_ms
from chakka.numbering.model import CallerClass
from chakka.numbering.table import NumberingTable
from chakka.routing.admission import BY_AREA
from chakka.routing.attempt import IDLE, CallAttempt
from chakka.routing.cells import DAY_MINUTES, Cell, Day, DayKind, calendars_of, cells, days
from chakka.routing.decide import decide
from chakka.routing.decision import Decision
from chakka.routing.findings import Finding, findings
from chakka.routing.plan import CompiledPlan, Places


class Callers(msgspec.Struct, frozen=True, kw_only=True):
    """Callers whom the plan cannot tell apart, with one of them as witness.

    places: how many charge areas they call from; callers of unknown place count as one more.
    """

    caller_class: CallerClass
    charge_area: str | None = None
    prefecture: str | None = None
    places: int = 1


class Happening(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """What happens to callers of one class, whatever the place."""

    caller_class: CallerClass
    group: str
    outcome: str
    reason: str


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What was proved of a plan.

    area_minutes: what happens where: charge areas (and the unknown place) times minutes, by kind of day.
    minutes:      of an ordinary week, of the weekdays as holidays, of the days under date rules.
    decisions:    how many cells were decided.
    """

    plan: str
    places: int
    minutes: Mapping[DayKind, int]
    decisions: int
    area_minutes: Mapping[Happening, Mapping[DayKind, int]]
    findings: tuple[Finding, ...]

    def summary(self) -> dict[str, object]:
        """Return the proof as plain values for people and JSON (plan-format.md, `chakka check`)."""
        return {
            "plan": self.plan,
            "charge_areas": self.places - 1,
            "classes": len(CallerClass),
            "minutes": _by_kind(self.minutes),
            "decisions": self.decisions,
            "outcomes": [
                {
                    "class": happening.caller_class.value,
                    "group": happening.group or None,
                    "outcome": happening.outcome,
                    "reason": happening.reason,
                    "area_minutes": _by_kind(counts),
                }
                for happening, counts in sorted(self.area_minutes.items())
            ],
            "notes": [finding.note() for finding in self.findings if not finding.is_problem],
        }


def _by_kind(counts: Mapping[DayKind, int]) -> dict[str, int]:
    return {kind.value: counts[kind] for kind in DayKind if kind in counts}


def prove(contract: Contract, plan: CompiledPlan, table: NumberingTable) -> Proof:
    """Return what happens to every caller at every minute, and what is wrong or strange about it.

    plan: compiled from the contract with the same table.
    """
    all_days = days(plan)
    counts: dict[Happening, Counter[DayKind]] = {}
    decisions = 0
    for callers in _callers(plan, table):
        for decision, cell in _decided(plan, callers, all_days):
            happening = _happening(callers.caller_class, decision)
            counted = counts.setdefault(happening, Counter())
            for kind, length in cell.minutes.items():
                counted[kind] += length * callers.places
            decisions += 1
    minutes = _minutes(all_days)
    places = len(table.charge_areas) + 1
    return Proof(
        plan=plan.hash,
        places=places,
        minutes=minutes,
        decisions=decisions,
        area_minutes=counts,
        findings=(*_gaps(counts, minutes, places), *findings(contract, plan, table, all_days)),
    )


def _decided(
    plan: CompiledPlan, callers: Callers, all_days: Sequence[Day]
) -> Iterator[tuple[Decision, Cell]]:
    """Return the decision of each cell of time.

    Who is refused is refused at every minute, since admission does not ask the clock; the others' group
    says which calendars cut their time.
    """
    whole = cells(plan, (), all_days)
    first = decide(plan, _attempt(plan, callers, whole[0]), {}, IDLE)
    if first.group is None:
        yield from ((first, cell) for cell in whole)
        return
    group = next(group for group in plan.groups if group.name == first.group)
    for cell in cells(plan, calendars_of(plan, group), all_days):
        yield decide(plan, _attempt(plan, callers, cell), {}, IDLE), cell


def _attempt(plan: CompiledPlan, callers: Callers, cell: Cell) -> CallAttempt:
    return CallAttempt(
        called_number=plan.number,
        caller_class=callers.caller_class,
        rating_class=callers.caller_class,
        charge_area=callers.charge_area,
        prefecture=callers.prefecture,
        at_ms=jst_instant_ms(cell.moment.day, cell.moment.minute),
    )


def _callers(plan: CompiledPlan, table: NumberingTable) -> Iterator[Callers]:
    """Return all callers there are, put together as far as the plan cannot tell them apart."""
    areas = _alike(plan.areas, [(area.name, 1) for area in table.charge_areas])
    sizes = Counter(area.prefecture for area in table.charge_areas)
    prefectures = _alike(plan.prefectures, [(each.name, sizes[each.name]) for each in table.prefectures])
    everywhere = len(table.charge_areas) + 1
    for caller_class in CallerClass:
        if caller_class in BY_AREA:
            yield Callers(caller_class=caller_class)
            for name, places in areas:
                yield Callers(caller_class=caller_class, charge_area=name, places=places)
        elif caller_class is CallerClass.MOBILE:
            yield Callers(caller_class=caller_class)
            for name, places in prefectures:
                yield Callers(caller_class=caller_class, prefecture=name, places=places)
        else:
            yield Callers(caller_class=caller_class, places=everywhere)


def _alike(places: Places, sizes: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return for each value of the places one name that has it, and the size of all that have it."""
    witnesses: dict[int, str] = {}
    total: Counter[int] = Counter()
    for name, size in sizes:
        value = places.value_of(name)
        witnesses.setdefault(value, name)
        total[value] += size
    return [(name, total[value]) for value, name in witnesses.items()]


def _happening(caller_class: CallerClass, decision: Decision) -> Happening:
    return Happening(
        caller_class=caller_class,
        group=decision.group or "",
        outcome=decision.outcome.value,
        reason=decision.reason.value,
    )


def _minutes(all_days: Sequence[Day]) -> dict[DayKind, int]:
    counts: Counter[DayKind] = Counter()
    for day in all_days:
        counts[day.kind] += day.count * DAY_MINUTES
    return dict(counts)


def _gaps(
    counts: Mapping[Happening, Mapping[DayKind, int]], minutes: Mapping[DayKind, int], places: int
) -> Iterator[Finding]:
    """Return a problem for each class and kind of day whose outcomes leave out places or minutes."""
    covered: Counter[tuple[CallerClass, DayKind]] = Counter()
    for happening, kinds in counts.items():
        for kind, area_minutes in kinds.items():
            covered[happening.caller_class, kind] += area_minutes
    for caller_class in CallerClass:
        for kind, count in minutes.items():
            if covered[caller_class, kind] != count * places:
                yield Finding(
                    code="gap",
                    where="",
                    message=f"{caller_class.value} callers on {kind.value} days: outcomes cover "
                    f"{covered[caller_class, kind]} of {count * places} charge-area minutes",
                    is_problem=True,
                )
