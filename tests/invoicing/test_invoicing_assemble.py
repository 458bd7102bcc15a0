"""From charges to the body of an invoice: sums, order, refusals (charging.md §5, P6)."""

from datetime import date
from itertools import pairwise
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from price_terms import (
    ISSUER,
    NUMBER,
    OTHER_NUMBER,
    RECIPIENT,
    TERMS,
    heading,
    holding,
    invoice_of,
    line,
    total,
)

from chakka.errors import InputError
from chakka.invoicing.assemble import (
    LIMIT_YEN,
    Charges,
    assemble,
    body_faults,
    in_order,
    lines_of_month,
)
from chakka.invoicing.model import (
    Adjustment,
    InvoiceBody,
    InvoiceKind,
    InvoiceLine,
    Item,
    LineKind,
    Listing,
    TaxTotal,
    WorkDone,
)
from chakka.invoicing.period import days_in, first_day, last_day, month_of, next_month
from chakka.invoicing.usage_lines import Usage

ACTIVATION = WorkDone(order_id="W-1", number=NUMBER, item=Item.BASIC, completed_on=date(2026, 10, 17))
OPTIONS = (Item.BASIC, Item.ORIGIN_DISTRIBUTION, Item.BUSY_OVERFLOW)
OCTOBER = Charges(holdings=[holding(item, "2026-10-17") for item in OPTIONS], work=[ACTIVATION])


# Where in an invoice a fault is, by its code.
PLACES = {
    "lines_sum": "taxes",
    "total": "total_yen",
    "tax": "taxes[100]",
    "refers_to": "refers_to",
    "negative_total": "total_yen",
}


def refused(*lines: InvoiceLine) -> list[tuple[str, str]]:
    with pytest.raises(InputError) as refusal:
        assemble(heading("2026-10"), lines)
    assert str(refusal.value).startswith("the invoice of Shop: ")
    assert all(problem.message for problem in refusal.value.problems)
    return [(problem.code, problem.where) for problem in refusal.value.problems]


def faults(body: InvoiceBody) -> list[str]:
    found = list(body_faults(body))
    assert all(fault.message for fault in found)
    assert all(fault.where == PLACES[fault.code] for fault in found)
    return [fault.code for fault in found]


def test_e06_a_first_month_from_the_17th() -> None:
    """483 + 169 + 387, construction 1,000, levies 2 + 1: net 2,042, tax 204, total 2,246."""
    body = invoice_of(OCTOBER, "2026-10")
    assert [line.net_yen for line in body.lines] == [483, 169, 387, 1_000, 1, 2]
    assert (body.net_yen, body.tax_yen, body.total_yen) == (2_042, 204, 2_246)


def test_e01_the_charge_of_one_call_reaches_the_invoice_as_it_is() -> None:
    body = invoice_of(Charges(usage=Usage(totals=[total("2026-10", 16_000_000)])), "2026-10")
    assert (body.net_yen, body.tax_yen, body.total_yen) == (16, 1, 17)


def test_an_invoice_carries_all_that_a_month_costs_in_a_readable_order() -> None:
    charges = Charges(
        holdings=[
            holding(Item.BASIC, "2026-01-01", number=OTHER_NUMBER),
            holding(Item.OFF_HOURS, "2026-01-01"),
            holding(Item.BASIC, "2026-01-01"),
        ],
        work=[ACTIVATION],
        listings=[Listing(key=key, number=NUMBER, issue="2026", issued_on=date(2026, 10, 1)) for key in "ab"],
        adjustments=[
            Adjustment(
                key="A-1",
                number=NUMBER,
                reason="Goodwill",
                period_first=date(2026, 9, 1),
                period_last=date(2026, 9, 30),
                net_yen=-100,
            )
        ],
        usage=Usage(totals=[total("2026-10", 8_000_000), total("2026-09", 9_000_000)]),
    )
    body = invoice_of(charges, "2026-10")
    assert [(line.number, line.kind, line.item) for line in body.lines] == [
        (NUMBER, LineKind.MONTHLY, "basic"),
        (NUMBER, LineKind.MONTHLY, "off_hours"),
        (NUMBER, LineKind.ONE_OFF, "basic"),
        (NUMBER, LineKind.DIRECTORY, "directory_listing"),
        (NUMBER, LineKind.CALLS, "calls"),
        (NUMBER, LineKind.ADJUSTMENT, "calls"),
        (NUMBER, LineKind.ADJUSTMENT, "adjustment"),
        (NUMBER, LineKind.LEVY, "telephone_relay"),
        (NUMBER, LineKind.LEVY, "universal_service"),
        (OTHER_NUMBER, LineKind.MONTHLY, "basic"),
        (OTHER_NUMBER, LineKind.LEVY, "telephone_relay"),
        (OTHER_NUMBER, LineKind.LEVY, "universal_service"),
    ]
    assert body.net_yen == 1_000 + 650 + 1_000 + 500 + 8 - 100 + 9 + 3 + 1_000 + 3


def test_the_body_names_the_parties_the_days_and_itself() -> None:
    body = invoice_of(OCTOBER, "2026-10")
    assert (body.kind, body.refers_to) == (InvoiceKind.INVOICE, None)
    assert (body.issuer, body.recipient) == (ISSUER, RECIPIENT)
    assert (body.period_first, body.period_last) == (date(2026, 10, 1), date(2026, 10, 31))


def test_lines_of_one_kind_and_item_stand_in_order_of_time_then_key() -> None:
    early = msgspec.structs.replace(line(1, "z"), period_first=date(2026, 9, 1))
    ordered = in_order([line(1, "c"), line(1, "b"), early])
    assert [found.key for found in ordered] == ["z", "b", "c"]


def test_kinds_stand_in_their_order_whatever_the_keys_and_items_are() -> None:
    kinds = [
        LineKind.MONTHLY,
        LineKind.ONE_OFF,
        LineKind.DIRECTORY,
        LineKind.CALLS,
        LineKind.ADJUSTMENT,
        LineKind.LEVY,
    ]
    lines = [msgspec.structs.replace(line(1, f"{9 - place}"), kind=kind) for place, kind in enumerate(kinds)]
    assert [found.kind for found in in_order(reversed(lines))] == kinds


def test_every_fault_of_a_month_is_named_at_once() -> None:
    faulty = Charges(
        holdings=[holding(Item.BASIC, "2026-10-02", "2026-10-01")],
        work=[msgspec.structs.replace(ACTIVATION, functions=-1)],
        usage=Usage(totals=[total("2026-10", -1)]),
    )
    with pytest.raises(InputError, match="the charges of 2026-10: 3 problems") as refusal:
        lines_of_month(faulty, "2026-10", TERMS)
    assert [problem.code for problem in refusal.value.problems] == [
        "bad_dates",
        "bad_value",
        "negative_total",
    ]


def test_nothing_to_invoice_is_no_invoice() -> None:
    assert refused() == [("no_lines", "lines")]


def test_nonsense_is_refused_all_at_once() -> None:
    backwards = msgspec.structs.replace(line(1, "back"), period_first=date(2026, 11, 1))
    not_over = msgspec.structs.replace(line(1, "not over"), period_last=date(2026, 11, 1))
    found = refused(
        line(1),
        line(1),
        line(1, "theirs", number="0120999999"),
        backwards,
        not_over,
        line(LIMIT_YEN + 1, "huge"),
        line(-LIMIT_YEN - 1, "huge back"),
    )
    assert sorted(found) == [
        ("bad_dates", "back"),
        ("bad_dates", "not over"),
        ("duplicate", "a"),
        ("not_theirs", "theirs"),
        ("too_large", "huge"),
        ("too_large", "huge back"),
    ]


def test_the_limit_itself_and_a_period_of_one_day_are_no_nonsense() -> None:
    one_day = msgspec.structs.replace(line(LIMIT_YEN), period_first=date(2026, 10, 31))
    assert assemble(heading("2026-10"), [one_day]).net_yen == LIMIT_YEN == 1_000_000_000_000


def test_a_total_below_zero_is_refused_and_named_a_credit() -> None:
    assert refused(line(-1)) == [("negative_total", "total_yen")]
    assert assemble(heading("2026-10"), [line(-1), line(1, "b")]).total_yen == 0


def test_a_body_whose_sums_do_not_agree_is_found_out() -> None:
    body = assemble(heading("2026-10"), [line(100), line(50, "b", 80)])
    assert faults(body) == []
    changed = msgspec.structs.replace
    wrong = changed(body, net_yen=151)
    assert faults(wrong) == ["total"]
    (fault,) = body_faults(wrong)
    assert "come to 150 and 14, the invoice says net 151, tax 14, total 164" in fault.message
    assert faults(changed(body, tax_yen=13)) == ["total"]
    assert faults(changed(body, total_yen=165)) == ["total"]
    assert faults(changed(body, lines=body.lines[:1])) == ["lines_sum", "total"]
    assert faults(changed(body, lines=(*body.lines, line(0, "c", 50)))) == ["lines_sum"]
    assert faults(changed(body, taxes=(*body.taxes, body.taxes[0]))) == ["lines_sum", "total"]
    assert faults(changed(body, refers_to="INV2026-000001")) == ["refers_to"]
    assert faults(changed(body, kind=InvoiceKind.CORRECTED)) == ["refers_to"]
    assert faults(changed(body, kind=InvoiceKind.CORRECTED, refers_to="INV2026-000001")) == []


@pytest.mark.parametrize(
    ("kind", "tax_yen", "expected"),
    [
        (InvoiceKind.INVOICE, 12, []),
        (InvoiceKind.INVOICE, 13, ["tax"]),
        (InvoiceKind.INVOICE, 11, ["tax"]),
        (InvoiceKind.CORRECTED, 13, ["tax"]),
        (InvoiceKind.CREDIT, 11, ["tax"]),
        (InvoiceKind.CREDIT, 12, []),
        (InvoiceKind.CREDIT, 13, []),
        (InvoiceKind.CREDIT, 14, ["tax"]),
    ],
)
def test_the_tax_on_128_yen_is_12_and_of_a_credit_also_13(
    kind: InvoiceKind, tax_yen: int, expected: list[str]
) -> None:
    body = msgspec.structs.replace(
        assemble(heading("2026-10"), [line(128)]),
        kind=kind,
        refers_to=None if kind is InvoiceKind.INVOICE else "INV2026-000001",
        taxes=(TaxTotal(permille=100, category="S", net_yen=128, tax_yen=tax_yen),),
        tax_yen=tax_yen,
        total_yen=128 + tax_yen,
    )
    assert faults(body) == expected


RATES = st.sampled_from([50, 80, 100])
LINES = st.lists(st.tuples(st.integers(-(10**6), 10**9), RATES), min_size=1, max_size=12)


@given(LINES)
def test_lines_sum_to_net_net_and_tax_to_total_and_tax_lies_within_jp_pint_bounds(
    amounts: list[tuple[int, int]],
) -> None:
    lines = [line(net, f"{place}", rate) for place, (net, rate) in enumerate(amounts)]
    lines.append(line(13 * 10**6, "enough"))
    body = assemble(heading("2026-10"), lines)
    assert sum(found.net_yen for found in body.lines) == body.net_yen
    assert body.net_yen + body.tax_yen == body.total_yen
    for tax in body.taxes:
        assert tax.net_yen == sum(found.net_yen for found in lines if found.tax_permille == tax.permille)
        assert tax.net_yen * tax.permille // 1000 <= tax.tax_yen <= -(-tax.net_yen * tax.permille // 1000)
    assert all(before.permille > after.permille for before, after in pairwise(body.taxes))


@given(LINES, st.randoms(use_true_random=False))
def test_the_order_in_which_lines_are_found_changes_nothing(
    amounts: list[tuple[int, int]], chance: Random
) -> None:
    lines = [line(abs(net), f"{place}", rate) for place, (net, rate) in enumerate(amounts)]
    other = list(lines)
    chance.shuffle(other)
    assert assemble(heading("2026-10"), lines) == assemble(heading("2026-10"), other)


@pytest.mark.parametrize(
    ("month", "days", "following"),
    [("2026-02", 28, "2026-03"), ("2024-02", 29, "2024-03"), ("2026-12", 31, "2027-01")],
)
def test_a_month_knows_its_days(month: str, days: int, following: str) -> None:
    assert days_in(month) == days
    assert first_day(month) == date.fromisoformat(f"{month}-01")
    assert last_day(month) == date.fromisoformat(f"{month}-{days}")
    assert next_month(month) == following
    assert month_of(last_day(month)) == month


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "202610", "", "October", "2026-10-05", "26-10"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no month; write YYYY-MM"):
        first_day(text)
