"""A wrong invoice: a credit for the difference, then the corrected one (charging.md P9)."""

from datetime import date

import msgspec
import pytest
from business import (
    CONFIG,
    ISSUING,
    NOW_MS,
    NUMBER,
    OCTOBER,
    LedgerOfTotals,
    billed,
    calls,
    contract,
    hold,
    subscriber,
    without_levies,
    work,
)

from chakka.errors import InputError
from chakka.invoicing.model import Invoice
from chakka.portal.billing import models
from chakka.portal.billing.crediting import credit
from chakka.portal.billing.documents import body_of
from chakka.portal.billing.run import Month

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
CREDITING = msgspec.structs.replace(ISSUING, on=date(2027, 2, 1), reason="rated as mobile, was fixed")


def credited(row: models.Invoice, ledger: LedgerOfTotals, *, whole: bool = False) -> list[Invoice]:
    billing = Month(row.run.month, ledger, CONFIG, NOW_MS)
    return credit(row, billing.drafting, CREDITING, whole=whole)


def sums(document: Invoice) -> tuple[int, int, int]:
    return document.body.net_yen, document.body.tax_yen, document.body.total_yen


def in_force() -> dict[str, int]:
    rows = models.InvoiceLineRow.objects.filter(effective=True)
    return dict(rows.values_list("key", "net_yen"))


def test_e19_a_call_that_was_rated_as_mobile_is_credited_when_it_was_fixed() -> None:
    without_levies()
    contract(subscriber())
    [original] = billed(OCTOBER, LedgerOfTotals(calls(160_000_000, kind="mobile")))
    given_back, corrected = credited(original, LedgerOfTotals(calls(32_000_000)))
    assert (original.net_yen, original.tax_yen) == (1_160, 116)
    assert sums(corrected) == (1_032, 103, 1_135)
    assert sums(given_back) == (128, 13, 141)
    assert given_back.body.refers_to == corrected.body.refers_to == original.number
    assert [given_back.body.kind, corrected.body.kind] == ["credit", "corrected"]


def test_the_corrected_lines_are_in_force_and_billed_to_date() -> None:
    contract(subscriber())
    [original] = billed(OCTOBER, LedgerOfTotals(calls(160_000_000)))
    credited(original, LedgerOfTotals(calls(32_000_000)))
    assert in_force()[f"{NUMBER}/calls/2026-10#1"] == 32
    billed("2026-11", LedgerOfTotals(calls(32_900_000)), on=date(2027, 2, 5))
    assert f"{NUMBER}/calls/2026-10#2" not in in_force()
    billed("2026-12", LedgerOfTotals(calls(34_000_000)), on=date(2027, 2, 5))
    assert in_force()[f"{NUMBER}/calls/2026-10#2"] == 2


def test_a_credit_leaves_alone_what_later_invoices_carry() -> None:
    contract(subscriber())
    [october] = billed(OCTOBER, LedgerOfTotals(calls(100_000_000)))
    billed("2026-11", LedgerOfTotals(calls(120_000_000)))
    _, corrected = credited(october, LedgerOfTotals(calls(70_000_000)))
    [line] = [line for line in corrected.body.lines if line.item == "calls"]
    assert (line.key, line.kind, line.net_yen) == (f"{NUMBER}/calls/2026-10#1", "calls", 50)
    assert in_force()[f"{NUMBER}/calls/2026-10#2"] == 20


def test_an_option_that_was_stopped_earlier_than_billed_is_credited() -> None:
    of = contract(subscriber())
    option = hold(of, "off_hours", date(2026, 10, 1))
    [original] = billed(OCTOBER, LedgerOfTotals())
    option.stop = date(2026, 10, 17)
    option.save()
    given_back, _ = credited(original, LedgerOfTotals())
    assert [(line.key, line.net_yen) for line in given_back.body.lines] == [
        (f"{NUMBER}/off_hours/1/2026-10", 650 - 650 * 16 // 31)
    ]


def test_an_invoice_that_nothing_is_left_of_is_credited_whole() -> None:
    of = contract(subscriber())
    of.items.update(stop=date(2026, 9, 30))
    order = work(of, "order-1", date(2026, 10, 1))
    [original] = billed(OCTOBER, LedgerOfTotals())
    order.delete()
    [given_back] = credited(original, LedgerOfTotals())
    assert given_back.body.total_yen == original.total_yen
    assert in_force() == {}


def test_what_was_taken_back_whole_is_billed_again_by_the_next_run() -> None:
    contract(subscriber())
    [original] = billed(OCTOBER, LedgerOfTotals(calls(160_000_000)))
    [given_back] = credited(original, LedgerOfTotals(calls(160_000_000)), whole=True)
    assert given_back.body.total_yen == original.total_yen
    assert in_force() == {}
    billed("2026-11", LedgerOfTotals(calls(160_000_000)), on=date(2027, 2, 5))
    assert in_force() == {
        f"{NUMBER}/basic/1/2026-10": 1_000,
        f"{NUMBER}/universal_service/2026-10": 2,
        f"{NUMBER}/telephone_relay/2026-10": 1,
        f"{NUMBER}/calls/2026-10#1": 160,
        f"{NUMBER}/basic/1/2026-11": 1_000,
        f"{NUMBER}/universal_service/2026-11": 2,
        f"{NUMBER}/telephone_relay/2026-11": 1,
    }


def test_a_corrected_invoice_can_be_corrected_again_but_each_only_once() -> None:
    contract(subscriber())
    [original] = billed(OCTOBER, LedgerOfTotals(calls(160_000_000)))
    _, corrected = credited(original, LedgerOfTotals(calls(32_000_000)))
    with pytest.raises(InputError, match="corrected before"):
        credited(original, LedgerOfTotals(calls(8_000_000)))
    row = models.Invoice.objects.get(number=corrected.number)
    given_back, again = credited(row, LedgerOfTotals(calls(8_000_000)))
    assert given_back.body.refers_to == again.body.refers_to == corrected.number
    assert in_force()[f"{NUMBER}/calls/2026-10#1"] == 8


def test_a_credit_cannot_be_credited() -> None:
    contract(subscriber())
    [original] = billed(OCTOBER, LedgerOfTotals(calls(160_000_000)))
    given_back, _ = credited(original, LedgerOfTotals(calls(32_000_000)))
    with pytest.raises(InputError, match="is a credit"):
        credited(models.Invoice.objects.get(number=given_back.number), LedgerOfTotals())


@pytest.mark.parametrize(
    ("amount_uy", "refusal"), [(160_000_000, "right as it is"), (170_000_000, "goes on the next invoice")]
)
def test_an_invoice_that_is_right_or_too_low_is_not_credited(amount_uy: int, refusal: str) -> None:
    contract(subscriber())
    [original] = billed(OCTOBER, LedgerOfTotals(calls(160_000_000)))
    with pytest.raises(InputError, match=refusal):
        credited(original, LedgerOfTotals(calls(amount_uy)))
    assert models.Invoice.objects.count() == 1
    assert in_force()[f"{NUMBER}/calls/2026-10#1"] == 160


def test_a_credit_needs_a_reason_which_is_kept() -> None:
    contract(subscriber())
    [original] = billed(OCTOBER, LedgerOfTotals(calls(160_000_000)))
    billing = Month(OCTOBER, LedgerOfTotals(calls(1_000_000)), CONFIG, NOW_MS)
    with pytest.raises(InputError, match="reason"):
        credit(original, billing.drafting, ISSUING)
    credit(original, billing.drafting, CREDITING)
    reasons = original.referring.values_list("by", "reason")
    assert set(reasons) == {("tester", "rated as mobile, was fixed")}


def test_credits_and_corrected_invoices_stand_in_the_series_and_in_the_journal() -> None:
    contract(subscriber())
    [original] = billed(OCTOBER, LedgerOfTotals(calls(160_000_000)))
    given_back, corrected = credited(original, LedgerOfTotals(calls(32_000_000)))
    assert [given_back.number, corrected.number] == ["INV2027-000001", "INV2027-000002"]
    assert corrected.previous_hash == given_back.hash
    keys = set(models.JournalBatch.objects.values_list("key", flat=True))
    assert keys == {"usage/2026-10/SHOP", f"invoice/{original.number}", f"credit/{given_back.number}"}
    assert body_of(original.body).total_yen - given_back.body.total_yen == corrected.body.total_yen
