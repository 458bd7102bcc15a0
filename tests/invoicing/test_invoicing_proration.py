"""How much of a month is charged (charging.md P5)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from price_terms import NUMBER, TERMS, amounts, holding, terms_with

from chakka.errors import InputError
from chakka.invoicing.fees import monthly_lines
from chakka.invoicing.model import Holding, InvoiceLine, Item, Price, Proration
from chakka.invoicing.period import days_in, first_day
from chakka.invoicing.proration import (
    Days,
    PricedDays,
    days_charged,
    days_used,
    priced_days,
    prorated_yen,
)

BEFORE = Price(item=Item.BASIC, monthly_yen=1_000, valid_until=date(2026, 10, 11))
AFTER = Price(item=Item.BASIC, monthly_yen=1_300, valid_from=date(2026, 10, 11))


def basic_yen(start: str, stop: str | None, month: str = "2026-10") -> int:
    return amounts(monthly_lines([holding(Item.BASIC, start, stop)], month, TERMS))["basic"]


@pytest.mark.parametrize(("monthly_yen", "expected_yen"), [(1_000, 483), (350, 169), (800, 387)])
def test_e06_a_start_on_the_17th_of_31_days_charges_15_of_them(monthly_yen: int, expected_yen: int) -> None:
    """1,000 → 483; 350 → 169; 800 → 387."""
    parts = [PricedDays(monthly_yen=monthly_yen, days=15)]
    assert prorated_yen(parts, 1, "2026-10") == expected_yen


def test_p5_1000_yen_for_14_of_28_days_is_500_because_it_is_multiplied_first() -> None:
    assert prorated_yen([PricedDays(monthly_yen=1_000, days=14)], 1, "2026-02") == 500


@pytest.mark.parametrize(
    ("start", "stop", "days"),
    [
        ("2026-10-17", None, 15),
        ("2026-09-30", None, 31),
        ("2026-10-01", None, 31),
        ("2026-10-31", None, 1),
        ("2026-10-17", "2026-10-18", 1),
        ("2026-10-17", "2026-10-17", 1),
        ("2026-10-31", "2026-10-31", 1),
        ("2026-10-01", "2026-11-01", 31),
        ("2026-10-01", "2026-10-31", 30),
        ("2026-09-01", "2026-10-02", 1),
        ("2026-09-01", "2026-12-01", 31),
    ],
)
def test_p5_the_start_day_counts_the_stop_day_does_not_and_one_day_is_one_day(
    start: str, stop: str | None, days: int
) -> None:
    used = days_used(holding(Item.BASIC, start, stop), "2026-10")
    assert used is not None
    assert used.count() == days


@pytest.mark.parametrize(
    ("start", "stop"),
    [("2026-11-01", None), ("2026-09-01", "2026-10-01"), ("2026-09-30", "2026-09-30")],
)
def test_p5_a_month_in_which_nothing_was_held_costs_nothing(start: str, stop: str | None) -> None:
    assert days_used(holding(Item.BASIC, start, stop), "2026-10") is None
    assert monthly_lines([holding(Item.BASIC, start, stop)], "2026-10", TERMS) == []


def test_p5_a_holding_that_stops_before_it_starts_is_refused_by_name() -> None:
    with pytest.raises(InputError) as refusal:
        monthly_lines([holding(Item.BASIC, "2026-10-17", "2026-10-16")], "2026-10", TERMS)
    (problem,) = refusal.value.problems
    assert problem.code == "bad_dates"
    assert problem.where == f"{NUMBER}/basic/2026-10-17"
    assert "2026-10-16" in problem.message


@pytest.mark.parametrize(
    ("start", "stop", "expected_yen"),
    [
        ("2026-10-01", None, 1_000),
        ("2026-10-17", None, 483),
        ("2026-10-31", None, 32),
        ("2026-10-17", "2026-10-17", 32),
        ("2026-10-01", "2026-10-31", 967),
    ],
)
def test_p5_days_of_use_are_what_is_charged(start: str, stop: str | None, expected_yen: int) -> None:
    assert basic_yen(start, stop) == expected_yen


def test_p5_a_price_change_applies_from_its_day_with_one_floor() -> None:
    """10 days at 1,000 and 21 at 1,300: 37,300/31 = 1,203.2; floored apart it would be 322 + 880 = 1,202."""
    (line,) = monthly_lines([holding(Item.BASIC, "2026-10-01")], "2026-10", terms_with(BEFORE, AFTER))
    assert line.net_yen == 1_203
    assert line.detail[:3] == (
        ("price", "1000 yen × 10/31 days"),
        ("price", "1300 yen × 21/31 days"),
        ("exact", "37300/31 yen"),
    )


@pytest.mark.parametrize(
    ("start", "stop", "expected_yen"),
    [
        ("2026-10-10", "2026-10-12", (1_000 + 1_300) // 31),
        ("2026-10-11", None, 21 * 1_300 // 31),
        ("2026-10-01", "2026-10-11", 10 * 1_000 // 31),
    ],
)
def test_p5_only_the_prices_of_the_days_of_use_count(start: str, stop: str | None, expected_yen: int) -> None:
    lines = monthly_lines([holding(Item.BASIC, start, stop)], "2026-10", terms_with(AFTER, BEFORE))
    assert amounts(lines) == {"basic": expected_yen}


def test_p5_a_day_without_a_price_is_refused_and_never_free() -> None:
    late = Price(item=Item.BASIC, monthly_yen=1_000, valid_from=date(2026, 10, 5))
    with pytest.raises(InputError) as refusal:
        monthly_lines([holding(Item.BASIC, "2026-09-30", "2026-10-02")], "2026-10", terms_with(late))
    assert [problem.code for problem in refusal.value.problems] == ["no_price"]
    ended = Price(item=Item.BASIC, monthly_yen=1_000, valid_until=date(2026, 10, 5))
    with pytest.raises(InputError) as refusal:
        monthly_lines([holding(Item.BASIC, "2026-10-01")], "2026-10", terms_with(ended))
    assert (refusal.value.problems[0].code, refusal.value.problems[0].where) == ("no_price", "2026-10-01")
    assert "31 days" in refusal.value.problems[0].message
    assert "4 have a price" in refusal.value.problems[0].message


def test_p5_two_options_are_floored_apart_and_two_groups_of_one_option_together() -> None:
    """800 × 2 × 15/31 = 774.19, not 2 × 387."""
    (line,) = monthly_lines([holding(Item.BUSY_OVERFLOW, "2026-10-17", quantity=3)], "2026-10", TERMS)
    assert line.net_yen == 3 * 800 * 15 // 31 == 1_161
    assert line.quantity == 3


WHOLE_MONTHS = Price(item=Item.OFF_HOURS, monthly_yen=650, proration=Proration.NONE)
FREE_AT_FIRST = Price(item=Item.OFF_HOURS, monthly_yen=650, proration=Proration.FIRST_MONTH_FREE)


def off_hours(price: Price, *holdings: Holding, month: str = "2026-10") -> list[InvoiceLine]:
    return monthly_lines(holdings, month, terms_with(price))


@pytest.mark.parametrize(("start", "stop"), [("2026-10-31", None), ("2026-09-03", "2026-10-02")])
def test_p5_without_proration_a_day_costs_the_month(start: str, stop: str | None) -> None:
    (line,) = off_hours(WHOLE_MONTHS, holding(Item.OFF_HOURS, start, stop))
    assert line.net_yen == 650


def test_p5_without_proration_a_changed_price_still_applies_from_its_day() -> None:
    until = Price(
        item=Item.OFF_HOURS, monthly_yen=620, proration=Proration.NONE, valid_until=date(2026, 10, 11)
    )
    then = Price(
        item=Item.OFF_HOURS, monthly_yen=651, proration=Proration.NONE, valid_from=date(2026, 10, 11)
    )
    lines = monthly_lines([holding(Item.OFF_HOURS, "2026-10-20")], "2026-10", terms_with(until, then))
    assert amounts(lines) == {"off_hours": (620 * 10 + 651 * 21) // 31}


def test_p5_the_first_month_is_free_and_the_last_is_whole() -> None:
    held = holding(Item.OFF_HOURS, "2026-10-02", "2026-12-02")
    assert off_hours(FREE_AT_FIRST, held, month="2026-10") == []
    assert amounts(off_hours(FREE_AT_FIRST, held, month="2026-11")) == {"off_hours": 650}
    assert amounts(off_hours(FREE_AT_FIRST, held, month="2026-12")) == {"off_hours": 650}
    assert off_hours(FREE_AT_FIRST, held, month="2027-01") == []


def test_p5_a_changed_quantity_is_no_new_beginning() -> None:
    price = Price(item=Item.BUSY_OVERFLOW, monthly_yen=800, proration=Proration.FIRST_MONTH_FREE)
    held = [
        holding(Item.BUSY_OVERFLOW, "2026-09-10", "2026-10-10"),
        holding(Item.BUSY_OVERFLOW, "2026-10-10", quantity=2),
    ]
    assert monthly_lines(held, "2026-09", terms_with(price)) == []
    assert [line.net_yen for line in monthly_lines(held, "2026-10", terms_with(price))] == [1_600]


def test_p5_whole_months_are_charged_once_at_the_highest_quantity() -> None:
    price = Price(item=Item.BUSY_OVERFLOW, monthly_yen=800, proration=Proration.NONE)
    held = [
        holding(Item.BUSY_OVERFLOW, "2026-10-01", "2026-10-05"),
        holding(Item.BUSY_OVERFLOW, "2026-10-05", "2026-10-09", quantity=3),
        holding(Item.BUSY_OVERFLOW, "2026-10-20", quantity=2),
    ]
    (line,) = monthly_lines(held, "2026-10", terms_with(price))
    assert (line.net_yen, line.quantity) == (2_400, 3)
    assert line.period_first == date(2026, 10, 5)


def test_p5_of_equal_quantities_the_first_bears_the_month() -> None:
    held = [holding(Item.OFF_HOURS, "2026-10-01", "2026-10-05"), holding(Item.OFF_HOURS, "2026-10-07")]
    (line,) = off_hours(WHOLE_MONTHS, *held)
    assert line.key == f"{NUMBER}/off_hours/2026-10-01/2026-10"


def test_p5_the_rule_is_that_of_the_first_day_of_use_in_the_month() -> None:
    daily = Price(item=Item.OFF_HOURS, monthly_yen=620, valid_until=date(2026, 10, 11))
    whole = Price(
        item=Item.OFF_HOURS, monthly_yen=620, proration=Proration.NONE, valid_from=date(2026, 10, 11)
    )
    lines = monthly_lines([holding(Item.OFF_HOURS, "2026-10-10")], "2026-10", terms_with(daily, whole))
    assert amounts(lines) == {"off_hours": 620 * 22 // 31}
    lines = monthly_lines([holding(Item.OFF_HOURS, "2026-10-11")], "2026-10", terms_with(daily, whole))
    assert amounts(lines) == {"off_hours": 620}


def test_p5_days_that_are_charged_follow_from_the_rule() -> None:
    used = Days(date(2026, 10, 5), date(2026, 10, 9))
    month = Days(date(2026, 10, 1), date(2026, 10, 31))
    assert days_charged(used, Proration.DAILY, date(2026, 10, 5)) == used
    assert days_charged(used, Proration.NONE, date(2026, 10, 5)) == month
    assert days_charged(used, Proration.FIRST_MONTH_FREE, date(2026, 10, 1)) is None
    assert days_charged(used, Proration.FIRST_MONTH_FREE, date(2026, 9, 30)) == month
    assert days_charged(used, Proration.FIRST_MONTH_FREE, date(2025, 10, 5)) == month


MONTHS = st.sampled_from(["2026-02", "2024-02", "2026-04", "2026-10"])


@given(price=st.integers(0, 10**6), month=MONTHS, split=st.integers(2, 27), quantity=st.integers(1, 9))
def test_p5_a_month_that_is_split_costs_at_most_a_yen_less_than_whole(
    price: int, month: str, split: int, quantity: int
) -> None:
    terms = terms_with(Price(item=Item.BASIC, monthly_yen=price))
    first = first_day(month).isoformat()
    change = first_day(month).replace(day=split).isoformat()
    halves = [
        holding(Item.BASIC, first, change, quantity=quantity),
        holding(Item.BASIC, change, quantity=quantity),
    ]
    parts = [line.net_yen for line in monthly_lines(halves, month, terms)]
    assert len(parts) == 2
    assert price * quantity - 1 <= sum(parts) <= price * quantity


@given(
    days=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10)), min_size=1, max_size=3),
    quantity=st.integers(1, 50),
)
def test_p5_the_floor_is_tight_and_never_above_the_exact_share(
    days: list[tuple[int, int]], quantity: int
) -> None:
    parts = [PricedDays(monthly_yen=price, days=count) for price, count in days]
    charged = prorated_yen(parts, quantity, "2026-10")
    exact = quantity * sum(price * count for price, count in days)
    assert charged * 31 <= exact < (charged + 1) * 31


@given(start=st.integers(1, 31), held=st.integers(0, 40), price=st.integers(0, 10**6))
def test_p5_more_days_never_cost_less(start: int, held: int, price: int) -> None:
    first = date(2026, 10, start)
    longer = [
        holding(Item.BASIC, first.isoformat(), date.fromordinal(first.toordinal() + days).isoformat())
        for days in (held, held + 1)
    ]
    terms = terms_with(Price(item=Item.BASIC, monthly_yen=price))
    short, long = (monthly_lines([one], "2026-10", terms)[0].net_yen for one in longer)
    assert 0 <= short <= long <= price


@given(change=st.integers(1, 31), start=st.integers(1, 31))
def test_p5_prices_share_out_the_days_without_gap_or_overlap(change: int, start: int) -> None:
    day = date(2026, 10, change)
    prices = [
        Price(item=Item.BASIC, monthly_yen=1, valid_until=day),
        Price(item=Item.BASIC, monthly_yen=2, valid_from=day),
    ]
    charged = Days(date(2026, 10, start), date(2026, 10, 31))
    parts = priced_days(charged, prices)
    assert sum(part.days for part in parts) == charged.count() == days_in("2026-10") - start + 1
    assert {part.monthly_yen: part.days for part in parts}.get(1, 0) == max(0, change - start)
