"""What a proof finds wrong or strange in a plan, each with a call that shows it (service.md §9.2)."""

from collections.abc import Iterator, Sequence

import msgspec

from chakka.contract.model import Contract
from chakka.contract.origins import expansions, prefectures_of
from chakka.errors import Problem
from chakka.localtime import jst_instant_ms, jst_iso
from chakka.numbering.model import CallerClass
from chakka.numbering.table import NumberingTable
from chakka.routing.calendar import Moment
from chakka.routing.cells import Cell, Day, calendars_of, cells
from chakka.routing.plan import NOWHERE, CompiledPlan, PlanGroup
from chakka.routing.resolution import target_of, weights_now


class Witness(msgspec.Struct, frozen=True, kw_only=True):
    """A call that shows a finding: who calls, from where (None = place unknown), when (JST)."""

    caller_class: CallerClass
    charge_area: str | None = None
    prefecture: str | None = None
    at: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing found. A problem keeps the plan from being published; the rest are notes."""

    code: str
    where: str
    message: str
    is_problem: bool = False
    witness: Witness | None = None

    def problem(self) -> Problem:
        """Return the finding as a problem whose message names the witness."""
        shown = "" if self.witness is None else f"; seen by a call {_witness_text(self.witness)}"
        return Problem(code=self.code, where=self.where, message=self.message + shown)

    def note(self) -> dict[str, object]:
        """Return the finding as plain values for the summary."""
        witness = None if self.witness is None else msgspec.to_builtins(self.witness)
        return {"code": self.code, "where": self.where, "message": self.message, "witness": witness}


class Reach(msgspec.Struct, kw_only=True):
    """What was seen of a group over all of time, by line number.

    weighted: had a weight above 0; opened: was open when it was a candidate; reached: could be rung.
    """

    weighted: set[str] = msgspec.field(default_factory=set)
    opened: set[str] = msgspec.field(default_factory=set)
    reached: set[str] = msgspec.field(default_factory=set)
    all_zero: Moment | None = None


def findings(
    contract: Contract, plan: CompiledPlan, table: NumberingTable, all_days: Sequence[Day]
) -> tuple[Finding, ...]:
    """Return overlaps, gaps, empty groups, what can never be reached, self-loops and all-zero ratios."""
    found = [
        *_overlapping_areas(contract, table),
        *_overlapping_mobiles(contract, table),
        *_uncovered(plan, table, all_days),
        *_empty_groups(contract, table),
        *_self_changes(plan),
        *_idle_changes(plan, all_days),
    ]
    for index, group in enumerate(plan.groups):
        found += _of_group(plan, group, index, (table, all_days))
    return tuple(found)


def _witness_text(witness: Witness) -> str:
    place = witness.charge_area or witness.prefecture or "an unknown place"
    return f"({witness.caller_class.value}) from {place} at {witness.at}"


def at_text(moment: Moment) -> str:
    """Return when a moment begins, as JST text."""
    return jst_iso(jst_instant_ms(moment.day, moment.minute))


def _overlapping_areas(contract: Contract, table: NumberingTable) -> Iterator[Finding]:
    taken: dict[int, str] = {}
    for index, (group, areas) in enumerate(zip(contract.groups, expansions(contract, table), strict=True)):
        for area in sorted(areas & taken.keys()):
            yield Finding(
                code="area_in_two_groups",
                where=f"groups[{index}].origin",
                message=f"{table.charge_areas[area].name} is in {taken[area]!r} and in {group.name!r} (R3.2)",
                is_problem=True,
            )
        taken |= dict.fromkeys(areas, group.name)


def _overlapping_mobiles(contract: Contract, table: NumberingTable) -> Iterator[Finding]:
    taken: dict[str, str] = {}
    for index, (group, areas) in enumerate(zip(contract.groups, expansions(contract, table), strict=True)):
        prefectures = prefectures_of(areas, table) if group.mobile else frozenset()
        for name in sorted(prefectures & taken.keys()):
            yield Finding(
                code="mobile_in_two_groups",
                where=f"groups[{index}].mobile",
                message=f"mobiles of {name} are taken by {taken[name]!r} and by {group.name!r} (R3.3)",
                is_problem=True,
            )
        taken |= dict.fromkeys(prefectures, group.name)


def _uncovered(plan: CompiledPlan, table: NumberingTable, all_days: Sequence[Day]) -> Iterator[Finding]:
    outside = [area.name for area in table.charge_areas if plan.areas.value_of(area.name) == NOWHERE]
    if outside:
        at = at_text(Moment(all_days[0].ordinal, 0, all_days[0].is_holiday))
        yield Finding(
            code="area_gap",
            where="groups",
            message=f"{len(outside)} charge areas belong to no group; their callers are refused",
            witness=Witness(caller_class=CallerClass.FIXED, charge_area=outside[0], at=at),
        )


def _empty_groups(contract: Contract, table: NumberingTable) -> Iterator[Finding]:
    for index, (group, areas) in enumerate(zip(contract.groups, expansions(contract, table), strict=True)):
        if not areas:
            yield Finding(
                code="empty_group",
                where=f"groups[{index}].origin",
                message=f"group {group.name!r} has no charge area",
            )


def _self_changes(plan: CompiledPlan) -> Iterator[Finding]:
    for number, hours in plan.hours.items():
        if hours.change is not None and hours.change_to == number:
            yield Finding(
                code="self_change",
                where=f"hours.{number}.change.to",
                message=f"{number} is changed to itself",
                is_problem=True,
            )


def _idle_changes(plan: CompiledPlan, all_days: Sequence[Day]) -> Iterator[Finding]:
    for number, hours in plan.hours.items():
        calendars = [index for index in (hours.off_hours, hours.change) if index is not None]
        if hours.change is None or hours.change_to == number:
            continue
        times = cells(plan, calendars, all_days)
        if all(target_of(plan, number, cell.moment, []) != hours.change_to for cell in times):
            yield Finding(
                code="change_never",
                where=f"hours.{number}.change",
                message=f"{number} is never changed to {hours.change_to}: the schedule is never active, "
                f"or the number is closed whenever it is (R4.5)",
            )


def _of_group(
    plan: CompiledPlan, group: PlanGroup, index: int, world: tuple[NumberingTable, Sequence[Day]]
) -> Iterator[Finding]:
    table, all_days = world
    times = cells(plan, calendars_of(plan, group), all_days)
    reach = _reach(plan, group, times)
    place = f"groups[{index}]"
    if reach.all_zero is not None:
        yield Finding(
            code="weights_all_zero",
            where=f"{place}.ratio",
            message=f"every weight of group {group.name!r} is 0 (R4.1)",
            is_problem=True,
            witness=_caller_of(plan, table, index, reach.all_zero),
        )
    if not reach.reached:
        yield Finding(
            code="never_open",
            where=place,
            message=f"group {group.name!r} never connects a call: its numbers are closed at every time",
            witness=_caller_of(plan, table, index, times[0].moment),
        )
    for where, number, why in _unreached(group, reach):
        yield Finding(
            code="unreachable_number",
            where=f"{place}.{where}",
            message=f"{number} never rings for group {group.name!r}: {why}",
            witness=_caller_of(plan, table, index, times[0].moment),
        )


def _reach(plan: CompiledPlan, group: PlanGroup, times: Sequence[Cell]) -> Reach:
    reach = Reach()
    for cell in times:
        if group.ratio is not None:
            weights = weights_now(plan, group.ratio, cell.moment, [])
            if not any(weights):
                reach.all_zero = reach.all_zero or cell.moment
            for number, weight in zip(group.ratio.members, weights, strict=True):
                if weight:
                    reach.weighted.add(number)
                    if target_of(plan, number, cell.moment, []) is not None:
                        reach.reached.add(number)
        targets: set[str] = set()
        for number in group.order:
            target = target_of(plan, number, cell.moment, [])
            if target is not None:
                reach.opened.add(number)
                if target not in targets:
                    reach.reached.add(number)
                targets.add(target)
    return reach


def _unreached(group: PlanGroup, reach: Reach) -> Iterator[tuple[str, str, str]]:
    """Return (place in the group, number, why) of each number that no call reaches."""
    closed = "it is closed whenever its turn could come"
    for number in () if group.ratio is None else group.ratio.members:
        if number not in reach.reached:
            why = closed if number in reach.weighted else "its weight is 0 at every time"
            yield f"ratio.weights.{number}", number, why
    for place, number in enumerate(group.order):
        if number not in reach.reached:
            why = "it always rings as an earlier one" if number in reach.opened else closed
            yield f"overflow[{place}]" if len(group.order) > 1 else "to", number, why


def _caller_of(plan: CompiledPlan, table: NumberingTable, index: int, moment: Moment) -> Witness:
    """Return a caller who is let in to the group; of unknown place if no charge area leads there."""
    area = next((area.name for area in table.charge_areas if plan.areas.value_of(area.name) == index), None)
    return Witness(caller_class=CallerClass.FIXED, charge_area=area, at=at_text(moment))
