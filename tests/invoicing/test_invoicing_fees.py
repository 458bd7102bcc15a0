"""What a contract costs each month and what is charged once (service.md §1, charging.md §1, P12)."""

from datetime import date

import msgspec
import pytest
from price_terms import NUMBER, OTHER_NUMBER, PER_FUNCTION, TERMS, amounts, holding, terms_with

from chakka.errors import InputError
from chakka.invoicing.fees import adjustment_lines, directory_lines, monthly_lines, one_off_lines
from chakka.invoicing.model import Adjustment, Item, LineKind, Listing, Price, Proration, Terms, WorkDone
from chakka.invoicing.price_list import parse_price_list

PER_FUNCTION_TERMS = msgspec.structs.replace(TERMS, prices=parse_price_list(PER_FUNCTION))
JOB_DAY = date(2026, 10, 17)


def work(order_id: str = "W-1", item: Item = Item.BASIC, functions: int = 1) -> WorkDone:
    return WorkDone(order_id=order_id, number=NUMBER, item=item, completed_on=JOB_DAY, functions=functions)


def fee_yen(done: WorkDone, terms: Terms = TERMS) -> int:
    (line,) = one_off_lines([done], terms)
    return line.net_yen


def listing(place: int, cancelled_on: date | None = None, number: str = NUMBER) -> Listing:
    return Listing(
        key=f"{number}/listing/{place}",
        number=number,
        issue="2026-tokyo",
        issued_on=JOB_DAY,
        cancelled_on=cancelled_on,
    )


def test_the_price_list_of_the_service_is_charged_each_month() -> None:
    """Every monthly price of service.md §1, in whole months."""
    held = [holding(item, "2026-09-01") for item in Item if item not in (Item.CONSTRUCTION,)]
    charged = amounts(monthly_lines(held, "2026-10", TERMS))
    assert charged == {
        "basic": 1_000,
        "multi_line": 1_000,
        "origin_distribution": 350,
        "busy_overflow": 800,
        "ratio_distribution": 700,
        "destination_change": 1_000,
        "off_hours": 650,
        "customer_control": 0,
        "number_notification": 100,
        "directory_listing": 0,
        "lock_release": 0,
    }


def test_a_monthly_line_says_what_it_is_for_and_how_it_came_about() -> None:
    (line,) = monthly_lines([holding(Item.BUSY_OVERFLOW, "2026-10-17", quantity=2)], "2026-10", TERMS)
    assert line.key == f"{NUMBER}/busy_overflow/2026-10-17/2026-10"
    assert (line.kind, line.number, line.quantity) == (LineKind.MONTHLY, NUMBER, 2)
    assert line.description == "話中時迂回機能"
    assert (line.period_first, line.period_last) == (JOB_DAY, date(2026, 10, 31))
    assert (line.tax_permille, line.tax_category, line.rounded_uy) == (100, "S", 0)
    assert line.detail == (
        ("price", "800 yen × 15/31 days"),
        ("exact", "24000/31 yen"),
        ("proration", "daily"),
        ("price_list", TERMS.prices.version),
    )


def test_every_faulty_holding_is_named_at_once() -> None:
    held = [
        holding(Item.BASIC, "2026-10-02", "2026-10-01"),
        holding(Item.OFF_HOURS, "2026-10-01", quantity=0),
        holding(Item.MULTI_LINE, "2026-10-01"),
    ]
    with pytest.raises(InputError) as refusal:
        monthly_lines(held, "2026-10", TERMS)
    assert [(problem.code, problem.where) for problem in refusal.value.problems] == [
        ("bad_dates", f"{NUMBER}/basic/2026-10-02"),
        ("bad_value", f"{NUMBER}/off_hours/2026-10-01"),
    ]
    assert "the monthly fees of 2026-10: 2 problems" in str(refusal.value)
    assert "held 0 times" in refusal.value.problems[1].message


def test_a_holding_given_twice_is_refused_and_not_charged_twice() -> None:
    first = holding(Item.BASIC, "2026-10-01", "2026-10-02")
    held = [first, msgspec.structs.replace(first, start=date(2026, 10, 5), stop=None)]
    with pytest.raises(InputError) as refusal:
        monthly_lines(held, "2026-10", TERMS)
    (problem,) = refusal.value.problems
    assert (problem.code, problem.where) == ("duplicate", f"{NUMBER}/basic/2026-10-01")
    assert "2 times" in problem.message


@pytest.mark.parametrize("stop", ["2026-10-06", None])
def test_an_option_held_twice_on_a_day_is_refused(stop: str | None) -> None:
    held = [holding(Item.OFF_HOURS, "2026-10-05"), holding(Item.OFF_HOURS, "2026-10-01", stop)]
    with pytest.raises(InputError) as refusal:
        monthly_lines(held, "2026-10", TERMS)
    (problem,) = refusal.value.problems
    assert (problem.code, problem.where) == ("overlap", f"{NUMBER}/off_hours/2026-10-05")


def test_the_same_option_of_two_numbers_and_a_handing_over_are_no_overlap() -> None:
    held = [
        holding(Item.OFF_HOURS, "2026-10-01", "2026-10-05"),
        holding(Item.OFF_HOURS, "2026-10-05"),
        holding(Item.OFF_HOURS, "2026-10-01", number=OTHER_NUMBER),
        holding(Item.MULTI_LINE, "2026-10-01"),
    ]
    assert len(monthly_lines(held, "2026-10", TERMS)) == 4


def test_p12_per_job_a_job_costs_1000_however_many_options_it_touches() -> None:
    assert fee_yen(work(item=Item.BASIC, functions=5)) == 1_000
    assert fee_yen(work(item=Item.CONSTRUCTION, functions=5)) == 1_000


@pytest.mark.parametrize(("functions", "expected_yen"), [(0, 1_000), (1, 2_000), (3, 4_000)])
def test_p12_per_function_each_function_adds_to_the_job(functions: int, expected_yen: int) -> None:
    done = work(item=Item.CONSTRUCTION, functions=functions)
    assert fee_yen(done, PER_FUNCTION_TERMS) == expected_yen
    assert fee_yen(work(functions=functions), PER_FUNCTION_TERMS) == expected_yen


def test_p12_the_line_says_by_which_rule() -> None:
    (by_job,) = one_off_lines([work()], TERMS)
    assert by_job.detail == (("job", "1000 yen"), ("price_list", TERMS.prices.version))
    (by_function,) = one_off_lines([work(functions=3)], PER_FUNCTION_TERMS)
    assert by_function.detail[:2] == (("job", "1000 yen"), ("functions", "3 × 1000 yen"))


def test_a_lock_release_costs_2000() -> None:
    (line,) = one_off_lines([work(item=Item.LOCK_RELEASE)], TERMS)
    assert (line.net_yen, line.description) == (2_000, "カスタマコントロール ロック解除工事費")


@pytest.mark.parametrize(
    ("item", "name"),
    [
        (Item.BASIC, "基本機能 工事費"),
        (Item.CONSTRUCTION, "工事費"),
        (Item.OFF_HOURS, "時間外案内機能 工事費"),
    ],
)
def test_a_job_is_called_by_what_was_built(item: Item, name: str) -> None:
    (line,) = one_off_lines([work(item=item)], TERMS)
    assert line.description == name
    assert (line.key, line.kind, line.quantity) == ("work/W-1", LineKind.ONE_OFF, 1)
    assert line.period_first == line.period_last == JOB_DAY


@pytest.mark.parametrize("agreed_yen", [0, 7_000])
def test_a_fee_that_was_agreed_replaces_the_price_list(agreed_yen: int) -> None:
    (line,) = one_off_lines([msgspec.structs.replace(work(), fee_yen=agreed_yen)], PER_FUNCTION_TERMS)
    assert line.net_yen == agreed_yen
    assert line.detail == (("agreed", f"{agreed_yen} yen"),)


def test_an_order_is_charged_once_by_its_id() -> None:
    with pytest.raises(InputError) as refusal:
        one_off_lines([work("W-1"), work("W-2"), work("W-1", Item.CONSTRUCTION)], TERMS)
    assert [(problem.code, problem.where) for problem in refusal.value.problems] == [("duplicate", "W-1")]


@pytest.mark.parametrize("change", [{"functions": -1}, {"fee_yen": -1}])
def test_a_negative_job_is_refused(change: dict[str, int]) -> None:
    with pytest.raises(InputError) as refusal:
        one_off_lines([msgspec.structs.replace(work(), **change), work("W-2")], TERMS)
    (problem,) = refusal.value.problems
    assert (problem.code, problem.where) == ("bad_value", "W-1")


@pytest.mark.parametrize(("listings", "expected_yen"), [(1, []), (2, [500]), (4, [1_500])])
def test_r8_6_the_first_listing_is_free_and_each_further_one_500(
    listings: int, expected_yen: list[int]
) -> None:
    lines = directory_lines([listing(place) for place in range(listings)], TERMS)
    assert [line.net_yen for line in lines] == expected_yen
    assert [line.quantity for line in lines] == [listings - 1] * len(lines)


@pytest.mark.parametrize(
    ("cancelled_on", "expected"),
    [(date(2026, 10, 16), []), (JOB_DAY, [500]), (date(2026, 10, 18), [500]), (None, [500])],
)
def test_r8_6_a_listing_cancelled_before_the_issue_costs_nothing(
    cancelled_on: date | None, expected: list[int]
) -> None:
    lines = directory_lines([listing(1), listing(2, cancelled_on)], TERMS)
    assert [line.net_yen for line in lines] == expected


def test_r8_6_each_issue_and_number_has_its_own_free_listing() -> None:
    spring = [msgspec.structs.replace(listing(place), issue="2026-osaka") for place in (1, 2)]
    other = [listing(place, number=OTHER_NUMBER) for place in (1, 2)]
    lines = directory_lines([*spring, *other, listing(1), listing(1)], TERMS)
    assert [(line.key, line.net_yen) for line in lines] == [
        (f"{NUMBER}/directory/2026-osaka", 500),
        (f"{OTHER_NUMBER}/directory/2026-tokyo", 500),
    ]
    assert lines[0].description == "電話帳掲載 2026-osaka"
    assert lines[0].kind is LineKind.DIRECTORY
    assert lines[0].period_first == lines[0].period_last == JOB_DAY
    assert lines[0].detail[:2] == (("listings", "2, of them 1 free"), ("price", "500 yen"))


def test_p8_an_adjustment_has_the_tax_rate_of_its_own_period() -> None:
    september_2019 = Adjustment(
        key="A-1",
        number=NUMBER,
        reason="Goodwill",
        period_first=date(2019, 9, 1),
        period_last=date(2019, 9, 30),
        net_yen=-300,
    )
    (line,) = adjustment_lines([september_2019], TERMS)
    assert (line.key, line.net_yen, line.tax_permille) == ("adjustment/A-1", -300, 80)
    assert (line.kind, line.item, line.description) == (LineKind.ADJUSTMENT, "adjustment", "Goodwill")


def test_p8_an_adjustment_over_a_change_of_rate_is_refused() -> None:
    over = Adjustment(
        key="A-2",
        number=NUMBER,
        reason="Both",
        period_first=date(2019, 9, 1),
        period_last=date(2019, 11, 30),
        net_yen=100,
    )
    with pytest.raises(InputError) as refusal:
        adjustment_lines([over], TERMS)
    assert [problem.code for problem in refusal.value.problems] == ["two_rates"]


def dearer_from(day: date, item: Item) -> Terms:
    """Return terms by which an item costs 1,000 yen once, and 1,300 from a day on."""
    return terms_with(
        Price(item=item, one_off_yen=1_000, valid_until=day),
        Price(item=item, one_off_yen=1_300, valid_from=day),
    )


@pytest.mark.parametrize(("dearer", "expected_yen"), [(JOB_DAY, 1_300), (date(2026, 10, 18), 1_000)])
def test_a_job_costs_what_was_asked_on_the_day_of_its_completion(dearer: date, expected_yen: int) -> None:
    assert fee_yen(work(), dearer_from(dearer, Item.BASIC)) == expected_yen


@pytest.mark.parametrize(("dearer", "expected_yen"), [(JOB_DAY, 1_300), (date(2026, 10, 18), 1_000)])
def test_r8_6_a_listing_costs_what_was_asked_on_the_day_of_the_issue(dearer: date, expected_yen: int) -> None:
    terms = dearer_from(dearer, Item.DIRECTORY_LISTING)
    (line,) = directory_lines([listing(1), listing(2)], terms)
    assert line.net_yen == expected_yen
    assert line.detail == (
        ("listings", "2, of them 1 free"),
        ("price", f"{expected_yen} yen"),
        ("price_list", terms.prices.version),
    )


def test_p5_whole_months_are_charged_once_for_each_number_and_each_option() -> None:
    terms = terms_with(
        Price(item=Item.OFF_HOURS, monthly_yen=650, proration=Proration.NONE),
        Price(item=Item.BUSY_OVERFLOW, monthly_yen=800, proration=Proration.NONE),
    )
    held = [
        holding(Item.OFF_HOURS, "2026-10-02", "2026-10-05"),
        holding(Item.OFF_HOURS, "2026-10-20"),
        holding(Item.OFF_HOURS, "2026-10-20", number=OTHER_NUMBER),
        holding(Item.BUSY_OVERFLOW, "2026-10-20"),
    ]
    lines = monthly_lines(held, "2026-10", terms)
    assert sorted((line.number, line.item, line.net_yen) for line in lines) == [
        (NUMBER, "busy_overflow", 800),
        (NUMBER, "off_hours", 650),
        (OTHER_NUMBER, "off_hours", 650),
    ]


def test_p6_a_fee_goes_on_at_the_old_rate_if_the_option_was_held_before_the_change() -> None:
    """In October 2019 the rate rose from 8 to 10 %; on the 10th only the quantity changed."""
    before = holding(Item.BUSY_OVERFLOW, "2019-09-30", "2019-10-10")
    later = holding(Item.BUSY_OVERFLOW, "2019-10-10", quantity=2)
    new = holding(Item.OFF_HOURS, "2019-10-01")
    lines = monthly_lines([before, later, new], "2019-10", TERMS)
    assert [(line.item, line.tax_permille) for line in lines] == [
        ("busy_overflow", 80),
        ("busy_overflow", 80),
        ("off_hours", 100),
    ]


def test_a_refusal_says_what_it_is_about() -> None:
    with pytest.raises(InputError, match=r"^work orders: 1 problems; the first: order W-1 is given 2 times"):
        one_off_lines([work("W-1"), work("W-1")], TERMS)
    with pytest.raises(InputError, match=r"^work orders: 1 problems; the first: order W-2: -1 functions"):
        one_off_lines([work("W-2", functions=-1)], TERMS)
    with pytest.raises(InputError, match=r"^holdings: 1 problems; the first: holding 0120123456/basic"):
        monthly_lines([holding(Item.BASIC, "2026-10-01", "2026-10-01")] * 2, "2026-10", TERMS)
    early = msgspec.structs.replace(listing(1), issued_on=date(1990, 1, 1))
    with pytest.raises(InputError, match=r"^directory listings: 1 problems; the first: "):
        directory_lines([early, msgspec.structs.replace(early, key="another")], TERMS)
    adjustment = Adjustment(
        key="a",
        number=NUMBER,
        reason="r",
        period_first=date(1990, 1, 1),
        period_last=date(1990, 1, 1),
        net_yen=1,
    )
    with pytest.raises(InputError, match=r"^adjustments: 1 problems; the first: "):
        adjustment_lines([adjustment], TERMS)


def test_p5_a_day_on_which_an_option_is_stopped_and_begun_again_is_charged_once() -> None:
    """Tried twice on the fifth, kept from then on: 27 of 31 days."""
    tried = msgspec.structs.replace(holding(Item.OFF_HOURS, "2026-10-05", "2026-10-05"), key="tried")
    again = msgspec.structs.replace(tried, key="tried again")
    kept = holding(Item.OFF_HOURS, "2026-10-05")
    elsewhere = holding(Item.OFF_HOURS, "2026-10-05", "2026-10-05", number=OTHER_NUMBER)
    lines = monthly_lines([tried, again, kept, elsewhere], "2026-10", TERMS)
    assert [(line.number, line.net_yen) for line in lines] == [
        (NUMBER, 650 * 27 // 31),
        (OTHER_NUMBER, 650 // 31),
    ]
    (line,) = monthly_lines([tried, again], "2026-10", TERMS)
    assert line.net_yen == 650 // 31
