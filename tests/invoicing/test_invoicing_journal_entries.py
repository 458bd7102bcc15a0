"""Double entry: usage, invoices and credits in micro-yen, balanced (charging.md §5)."""

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from price_terms import NUMBER, OTHER_NUMBER, billed, holding, invoice_of, total

from chakka.errors import InputError
from chakka.invoicing.assemble import Charges
from chakka.invoicing.credit import correct
from chakka.invoicing.journal_entries import (
    Account,
    JournalEntry,
    invoice_entry,
    usage_changes,
    usage_entry,
)
from chakka.invoicing.model import Invoice, InvoiceBody, InvoiceLine, Item
from chakka.invoicing.series import Dates, Head, Numbering, issue
from chakka.invoicing.usage_lines import Usage
from chakka.money import MICRO_YEN
from chakka.stores.usage import UsageTotal

ISSUED = Dates(issued_on=date(2026, 11, 5), due_on=date(2026, 11, 30))
THEIRS = {NUMBER: "S-1", OTHER_NUMBER: "S-2"}


def issued(body: InvoiceBody) -> Invoice:
    return issue(body, Head(), ISSUED, Numbering())


def moved(entry: JournalEntry | None) -> dict[Account, int]:
    assert entry is not None
    assert sum(posting.amount_uy for posting in entry.postings) == 0
    return {posting.account: posting.amount_uy for posting in entry.postings}


def october(amount_uy: int) -> InvoiceBody:
    charges = Charges(
        holdings=[holding(Item.BASIC, "2026-01-01")], usage=Usage(totals=[total("2026-10", amount_uy)])
    )
    return invoice_of(charges, "2026-10")


def test_rated_calls_are_unbilled_income_to_the_micro_yen() -> None:
    changes = [
        total("2026-10", 17_500_000),
        total("2026-09", 1),
        msgspec.structs.replace(total("2026-10", 8_000_000), number=OTHER_NUMBER),
    ]
    entry = usage_entry("usage/1", date(2026, 10, 31), changes, THEIRS)
    assert (entry.key, entry.on, entry.narration) == ("usage/1", date(2026, 10, 31), "calls rated")
    assert [(posting.account, posting.subscriber, posting.amount_uy) for posting in entry.postings] == [
        (Account.UNBILLED, "S-1", 17_500_001),
        (Account.UNBILLED, "S-2", 8_000_000),
        (Account.CALLS, None, -25_500_001),
    ]


def test_calls_of_a_number_that_is_nobodys_are_refused() -> None:
    with pytest.raises(InputError) as refusal:
        usage_entry("usage/1", date(2026, 10, 31), [total("2026-10", 1)], {})
    assert [(problem.code, problem.where) for problem in refusal.value.problems] == [
        ("no_subscriber", NUMBER)
    ]
    assert str(refusal.value) == f"{NUMBER} is nobody's, but has calls"


def test_an_invoice_turns_unbilled_calls_and_fees_into_a_receivable() -> None:
    """Calls 60.5, basic 1,000, levies 3: net 1,063, tax 106."""
    entry = invoice_entry(issued(october(60_500_000)), "S-1")
    assert moved(entry) == {
        Account.RECEIVABLE: 1_169 * MICRO_YEN,
        Account.TAX: -106 * MICRO_YEN,
        Account.ROUNDING: 500_000,
        Account.UNBILLED: -60_500_000,
        Account.FEES: -1_000 * MICRO_YEN,
        Account.LEVIES: -3 * MICRO_YEN,
    }
    assert entry is not None
    assert (entry.key, entry.on) == ("invoice/INV2026-000001", ISSUED.issued_on)
    assert entry.narration == "INV2026-000001"
    whose = {posting.account: posting.subscriber for posting in entry.postings}
    assert {account for account, subscriber in whose.items() if subscriber == "S-1"} == {
        Account.RECEIVABLE,
        Account.UNBILLED,
    }
    assert set(whose.values()) == {"S-1", None}


def test_accounts_that_do_not_move_have_no_posting() -> None:
    body = invoice_of(Charges(usage=Usage(totals=[total("2026-10", 5_000_000)])), "2026-10")
    assert moved(invoice_entry(issued(body), "S-1")) == {
        Account.RECEIVABLE: 5 * MICRO_YEN,
        Account.UNBILLED: -5 * MICRO_YEN,
    }


def test_a_credit_reverses_and_the_corrected_invoice_moves_nothing() -> None:
    original = issued(october(160_000_000))
    correction = correct(original, october(32_500_000))
    assert correction.corrected is not None
    entry = invoice_entry(issued(correction.credit), "S-1")
    assert moved(entry) == {
        Account.RECEIVABLE: -141 * MICRO_YEN,
        Account.TAX: 13 * MICRO_YEN,
        Account.ROUNDING: 500_000,
        Account.UNBILLED: 127_500_000,
    }
    assert entry is not None
    assert entry.key.startswith("credit/")
    assert invoice_entry(issued(correction.corrected), "S-1") is None


def test_an_invoice_whose_sums_do_not_agree_is_not_booked() -> None:
    body = msgspec.structs.replace(october(0), tax_yen=1)
    with pytest.raises(InputError) as refusal:
        invoice_entry(issued(body), "S-1")
    [problem] = refusal.value.problems
    assert (problem.code, problem.where) == ("unbalanced", "invoice/INV2026-000001")
    assert "does not balance: 99000000 micro-yen" in problem.message


def test_what_changed_between_two_totals_is_told_by_number_month_and_class() -> None:
    before = [total("2026-10", 100), total("2026-10", 50, "mobile"), total("2026-09", 7, calls=2)]
    after = [total("2026-10", 160, calls=3), total("2026-10", 50, "mobile"), total("2026-11", 9)]
    assert usage_changes(before, after) == [
        UsageTotal(
            number=NUMBER,
            usage_month="2026-09",
            rating_class="fixed",
            calls=-2,
            units=-2,
            conversation_ms=-120_000,
            amount_uy=-7,
        ),
        total("2026-10", 60, calls=2),
        total("2026-11", 9),
    ]


def test_a_call_that_costs_nothing_is_a_change_too() -> None:
    assert usage_changes([], [total("2026-10", 0)]) == [total("2026-10", 0)]
    cheaper = usage_changes([total("2026-10", 9)], [total("2026-10", 8)])
    assert [change.amount_uy for change in cheaper] == [-1]


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=5))
def test_once_all_is_invoiced_less_than_a_yen_stays_unbilled(exact: list[int]) -> None:
    """Usage batches and invoices in turn: what is left on UNBILLED is what no line said yet."""
    unbilled_uy = receivable_uy = tax_uy = rounding_uy = 0
    issued_lines: list[InvoiceLine] = []
    before: list[UsageTotal] = []
    for place, amount_uy in enumerate(exact):
        after = [total("2026-10", amount_uy)]
        batch = usage_entry("usage", date(2026, 10, 1), usage_changes(before, after), THEIRS)
        unbilled_uy += moved(batch).get(Account.UNBILLED, 0)
        before = after
        month = "2026-10" if place == 0 else "2026-12"
        charges = Charges(
            holdings=[holding(Item.BASIC, "2026-01-01")],
            usage=Usage(totals=after, billed=billed(issued_lines)),
        )
        try:
            body = invoice_of(charges, month)
        except InputError:
            # Less than nothing to pay: a credit's case, not an invoice's.
            return
        issued_lines += body.lines
        amounts = moved(invoice_entry(issued(body), "S-1"))
        unbilled_uy += amounts.get(Account.UNBILLED, 0)
        receivable_uy += amounts[Account.RECEIVABLE]
        tax_uy += amounts.get(Account.TAX, 0)
        rounding_uy += amounts.get(Account.ROUNDING, 0)
        assert abs(unbilled_uy) < MICRO_YEN
    assert receivable_uy % MICRO_YEN == tax_uy % MICRO_YEN == 0
    assert 0 <= rounding_uy < MICRO_YEN
