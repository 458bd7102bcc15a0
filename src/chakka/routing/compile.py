"""From a contract without problems to the plan that decides its calls."""

from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256

import msgspec

from chakka.contract.model import Blocked, Contract, Group, Hours, Ratio, Schedule, Slot, Withheld
from chakka.contract.origins import expansions, prefectures_of
from chakka.contract.write import write_json
from chakka.numbering.table import NumberingTable
from chakka.routing.calendar import Holidays, compile_calendar, slots_in_order
from chakka.routing.cells import Day, calendars_of, cells, days
from chakka.routing.plan import (
    MOBILE_REFUSED,
    NOWHERE,
    CompiledPlan,
    Places,
    PlanGroup,
    PlanHours,
    PlanLine,
    PlanRatio,
    decode,
    encode,
)
from chakka.routing.ratio import draw_table
from chakka.routing.resolution import open_shares, sequence_of

__all__ = ["COMPILER_VERSION", "compile_plan", "decode", "encode", "plan_hash"]

# Part of every hash: raise it when the same text would decide otherwise or trace otherwise.
COMPILER_VERSION = "1"
# Of one group. Members that open and close one by one make many sequences; the rest are made when drawn.
MOST_TABLES = 32


def compile_plan(contract: Contract, table: NumberingTable, holidays: Holidays) -> CompiledPlan:
    """Return the plan of a contract.

    contract: without problems (`contract.rules.problems`); with problems the result is undefined (R3.8).
    Source:   service.md R2.4–R2.10, R4.1–R4.7; plan-format.md, expansion and hash.
    """
    plan = _without_tables(contract, table, holidays)
    all_days = days(plan)
    return msgspec.structs.replace(
        plan, groups=tuple(_with_tables(plan, group, all_days) for group in plan.groups)
    )


def _without_tables(contract: Contract, table: NumberingTable, holidays: Holidays) -> CompiledPlan:
    calendars = {name: index for index, name in enumerate(contract.schedules)}
    expanded = expansions(contract, table)
    base, bits = _holiday_bits(contract, holidays)
    limits = contract.limits
    return CompiledPlan(
        hash=plan_hash(contract, table, holidays),
        number=contract.number,
        guidance=contract.guidance,
        restriction_guidance=contract.restriction_guidance,
        whisper=contract.whisper,
        accepts_withheld=contract.withheld is Withheld.ACCEPT,
        off_hours_text=contract.announcements.off_hours,
        lines=tuple(
            PlanLine(id=line.id, channels=line.channels, numbers=line.numbers) for line in contract.lines
        ),
        groups=tuple(_group(group, contract.schedules, calendars) for group in contract.groups),
        areas=_areas(expanded, table),
        prefectures=_prefectures(contract.groups, expanded, table),
        unknown_fixed=_unknown(contract, contract.unknown_origin.fixed, expanded, mobile=False),
        unknown_mobile=_unknown(contract, contract.unknown_origin.mobile, expanded, mobile=True),
        hours={number: _hours(hours, calendars) for number, hours in contract.hours.items()},
        calendars=tuple(compile_calendar(name, schedule) for name, schedule in contract.schedules.items()),
        holiday_base=base,
        holiday_bits=bits,
        calls=limits.calls,
        per_second=limits.per_second,
        per_caller_per_minute=limits.per_caller_per_minute,
        per_number=dict(limits.per_number),
        number_notification=contract.number_notification,
        refuses_in_silence=contract.blocked is Blocked.SILENCE,
    )


def plan_hash(contract: Contract, table: NumberingTable, holidays: Holidays) -> str:
    """Return the hex sha256 that names what the contract compiles to (plan-format.md, hash)."""
    ingredients = f"\ncompiler {COMPILER_VERSION}\nnumbering {table.id}\nholidays {holidays.id}\n"
    return sha256(write_json(contract) + ingredients.encode()).hexdigest()


def _with_tables(plan: CompiledPlan, group: PlanGroup, all_days: Sequence[Day]) -> PlanGroup:
    """Return the group with the draw tables of the sequences that time can bring."""
    if group.ratio is None:
        return group
    tables: dict[str, bytes] = {}
    for cell in cells(plan, calendars_of(plan, group), all_days):
        shares = open_shares(plan, group.ratio, cell.moment, [])
        if shares and len(tables) < MOST_TABLES:
            tables[sequence_of(group.name, shares)] = draw_table(tuple(shares.values()))
    return msgspec.structs.replace(group, ratio=msgspec.structs.replace(group.ratio, tables=tables))


def _group(group: Group, schedules: Mapping[str, Schedule], calendars: Mapping[str, int]) -> PlanGroup:
    return PlanGroup(
        name=group.name,
        order=group.overflow if group.to is None else (group.to,),
        ratio=None if group.ratio is None else _ratio(group.ratio, schedules, calendars),
        ring_seconds=group.ring_seconds,
    )


def _ratio(ratio: Ratio, schedules: Mapping[str, Schedule], calendars: Mapping[str, int]) -> PlanRatio:
    members = tuple(ratio.weights)
    weights = bytes(ratio.weights.values())
    if ratio.schedule is None:
        return PlanRatio(members=members, weights=weights)
    patterns = schedules[ratio.schedule].patterns.values()
    return PlanRatio(
        members=members,
        weights=weights,
        calendar=calendars[ratio.schedule],
        slot_weights=tuple(
            tuple(_slot_weights(slot, members) for slot in slots_in_order(slots)) for slots in patterns
        ),
    )


def _slot_weights(slot: Slot, members: Sequence[str]) -> bytes:
    # A member that the slot does not name is out of the draw while the slot lasts.
    weights = slot.weights or {}
    return bytes(weights.get(member, 0) for member in members)


def _hours(hours: Hours, calendars: Mapping[str, int]) -> PlanHours:
    return PlanHours(
        off_hours=None if hours.off_hours is None else calendars[hours.off_hours],
        change=None if hours.change is None else calendars[hours.change.schedule],
        change_to="" if hours.change is None else hours.change.to,
    )


def _areas(expanded: Sequence[frozenset[int]], table: NumberingTable) -> Places:
    groups = {area: index for index, areas in enumerate(expanded) for area in areas}
    return _places({area.name: groups.get(area.index, NOWHERE) for area in table.charge_areas})


def _prefectures(
    groups: Sequence[Group], expanded: Sequence[frozenset[int]], table: NumberingTable
) -> Places:
    values = {prefecture.name: NOWHERE for prefecture in table.prefectures}
    for index, (group, areas) in enumerate(zip(groups, expanded, strict=True)):
        for name in prefectures_of(areas, table):
            if group.mobile:
                values[name] = index
            elif values[name] == NOWHERE:
                values[name] = MOBILE_REFUSED
    return _places(values)


def _places(values: Mapping[str, int]) -> Places:
    counted = Counter(values.values())
    otherwise = max(counted, key=lambda value: (counted[value], value), default=NOWHERE)
    names, starts, listed = "\n", [], sorted(set(counted) - {otherwise})
    for value in listed:
        starts.append(len(names) - 1)
        names += "".join(f"{name}\n" for name, its in values.items() if its == value)
    return Places(
        otherwise=otherwise, names=names if listed else "", starts=tuple(starts), values=tuple(listed)
    )


def _unknown(
    contract: Contract, wish: str | None, expanded: Sequence[frozenset[int]], *, mobile: bool
) -> int:
    """Return the group for callers of unknown place: the one named, or that with most charge areas (R2.9)."""
    places = [index for index, group in enumerate(contract.groups) if group.mobile or not mobile]
    if wish == "refuse" or not places:
        return NOWHERE
    if wish is not None:
        return next(index for index, group in enumerate(contract.groups) if group.name == wish)
    return max(places, key=lambda index: (len(expanded[index]), -index))


def _holiday_bits(contract: Contract, holidays: Holidays) -> tuple[int, bytes]:
    if not holidays.ordinals or all(schedule.holiday is None for schedule in contract.schedules.values()):
        return 0, b""
    base = min(holidays.ordinals)
    bits = sum(1 << (day - base) for day in holidays.ordinals)
    return base, bits.to_bytes((bits.bit_length() + 7) // 8, "little")
