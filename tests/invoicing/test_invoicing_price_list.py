"""Price lists as text: what is refused, and which price holds on a day (service.md §1)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from price_terms import PER_FUNCTION, STANDARD

from chakka.errors import InputError
from chakka.invoicing.model import ConstructionRule, Item, Price, PriceList, Proration
from chakka.invoicing.price_list import parse_price_list, price_at, prices_during, read_price_list

BASIC = '[[prices]]\nitem = "basic"\nmonthly_yen = 1_000\none_off_yen = 1_000\n'


def standard_with(change: str, instead: str = BASIC) -> bytes:
    text = STANDARD.decode()
    assert instead in text
    return text.replace(instead, change).encode()


def problems_of(content: bytes) -> list[tuple[str, str]]:
    prices, problems = read_price_list(content)
    assert prices is None
    return [(problem.code, problem.where) for problem in problems]


def test_the_shipped_list_has_every_item_and_charges_by_job() -> None:
    prices = parse_price_list(STANDARD)
    assert {price.item for price in prices.prices} == set(Item)
    assert prices.construction is ConstructionRule.PER_JOB
    one_off = {price.item: price.one_off_yen for price in prices.prices if price.one_off_yen}
    assert one_off == {
        Item.BASIC: 1_000,
        Item.DIRECTORY_LISTING: 500,
        Item.CONSTRUCTION: 1_000,
        Item.LOCK_RELEASE: 2_000,
    }


def test_what_a_row_leaves_out_is_not_charged() -> None:
    prices = parse_price_list(STANDARD)
    day = date(2026, 1, 1)
    assert price_at(prices, Item.CONSTRUCTION, day) == Price(item=Item.CONSTRUCTION, one_off_yen=1_000)
    assert price_at(prices, Item.OFF_HOURS, day) == Price(item=Item.OFF_HOURS, monthly_yen=650)


def test_the_second_list_charges_by_function() -> None:
    prices = parse_price_list(PER_FUNCTION)
    assert prices.construction is ConstructionRule.PER_FUNCTION
    assert price_at(prices, Item.CONSTRUCTION, date(2026, 1, 1)).function_yen == 1_000


def test_a_price_list_is_named_by_its_content() -> None:
    first, again = parse_price_list(STANDARD), parse_price_list(STANDARD)
    assert first == again
    assert first.version.startswith("standard@")
    assert len(first.version) == len("standard@") + 16
    assert parse_price_list(STANDARD + b"\n").version != first.version


def test_a_row_may_say_its_rule_and_its_days() -> None:
    rows = BASIC + 'proration = "none"\nvalid_until = 2026-04-01\n' + BASIC + "valid_from = 2026-04-01\n"
    prices = parse_price_list(standard_with(rows))
    assert price_at(prices, Item.BASIC, date(2026, 3, 31)).proration is Proration.NONE
    assert price_at(prices, Item.BASIC, date(2026, 4, 1)).proration is Proration.DAILY
    days = [(row.valid_from, row.valid_until) for row in prices.prices if row.item is Item.BASIC]
    assert days == [(None, SPRING), (SPRING, None)]


@pytest.mark.parametrize(
    ("change", "code", "where"),
    [
        ("", "missing_item", "prices"),
        (BASIC + "valid_from = 2026-04-01\n", "gap", "prices"),
        (BASIC + "valid_until = 2026-04-01\n", "gap", "prices"),
        (BASIC + BASIC, "overlap", "prices"),
        (
            BASIC + "valid_until = 2026-04-02\n" + BASIC + "valid_from = 2026-04-01\n",
            "overlap",
            "prices",
        ),
        (BASIC + "valid_until = 2026-04-01\n" + BASIC + "valid_from = 2026-04-02\n", "gap", "prices"),
        ('[[prices]]\nitem = "basic"\n', "missing_key", "prices[0]"),
        ('[[prices]]\nitem = "basic"\nmonthly_yen = -1\n', "bad_value", "prices[0]"),
        ('[[prices]]\nitem = "basic"\nmonthly_yen = 10.5\n', "bad_value", "prices[0]"),
        ('[[prices]]\nitem = "basic"\nmonthly_yen = 1_000_000_001\n', "bad_value", "prices[0]"),
        ('[[prices]]\nitem = "coffee"\nmonthly_yen = 1\n', "bad_value", "prices[0]"),
        (BASIC + 'proration = "weekly"\n', "bad_value", "prices[0]"),
        (BASIC + "function_yen = 1\n", "bad_value", "prices[0].function_yen"),
        (BASIC + "yearly_yen = 1\n", "unknown_key", "prices[0]"),
    ],
)
def test_a_faulty_price_list_is_refused_with_its_fault(change: str, code: str, where: str) -> None:
    assert problems_of(standard_with(change)) == [(code, where)]


def test_a_gap_before_the_first_price_is_named_by_its_end() -> None:
    rows = BASIC + "valid_from = 2027-04-01\n" + BASIC + "valid_from = 2026-04-01\nvalid_until = 2027-04-01\n"
    _, problems = read_price_list(standard_with(rows))
    assert [problem.message for problem in problems] == ["basic: nothing holds before 2026-04-01"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("", "basic has no price"),
        ('[[prices]]\nitem = "basic"\n', "basic has no price; a price of nothing is written 0"),
        (BASIC + "function_yen = 1\n", "1 yen per function, but the list charges per_job"),
        (
            BASIC + "valid_until = 2026-04-01\n",
            "basic: nothing holds from 2026-04-01; the last row has no end",
        ),
        (
            BASIC + "valid_until = 2026-04-01\n" + BASIC,
            "basic: two rows hold from ever; the one before ends 2026-04-01",
        ),
    ],
)
def test_a_fault_is_said_with_the_item_and_the_day(change: str, message: str) -> None:
    _, problems = read_price_list(standard_with(change))
    assert [problem.message for problem in problems] == [message]


def test_a_list_without_prices_lacks_every_item() -> None:
    assert problems_of(b'name = "x"\ntitle = "t"\nsource = "s"\n') == [("missing_item", "prices")] * len(Item)


def test_what_is_wrong_with_the_whole_text_or_its_head_has_no_place_in_it() -> None:
    assert problems_of(b"name = ") == [("syntax", "")]
    assert problems_of(b'title = "t"\nsource = "s"\n') == [("missing_key", "")]
    assert problems_of(b'name = "x"\ntitle = "t"\nsource = "s"\nprices = 1\n') == [("bad_value", "prices")]
    _, [problem] = read_price_list(b"\xff")
    assert problem.message.startswith("not TOML: ")


def test_every_problem_of_a_list_is_named_at_once() -> None:
    found = problems_of(b'name = "x"\ntitle = "t"\nsource = "s"\n' + BASIC.encode())
    assert found == [("missing_item", "prices")] * (len(Item) - 1)
    with pytest.raises(InputError, match="the price list: 11 problems"):
        parse_price_list(b'name = "x"\ntitle = "t"\nsource = "s"\n' + BASIC.encode())


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xff", "syntax"),
        (b"name = ", "syntax"),
        (b"", "missing_key"),
        (b'name = "Bad Name"\ntitle = "t"\nsource = "s"\n', "bad_value"),
        (b'name = "x"\ntitle = "t"\nsource = "s"\nprices = "none"\n', "bad_value"),
        (b'name = "x"\ntitle = "t"\nsource = "s"\ncolour = 1\n', "unknown_key"),
    ],
)
def test_what_is_no_price_list_is_refused(content: bytes, code: str) -> None:
    assert code in {found for found, _ in problems_of(content)}


@given(st.binary(max_size=200))
def test_junk_is_refused_with_problems_and_without_a_crash(junk: bytes) -> None:
    prices, problems = read_price_list(junk)
    assert prices is None
    assert problems


@given(st.integers(0, len(STANDARD) - 2))
def test_a_list_cut_short_is_refused_or_lacks_nothing(length: int) -> None:
    prices, problems = read_price_list(STANDARD[:length])
    assert (prices is None) == bool(problems)


SPRING = date(2026, 4, 1)
TWO = PriceList(
    version="two@1",
    prices=(
        Price(item=Item.BASIC, monthly_yen=2, valid_from=SPRING),
        Price(item=Item.OFF_HOURS, monthly_yen=9),
        Price(item=Item.BASIC, monthly_yen=1, valid_until=SPRING),
    ),
)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (date(2026, 3, 1), date(2026, 3, 31), [1]),
        (date(2026, 3, 1), SPRING, [1, 2]),
        (SPRING, date(2026, 4, 30), [2]),
    ],
)
def test_the_prices_of_days_come_in_order_of_time(first: date, last: date, expected: list[int]) -> None:
    assert [price.monthly_yen for price in prices_during(TWO, Item.BASIC, first, last)] == expected


def test_an_item_without_a_price_is_refused_by_name() -> None:
    with pytest.raises(InputError) as refusal:
        price_at(TWO, Item.MULTI_LINE, SPRING)
    (problem,) = refusal.value.problems
    assert (problem.code, problem.where) == ("no_price", "multi_line")
    assert "two@1 has no price of multi_line at 2026-04-01" in problem.message
