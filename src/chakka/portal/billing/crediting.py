"""Corrects an invoice that was wrong: computed anew, then a credit and the corrected one (charging.md P9)."""

import msgspec
from django.db import transaction

from chakka.errors import InputError
from chakka.invoicing.credit import Correction, correct
from chakka.invoicing.model import CALLS_ITEM, Invoice, InvoiceBody, InvoiceKind, InvoiceLine
from chakka.invoicing.period import month_of
from chakka.invoicing.qualified import problems_before_issue
from chakka.portal.billing import models
from chakka.portal.billing.books import account
from chakka.portal.billing.documents import invoice_of
from chakka.portal.billing.drafting import Drafting, trial_of
from chakka.portal.billing.due import body_due, lines_due
from chakka.portal.billing.letterhead import pint_profile
from chakka.portal.billing.series import Document, Issuing, add, locked_series


def credit(
    row: models.Invoice, drafting: Drafting, issuing: Issuing, *, whole: bool = False
) -> list[Invoice]:
    """Issue the credit for an invoice and the corrected invoice, and return them.

    Nothing is typed in: what the invoice should have been follows from ledger and contracts as they are now.
    whole:  all of it is taken back, without a corrected invoice; what is due goes on the next one.
    Raises: InputError if it was corrected before, is right as it is, or should have been higher.
    """
    if not issuing.reason.strip():
        raise InputError("a credit needs a reason")
    if row.kind == InvoiceKind.CREDIT:
        raise InputError(f"{row.number} is a credit; correct the invoice that it refers to")
    with transaction.atomic():
        series = locked_series(issuing.prefix)
        later = row.referring.order_by("sequence").last()
        if later is not None:
            raise InputError(f"{row.number} was corrected before, by {later.number}")
        original = invoice_of(row)
        corrected = None if whole else _as_it_should_be(row, drafting)
        documents = _documents(row, correct(original, corrected))
        for document in documents:
            _check(document, original, drafting)
        models.InvoiceLineRow.objects.filter(invoice=row).supersede()
        return add(series, documents, issuing)


def _as_it_should_be(row: models.Invoice, drafting: Drafting) -> InvoiceBody | None:
    view = msgspec.structs.replace(drafting.view, apart_from=row.pk)
    anew = account(row.subscriber_id, view)
    lines = _under_their_keys(lines_due(anew, view, drafting.terms), invoice_of(row).body)
    return body_due(anew, lines, view.month, drafting.settings) if lines else None


def _under_their_keys(lines: list[InvoiceLine], original: InvoiceBody) -> list[InvoiceLine]:
    """Return lines for calls under the keys that they have on the invoice: they stand in place of those."""
    calls = {
        (line.number, month_of(line.period_first)): line for line in original.lines if line.item == CALLS_ITEM
    }
    return [_under_its_key(line, calls.get((line.number, month_of(line.period_first)))) for line in lines]


def _under_its_key(line: InvoiceLine, before: InvoiceLine | None) -> InvoiceLine:
    if before is None or line.item != CALLS_ITEM:
        return line
    return msgspec.structs.replace(line, key=before.key, kind=before.kind, description=before.description)


def _documents(row: models.Invoice, correction: Correction) -> list[Document]:
    bodies = [body for body in (correction.credit, correction.corrected) if body is not None]
    return [Document(body=body, subscriber=row.subscriber, run=row.run, original=row) for body in bodies]


def _check(document: Document, original: Invoice, drafting: Drafting) -> None:
    trial = trial_of(document.body, drafting.view.month)
    problems = problems_before_issue(trial, original, pint_profile(drafting.settings))
    if problems:
        raise InputError(f"the {document.body.kind} would not be a qualified document", problems)
