"""Which slot is active at an instant (service.md R4.7; plan-format.md, schedule edges)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from routing_contracts import HOLIDAYS, every_day, on, slot

from chakka.contract.model import Schedule
from chakka.localtime import jst_day_and_minute, jst_instant_ms, parse_instant_ms
from chakka.routing.calendar import (
    INACTIVE,
    active_slot,
    compile_calendar,
    day_pattern,
    holidays_between,
    moment_at,
    ruling,
)


def is_active(schedule: Schedule, at: str) -> bool:
    moment = moment_at(parse_instant_ms(at))
    moment = moment._replace(is_holiday=HOLIDAYS.is_holiday(moment.day))
    return active_slot(compile_calendar("s", schedule), moment) != INACTIVE


def pattern_on(schedule: Schedule, day: str) -> str:
    calendar = compile_calendar("s", schedule)
    ordinal = date.fromisoformat(day).toordinal()
    return calendar.patterns[day_pattern(calendar, ordinal, HOLIDAYS.is_holiday(ordinal))]


@pytest.mark.parametrize(
    ("at", "active"),
    [
        ("2026-11-24T08:59:59.999+09:00", False),
        ("2026-11-24T09:00:00.000+09:00", True),
        ("2026-11-24T17:59:59.999+09:00", True),
        ("2026-11-24T18:00:00.000+09:00", False),
        # The same instants in other words: the schedule is in JST whatever the offset.
        ("2026-11-24T00:00:00Z", True),
        ("2026-11-23T23:59:59.999Z", False),
        ("2026-11-24T04:00:00-04:00", True),
    ],
)
def test_r4_7_a_slot_includes_its_start_and_excludes_its_end(at: str, active: bool) -> None:
    assert is_active(every_day("09:00-18:00"), at) is active


@pytest.mark.parametrize(
    ("at", "active"),
    [
        ("2026-11-24T21:59:59.999+09:00", False),
        ("2026-11-24T22:00+09:00", True),
        ("2026-11-24T23:59:59.999+09:00", True),
        ("2026-11-25T00:00+09:00", True),
        ("2026-11-25T05:59:59.999+09:00", True),
        ("2026-11-25T06:00+09:00", False),
    ],
)
def test_r4_7_a_night_is_written_as_two_slots_and_has_no_hole_at_midnight(at: str, active: bool) -> None:
    assert is_active(every_day("00:00-06:00", "22:00-24:00"), at) is active


def test_r4_7_a_slot_until_24_00_ends_with_its_own_day() -> None:
    """Only Tuesdays have the slot; Wednesday's midnight does not."""
    schedule = every_day("18:00-24:00", week=("none", "day", "none", "none", "none", "none", "none"))
    assert is_active(schedule, "2026-11-24T23:59:59.999+09:00")
    assert not is_active(schedule, "2026-11-25T00:00+09:00")


def test_r4_7_touching_slots_follow_each_other_without_a_hole() -> None:
    schedule = Schedule(patterns={"day": (slot("12:00-13:00"), slot("09:00-12:00"))}, week=("day",) * 7)
    calendar = compile_calendar("s", schedule)
    slots = [
        active_slot(calendar, moment_at(parse_instant_ms(f"2026-11-24T{clock}+09:00")))
        for clock in ("11:59", "12:00", "12:59", "13:00")
    ]
    assert slots == [0, 1, 1, INACTIVE]


@pytest.mark.parametrize(
    ("day", "pattern"),
    [
        ("2026-11-22", "sun"),
        ("2026-11-24", "tue"),
        ("2026-11-28", "sat"),
        ("2028-02-28", "mon"),
        ("2028-02-29", "tue"),
        ("2028-03-01", "wed"),
        ("2027-02-28", "sun"),
        ("2026-12-31", "thu"),
        ("2027-01-31", "sun"),
        ("2027-02-01", "mon"),
    ],
)
def test_r4_7_each_weekday_has_its_pattern_over_month_year_and_leap_day(day: str, pattern: str) -> None:
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    assert pattern_on(Schedule(patterns=dict.fromkeys(names, ()), week=names), day) == pattern


@pytest.mark.parametrize(
    ("day", "is_holiday"),
    [
        ("2026-01-01", True),
        ("2026-05-03", True),
        ("2026-05-06", True),  # 振替休日 for Sunday 3 May, after two more holidays
        ("2026-09-21", True),
        ("2026-09-22", True),  # 国民の休日 between 敬老の日 and 秋分の日
        ("2026-09-23", True),
        ("2026-11-23", True),
        ("2027-03-22", True),  # 振替休日 for Sunday 21 March
        ("2026-11-24", False),
        ("2026-12-31", False),
        ("2027-01-02", False),  # closed by custom, no holiday by law
    ],
)
def test_r4_7_holidays_are_those_of_the_law_with_substitute_holidays(day: str, is_holiday: bool) -> None:
    assert HOLIDAYS.is_holiday(date.fromisoformat(day).toordinal()) is is_holiday
    schedule = every_day(holiday="all")
    assert pattern_on(schedule, day) == ("all" if is_holiday else "day")


def test_r4_7_without_a_holiday_pattern_a_holiday_is_as_its_weekday() -> None:
    assert pattern_on(every_day(), "2026-11-23") == "day"


@pytest.mark.parametrize(
    ("day", "pattern"),
    [
        ("2026-12-27", "day"),
        ("2026-12-28", "single"),
        ("2026-12-29", "range"),
        ("2026-12-31", "single"),  # a single date inside a range
        ("2027-01-01", "range"),  # 元日: date > holiday
        ("2027-01-03", "range"),
        ("2027-01-04", "day"),
        ("2027-01-11", "holiday"),  # 成人の日
    ],
)
def test_r4_7_a_single_date_beats_a_range_beats_a_holiday_beats_a_weekday(day: str, pattern: str) -> None:
    names: dict[str, tuple[()]] = {"day": (), "holiday": (), "range": (), "single": ()}
    schedule = Schedule(
        patterns=names,
        week=("day",) * 7,
        holiday="holiday",
        dates=(
            on("2026-12-29", "2027-01-03", "range"),
            on("2026-12-28", "2026-12-28", "single"),
            on("2026-12-31", "2026-12-31", "single"),
        ),
    )
    assert pattern_on(schedule, day) == pattern


@pytest.mark.parametrize(
    ("at", "rule"),
    [
        ("2026-11-23T10:00+09:00", "holiday"),
        ("2026-11-24T10:00+09:00", "weekday"),
        ("2026-12-31T10:00+09:00", "date"),
    ],
)
def test_r4_7_the_rule_that_won_can_be_told(at: str, rule: str) -> None:
    calendar = compile_calendar("s", every_day(holiday="all", dates=(on("2026-12-31", "2026-12-31", "all"),)))
    moment = moment_at(parse_instant_ms(at))
    assert ruling(calendar, moment._replace(is_holiday=HOLIDAYS.is_holiday(moment.day))) == rule


def test_the_holiday_list_is_named_by_its_days() -> None:
    assert holidays_between(2026, 2026) == holidays_between(2026, 2026)
    assert holidays_between(2026, 2026).id != holidays_between(2026, 2027).id
    assert len(holidays_between(2026, 2026).ordinals) == 18


@given(day=st.integers(1, 3_000_000), minute=st.integers(0, 1439))
def test_a_minute_of_a_day_is_the_instant_at_which_it_begins(day: int, minute: int) -> None:
    assert jst_day_and_minute(jst_instant_ms(day, minute)) == (day, minute)
    assert jst_day_and_minute(jst_instant_ms(day, minute) + 59_999) == (day, minute)
