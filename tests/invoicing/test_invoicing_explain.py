"""How lines, taxes and totals came to their yen, said with the invoice's own figures."""

from datetime import date

import msgspec
import pytest

from chakka.invoicing.explain import Explained, as_lines, invoice_explained, line_explained
from chakka.invoicing.model import (
    InvoiceBody,
    InvoiceKind,
    InvoiceLine,
    LineKind,
    Party,
    TaxTotal,
)

CALLS = InvoiceLine(
    key="0120123456/calls/2026-10#2",
    kind=LineKind.ADJUSTMENT,
    number="0120123456",
    item="calls",
    description="calls 2026-10",
    period_first=date(2026, 10, 1),
    period_last=date(2026, 10, 31),
    quantity=1,
    net_yen=12,
    tax_permille=100,
    rounded_uy=500_000,
    detail=(
        ("fixed", "1 calls, 100.000 s, 1 units, 8 yen"),
        ("mobile", "3 calls, 150.000 s, 3 units, 52.5 yen"),
        ("exact", "60.5 yen"),
        ("billed_before", "48 yen"),
    ),
)


def line(kind: LineKind, net_yen: int, *detail: tuple[str, str], quantity: int = 1) -> InvoiceLine:
    return msgspec.structs.replace(
        CALLS, kind=kind, item="basic", net_yen=net_yen, detail=detail, quantity=quantity, rounded_uy=0
    )


def body(kind: InvoiceKind, net_yen: int, tax_yen: int) -> InvoiceBody:
    return InvoiceBody(
        kind=kind,
        issuer=Party(name="a"),
        recipient=Party(name="b"),
        period_first=date(2026, 10, 1),
        period_last=date(2026, 10, 31),
        lines=(),
        taxes=(TaxTotal(permille=100, category="S", net_yen=net_yen, tax_yen=tax_yen),),
        net_yen=net_yen,
        tax_yen=tax_yen,
        total_yen=net_yen + tax_yen,
        refers_to=None if kind is InvoiceKind.INVOICE else "INV1",
    )


def test_p4_calls_are_floored_once_and_less_what_was_billed_before() -> None:
    steps = line_explained(CALLS).steps
    assert "mobile: 3 calls, 150.000 s, 3 units, 52.5 yen" in steps
    assert steps[-2:] == (
        "floor(60.5) = 60 yen, once for the month",
        "60 − 48 billed before = 12 yen",
    )


def test_p5_a_share_of_a_month_is_floored_once() -> None:
    prorated = line(
        LineKind.MONTHLY, 967, ("price", "1000 yen × 15/31 days"), ("exact", "30000/31 yen"), quantity=2
    )
    assert line_explained(prorated).steps == (
        "price: 1000 yen × 15/31 days",
        "exact: 30000/31 yen",
        "2 held; floor(30000/31) = 967 yen",
    )


def test_one_of_a_thing_is_not_counted() -> None:
    prorated = line(LineKind.MONTHLY, 483, ("exact", "15000/31 yen"))
    assert line_explained(prorated).steps[-1] == "floor(15000/31) = 483 yen"


@pytest.mark.parametrize("kind", [LineKind.MONTHLY, LineKind.DIRECTORY])
def test_a_line_that_says_no_price_is_explained_without_one(kind: LineKind) -> None:
    assert line_explained(line(kind, 500)).steps == ()
    assert line_explained(line(kind, 500, ("note", "transferred"))).steps == ("note: transferred",)


def test_a_line_is_known_by_its_key_period_and_parts() -> None:
    call = Explained(what="a call", yen=8)
    explained = line_explained(CALLS, [call])
    assert (explained.key, explained.yen, explained.parts) == ("0120123456/calls/2026-10#2", 12, (call,))
    assert explained.what == (
        "12 yen  0120123456  calls 2026-10  2026-10-01/2026-10-31  [0120123456/calls/2026-10#2]"
    )


def test_each_other_kind_of_line_says_why_it_is_due() -> None:
    assert "in use on 2026-10-31" in line_explained(line(LineKind.LEVY, 2)).steps[-1]
    assert "completed on 2026-10-01" in line_explained(line(LineKind.ONE_OFF, 1_000)).steps[-1]
    by_hand = line_explained(line(LineKind.ADJUSTMENT, -300))
    assert by_hand.steps == ("entered by an operator, with this reason",)
    listed = line(LineKind.DIRECTORY, 1_000, ("price", "500 yen"), quantity=2)
    assert line_explained(listed).steps[-1] == "2 × 500 yen = 1,000 yen"


def test_e19_the_tax_of_a_credit_is_the_difference_of_two_taxes() -> None:
    """floor(128 × 10 %) would be 12; 116 − 103 is 13."""
    corrected = body(InvoiceKind.INVOICE, 1_160, 116), body(InvoiceKind.CORRECTED, 1_032, 103)
    credit = body(InvoiceKind.CREDIT, 128, 13)
    assert invoice_explained("INV2", credit, [], corrected).steps == (
        "tax at 100/1000: 116 of the original − 103 of the corrected invoice = 13",
        "total: 128 + 13 = 141 yen",
    )
    whole = invoice_explained("INV2", body(InvoiceKind.CREDIT, 1_160, 116), [], (corrected[0], None))
    assert whole.steps[0] == "tax at 100/1000: 116 of the original − 0 of the corrected invoice = 116"


def test_only_of_a_credit_with_its_original_is_the_tax_a_difference() -> None:
    credit, invoice = body(InvoiceKind.CREDIT, 128, 13), body(InvoiceKind.INVOICE, 12, 1)
    assert invoice_explained("INV2", credit, []).steps[0] == "tax: floor(128 × 100/1000) = 13"
    assert invoice_explained("INV1", invoice, [], (credit, None)).steps[0] == "tax: floor(12 × 100/1000) = 1"


def test_p9_a_line_of_a_credit_says_what_it_was_and_what_it_should_have_been() -> None:
    back = line(LineKind.CALLS, 128, ("was", "160 yen"), ("corrected", "32 yen"))
    assert line_explained(back).steps[-1] == "given back: 160 yen − 32 yen = 128 yen"


def test_an_invoice_is_told_from_its_lines_to_its_total() -> None:
    explained = invoice_explained("INV1", body(InvoiceKind.INVOICE, 12, 1), [line_explained(CALLS)])
    assert explained.yen == 13
    lines = list(as_lines(explained))
    assert lines[0] == "INV1"
    assert lines[1].startswith("  12 yen  0120123456")
    assert lines[2].startswith("    fixed: 1 calls")
    assert lines[-2:] == ["  tax: floor(12 × 100/1000) = 1", "  total: 12 + 1 = 13 yen"]
    assert msgspec.json.decode(msgspec.json.encode(explained))["parts"][0]["yen"] == 12
