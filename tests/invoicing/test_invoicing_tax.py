"""Consumption tax: which rate, and how it is floored (charging.md P6, P8, P13)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from price_terms import OTHER_NUMBER, TAXES, TERMS, holding, line

from chakka.errors import InputError
from chakka.invoicing.model import Item, LineKind, TaxTotal
from chakka.invoicing.supply import Supply, begun_on, taxed_line
from chakka.invoicing.tax import Taxable, parse_tax_table, rate_of, read_tax_table, tax_totals, tax_yen

HEAD = 'name = "tax"\ntitle = "Tax"\nsource = "test"\n'
TEN = "[[rates]]\npermille = 100\nvalid_from = 2019-10-01\n"
GOING_ON = """[[transitions]]
permille = 100
kinds = ["calls"]
begun_before = 2019-10-01
closed_from = 2019-10-01
closed_before = 2019-11-01
"""
EIGHT = "[[rates]]\npermille = 80\nvalid_from = 2014-04-01\nvalid_until = 2019-10-01\n"


def permille(kind: LineKind, first: str, last: str, begun: str | None = None) -> int:
    supply = Taxable(
        kind=kind,
        first=date.fromisoformat(first),
        last=date.fromisoformat(last),
        begun=None if begun is None else date.fromisoformat(begun),
    )
    return rate_of(supply, TERMS.taxes)[0]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("1997-04-01", "1997-04-30", 50),
        ("2014-03-01", "2014-03-31", 50),
        ("2014-04-01", "2014-04-30", 80),
        ("2019-09-01", "2019-09-30", 80),
        ("2019-10-01", "2019-10-31", 100),
        ("2026-10-01", "2026-10-31", 100),
    ],
)
def test_p6_the_rate_is_that_of_the_days_of_supply(first: str, last: str, expected: int) -> None:
    assert permille(LineKind.CALLS, first, last) == expected


@pytest.mark.parametrize(
    ("kind", "begun", "last", "expected"),
    [
        (LineKind.CALLS, "2019-09-30", "2019-10-31", 80),
        (LineKind.MONTHLY, "2019-09-30", "2019-10-31", 80),
        (LineKind.LEVY, "2018-01-01", "2019-10-31", 80),
        (LineKind.ADJUSTMENT, "2018-01-01", "2019-10-31", 80),
        (LineKind.CALLS, "2019-10-01", "2019-10-31", 100),
        (LineKind.CALLS, None, "2019-10-31", 100),
        (LineKind.ONE_OFF, "2018-01-01", "2019-10-31", 100),
        (LineKind.DIRECTORY, "2018-01-01", "2019-10-31", 100),
        (LineKind.CALLS, "2018-01-01", "2019-11-30", 100),
    ],
)
def test_p6_a_service_that_goes_on_keeps_the_old_rate_in_the_month_of_the_change(
    kind: LineKind, begun: str | None, last: str, expected: int
) -> None:
    assert permille(kind, last[:8] + "01", last, begun) == expected


def test_p6_the_transition_of_2014_held_too() -> None:
    assert permille(LineKind.CALLS, "2014-04-01", "2014-04-30", "2014-03-31") == 50
    assert permille(LineKind.CALLS, "2014-05-01", "2014-05-31", "2014-03-31") == 80


@pytest.mark.parametrize(
    ("last", "expected"), [("2019-09-30", 80), ("2019-10-01", 80), ("2019-10-31", 80), ("2019-11-01", 100)]
)
def test_p6_a_transition_begins_and_ends_on_its_days(last: str, expected: int) -> None:
    assert permille(LineKind.CALLS, last, last, "2019-01-01") == expected


def test_p6_days_before_the_first_rate_are_refused() -> None:
    with pytest.raises(InputError) as refusal:
        permille(LineKind.CALLS, "1997-03-01", "1997-03-31")
    assert [problem.code for problem in refusal.value.problems] == ["no_rate"]
    assert "1997-03-31" in refusal.value.problems[0].message


def test_p6_days_over_a_change_are_refused() -> None:
    with pytest.raises(InputError) as refusal:
        permille(LineKind.ADJUSTMENT, "2019-09-30", "2019-10-01")
    assert [problem.code for problem in refusal.value.problems] == ["two_rates"]


@pytest.mark.parametrize(
    ("net_yen", "rate", "expected"),
    [(60, 100, 6), (69, 100, 6), (70, 100, 7), (2_042, 100, 204), (1_234, 80, 98), (0, 100, 0), (9, 100, 0)],
)
def test_p6_tax_is_floored(net_yen: int, rate: int, expected: int) -> None:
    assert tax_yen(net_yen, rate) == expected


@given(net=st.integers(-(10**12), 10**12), rate=st.integers(0, 999))
def test_p13_a_negative_sum_is_the_positive_one_reversed_and_within_the_bounds(net: int, rate: int) -> None:
    """JP PINT: an integer between floor and ceiling of base × rate."""
    tax = tax_yen(net, rate)
    assert tax == -tax_yen(-net, rate)
    assert net * rate // 1000 <= tax <= -(-net * rate // 1000)


def test_p6_tax_is_floored_once_on_the_sum_of_a_rate() -> None:
    """Three lines of 19 yen: 57 → 5, where flooring each would give 3."""
    lines = [line(19, key) for key in "abc"]
    assert tax_totals(lines) == (TaxTotal(permille=100, category="S", net_yen=57, tax_yen=5),)


def test_p6_each_rate_is_floored_apart_the_highest_first() -> None:
    lines = [line(99, "a", 80), line(99, "b"), line(1, "c", 80), line(-50, "d", 50)]
    assert [(tax.permille, tax.net_yen, tax.tax_yen) for tax in tax_totals(lines)] == [
        (100, 99, 9),
        (80, 100, 8),
        (50, -50, -2),
    ]


@pytest.mark.parametrize(
    ("rows", "code", "where", "said"),
    [
        ("", "missing_key", "rates", "needs a rate"),
        (TEN.replace("-01\n", "-02\n"), "bad_value", "rates[0].valid_from", "2019-10-02"),
        (EIGHT, "gap", "rates", "2019-10-01"),
        (EIGHT + TEN.replace("2019-10", "2019-11"), "gap", "rates", "2019-10-01 until 2019-11-01"),
        (EIGHT + TEN.replace("2019-10", "2019-09"), "overlap", "rates", "2019-09-01"),
        (TEN.replace("100", "1000"), "bad_value", "rates[0]", "<= 999 - at `$.permille`; it says 1000"),
        (TEN.replace("100", "-1"), "bad_value", "rates[0]", ">= 0 - at `$.permille`; it says -1"),
        (TEN + 'category = "Z9"\n', "bad_value", "rates[0]", "category"),
        (TEN + "[[transitions]]\npermille = 80\n", "missing_key", "transitions[0]", "kinds"),
        (TEN + "colour = 1\n", "unknown_key", "rates[0]", "colour"),
        (TEN + GOING_ON + "colour = 1\n", "unknown_key", "transitions[0]", "colour"),
    ],
)
def test_a_faulty_table_of_taxes_is_refused_with_its_fault(
    rows: str, code: str, where: str, said: str
) -> None:
    table, problems = read_tax_table((HEAD + rows).encode())
    assert table is None
    (problem,) = problems
    assert (problem.code, problem.where) == (code, where)
    assert said in problem.message


def test_a_transition_must_keep_a_rate_of_the_table_for_some_time() -> None:
    rows = GOING_ON.replace("100", "70").replace("2019-11-01", "2019-10-01")
    table, problems = read_tax_table((HEAD + TEN + rows).encode())
    assert table is None
    assert [(problem.code, problem.where) for problem in problems] == [
        ("bad_value", "transitions[0]"),
        ("unknown_name", "transitions[0].permille"),
    ]
    _, problems = read_tax_table((HEAD + TEN + rows.replace('["calls"]', "[]")).encode())
    assert [problem.code for problem in problems] == ["bad_value"]


def test_a_table_of_taxes_is_named_by_its_content_and_refused_whole() -> None:
    assert parse_tax_table(TAXES).version == TERMS.taxes.version
    assert TERMS.taxes.version.startswith("consumption-tax@")
    with pytest.raises(InputError, match="the table of taxes: 1 problems"):
        parse_tax_table(b"rates")


def test_a_service_goes_on_over_a_change_of_quantity_but_not_over_a_break() -> None:
    held = [
        holding(Item.BASIC, "2019-01-10", "2019-05-01"),
        holding(Item.BASIC, "2019-05-01", "2019-07-01"),
        holding(Item.BASIC, "2019-07-01", "2019-09-01"),
        holding(Item.BASIC, "2019-09-02"),
        holding(Item.OFF_HOURS, "2018-01-01", "2019-09-02"),
        holding(Item.BASIC, "2018-01-01", "2019-09-02", number=OTHER_NUMBER),
    ]
    assert begun_on(held[2], held) == date(2019, 1, 10)
    assert begun_on(held[3], held) == date(2019, 9, 2)


def test_a_day_on_which_an_option_was_tried_is_no_circle() -> None:
    held = [holding(Item.BASIC, "2019-05-01", "2019-05-01"), holding(Item.BASIC, "2019-05-01")]
    assert begun_on(held[1], held) == date(2019, 5, 1)


def test_impossible_dates_do_not_make_a_circle() -> None:
    held = [holding(Item.BASIC, "2019-05-01", "2019-04-01"), holding(Item.BASIC, "2019-04-01", "2019-05-01")]
    assert begun_on(held[0], held) == date(2019, 4, 1)


def test_p6_a_line_keeps_the_category_of_its_rate() -> None:
    reduced = parse_tax_table((HEAD + TEN.replace("100", "80") + 'category = "AA"\n').encode())
    supply = Supply(
        key="a",
        kind=LineKind.ONE_OFF,
        number=OTHER_NUMBER,
        item="a",
        description="a",
        first=date(2026, 10, 1),
        last=date(2026, 10, 1),
    )
    found = taxed_line(supply, 100, reduced)
    assert (found.tax_permille, found.tax_category) == (80, "AA")
    assert tax_totals([found]) == (TaxTotal(permille=80, category="AA", net_yen=100, tax_yen=8),)


@pytest.mark.parametrize(
    ("first", "code", "said"),
    [("1990-01-01", "no_rate", "1990-01-31"), ("1997-03-01", "two_rates", "1997-0")],
)
def test_a_refused_rate_names_the_table_and_the_days(first: str, code: str, said: str) -> None:
    last = "1990-01-31" if code == "no_rate" else "1997-04-30"
    with pytest.raises(InputError) as refusal:
        permille(LineKind.ONE_OFF, first, last)
    (problem,) = refusal.value.problems
    assert (problem.code, problem.where, said in problem.message) == (code, TERMS.taxes.version, True)
