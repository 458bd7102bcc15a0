"""A tariff as text: what is refused, what prices by distance, by unit and by version come to."""

from calendar import isleap
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chakka.charging.publish import parse_tariff, read_tariff
from chakka.charging.rate import Charge, RatedCall, Suspense, rate
from chakka.charging.succession import in_succession
from chakka.charging.tariff import Tariff
from chakka.errors import InputError, Problem
from chakka.facts import DATA, numbering_table, shipped_tariff, shipped_tariffs, tariff_names
from chakka.localtime import parse_instant_ms
from chakka.money import MICRO_YEN
from chakka.numbering.model import CallerClass
from chakka.routing.calendar import shipped_holidays

AREAS = numbering_table().charge_areas

PLAIN = """
name = "plain"
title = "One price"
source = "test"
[classes]
fixed = []
[[rules]]
id = "all"
class = "fixed"
unit_ms = 60_000
unit_price_uy = 10_000_000
"""

BANDED = """
name = "banded"
title = "Day and night"
source = "test"
band_at = "unit_start"
[classes]
fixed = []
[[rules]]
id = "day"
class = "fixed"
unit_ms = 20_000
unit_price_uy = 10_000_000
setup_uy = 3_000_000
bands.weekday = ["08:00-20:00"]
bands.saturday = ["08:00-20:00"]
bands.sunday = ["08:00-20:00"]
bands.holiday = ["08:00-20:00"]
[[rules]]
id = "night"
class = "fixed"
unit_ms = 60_000
unit_price_uy = 1_000_000
bands.weekday = ["00:00-08:00", "20:00-24:00"]
bands.saturday = ["00:00-08:00", "20:00-24:00"]
bands.sunday = ["00:00-08:00", "20:00-24:00"]
bands.holiday = ["00:00-08:00", "20:00-24:00"]
"""

DEAR = "unit_ms = 1\nunit_price_uy = 100_000_000_000"

DISTANT = """
name = "distant"
title = "By distance"
source = "test"
[classes]
fixed = []
[[zones]]
name = "same"
max_km = 0
[[zones]]
name = "near"
max_km = 100
[[zones]]
name = "far"
""" + "".join(
    f"""
[[rules]]
id = "{zone}"
class = "fixed"
zone = "{zone}"
unit_ms = 180_000
unit_price_uy = {price}
"""
    for zone, price in (("same", 8_500_000), ("near", 20_000_000), ("far", 40_000_000))
)


NEAR = """
[[rules]]
id = "near"
class = "fixed"
zone = "near"
unit_ms = 180_000
unit_price_uy = 20000000
"""


def tariff(text: str) -> Tariff:
    return parse_tariff(text.encode(), AREAS, shipped_holidays)


def problems(text: str) -> list[Problem]:
    found, faults = read_tariff(text.encode(), AREAS, shipped_holidays)
    assert found is None
    assert faults
    return faults


def fixed(conversation_ms: int, answered: str = "2026-10-15T10:00:00+09:00") -> RatedCall:
    return RatedCall(
        caller_class=CallerClass.FIXED,
        answered_at_ms=parse_instant_ms(answered),
        conversation_ms=conversation_ms,
    )


def between(from_area: str | None, home_area: str | None) -> RatedCall:
    return RatedCall(
        caller_class=CallerClass.FIXED,
        answered_at_ms=0,
        conversation_ms=1,
        from_area=from_area,
        home_area=home_area,
    )


def charge(call: RatedCall, by: Tariff) -> Charge:
    result = rate(call, by)
    assert isinstance(result, Charge), result
    return result


def test_three_examples_ship_each_marked_as_one_and_with_its_source() -> None:
    assert tariff_names() == ("freedial", "hikari-wide", "legacy")
    assert set(shipped_tariffs()) == set(tariff_names())
    assert all(found.example and found.source for found in shipped_tariffs().values())


def test_only_a_tariff_with_bands_by_day_looks_at_holidays() -> None:
    assert shipped_tariff("hikari-wide").known_days is None
    assert tariff(BANDED).known_days is None
    assert shipped_tariff("legacy").known_days is not None


def test_a_version_is_known_by_its_content() -> None:
    assert tariff(PLAIN) == tariff(PLAIN)
    assert tariff(PLAIN).version.startswith("plain@")
    assert tariff(PLAIN).version != tariff(PLAIN + "# a comment\n").version


def test_a_complete_tariff_has_no_problems() -> None:
    found, faults = read_tariff((DATA / "tariffs/legacy.toml").read_bytes(), AREAS, shipped_holidays)
    assert faults == []
    assert found is not None


@pytest.mark.parametrize(
    ("old", "new", "code", "part"),
    [
        ('["08:00-20:00"]', '["08:00-19:00"]', "rule_missing", "weekday 19:00-20:00"),
        ('["08:00-20:00"]', '["07:30-20:00"]', "rules_overlap", "weekday 07:30-08:00"),
        ('bands.holiday = ["08:00-20:00"]', "", "rule_missing", "holiday 08:00-20:00"),
        ('"20:00-24:00"]', '"20:00-23:59"]', "rule_missing", "weekday 23:59-24:00"),
        ('["00:00-08:00"', '["00:10-08:00"', "rule_missing", "weekday 00:00-00:10"),
        ("fixed = []", "fixed = []\nmobile = []", "rule_missing", "mobile everywhere"),
        ('["08:00-20:00"]', '["20:00-08:00"]', "slot_invalid", "'20:00-08:00'"),
        ('"20:00-24:00"]', '"20:00-25:00"]', "slot_invalid", "'20:00-25:00'"),
        ('"20:00-24:00"]', '"20:00-24:00", "12:00-12:00"]', "slot_invalid", "'12:00-12:00'"),
        ('["08:00-20:00"]', '["8-20"]', "bad_value", "bands"),
        ('id = "night"', 'id = "day"', "bad_value", "used twice"),
        ("unit_ms = 20_000", "unit_ms = 0", "bad_value", "unit_ms"),
        ("unit_ms = 20_000", "unit_ms = 20.0", "bad_value", "unit_ms"),
        ("unit_price_uy = 10_000_000", 'unit_price_uy = "10"', "bad_value", "unit_price_uy"),
        ("unit_price_uy = 10_000_000", "unit_price_uy = -1", "bad_value", "unit_price_uy"),
        ("unit_price_uy = 10_000_000", "", "missing_key", "unit_price_uy"),
        ("setup_uy", "set_up_uy", "unknown_key", "set_up_uy"),
        ('source = "test"', 'source = "test"\ncolour = "red"', "unknown_key", "colour"),
        ('class = "fixed"', 'class = "mobile"', "unknown_name", "mobile is not declared"),
        ('class = "fixed"', 'class = "fixed"\nzone = "moon"', "unknown_name", "'moon'"),
        ('class = "fixed"', 'class = "fixed"\ncarrier_group = "a"', "unknown_name", "'a'"),
        ("fixed = []", "unknown = []", "bad_value", "declare"),
        ("fixed = []", 'fixed = ["a"]', "unknown_name", "None is no carrier group"),
        ("fixed = []", "banana = []", "bad_value", "banana"),
        ('band_at = "unit_start"', 'band_at = "noon"', "bad_value", "noon"),
        ('band_at = "unit_start"', 'unknown_zone = "moon"', "unknown_name", "'moon'"),
        ('band_at = "unit_start"', 'also_holidays = ["02-30"]', "bad_value", "'02-30'"),
        ('band_at = "unit_start"', "rules = 3", "syntax", "TOML"),
        ("[[rules]]", "[[rules]", "syntax", "TOML"),
    ],
)
def test_a_faulty_tariff_is_refused_with_the_offending_value(
    old: str, new: str, code: str, part: str
) -> None:
    assert old in BANDED
    faults = problems(BANDED.replace(old, new, 1))
    assert any(fault.code == code and part in fault.message for fault in faults), faults


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('["08:00-20:00"]', '["08:00-19:00"]', "rules"),
        ("fixed = []", "unknown = []", "classes"),
        ("fixed = []", 'fixed = ["a"]', "default_carrier_group"),
        ('band_at = "unit_start"', 'also_holidays = ["02-29", "02-30"]', "also_holidays[1]"),
        ('band_at = "unit_start"', 'unknown_zone = "moon"', "unknown_zone"),
        ('id = "night"', 'id = "day"', "rules[1].id"),
        ("unit_ms = 20_000\nunit_price_uy = 10_000_000", DEAR, "rules[0].unit_price_uy"),
        ('class = "fixed"', 'class = "mobile"', "rules[0].class"),
        ('class = "fixed"', 'class = "fixed"\ncarrier_group = "a"', "rules[0].carrier_group"),
        ('class = "fixed"', 'class = "fixed"\nzone = "moon"', "rules[0].zone"),
        ('["08:00-20:00"]', '["20:00-08:00"]', "rules[0].bands.weekday"),
    ],
)
def test_each_problem_is_said_at_its_place(old: str, new: str, where: str) -> None:
    assert old in BANDED
    assert where in {fault.where for fault in problems(BANDED.replace(old, new, 1))}


def test_rules_that_are_no_tables_and_bytes_that_are_no_text_are_refused() -> None:
    assert problems('name = "x"\nrules = 3')[0].message == "rules are tables; write [[rules]]"
    found, faults = read_tariff("name = '料金'".encode("cp932"), AREAS, shipped_holidays)
    assert (found, [fault.code for fault in faults]) == (None, ["syntax"])


def test_all_problems_are_said_at_once() -> None:
    text = BANDED.replace("20:00-24:00", "20:00-25:00").replace('class = "fixed"', 'class = "mobile"')
    assert {fault.code for fault in problems(text)} == {"slot_invalid", "unknown_name"}
    with pytest.raises(InputError, match="6 problems") as refusal:
        tariff(text)
    assert len(refusal.value.problems) == 6


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("max_km = 0", "max_km = 100"),
        ("max_km = 0", "max_km = 200"),
        ("max_km = 100\n", ""),
        ('name = "far"\n', 'name = "far"\nmax_km = 300\n'),
    ],
)
def test_zones_must_rise_and_the_last_must_have_no_limit(old: str, new: str) -> None:
    [fault] = problems(DISTANT.replace(old, new, 1))
    assert (fault.code, fault.where) == ("bad_value", "zones")
    assert "must rise" in fault.message


def test_a_zone_named_twice_is_refused() -> None:
    faults = problems(DISTANT.replace('name = "same"', 'name = "near"', 1))
    assert [(fault.code, fault.where) for fault in faults if "named twice" in fault.message] == [
        ("bad_value", "zones")
    ]


def test_of_two_zones_too_the_distance_tells_which() -> None:
    text = DISTANT.replace('[[zones]]\nname = "same"\nmax_km = 0\n', "")
    by = tariff(text.replace('zone = "same"\n', 'zone = "near"\n').replace(NEAR, ""))
    assert [charge(between(place, "東京"), by).rule for place in ("横浜", "大阪")] == ["same", "far"]


@pytest.mark.parametrize(
    ("from_area", "home_area", "rule"),
    [("東京", "東京", "same"), ("横浜", "東京", "near"), ("東京", "大阪", "far"), ("札幌", "千歳", "near")],
)
def test_the_zone_is_the_distance_between_the_two_charge_areas(
    from_area: str, home_area: str, rule: str
) -> None:
    result = charge(between(from_area, home_area), tariff(DISTANT))
    assert (result.rule, result.assumed) == (rule, ())


@pytest.mark.parametrize(("from_area", "home_area"), [(None, "東京"), ("東京", None), ("東京都", "東京")])
def test_an_unknown_charge_area_is_charged_as_the_farthest_zone_and_flagged(
    from_area: str | None, home_area: str | None
) -> None:
    result = charge(between(from_area, home_area), tariff(DISTANT))
    assert (result.rule, result.assumed) == ("far", ("zone",))


def test_a_tariff_may_name_another_zone_for_unknown_charge_areas() -> None:
    named = tariff(DISTANT.replace('source = "test"', 'source = "test"\nunknown_zone = "near"'))
    assert charge(between(None, None), named).rule == "near"


def test_a_distance_on_the_limit_is_still_within_it() -> None:
    tokyo, yokohama = numbering_table().charge_area("東京"), numbering_table().charge_area("横浜")
    assert tokyo is not None and tokyo.grid is not None
    assert yokohama is not None and yokohama.grid is not None
    squared_km = 4 * sum((one - other) ** 2 for one, other in zip(tokyo.grid, yokohama.grid, strict=True))
    below = int(squared_km**0.5)
    assert below**2 < squared_km < (below + 1) ** 2
    for max_km, rule in ((below, "far"), (below + 1, "near")):
        by = tariff(DISTANT.replace("max_km = 100", f"max_km = {max_km}"))
        assert charge(between("東京", "横浜"), by).rule == rule


def test_p2_unit_start_prices_each_unit_by_the_band_in_which_it_begins() -> None:
    """19:59:30 day: two units of 20 s; the second runs to 20:00:10; then nights of 60 s."""
    result = charge(fixed(160_000, "2026-10-15T19:59:30+09:00"), tariff(BANDED))
    assert result.rule == "day+night"
    assert result.units == 2 + 2
    assert result.amount_uy == (3 + 2 * 10 + 2 * 1) * MICRO_YEN


def test_p2_unit_start_goes_on_over_midnight() -> None:
    result = charge(fixed(3_600_000, "2026-10-15T23:30:00+09:00"), tariff(BANDED))
    assert (result.rule, result.units, result.amount_uy) == ("night", 60, 60 * MICRO_YEN)


def test_p2_unit_start_after_a_fault_counts_only_whole_units() -> None:
    cut = RatedCall(
        caller_class=CallerClass.FIXED,
        answered_at_ms=parse_instant_ms("2026-10-15T19:59:30+09:00"),
        conversation_ms=99_999,
        fault=True,
    )
    result = charge(cut, tariff(BANDED))
    assert (result.units, result.amount_uy) == (2, 23 * MICRO_YEN)


def test_p2_unit_start_with_nothing_said_is_one_unit_of_the_band_at_the_answer() -> None:
    result = charge(fixed(0, "2026-10-15T19:59:30+09:00"), tariff(BANDED))
    assert (result.rule, result.units, result.amount_uy) == ("day", 1, 13 * MICRO_YEN)


@given(
    st.integers(min_value=0, max_value=2 * 86_400_000),
    st.integers(min_value=1, max_value=2 * 86_400_000),
    st.booleans(),
)
def test_p2_unit_start_equals_counting_unit_after_unit(offset_ms: int, ms: int, fault: bool) -> None:
    answered = parse_instant_ms("2026-10-15T00:00:00+09:00") + offset_ms
    result = charge(
        RatedCall(caller_class=CallerClass.FIXED, answered_at_ms=answered, conversation_ms=ms, fault=fault),
        tariff_banded,
    )
    expected = unit_after_unit(answered, ms, fault)
    assert result.units == len(expected)
    assert result.amount_uy == sum(expected) + (3_000_000 if expected and starts_by_day(answered) else 0)


tariff_banded = tariff(BANDED)


def starts_by_day(at_ms: int) -> bool:
    return 8 <= (at_ms // 3_600_000 + 9) % 24 < 20


def unit_after_unit(answered: int, ms: int, fault: bool) -> list[int]:
    """The price of each unit, one at a time."""
    prices, start = [], answered
    while start < answered + ms:
        unit_ms, price = (20_000, 10_000_000) if starts_by_day(start) else (60_000, 1_000_000)
        if fault and start + unit_ms > answered + ms:
            break
        prices.append(price)
        start += unit_ms
    return prices


def test_set_up_and_minimum_units_are_charged_once_and_not_for_a_call_cut_before_its_first_unit() -> None:
    priced = tariff(PLAIN + "setup_uy = 5_000_000\nminimum_units = 3\n")
    assert charge(fixed(1), priced).amount_uy == (5 + 30) * MICRO_YEN
    assert charge(fixed(240_000), priced).amount_uy == (5 + 40) * MICRO_YEN
    cut = RatedCall(caller_class=CallerClass.FIXED, answered_at_ms=0, conversation_ms=59_999, fault=True)
    assert charge(cut, priced).amount_uy == 0


def test_minimum_units_hold_for_unit_start_too() -> None:
    least = tariff(BANDED.replace("setup_uy = 3_000_000", "minimum_units = 4"))
    assert charge(fixed(1), least).amount_uy == 40 * MICRO_YEN


def test_a_rule_without_carrier_group_or_zone_is_for_all_of_them() -> None:
    text = PLAIN.replace("fixed = []", 'fixed = ["a", "b"]').replace(
        'source = "test"', 'source = "test"\ndefault_carrier_group = "b"'
    )
    assert set(tariff(text).bands) == {(CallerClass.FIXED, group, "everywhere") for group in ("a", "b")}


def test_p2_a_call_is_charged_by_the_version_in_force_at_its_answer() -> None:
    second = PLAIN.replace("10_000_000", "12_000_000").replace(
        'source = "test"', 'source = "test"\nvalid_from = 2026-11-01'
    )
    newest = in_succession([tariff(second), tariff(PLAIN)])
    before = charge(fixed(1, "2026-10-31T23:59:59.999+09:00"), newest)
    after = charge(fixed(1, "2026-11-01T00:00:00+09:00"), newest)
    assert (before.amount_uy, before.tariff_version) == (10 * MICRO_YEN, tariff(PLAIN).version)
    assert (after.amount_uy, after.tariff_version) == (12 * MICRO_YEN, tariff(second).version)


def test_a_call_before_the_first_version_is_in_suspense() -> None:
    only = tariff(PLAIN.replace('source = "test"', 'source = "test"\nvalid_from = 2026-11-01'))
    assert rate(fixed(1), only) == Suspense(reason="no_tariff", tariff_version=only.version)


def test_versions_that_begin_together_or_have_other_names_have_no_order() -> None:
    with pytest.raises(InputError, match="same instant"):
        in_succession([tariff(PLAIN), tariff(PLAIN + "#\n")])
    with pytest.raises(InputError, match="no version of"):
        in_succession([tariff(PLAIN), tariff(PLAIN.replace('"plain"', '"other"\nvalid_from = 2026-11-01'))])
    with pytest.raises(InputError, match=r"^a tariff needs a version$"):
        in_succession([])


def test_p2_unit_start_asks_for_no_calendar_beyond_the_end_of_the_call() -> None:
    """Holidays are known to the end of 2034; a unit that starts at midnight asks for the next day."""
    by_day = tariff(
        BANDED.replace('bands.holiday = ["08:00-20:00"]', 'bands.holiday = ["08:00-19:00"]').replace(
            'bands.holiday = ["00:00-08:00", "20:00-24:00"]', 'bands.holiday = ["00:00-08:00", "19:00-24:00"]'
        )
    )
    last_minute = "2034-12-31T23:59:00+09:00"
    assert charge(fixed(60_000, last_minute), by_day).units == 1
    assert rate(fixed(60_001, last_minute), by_day) == Suspense(
        reason="no_calendar", tariff_version=by_day.version
    )


def test_a_tariff_keeps_what_its_text_says_of_it_and_no_facts_that_no_price_needs() -> None:
    tariff = parse_tariff(PLAIN.encode(), AREAS, shipped_holidays)
    assert (tariff.name, tariff.title, tariff.source, tariff.example) == ("plain", "One price", "test", False)
    assert (tariff.grid, tariff.holidays, tariff.known_days) == ({}, frozenset(), None)


def test_the_29_of_february_can_be_a_holiday_of_the_years_that_have_it() -> None:
    """By day 10 yen, by night and on holidays 1 yen; no year of the calendar must be a leap year."""
    text = BANDED.replace('["08:00-20:00"]\n[[rules]]', '["08:00-09:00"]\n[[rules]]').replace(
        'bands.holiday = ["00:00-08:00", "20:00-24:00"]', 'bands.holiday = ["00:00-08:00", "09:00-24:00"]'
    )
    tariff = parse_tariff(
        text.replace("[classes]", 'also_holidays = ["02-29", "03-01"]\n[classes]').encode(),
        AREAS,
        shipped_holidays,
    )
    days = {date.fromordinal(day) for day in tariff.holidays}
    years = range(shipped_holidays().first_year, shipped_holidays().last_year + 1)
    assert {date(year, 3, 1) for year in years} <= days
    assert {day.year for day in days if (day.month, day.day) == (2, 29)} == set(filter(isleap, years))


def test_a_gap_is_said_with_class_and_carrier_group() -> None:
    text = PLAIN.replace("fixed = []", 'mobile = ["a", "b"]').replace(
        '"fixed"', '"mobile"\ncarrier_group = "a"'
    )
    text = text.replace("[classes]", 'default_carrier_group = "a"\n[classes]')
    tariff, problems = read_tariff(text.encode(), AREAS, shipped_holidays)
    assert tariff is None
    assert {problem.message.partition(":")[0] for problem in problems} == {"mobile b everywhere"}
