"""Issued documents are found by date, amount and counterparty, in ranges and combined (電子帳簿保存法)."""

from datetime import date

import pytest
from business import LedgerOfTotals, billed, calls, contract, subscriber

from chakka.portal.billing.searching import Wanted, kept_until, search

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


@pytest.fixture(autouse=True)
def _invoices(books: None) -> None:
    contract(subscriber("A", "アルファ商店"), "0120000001")
    contract(subscriber("B", "ベータ商会"), "0120000002")
    ledger = LedgerOfTotals(calls(9_000_000_000, "2026-09", "0120000001"))
    billed("2026-09", ledger)
    billed("2026-10", ledger)


@pytest.mark.parametrize(
    ("issued_on", "years", "until"),
    [
        (date(2026, 11, 5), 7, date(2035, 1, 31)),
        (date(2026, 12, 31), 7, date(2035, 2, 28)),
        (date(2026, 11, 5), 10, date(2038, 1, 31)),
    ],
)
def test_documents_are_kept_for_their_years_whenever_the_taxable_period_ends(
    issued_on: date, years: int, until: date
) -> None:
    assert kept_until(issued_on, years) == until


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), ["A 2026-09", "B 2026-09", "A 2026-10", "B 2026-10"]),
        (Wanted(month="2026-09"), ["A 2026-09", "B 2026-09"]),
        (Wanted(first=date(2026, 11, 5)), ["A 2026-10", "B 2026-10"]),
        (Wanted(last=date(2026, 11, 4)), ["A 2026-09", "B 2026-09"]),
        (Wanted(least_yen=11_003), ["A 2026-09"]),
        (Wanted(least_yen=1_103, most_yen=1_103), ["B 2026-09", "A 2026-10", "B 2026-10"]),
        (Wanted(counterparty="商会"), ["B 2026-09", "B 2026-10"]),
        (Wanted(counterparty="A"), ["A 2026-09", "A 2026-10"]),
        (Wanted(counterparty="商", first=date(2026, 11, 1), most_yen=1_102), []),
        (Wanted(counterparty="アルファ", last=date(2026, 12, 1), least_yen=11_003), ["A 2026-09"]),
    ],
)
def test_documents_are_found(wanted: Wanted, found: list[str]) -> None:
    assert [f"{row.subscriber.code} {row.run.month}" for row in search(wanted)] == found
