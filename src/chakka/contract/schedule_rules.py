"""Rules on schedules: sound slots, patterns and dates, and the uses that are made of them (R4.3–R4.7)."""

from collections.abc import Container, Iterator, Mapping

from chakka.contract.destinations import lines_by_number
from chakka.contract.faults import bad_value
from chakka.contract.group_rules import weight_problems
from chakka.contract.model import WEEKDAYS, Contract, DateRule, Group, Schedule, Slot
from chakka.contract.notation import dates_text, slot_text
from chakka.errors import Problem
from chakka.localtime import DAY_MS, MINUTE_MS
from chakka.numbering.table import NumberingTable

# service.md R4.7
MAX_SLOTS = 20
DAY_MINUTES = DAY_MS // MINUTE_MS


def slots(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problems of slots: backwards, past midnight, too many, or overlapping (R4.7)."""
    found: list[Problem] = []
    for name, schedule in contract.schedules.items():
        for pattern, listed in schedule.patterns.items():
            place = f"schedules.{name}.patterns.{pattern}"
            found += _bounds(place, listed)
            found += _overlapping_slots(place, listed)
    return found


def pattern_names(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problems of days that take a pattern which the schedule does not have."""
    return [
        Problem(
            code="unknown_name",
            where=f"schedules.{name}.{place}",
            message=f"{pattern!r} is no pattern of schedule {name!r}",
        )
        for name, schedule in contract.schedules.items()
        for place, pattern in _assigned(schedule)
        if pattern not in schedule.patterns
    ]


def dates(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problems of dates: ranges that end before they begin, or that overlap (R4.7)."""
    found: list[Problem] = []
    for name, schedule in contract.schedules.items():
        place = f"schedules.{name}.dates"
        found += (
            bad_value(
                f"{place}.{dates_text(rule)}", f"the range ends {rule.last}, before it begins {rule.first}"
            )
            for rule in schedule.dates
            if rule.last < rule.first
        )
        forward = [rule for rule in schedule.dates if rule.first <= rule.last]
        # A single date takes its day out of a range, so only like meets like.
        found += _overlapping_dates(place, [rule for rule in forward if rule.first == rule.last])
        found += _overlapping_dates(place, [rule for rule in forward if rule.first < rule.last])
    return found


def schedule_names(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problems of uses of schedules that the contract does not have."""
    return [
        Problem(code="unknown_name", where=place, message=f"there is no schedule {name!r}")
        for place, name in [*_clock_uses(contract), *_ratio_uses(contract)]
        if name not in contract.schedules
    ]


def changes(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problems of numbers that are changed to themselves (R4.3)."""
    return [
        Problem(
            code="self_change",
            where=f"hours.{number}.change.to",
            message=f"{number} would be changed to itself (R4.3)",
        )
        for number, hours in contract.hours.items()
        if hours.change is not None and hours.change.to == number
    ]


def clock_schedules(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problems of weights in schedules that close or change a number: they mean nothing there."""
    used = {name for _, name in _clock_uses(contract)}
    return [
        bad_value(f"{place}.weights", f"schedule {name!r} is not only a ratio's; its slots carry no weights")
        for name, schedule in contract.schedules.items()
        if name in used
        for place, slot in _placed_slots(name, schedule)
        if slot.weights is not None
    ]


def ratio_schedules(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problems of schedules that ratios use: each slot needs sound weights of members (R4.1)."""
    own = lines_by_number(contract)
    used: dict[str, Mapping[str, str]] = {}
    found: list[Problem] = []
    for group in contract.groups:
        name = None if group.ratio is None else group.ratio.schedule
        if name is None or name not in contract.schedules:
            continue
        if name not in used:
            used[name] = _weighted_numbers(name, contract.schedules[name])
            found += _slot_weights(name, contract.schedules[name])
        found += _strangers(used[name], group, own)
    return found


def _bounds(place: str, listed: tuple[Slot, ...]) -> Iterator[Problem]:
    if len(listed) > MAX_SLOTS:
        message = f"{len(listed)} slots; a day has at most {MAX_SLOTS} (R4.7)"
        yield Problem(code="slot_invalid", where=place, message=message)
    for i, slot in enumerate(listed):
        if not 0 <= slot.start < slot.end:
            message = f"{slot_text(slot)} does not end after its start; over midnight write two (R4.7)"
            yield Problem(code="slot_invalid", where=f"{place}[{i}]", message=message)
        elif slot.end > DAY_MINUTES:
            message = f"{slot_text(slot)} ends after 24:00 (R4.7)"
            yield Problem(code="slot_invalid", where=f"{place}[{i}]", message=message)


def _overlapping_slots(place: str, listed: tuple[Slot, ...]) -> Iterator[Problem]:
    forward = [(slot.start, slot.end, i) for i, slot in enumerate(listed) if slot.start < slot.end]
    for earlier, later in _overlaps(forward):
        message = f"{slot_text(listed[later])} overlaps {slot_text(listed[earlier])} (R4.7)"
        yield Problem(code="slots_overlap", where=f"{place}[{later}]", message=message)


def _overlapping_dates(place: str, rules: list[DateRule]) -> Iterator[Problem]:
    days = [(rule.first.toordinal(), rule.last.toordinal() + 1, i) for i, rule in enumerate(rules)]
    for earlier, later in _overlaps(days):
        written = dates_text(rules[later])
        message = f"{written} overlaps {dates_text(rules[earlier])}; a day takes one pattern (R4.7)"
        yield Problem(code="dates_overlap", where=f"{place}.{written}", message=message)


def _overlaps(intervals: list[tuple[int, int, int]]) -> Iterator[tuple[int, int]]:
    """Return (earlier, later) of each half-open (start, end, name) that begins before an earlier one ends."""
    last_end, last_name = -1, -1
    for start, end, name in sorted(intervals):
        if start < last_end:
            yield last_name, name
        if end > last_end:
            last_end, last_name = end, name


def _assigned(schedule: Schedule) -> Iterator[tuple[str, str]]:
    for day, pattern in zip(WEEKDAYS, schedule.week, strict=True):
        yield f"week.{day}", pattern
    if schedule.holiday is not None:
        yield "holiday", schedule.holiday
    for rule in schedule.dates:
        yield f"dates.{dates_text(rule)}", rule.pattern


def _clock_uses(contract: Contract) -> Iterator[tuple[str, str]]:
    for number, hours in contract.hours.items():
        if hours.off_hours is not None:
            yield f"hours.{number}.off_hours", hours.off_hours
        if hours.change is not None:
            yield f"hours.{number}.change.schedule", hours.change.schedule


def _ratio_uses(contract: Contract) -> Iterator[tuple[str, str]]:
    for i, group in enumerate(contract.groups):
        if group.ratio is not None and group.ratio.schedule is not None:
            yield f"groups[{i}].ratio.schedule", group.ratio.schedule


def _placed_slots(name: str, schedule: Schedule) -> Iterator[tuple[str, Slot]]:
    for pattern, listed in schedule.patterns.items():
        for i, slot in enumerate(listed):
            yield f"schedules.{name}.patterns.{pattern}[{i}]", slot


def _slot_weights(name: str, schedule: Schedule) -> Iterator[Problem]:
    for place, slot in _placed_slots(name, schedule):
        if slot.weights is None:
            message = f"slot {slot_text(slot)} of a ratio's schedule carries no weights"
            yield Problem(code="missing_key", where=f"{place}.weights", message=message)
        else:
            yield from weight_problems(f"{place}.weights", slot.weights)


def _strangers(places: Mapping[str, str], group: Group, own: Container[str]) -> Iterator[Problem]:
    """Return the problems of the first number that is not ours, and of the first that is no member."""
    members = {} if group.ratio is None else group.ratio.weights
    strangers = [number for number in places if number not in members]
    foreign = next((number for number in strangers if number not in own), None)
    idle = next((number for number in strangers if number in own), None)
    for code, number in (("not_own_number", foreign), ("bad_value", idle)):
        if number is not None:
            message = f"{number} is no member of the ratio of group {group.name!r} (R4.1)"
            yield Problem(code=code, where=places[number], message=message)


def _weighted_numbers(name: str, schedule: Schedule) -> Mapping[str, str]:
    """Return the numbers that a schedule gives weights to, each with its first place."""
    found: dict[str, str] = {}
    for place, slot in _placed_slots(name, schedule):
        for number in slot.weights or {}:
            found.setdefault(number, f"{place}.weights.{number}")
    return found
