"""Call charges on invoices: exact sums, one floor, late calls (charging.md P3, P4, P8, P11, P13)."""

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from price_terms import NUMBER, OTHER_NUMBER, TERMS, billed, holding, invoice_of, total

from chakka.charging.rate import Charge, RatedCall, rate
from chakka.errors import InputError
from chakka.facts import shipped_tariff
from chakka.invoicing.assemble import Charges
from chakka.invoicing.model import InvoiceLine, Item, LineKind
from chakka.invoicing.usage_lines import Billed, Usage, usage_lines
from chakka.localtime import parse_instant_ms
from chakka.money import MICRO_YEN
from chakka.numbering.model import CallerClass
from chakka.stores.usage import UsageTotal

HELD = [holding(Item.BASIC, "2026-01-01")]


def lines_of(usage: Usage, month: str = "2026-10") -> list[InvoiceLine]:
    return usage_lines(usage, HELD, month, TERMS)


def rated(caller_class: CallerClass, conversation_ms: int, answered: str, group: str | None = None) -> Charge:
    call = RatedCall(
        caller_class=caller_class,
        answered_at_ms=parse_instant_ms(answered),
        conversation_ms=conversation_ms,
        carrier_group=group,
    )
    charge = rate(call, shipped_tariff("hikari-wide"))
    assert isinstance(charge, Charge)
    return charge


def totals_of(charges: list[Charge]) -> list[UsageTotal]:
    return [
        msgspec.structs.replace(total(charge.usage_month, charge.amount_uy), rating_class=f"call-{place}")
        for place, charge in enumerate(charges)
    ]


def test_e03_calls_are_summed_exactly_and_floored_once() -> None:
    """Three mobile calls of 50 s at 17.5/60, a fixed one of 100 s: exact 60.5, line 60, tax 6, total 66."""
    mobile = [rated(CallerClass.MOBILE, 50_000, "2026-10-05T10:00:00+09:00", "b") for _ in range(3)]
    fixed = rated(CallerClass.FIXED, 100_000, "2026-10-05T10:00:00+09:00")
    body = invoice_of(Charges(usage=Usage(totals=totals_of([*mobile, fixed]))), "2026-10")
    assert (body.net_yen, body.tax_yen, body.total_yen) == (60, 6, 66)
    assert body.lines[0].rounded_uy == 500_000


@pytest.mark.parametrize(
    ("answered", "month"), [("2026-10-31T14:59:30Z", "2026-10"), ("2026-10-31T15:00:00Z", "2026-11")]
)
def test_e11_a_call_is_on_the_invoice_of_its_month_in_jst(answered: str, month: str) -> None:
    usage = Usage(totals=totals_of([rated(CallerClass.FIXED, 60_000, answered)]))
    (line,) = lines_of(usage, month)
    assert (line.kind, line.net_yen) == (LineKind.CALLS, 8)
    assert line.period_first == date.fromisoformat(f"{month}-01")


def test_e14_a_record_that_came_twice_is_billed_once() -> None:
    """The ledger keeps one; with the month billed, asking again adds nothing."""
    usage = Usage(totals=[total("2026-10", 8_000_000)])
    (line,) = lines_of(usage)
    again = Usage(totals=usage.totals, billed=billed([line]))
    assert lines_of(again) == []
    assert lines_of(again, "2026-11") == []


def test_p4_a_line_says_number_month_and_how_the_sum_came_about() -> None:
    mobile = UsageTotal(
        number=NUMBER,
        usage_month="2026-10",
        rating_class="mobile",
        calls=3,
        units=3,
        conversation_ms=150_007,
        amount_uy=52_500_000,
    )
    (line,) = lines_of(Usage(totals=[mobile, total("2026-10", 8_000_000)]))
    assert line.key == f"{NUMBER}/calls/2026-10#1"
    assert (line.kind, line.number, line.item, line.quantity) == (LineKind.CALLS, NUMBER, "calls", 1)
    assert line.description == "着信通話料 2026-10"
    assert (line.period_first, line.period_last) == (date(2026, 10, 1), date(2026, 10, 31))
    assert line.detail == (
        ("fixed", "1 calls, 60.000 s, 1 units, 8 yen"),
        ("mobile", "3 calls, 150.007 s, 3 units, 52.5 yen"),
        ("exact", "60.5 yen"),
        ("billed_before", "0 yen"),
        ("set_plan_allowance", "0 yen"),
    )


def test_p4_each_number_and_month_is_floored_apart() -> None:
    other = msgspec.structs.replace(total("2026-10", 900_000), number=OTHER_NUMBER)
    usage = Usage(totals=[other, total("2026-10", 900_000), total("2026-09", 1_900_000)])
    assert [(line.number, line.net_yen) for line in lines_of(usage)] == [
        (NUMBER, 1),
        (NUMBER, 0),
        (OTHER_NUMBER, 0),
    ]


def test_p4_calls_that_come_to_less_than_a_yen_are_shown_with_0() -> None:
    (line,) = lines_of(Usage(totals=[total("2026-10", 999_999)]))
    assert (line.net_yen, line.rounded_uy) == (0, 999_999)


def test_p4_a_month_without_calls_has_no_line() -> None:
    assert lines_of(Usage()) == []


def test_p3_calls_of_a_later_month_wait_for_their_invoice() -> None:
    usage = Usage(totals=[total("2026-11", 8_000_000)])
    assert lines_of(usage, "2026-10") == []
    assert len(lines_of(usage, "2026-11")) == 1


def test_p8_late_calls_are_an_adjustment_with_their_own_period_and_rate() -> None:
    before = {(NUMBER, "2019-09"): Billed(net_yen=100, rounded_uy=0, lines=1)}
    usage = Usage(totals=[total("2019-09", 116_000_000)], billed=before)
    (line,) = lines_of(usage, "2019-11")
    assert (line.kind, line.net_yen, line.tax_permille) == (LineKind.ADJUSTMENT, 16, 80)
    assert (line.period_first, line.period_last) == (date(2019, 9, 1), date(2019, 9, 30))
    assert line.key == f"{NUMBER}/calls/2019-09#2"
    assert line.description == "着信通話料 調整 2019-09"
    assert ("billed_before", "100 yen") in line.detail


def test_p8_late_calls_of_a_month_that_had_none_are_an_adjustment_too() -> None:
    (line,) = lines_of(Usage(totals=[total("2026-09", 8_000_000)]))
    assert (line.kind, line.key) == (LineKind.ADJUSTMENT, f"{NUMBER}/calls/2026-09#1")


def test_p8_two_rates_on_one_invoice_are_floored_apart() -> None:
    """16 yen at 8 % and 20 yen at 10 %: 1 + 2."""
    usage = Usage(totals=[total("2019-09", 16_000_000), total("2019-11", 20_000_000)])
    body = invoice_of(Charges(usage=usage), "2019-11")
    assert [(tax.permille, tax.net_yen, tax.tax_yen) for tax in body.taxes] == [(100, 20, 2), (80, 16, 1)]


def test_p8_a_correction_within_the_month_of_the_invoice_is_an_adjustment() -> None:
    before = {(NUMBER, "2026-10"): Billed(net_yen=100, lines=1)}
    (line,) = lines_of(Usage(totals=[total("2026-10", 108_000_000)], billed=before))
    assert (line.kind, line.net_yen) == (LineKind.ADJUSTMENT, 8)


def test_p6_calls_of_a_number_served_since_before_the_change_keep_the_old_rate() -> None:
    usage = Usage(totals=[total("2019-10", 8_000_000)])
    long_served = [
        holding(Item.BASIC, "2019-01-01", "2019-06-01"),
        holding(Item.OFF_HOURS, "2019-10-20"),
        holding(Item.BASIC, "2019-06-01"),
        holding(Item.BASIC, "2019-11-02"),
    ]
    (line,) = usage_lines(usage, long_served, "2019-10", TERMS)
    assert line.tax_permille == 80
    broken = [holding(Item.BASIC, "2019-01-01", "2019-06-01"), holding(Item.BASIC, "2019-10-31")]
    (line,) = usage_lines(usage, broken, "2019-10", TERMS)
    assert line.tax_permille == 100
    (line,) = usage_lines(usage, [], "2019-10", TERMS)
    assert line.tax_permille == 100


def test_p13_calls_taken_back_reverse_positive_yen() -> None:
    """160 yen were billed; 32.5 remain: −128 is the difference of two floors, not a floor of −127.5."""
    before = {(NUMBER, "2026-09"): Billed(net_yen=160, lines=1)}
    (line,) = lines_of(Usage(totals=[total("2026-09", 32_500_000)], billed=before))
    assert (line.net_yen, line.rounded_uy) == (-128, 500_000)


def test_p13_calls_that_are_all_gone_are_taken_back_whole() -> None:
    before = {(NUMBER, "2026-09"): Billed(net_yen=160, rounded_uy=700_000, lines=2)}
    (line,) = lines_of(Usage(billed=before))
    assert (line.net_yen, line.rounded_uy, line.key) == (-160, -700_000, f"{NUMBER}/calls/2026-09#3")
    assert [line.net_yen for line in lines_of(Usage(billed=before), "2026-09")] == [-160]
    assert lines_of(Usage(billed=before), "2026-08") == []


def test_a_sum_below_nothing_is_refused() -> None:
    with pytest.raises(InputError) as refusal:
        lines_of(Usage(totals=[total("2026-10", -500_000)]))
    (problem,) = refusal.value.problems
    assert (problem.code, problem.where) == ("negative_total", f"{NUMBER}/2026-10")
    assert "-0.5 yen" in problem.message


def test_p11_a_set_plan_takes_nothing_off_freephone_calls() -> None:
    """No allowance is asked for: what is rated is billed to the last yen, and the line says so."""
    (line,) = lines_of(Usage(totals=[total("2026-10", 8_000_000)]))
    assert line.net_yen == 8
    assert ("set_plan_allowance", "0 yen") in line.detail
    assert "allowance" not in "".join(usage_lines.__annotations__)


@given(st.lists(st.integers(0, 10**10), min_size=1, max_size=6))
def test_p4_billed_to_date_is_the_floor_of_the_exact_total_however_late_calls_come(
    exact: list[int],
) -> None:
    """Whatever the total was at each invoice, the lines so far sum to its floor, and with rounding to it."""
    issued: list[InvoiceLine] = []
    for place, amount_uy in enumerate(exact):
        usage = Usage(totals=[total("2026-10", amount_uy)], billed=billed(issued))
        issued += lines_of(usage, "2026-10" if place == 0 else "2026-12")
        assert sum(line.net_yen for line in issued) == amount_uy // MICRO_YEN
    assert len({line.key for line in issued}) == len(issued)
    carried_uy = sum(line.net_yen * MICRO_YEN + line.rounded_uy for line in issued)
    assert abs(exact[-1] - carried_uy) < MICRO_YEN


@given(st.permutations([("fixed", 8_300_000), ("mobile", 17_500_000), ("payphone", 30_000_001)]))
def test_p4_the_order_of_the_totals_changes_nothing(classes: list[tuple[str, int]]) -> None:
    totals = [total("2026-10", amount_uy, name) for name, amount_uy in classes]
    assert lines_of(Usage(totals=totals)) == lines_of(Usage(totals=sorted(totals, key=str)))
