"""`chakka bill verify` finds whatever is wrong with the books, and nothing when they are right."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest
from business import (
    CONFIG,
    NOW_MS,
    NUMBER,
    OCTOBER,
    LedgerOfTotals,
    billed,
    calls,
    contract,
    hold,
    subscriber,
    work,
)
from django.db import connection

from chakka.portal.billing import models
from chakka.portal.billing.run import Month
from chakka.portal.billing.verifying import differences, row_problems, series_problems

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
LEDGER = LedgerOfTotals(calls(5_500_000), calls(7_000_000, "2026-11"))


@pytest.fixture(autouse=True)
def _two_months(books: None) -> None:
    of = contract(subscriber(), NUMBER, date(2026, 10, 17), "off_hours")
    work(of, "order-1", date(2026, 11, 3))
    contract(subscriber("B"), "08001234567")
    billed(OCTOBER, LEDGER)
    billed("2026-11", LEDGER)


def problems(ledger: LedgerOfTotals = LEDGER, *months: str) -> list[str]:
    drafting = Month("2026-11", ledger, CONFIG, NOW_MS).drafting
    found = [*series_problems("INV"), *row_problems(lambda count: None)]
    found += differences(drafting, months or (OCTOBER, "2026-11"), lambda count: None)
    return [problem.code for problem in found]


def test_right_books_have_no_problem() -> None:
    assert problems() == []


def test_calls_that_are_not_on_any_invoice_are_a_difference() -> None:
    more = LedgerOfTotals(calls(6_500_000), calls(7_000_000, "2026-11"))
    assert problems(more) == ["difference"]
    assert problems(more, "2026-11") == []


def test_a_fee_that_is_not_on_any_invoice_is_a_difference() -> None:
    hold(models.Contract.objects.get(number_id=NUMBER), "multi_line", date(2026, 11, 1))
    assert problems() == ["difference"]


def test_a_contract_that_changed_behind_an_invoice_is_a_difference() -> None:
    models.Contract.objects.get(number_id=NUMBER).items.filter(item="off_hours").update(
        start=date(2026, 10, 20)
    )
    assert problems() == ["difference"]


def test_a_document_that_was_changed_breaks_its_hash() -> None:
    with _unprotected() as execute:
        execute("UPDATE billing_invoice SET body = replace(body, '東京都', '大阪府') WHERE sequence = 2")
    assert problems() == ["hash"]


def test_a_document_that_was_taken_out_is_a_gap() -> None:
    with _unprotected() as execute:
        execute(
            "DELETE FROM billing_invoicelinerow WHERE invoice_id IN"
            " (SELECT id FROM billing_invoice WHERE sequence = 2)"
        )
        execute("DELETE FROM billing_invoice WHERE sequence = 2")
    assert problems()[0] == "gap"


def test_documents_that_were_cut_off_the_end_are_missed() -> None:
    with _unprotected() as execute:
        last = "(SELECT id FROM billing_invoice WHERE sequence = 4)"
        execute(f"DELETE FROM billing_invoicelinerow WHERE invoice_id IN {last}")
        execute("DELETE FROM billing_invoice WHERE sequence = 4")
    assert "cut_off" in problems()


def test_columns_and_rows_that_say_other_than_the_document_are_found() -> None:
    with _unprotected() as execute:
        execute(
            "UPDATE billing_invoice SET net_yen = net_yen + 1, total_yen = total_yen + 1 WHERE sequence = 1"
        )
        execute("UPDATE billing_invoicelinerow SET net_yen = net_yen + 1 WHERE key LIKE '%/basic/1/2026-11'")
    assert set(problems()) == {"columns", "rows", "difference"}


def test_a_row_that_is_out_of_force_without_a_corrected_invoice_is_found() -> None:
    models.InvoiceLineRow.objects.filter(key=f"{NUMBER}/basic/1/2026-10").supersede()
    assert set(problems()) == {"in_force", "difference"}


@contextmanager
def _unprotected() -> Iterator[object]:
    """Do what somebody could do who owns the database: remove the triggers first."""
    with connection.cursor() as cursor:
        for table in ("billing_invoice", "billing_invoicelinerow"):
            for name in (f"{table}_keep", f"{table}_final"):
                on = f" ON {table}" if connection.vendor == "postgresql" else ""
                cursor.execute(f"DROP TRIGGER {name}{on}")
        yield cursor.execute
