"""Public holidays, days and minutes: which slot of a schedule is active at an instant (service.md R4.7)."""

from bisect import bisect_right
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from typing import NamedTuple

import jpholiday
import msgspec

from chakka.contract.model import DateRule, Schedule, Slot
from chakka.localtime import jst_day_and_minute

# No slot of the schedule is active.
INACTIVE = -1


class Holidays(msgspec.Struct, frozen=True, kw_only=True):
    """The public holidays (祝日, substitute holidays included) of some whole years.

    id:       hash over the days, so that a plan can say which list it was compiled with.
    ordinals: `date.toordinal()` of each holiday.
    """

    id: str
    first_year: int
    last_year: int
    ordinals: frozenset[int]

    def is_holiday(self, ordinal: int) -> bool:
        """Return whether the day is a public holiday; False outside the years of the list."""
        return ordinal in self.ordinals


def holidays_between(first_year: int, last_year: int) -> Holidays:
    """Return the public holidays of the years, both included.

    Years beyond the one for which the Cabinet Office has announced the equinoxes are by calculation.
    Source: 国民の祝日に関する法律 (Act No. 178 of 1948), §2 and §3, as tabulated by jpholiday.
    """
    days = sorted(
        day.toordinal()
        for year in range(first_year, last_year + 1)
        for day, _ in jpholiday.year_holidays(year)
    )
    text = f"{first_year}-{last_year}:" + ",".join(map(str, days))
    return Holidays(
        id=sha256(text.encode()).hexdigest()[:16],
        first_year=first_year,
        last_year=last_year,
        ordinals=frozenset(days),
    )


@cache
def shipped_holidays() -> Holidays:
    """Return the holidays that plans are compiled with: ten years, enough between releases."""
    return holidays_between(2025, 2034)


class Moment(NamedTuple):
    """An instant as schedules see it: JST day (date ordinal), minute of the day, public holiday or not."""

    day: int
    minute: int
    is_holiday: bool


class Calendar(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A schedule made ready for look-up.

    patterns:      names of the day patterns; bounds: of each, its slots as start, end, start, … in minutes.
    week:          pattern of each weekday, Monday first; holiday: pattern of holidays, None = as the weekday.
    date_starts:   ordinals at which the pattern by date changes, ascending; date_patterns: the pattern from
                   there on, None = no date rule.
    """

    name: str
    patterns: tuple[str, ...]
    bounds: tuple[tuple[int, ...], ...]
    week: tuple[int, ...]
    holiday: int | None = None
    date_starts: tuple[int, ...] = ()
    date_patterns: tuple[int | None, ...] = ()


def compile_calendar(name: str, schedule: Schedule) -> Calendar:
    """Return the schedule as a calendar; single dates are cut out of the ranges that hold them."""
    names = tuple(schedule.patterns)
    place = {pattern: index for index, pattern in enumerate(names)}
    starts, patterns = _date_segments(schedule.dates, place)
    return Calendar(
        name=name,
        patterns=names,
        bounds=tuple(_bounds(schedule.patterns[pattern]) for pattern in names),
        week=tuple(place[pattern] for pattern in schedule.week),
        holiday=None if schedule.holiday is None else place[schedule.holiday],
        date_starts=starts,
        date_patterns=patterns,
    )


def slots_in_order(slots: tuple[Slot, ...]) -> list[Slot]:
    """Return the slots by their start: the order in which `active_slot` counts them."""
    return sorted(slots, key=lambda slot: slot.start)


def _bounds(slots: tuple[Slot, ...]) -> tuple[int, ...]:
    return tuple(bound for slot in slots_in_order(slots) for bound in (slot.start, slot.end))


def _date_segments(
    rules: tuple[DateRule, ...], place: Mapping[str, int]
) -> tuple[tuple[int, ...], tuple[int | None, ...]]:
    edges = sorted({edge for rule in rules for edge in (rule.first.toordinal(), rule.last.toordinal() + 1)})
    # Single dates come before ranges (plan-format.md, schedule edges).
    by_precedence = sorted(rules, key=lambda rule: rule.first != rule.last)
    patterns = tuple(_pattern_on(edge, by_precedence, place) for edge in edges)
    return tuple(edges), patterns


def _pattern_on(day: int, by_precedence: list[DateRule], place: Mapping[str, int]) -> int | None:
    for rule in by_precedence:
        if rule.first.toordinal() <= day <= rule.last.toordinal():
            return place[rule.pattern]
    return None


def moment_at(at_ms: int, is_holiday: bool = False) -> Moment:
    """Return the JST day and minute of an instant; seconds are floored: 17:59:59.999 is before 18:00."""
    day, minute = jst_day_and_minute(at_ms)
    return Moment(day, minute, is_holiday)


def date_pattern(calendar: Calendar, day: int) -> int | None:
    """Return the pattern that a date rule gives to a day, or None."""
    place = bisect_right(calendar.date_starts, day)
    return calendar.date_patterns[place - 1] if place else None


def day_pattern(calendar: Calendar, day: int, is_holiday: bool) -> int:
    """Return the one pattern that a day takes: single date > range > holiday > weekday."""
    if calendar.date_starts:
        by_date = date_pattern(calendar, day)
        if by_date is not None:
            return by_date
    if is_holiday and calendar.holiday is not None:
        return calendar.holiday
    # Ordinal 1 (0001-01-01) is a Monday.
    return calendar.week[(day - 1) % 7]


def active_slot(calendar: Calendar, moment: Moment) -> int:
    """Return which slot of the day's pattern is active, counted by start, or INACTIVE."""
    day, minute, is_holiday = moment
    return slot_in(calendar.bounds[day_pattern(calendar, day, is_holiday)], minute)


def slot_in(bounds: tuple[int, ...], minute: int) -> int:
    """Return which slot of a pattern holds the minute, or INACTIVE; start included, end excluded."""
    place = bisect_right(bounds, minute)
    return place // 2 if place % 2 else INACTIVE


def ruling(calendar: Calendar, moment: Moment) -> str:
    """Return which rule gave the day its pattern: `date`, `holiday` or `weekday`."""
    if date_pattern(calendar, moment.day) is not None:
        return "date"
    return "holiday" if moment.is_holiday and calendar.holiday is not None else "weekday"
