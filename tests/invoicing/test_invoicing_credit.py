"""Taking back a wrong invoice (charging.md P9, P13)."""

from datetime import date

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from price_terms import NUMBER, RECIPIENT, heading, holding, invoice_of, line, total

from chakka.charging.rate import Charge, RatedCall, rate
from chakka.errors import InputError
from chakka.facts import shipped_tariff
from chakka.invoicing.assemble import Charges, assemble, body_faults
from chakka.invoicing.credit import correct
from chakka.invoicing.model import Invoice, InvoiceBody, InvoiceKind, InvoiceLine, Item, LineKind
from chakka.invoicing.series import Dates, Head, Numbering, issue
from chakka.invoicing.usage_lines import Usage
from chakka.localtime import parse_instant_ms
from chakka.numbering.model import CallerClass

ISSUED = Dates(issued_on=date(2026, 11, 5), due_on=date(2026, 11, 30))


def issued(body: InvoiceBody) -> Invoice:
    return issue(body, Head(), ISSUED, Numbering())


def body_of(*lines: InvoiceLine) -> InvoiceBody:
    return assemble(heading("2026-10"), lines)


def calls_of_600_seconds(caller_class: CallerClass) -> Charges:
    call = RatedCall(
        caller_class=caller_class,
        answered_at_ms=parse_instant_ms("2022-02-10T10:00:00+09:00"),
        conversation_ms=600_000,
        carrier_group="a",
    )
    charge = rate(call, shipped_tariff("hikari-wide"))
    assert isinstance(charge, Charge)
    usage = Usage(totals=[total("2022-02", charge.amount_uy, caller_class)])
    return Charges(holdings=[holding(Item.BASIC, "2022-01-01", "2022-02-28")], usage=usage)


def refused(original: Invoice, corrected: InvoiceBody | None) -> str:
    with pytest.raises(InputError) as refusal:
        correct(original, corrected)
    (problem,) = refusal.value.problems
    assert problem.where == original.number
    assert problem.message
    return problem.code


def test_e19_a_call_billed_as_mobile_was_fixed() -> None:
    """Original net 1,160 tax 116; corrected 1,032 tax 103; credit net 128, tax 13, total 141."""
    basic = msgspec.structs.replace(line(1_000, "basic"), kind=LineKind.MONTHLY, item="basic")
    calls = msgspec.structs.replace(line(160, "calls"), kind=LineKind.CALLS, item="calls")
    original = issued(body_of(basic, calls))
    assert (original.body.net_yen, original.body.tax_yen) == (1_160, 116)
    correction = correct(original, body_of(basic, msgspec.structs.replace(calls, net_yen=32)))
    assert correction.corrected is not None
    assert (correction.corrected.net_yen, correction.corrected.tax_yen) == (1_032, 103)
    credit = correction.credit
    assert (credit.net_yen, credit.tax_yen, credit.total_yen) == (128, 13, 141)
    assert [(tax.permille, tax.net_yen, tax.tax_yen) for tax in credit.taxes] == [(100, 128, 13)]
    assert [(found.key, found.net_yen) for found in credit.lines] == [("calls", 128)]
    assert credit.lines[0].detail == (("was", "160 yen"), ("corrected", "32 yen"))
    assert list(body_faults(credit)) == list(body_faults(correction.corrected)) == []


def test_e19_from_the_rated_calls_on() -> None:
    """600 s: mobile 10 × 16 = 160, fixed 4 × 8 = 32."""
    original = issued(invoice_of(calls_of_600_seconds(CallerClass.MOBILE), "2022-02"))
    corrected = invoice_of(calls_of_600_seconds(CallerClass.FIXED), "2022-02")
    credit = correct(original, corrected).credit
    assert [(found.key, found.net_yen) for found in credit.lines] == [(f"{NUMBER}/calls/2022-02#1", 128)]


def test_p9_both_documents_refer_to_the_original() -> None:
    original = issued(body_of(line(100)))
    correction = correct(original, body_of(line(60)))
    assert correction.corrected is not None
    assert (correction.credit.kind, correction.corrected.kind) == (
        InvoiceKind.CREDIT,
        InvoiceKind.CORRECTED,
    )
    assert correction.credit.refers_to == correction.corrected.refers_to == "INV2026-000001"


def test_p9_an_invoice_may_be_taken_back_whole() -> None:
    original = issued(body_of(line(100), line(28, "b", 80)))
    correction = correct(original, None)
    assert correction.corrected is None
    expected = msgspec.structs.replace(original.body, kind=InvoiceKind.CREDIT, refers_to=original.number)
    assert correction.credit == expected


def test_p9_a_corrected_invoice_may_be_corrected_again() -> None:
    first = correct(issued(body_of(line(100))), body_of(line(60))).corrected
    assert first is not None
    second = correct(issued(first), body_of(line(25)))
    assert second.credit.net_yen == 35


def test_p9_lines_that_stay_are_not_on_the_credit() -> None:
    original = issued(body_of(line(100), line(50, "b", 80), line(7, "c")))
    credit = correct(original, body_of(line(100), line(50, "b", 80))).credit
    assert [(found.key, found.net_yen) for found in credit.lines] == [("c", 7)]
    assert [tax.permille for tax in credit.taxes] == [100]


def test_p9_a_line_that_was_missing_is_set_against_what_is_given_back() -> None:
    original = issued(body_of(line(100)))
    credit = correct(original, body_of(line(30), line(20, "b"))).credit
    assert [(found.key, found.net_yen) for found in credit.lines] == [("a", 70), ("b", -20)]
    assert credit.lines[1].detail == (("was", "0 yen"), ("corrected", "20 yen"))
    assert (credit.net_yen, credit.tax_yen) == (50, 5)


def test_p9_a_wrong_rate_gives_back_the_difference_of_tax() -> None:
    """1,000 yen at 10 % were 8 %: net 0, tax 20."""
    credit = correct(issued(body_of(line(1_000))), body_of(line(1_000, permille=80))).credit
    assert [(tax.permille, tax.net_yen, tax.tax_yen) for tax in credit.taxes] == [
        (100, 1_000, 100),
        (80, -1_000, -80),
    ]
    assert (credit.net_yen, credit.tax_yen, credit.total_yen) == (0, 20, 20)
    assert list(body_faults(credit)) == []


def test_p4_a_credit_takes_back_the_rounding_with_the_line() -> None:
    was = msgspec.structs.replace(line(100), rounded_uy=700_000)
    now = msgspec.structs.replace(line(60), rounded_uy=900_000)
    gone = msgspec.structs.replace(line(5, "b"), rounded_uy=300_000)
    new = msgspec.structs.replace(line(5, "c"), rounded_uy=200_000)
    credit = correct(issued(body_of(was, gone)), body_of(now, new)).credit
    assert [(found.net_yen, found.rounded_uy) for found in credit.lines] == [
        (40, -200_000),
        (5, 300_000),
        (-5, -200_000),
    ]


def test_p9_a_higher_invoice_is_no_credit() -> None:
    assert refused(issued(body_of(line(100))), body_of(line(101))) == "higher"


def test_p9_an_invoice_that_is_right_is_not_credited() -> None:
    body = body_of(line(100))
    assert refused(issued(body), body) == "nothing_to_credit"
    rounded_otherwise = body_of(msgspec.structs.replace(line(100), rounded_uy=1))
    assert refused(issued(body), rounded_otherwise) == "nothing_to_credit"
    assert refused(issued(body_of(line(0))), None) == "nothing_to_credit"


def test_p9_a_credit_is_not_credited() -> None:
    credit = issued(correct(issued(body_of(line(100))), None).credit)
    assert refused(credit, None) == "not_creditable"


def test_p9_the_corrected_invoice_goes_to_whom_the_original_went() -> None:
    stranger = msgspec.structs.replace(
        body_of(line(1)), recipient=msgspec.structs.replace(RECIPIENT, reference="S-2")
    )
    assert refused(issued(body_of(line(100))), stranger) == "not_theirs"
    renamed = msgspec.structs.replace(
        body_of(line(1)), recipient=msgspec.structs.replace(RECIPIENT, name="New name")
    )
    assert correct(issued(body_of(line(100))), renamed).credit.net_yen == 99


AMOUNTS = st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from([80, 100])), min_size=1, max_size=6)


def body_from(amounts: list[tuple[int, int]]) -> InvoiceBody:
    return body_of(*(line(net, f"{place}", permille) for place, (net, permille) in enumerate(amounts)))


@given(before=AMOUNTS, after=AMOUNTS)
def test_p9_credit_and_corrected_sum_to_the_original_in_net_tax_and_total(
    before: list[tuple[int, int]], after: list[tuple[int, int]]
) -> None:
    original, corrected = issued(body_from(before)), body_from(after)
    assume(corrected.total_yen < original.body.total_yen)
    correction = correct(original, corrected)
    assert correction.corrected is not None
    assert correction.credit.net_yen + correction.corrected.net_yen == original.body.net_yen
    assert correction.credit.tax_yen + correction.corrected.tax_yen == original.body.tax_yen
    assert correction.credit.total_yen + correction.corrected.total_yen == original.body.total_yen
    assert list(body_faults(correction.credit)) == []


@given(nets=st.lists(st.integers(0, 10**6), min_size=2, max_size=6, unique=True))
def test_p9_credits_sum_to_the_invoice_once_it_is_taken_back_step_by_step(nets: list[int]) -> None:
    steps = sorted(nets, reverse=True)
    first = current = issued(body_of(line(steps[0])))
    net_yen = tax_yen = 0
    for step in steps[1:]:
        correction = correct(current, body_of(line(step)))
        net_yen, tax_yen = net_yen + correction.credit.net_yen, tax_yen + correction.credit.tax_yen
        assert correction.corrected is not None
        current = issued(correction.corrected)
    assert (net_yen + current.body.net_yen, tax_yen + current.body.tax_yen) == (
        first.body.net_yen,
        first.body.tax_yen,
    )


def test_p9_an_invoice_that_should_have_been_higher_says_what_to_do_instead() -> None:
    with pytest.raises(InputError, match=r" goes on the next invoice as an adjustment$"):
        correct(issued(body_of(line(100))), body_of(line(101)))
