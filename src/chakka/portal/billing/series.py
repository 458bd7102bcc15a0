"""Puts documents into the one series: numbers without gaps, each with the hash of the one before."""

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from chakka.errors import InputError
from chakka.invoicing.journal_entries import JournalEntry, invoice_entry
from chakka.invoicing.model import Invoice, InvoiceBody
from chakka.invoicing.period import last_day, month_of, next_month
from chakka.invoicing.series import GENESIS, Dates, Head, Numbering, head_after, issue
from chakka.portal.accounts.models import PaymentTerms, Subscriber
from chakka.portal.billing import models
from chakka.portal.billing.documents import body_text, line_rows

THIRTY_DAYS = timedelta(days=30)


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A document that waits for its number. original: what a credit or corrected invoice refers to."""

    body: InvoiceBody
    subscriber: Subscriber
    run: models.BillingRun
    original: models.Invoice | None = None


class Issuing(msgspec.Struct, frozen=True, kw_only=True):
    """Who issues, on which day, under which letters, and why, of credits and corrected invoices."""

    by: str
    on: date
    prefix: str
    reason: str = ""


def due_on(issued_on: date, terms: PaymentTerms) -> date:
    """Return the day by which an invoice is to be paid."""
    match terms:
        case PaymentTerms.END_OF_NEXT_MONTH:
            return last_day(next_month(month_of(issued_on)))
        case PaymentTerms.THIRTY_DAYS:
            return issued_on + THIRTY_DAYS


def locked_series(prefix: str) -> models.SeriesState:
    """Return the series, held until the end of the transaction: whoever comes next waits.

    Raises: InputError if documents were issued under other letters: there is one series for ever.
    """
    other = models.SeriesState.objects.exclude(name=prefix).first()
    if other is not None:
        raise InputError(f"[billing] series = {prefix}: invoices are numbered {other.name}… since the first")
    models.SeriesState.objects.get_or_create(name=prefix, defaults={"hash": GENESIS})
    return models.SeriesState.objects.select_for_update().get(name=prefix)


def add(series: models.SeriesState, documents: Sequence[Document], issuing: Issuing) -> list[Invoice]:
    """Issue documents in their order, with their lines and their entries in the journal, and return them.

    Call it within the transaction in which the series was locked: then all of it is kept, or nothing.
    Raises: InputError if a document would be dated before the last one.
    """
    numbering = Numbering(prefix=series.name)
    head = Head(count=series.count, issued_on=series.issued_on, hash=series.hash)
    issued, rows = [], []
    for document in documents:
        dates = Dates(
            issued_on=issuing.on,
            due_on=due_on(issuing.on, PaymentTerms(document.subscriber.payment_terms)),
        )
        invoice = issue(document.body, head, dates, numbering)
        head = head_after(invoice, head, numbering)
        series.sequence += 1
        issued.append(invoice)
        rows.append(_row(invoice, document, series.sequence, issuing))
    models.Invoice.objects.bulk_create(rows)
    models.InvoiceLineRow.objects.bulk_create(
        line for row, invoice in zip(rows, issued, strict=True) for line in line_rows(row, invoice.body)
    )
    _book(issued, documents)
    series.count, series.issued_on, series.hash = head.count, head.issued_on, head.hash
    series.save()
    return issued


def journal_batch(entry: JournalEntry) -> models.JournalBatch:
    """Return the row of a journal entry."""
    return models.JournalBatch(key=entry.key, booked_on=entry.on, entry=msgspec.json.encode(entry).decode())


def _book(issued: Sequence[Invoice], documents: Sequence[Document]) -> None:
    entries = (
        invoice_entry(invoice, document.subscriber.code)
        for invoice, document in zip(issued, documents, strict=True)
    )
    models.JournalBatch.objects.bulk_create(journal_batch(entry) for entry in entries if entry is not None)


def _row(invoice: Invoice, document: Document, sequence: int, issuing: Issuing) -> models.Invoice:
    body = invoice.body
    return models.Invoice(
        number=invoice.number,
        sequence=sequence,
        kind=body.kind,
        run=document.run,
        subscriber=document.subscriber,
        counterparty=body.recipient.name,
        refers_to=document.original,
        issued_on=invoice.issued_on,
        due_on=invoice.due_on,
        net_yen=body.net_yen,
        tax_yen=body.tax_yen,
        total_yen=body.total_yen,
        body=body_text(body),
        previous_hash=invoice.previous_hash,
        hash=invoice.hash,
        by=issuing.by,
        reason=issuing.reason,
    )
