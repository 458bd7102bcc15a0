"""Time cut into cells in which a plan's schedules do not change: every instant lies in one of them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from enum import StrEnum
from itertools import chain, pairwise

import msgspec

from chakka.localtime import DAY_MS, MINUTE_MS
from chakka.routing.calendar import Moment, date_pattern, day_pattern
from chakka.routing.plan import CompiledPlan, PlanGroup

DAY_MINUTES = DAY_MS // MINUTE_MS
# Where the search for days without holidays begins when a plan knows no holidays; any day would do.
ANY_DAY = date(2026, 1, 1).toordinal()


class DayKind(StrEnum):
    """What makes a day's pattern: its weekday, a public holiday, or a date rule."""

    WEEK = "week"
    HOLIDAY = "holiday"
    DATES = "dates"


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """A witness for `count` days that are alike: the date ordinal of one of them."""

    kind: DayKind
    ordinal: int
    is_holiday: bool
    count: int = 1


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """Minutes `[start, end)` of all days on which the same patterns hold.

    moment: a witness, at `start`. minutes: how many there are in all, by kind of day.
    """

    moment: Moment
    end: int
    minutes: dict[DayKind, int]


def days(plan: CompiledPlan) -> tuple[Day, ...]:
    """Return every kind of day that the plan can tell apart.

    Result: the seven weekdays of an ordinary week, the same as public holidays, and each day under a date
            rule; far-off days under one rule are counted by weekday.
    """
    return (*_days_without_rule(plan), *_days_under_rules(plan))


def cells(plan: CompiledPlan, calendars: Sequence[int], all_days: Iterable[Day]) -> list[Cell]:
    """Return the cells in which none of the calendars (indexes) changes; together they are all of time."""
    alike: dict[tuple[int, ...], list[Day]] = {}
    for day in all_days:
        patterns = tuple(
            day_pattern(plan.calendars[index], day.ordinal, day.is_holiday) for index in calendars
        )
        alike.setdefault(patterns, []).append(day)
    return [
        cell
        for patterns, those in alike.items()
        for cell in _cells_of_day(_bounds(plan, calendars, patterns), those)
    ]


def calendars_of(plan: CompiledPlan, group: PlanGroup) -> tuple[int, ...]:
    """Return the indexes of the calendars on which a group's calls depend."""
    numbers = group.order if group.ratio is None else (*group.order, *group.ratio.members)
    hours = [plan.hours[number] for number in numbers if number in plan.hours]
    found = {group.ratio.calendar} if group.ratio is not None else set()
    found.update(index for each in hours for index in (each.off_hours, each.change))
    return tuple(sorted(index for index in found if index is not None))


def _bounds(plan: CompiledPlan, calendars: Sequence[int], patterns: Sequence[int]) -> set[int]:
    return {
        bound
        for index, pattern in zip(calendars, patterns, strict=True)
        for bound in plan.calendars[index].bounds[pattern]
    }


def _cells_of_day(bounds: set[int], those: Sequence[Day]) -> Iterator[Cell]:
    alike: Counter[DayKind] = Counter()
    for day in those:
        alike[day.kind] += day.count
    for start, end in pairwise(sorted({0, DAY_MINUTES, *bounds})):
        yield Cell(
            moment=Moment(those[0].ordinal, start, those[0].is_holiday),
            end=end,
            minutes={kind: count * (end - start) for kind, count in alike.items()},
        )


def _horizon(plan: CompiledPlan) -> tuple[int, int]:
    """Return the days `[first, end)` for which the plan knows the holidays, or any one week."""
    if not plan.holiday_bits:
        return ANY_DAY, ANY_DAY + 7
    return plan.holiday_base, plan.holiday_base + 8 * len(plan.holiday_bits)


def _edges(plan: CompiledPlan) -> list[int]:
    return sorted({edge for calendar in plan.calendars for edge in calendar.date_starts})


def _has_rule(plan: CompiledPlan, ordinal: int) -> bool:
    return any(date_pattern(calendar, ordinal) is not None for calendar in plan.calendars)


def _days_without_rule(plan: CompiledPlan) -> Iterator[Day]:
    edges = _edges(plan) or [ANY_DAY]
    seen: set[tuple[int, bool]] = set()
    # Should date rules cover the whole horizon, the weeks around them are still ordinary.
    around = chain(
        range(*_horizon(plan)), range(edges[-1], edges[-1] + 7), range(max(1, edges[0] - 7), edges[0])
    )
    for ordinal in around:
        alike = (ordinal % 7, plan.is_holiday(ordinal))
        if alike not in seen and not _has_rule(plan, ordinal):
            seen.add(alike)
            kind = DayKind.HOLIDAY if alike[1] else DayKind.WEEK
            yield Day(kind=kind, ordinal=ordinal, is_holiday=alike[1])
        if len(seen) == 14:
            return


def _days_under_rules(plan: CompiledPlan) -> Iterator[Day]:
    first, end = _horizon(plan)
    # The horizon's ends cut as well: inside it each day counts by itself, outside by weekday.
    cuts = sorted({first, end, *_edges(plan)})
    for start, stop in pairwise(cuts):
        if _has_rule(plan, start):
            inside = first <= start < end
            length = stop - start if inside else min(7, stop - start)
            for ordinal in range(start, start + length):
                yield Day(
                    kind=DayKind.DATES,
                    ordinal=ordinal,
                    is_holiday=plan.is_holiday(ordinal),
                    count=1 if inside else 1 + (stop - 1 - ordinal) // 7,
                )
