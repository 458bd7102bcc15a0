"""What was issued is never changed: not by our code, not by anybody's SQL (charging.md §5)."""

import pytest
from business import OCTOBER, LedgerOfTotals, billed, calls, contract, subscriber
from django.db import DatabaseError, connection, transaction

from chakka.portal.billing.final import IssuedIsFinal
from chakka.portal.billing.models import Invoice, InvoiceLineRow, JournalBatch, PublishedTable
from chakka.portal.billing.protection import FINAL_TABLES

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
FINAL_MODELS = (Invoice, InvoiceLineRow, JournalBatch, PublishedTable)


@pytest.fixture(autouse=True)
def _issued(books: None) -> None:
    contract(subscriber())
    billed(OCTOBER, LedgerOfTotals(calls(5_000_000)))


def test_every_model_of_final_rows_has_its_table_protected() -> None:
    assert {model._meta.db_table for model in FINAL_MODELS} == set(FINAL_TABLES)


@pytest.mark.parametrize("model", FINAL_MODELS)
def test_our_own_code_cannot_change_or_remove_a_row(model: type[Invoice]) -> None:
    row = model.objects.first()
    assert row is not None
    with pytest.raises(IssuedIsFinal):
        row.save()
    with pytest.raises(IssuedIsFinal):
        row.delete()
    with pytest.raises(IssuedIsFinal):
        model.objects.all().delete()
    with pytest.raises(IssuedIsFinal):
        model.objects.update(pk=0)


@pytest.mark.parametrize("table", FINAL_TABLES)
def test_the_database_refuses_to_remove_a_row(table: str) -> None:
    with pytest.raises(DatabaseError, match=f"rows of {table} are final"):
        _execute(f"DELETE FROM {table}")


def columns() -> list[tuple[str, str]]:
    fields = [
        (model._meta.db_table, field.column)
        for model in FINAL_MODELS
        for field in model._meta.concrete_fields
    ]
    return [(table, column) for table, column in fields if column not in FINAL_TABLES[table]]


@pytest.mark.parametrize(("table", "column"), columns())
def test_the_database_refuses_to_change_a_column_after_all_migrations(table: str, column: str) -> None:
    with pytest.raises(DatabaseError, match=f"rows of {table} are final"):
        _execute(f'UPDATE {table} SET "{column}" = "{column}"')


def test_a_line_may_only_go_out_of_force() -> None:
    assert InvoiceLineRow.objects.supersede() == InvoiceLineRow.objects.count()
    assert not InvoiceLineRow.objects.filter(effective=True).exists()


def _execute(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
