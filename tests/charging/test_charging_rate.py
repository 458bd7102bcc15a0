"""The charge of one call: charging.md §2, P1–P3 and the worked examples that concern one call."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chakka.charging.rate import Charge, RatedCall, Suspense, rate
from chakka.charging.tariff import Tariff
from chakka.facts import shipped_tariff
from chakka.localtime import parse_instant_ms, usage_month
from chakka.money import MICRO_YEN
from chakka.numbering.model import CallerClass
from chakka.routing.calendar import shipped_holidays

HIKARI = shipped_tariff("hikari-wide")
LEGACY = shipped_tariff("legacy")

ANSWERED = parse_instant_ms("2026-10-15T10:00:00+09:00")
UNIT_MS = {
    CallerClass.FIXED: 180_000,
    CallerClass.MOBILE: 60_000,
    CallerClass.FMC: 60_000,
    CallerClass.PAYPHONE: 60_000,
}


def charge(call: RatedCall, tariff: Tariff = HIKARI) -> Charge:
    result = rate(call, tariff)
    assert isinstance(result, Charge), result
    return result


def fixed(
    conversation_ms: int, answered: str = "2026-10-15T10:00:00+09:00", fault: bool = False
) -> RatedCall:
    return RatedCall(
        caller_class=CallerClass.FIXED,
        answered_at_ms=parse_instant_ms(answered),
        conversation_ms=conversation_ms,
        fault=fault,
    )


def mobile(conversation_ms: int, carrier_group: str | None = "a") -> RatedCall:
    return RatedCall(
        caller_class=CallerClass.MOBILE,
        carrier_group=carrier_group,
        answered_at_ms=ANSWERED,
        conversation_ms=conversation_ms,
    )


@pytest.mark.parametrize(
    ("conversation_ms", "yen"), [(1, 8), (180_000, 8), (180_001, 16), (0, 8), (360_000, 16), (360_001, 24)]
)
def test_e01_a_fixed_call_costs_8_yen_for_each_180_seconds_begun(conversation_ms: int, yen: int) -> None:
    assert charge(fixed(conversation_ms)).amount_uy == yen * MICRO_YEN


def test_e01_a_call_whose_answer_was_never_confirmed_costs_nothing() -> None:
    unconfirmed = RatedCall(
        caller_class=CallerClass.FIXED, answered_at_ms=ANSWERED, conversation_ms=32_000, is_confirmed=False
    )
    result = charge(unconfirmed)
    assert (result.units, result.amount_uy, result.rule) == (0, 0, "not_confirmed")


def test_e03_three_mobile_calls_and_one_fixed_sum_to_exactly_60_and_a_half_yen() -> None:
    calls = [mobile(50_000, "b")] * 3 + [fixed(100_000)]
    assert sum(charge(call).amount_uy for call in calls) == 60_500_000


def test_e11_usage_months_are_jst() -> None:
    assert charge(fixed(1, "2026-10-31T14:59:30Z")).usage_month == "2026-10"
    assert charge(fixed(1, "2026-10-31T15:00:00Z")).usage_month == "2026-11"


def test_p3_a_call_over_midnight_belongs_to_the_month_of_its_answer() -> None:
    assert charge(fixed(7_200_000, "2026-10-31T23:30:00+09:00")).usage_month == "2026-10"


def test_e19_ten_minutes_cost_160_yen_as_mobile_and_32_as_fixed() -> None:
    assert charge(mobile(600_000)).amount_uy == 160 * MICRO_YEN
    assert charge(fixed(600_000)).amount_uy == 32 * MICRO_YEN


@pytest.mark.parametrize(("conversation_ms", "units"), [(0, 0), (179_999, 0), (180_000, 1), (359_999, 1)])
def test_p1_after_a_fault_of_the_network_only_whole_units_count(conversation_ms: int, units: int) -> None:
    result = charge(fixed(conversation_ms, fault=True))
    assert (result.units, result.amount_uy) == (units, units * 8 * MICRO_YEN)
    assert result.rule == "fixed"


@pytest.mark.parametrize(
    ("tariff", "caller_class", "carrier_group", "unit_ms", "unit_price_uy", "rule"),
    [
        ("hikari-wide", CallerClass.FIXED, None, 180_000, 8_000_000, "fixed"),
        ("hikari-wide", CallerClass.MOBILE, "a", 60_000, 16_000_000, "mobile-a"),
        ("hikari-wide", CallerClass.MOBILE, "b", 60_000, 17_500_000, "mobile-b"),
        ("hikari-wide", CallerClass.FMC, "a", 60_000, 16_000_000, "fmc-a"),
        ("hikari-wide", CallerClass.FMC, "b", 60_000, 17_500_000, "fmc-b"),
        ("hikari-wide", CallerClass.PAYPHONE, None, 60_000, 30_000_000, "payphone"),
        ("freedial", CallerClass.FIXED, None, 180_000, 8_500_000, "fixed"),
        ("freedial", CallerClass.MOBILE, "b", 20_000, 10_000_000, "mobile"),
        ("freedial", CallerClass.FMC, None, 20_000, 10_000_000, "fmc"),
        ("freedial", CallerClass.PAYPHONE, None, 60_000, 30_000_000, "payphone"),
    ],
)
def test_the_shipped_tariffs_have_their_published_prices(
    tariff: str,
    caller_class: CallerClass,
    carrier_group: str | None,
    unit_ms: int,
    unit_price_uy: int,
    rule: str,
) -> None:
    def lasting(conversation_ms: int) -> Charge:
        call = RatedCall(
            caller_class=caller_class,
            carrier_group=carrier_group,
            answered_at_ms=ANSWERED,
            conversation_ms=conversation_ms,
        )
        return charge(call, shipped_tariff(tariff))

    assert (lasting(unit_ms).units, lasting(unit_ms).amount_uy) == (1, unit_price_uy)
    assert (lasting(unit_ms + 1).units, lasting(unit_ms + 1).rule) == (2, rule)
    assert lasting(1).tariff_version.startswith(f"{tariff}@")


@pytest.mark.parametrize(
    ("answered", "rule"),
    [
        ("2026-10-15T07:59:59.999+09:00", "fixed-late"),
        ("2026-10-15T08:00:00+09:00", "fixed-day"),
        ("2026-10-15T18:59:59.999+09:00", "fixed-day"),
        ("2026-10-15T19:00:00+09:00", "fixed-night"),
        ("2026-10-15T22:59:59.999+09:00", "fixed-night"),
        ("2026-10-15T23:00:00+09:00", "fixed-late"),
        ("2026-10-17T12:00:00+09:00", "fixed-night"),
        ("2026-10-18T12:00:00+09:00", "fixed-night"),
        ("2026-10-18T07:59:00+09:00", "fixed-late"),
        ("2026-11-03T12:00:00+09:00", "fixed-night"),
        ("2026-11-02T12:00:00+09:00", "fixed-day"),
        ("2028-01-03T12:00:00+09:00", "fixed-night"),
        ("2028-01-04T12:00:00+09:00", "fixed-day"),
    ],
    ids=[
        "late till 8",
        "day from 8",
        "day till 19",
        "night from 19",
        "night till 23",
        "late from 23",
        "Saturday",
        "Sunday",
        "Sunday early",
        "Culture Day, a Tuesday",
        "the Monday before it",
        "3 January, a Monday",
        "4 January, a Tuesday",
    ],
)
def test_p2_the_legacy_bands_follow_day_and_minute_of_the_answer(answered: str, rule: str) -> None:
    assert charge(fixed(1, answered), LEGACY).rule == rule


@pytest.mark.parametrize(
    ("answered", "unit_ms"),
    [
        ("2026-10-15T12:00:00+09:00", 22_500),
        ("2026-10-15T20:00:00+09:00", 26_000),
        ("2026-10-15T02:00:00+09:00", 45_000),
    ],
)
def test_p2_the_band_of_the_answer_holds_for_the_whole_call(answered: str, unit_ms: int) -> None:
    twelve_hours = 43_200_000
    result = charge(fixed(twelve_hours, answered), LEGACY)
    assert result.units == -(-twelve_hours // unit_ms)
    assert result.amount_uy == result.units * 10 * MICRO_YEN


def test_a_year_beyond_the_holiday_list_is_in_suspense_not_rated_as_if_it_had_no_holidays() -> None:
    assert rate(fixed(1, "2099-01-01T12:00:00+09:00"), LEGACY) == Suspense(
        reason="no_calendar", tariff_version=LEGACY.version
    )
    assert charge(fixed(1, "2099-01-01T12:00:00+09:00"), HIKARI).units == 1


@pytest.mark.parametrize("caller_class", sorted(set(CallerClass) - set(UNIT_MS) - {CallerClass.UNKNOWN}))
def test_a_class_that_is_not_declared_goes_to_suspense(caller_class: CallerClass) -> None:
    call = RatedCall(caller_class=caller_class, answered_at_ms=ANSWERED, conversation_ms=1)
    assert rate(call, HIKARI) == Suspense(reason="no_rule", tariff_version=HIKARI.version)


def test_a_carrier_group_that_is_not_declared_goes_to_suspense() -> None:
    assert isinstance(rate(mobile(1, "z"), HIKARI), Suspense)


def test_a_mobile_of_unknown_carrier_is_rated_by_the_default_group_and_flagged() -> None:
    result = charge(mobile(1, None))
    assert (result.rule, result.assumed) == ("mobile-a", ("carrier_group",))


def test_a_call_of_unknown_class_is_rated_as_fixed_and_flagged() -> None:
    call = RatedCall(caller_class=CallerClass.UNKNOWN, answered_at_ms=ANSWERED, conversation_ms=1)
    assert (charge(call).rule, charge(call).assumed) == ("fixed", ("class",))
    assert charge(fixed(1)).assumed == ()


def test_a_negative_duration_is_in_suspense_not_one_unit() -> None:
    assert rate(fixed(-1), HIKARI) == Suspense(reason="bad_duration", tariff_version=HIKARI.version)


durations = st.integers(min_value=0, max_value=10**9)
instants = st.integers(
    min_value=parse_instant_ms("2025-01-01T00:00:00+09:00"),
    max_value=parse_instant_ms("2034-12-31T23:59:59+09:00"),
)


@given(durations, st.sampled_from(list(UNIT_MS)))
def test_p1_units_are_the_fewest_that_hold_the_conversation(ms: int, caller_class: CallerClass) -> None:
    call = RatedCall(caller_class=caller_class, answered_at_ms=ANSWERED, conversation_ms=ms)
    units = charge(call).units
    assert units >= 1
    assert units * UNIT_MS[caller_class] >= ms
    assert units == 1 or (units - 1) * UNIT_MS[caller_class] < ms


@given(durations, durations, st.booleans())
def test_p1_a_longer_call_never_costs_less(one: int, other: int, fault: bool) -> None:
    shorter, longer = sorted((one, other))
    assert charge(fixed(shorter, fault=fault)).amount_uy <= charge(fixed(longer, fault=fault)).amount_uy


@given(durations, st.integers(min_value=0, max_value=1000))
def test_p1_one_more_unit_of_time_is_one_more_unit(ms: int, more: int) -> None:
    assert charge(fixed(ms + 1 + more * 180_000)).units == charge(fixed(ms + 1)).units + more


@given(durations)
def test_p1_a_fault_never_makes_a_call_dearer(ms: int) -> None:
    assert charge(fixed(ms)).units - charge(fixed(ms, fault=True)).units in (0, 1)


@given(instants, durations)
def test_every_instant_of_the_listed_years_has_a_price_in_every_shipped_tariff(at_ms: int, ms: int) -> None:
    call = RatedCall(caller_class=CallerClass.FIXED, answered_at_ms=at_ms, conversation_ms=ms)
    for name in ("hikari-wide", "freedial", "legacy"):
        result = charge(call, shipped_tariff(name))
        assert result.amount_uy > 0
        assert result.usage_month == usage_month(at_ms)


def legacy_rule_by_hand(at_ms: int) -> str:
    """The published bands once more, written as a person would look them up."""
    seconds = at_ms // 1000 + 9 * 3600
    day, hour = date.fromordinal(date(1970, 1, 1).toordinal() + seconds // 86_400), seconds % 86_400 // 3600
    if hour < 8 or hour >= 23:
        return "fixed-late"
    day_off = (
        day.weekday() >= 5
        or shipped_holidays().is_holiday(day.toordinal())
        or (day.month, day.day) in ((1, 2), (1, 3))
    )
    return "fixed-night" if hour >= 19 or day_off else "fixed-day"


@given(instants)
def test_p2_the_legacy_rule_of_any_instant_is_the_one_found_by_hand(at_ms: int) -> None:
    call = RatedCall(caller_class=CallerClass.FIXED, answered_at_ms=at_ms, conversation_ms=1)
    assert charge(call, LEGACY).rule == legacy_rule_by_hand(at_ms)
