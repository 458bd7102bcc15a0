"""Issued invoices between the database and the pure values, and the parties on them."""

import msgspec

from chakka.config import BillingSettings
from chakka.errors import InputError
from chakka.invoicing.model import Invoice, InvoiceBody, InvoiceKind, InvoiceLine, Party
from chakka.portal.accounts.models import Subscriber
from chakka.portal.billing import models

_BODY = msgspec.json.Decoder(InvoiceBody)


def body_text(body: InvoiceBody) -> str:
    """Return a body as the text that is stored."""
    return msgspec.json.encode(body, order="sorted").decode()


def body_of(text: str) -> InvoiceBody:
    """Return the body that a stored text is."""
    return _BODY.decode(text)


def invoice_of(row: models.Invoice) -> Invoice:
    """Return a stored invoice as the value that was issued."""
    return Invoice(
        number=row.number,
        issued_on=row.issued_on,
        due_on=row.due_on,
        body=body_of(row.body),
        previous_hash=row.previous_hash,
        hash=row.hash,
    )


def original_of(row: models.Invoice) -> Invoice | None:
    """Return the invoice that a credit or corrected invoice refers to."""
    return None if row.refers_to is None else invoice_of(row.refers_to)


def stored_invoice(number: str) -> models.Invoice:
    """Return an issued invoice. Raises: InputError if there is none of this number."""
    row = (
        models.Invoice.objects.select_related("refers_to", "subscriber", "run").filter(number=number).first()
    )
    if row is None:
        raise InputError(f"no invoice {number!r} was issued; chakka bill list names them")
    return row


def line_rows(row: models.Invoice, body: InvoiceBody) -> list[models.InvoiceLineRow]:
    """Return the rows of an invoice's lines. A credit's lines charge nothing, so they never are in force."""
    effective = body.kind is not InvoiceKind.CREDIT
    return [
        models.InvoiceLineRow(
            invoice=row,
            position=position,
            key=line.key,
            kind=line.kind,
            number=line.number,
            item=line.item,
            period_first=line.period_first,
            period_last=line.period_last,
            quantity=line.quantity,
            net_yen=line.net_yen,
            rounded_uy=line.rounded_uy,
            tax_permille=line.tax_permille,
            effective=effective,
        )
        for position, line in enumerate(body.lines, start=1)
    ]


def agrees(row: models.InvoiceLineRow, line: InvoiceLine) -> bool:
    """Return whether a row says what the invoice itself says."""
    return (row.key, row.number, row.net_yen, row.rounded_uy, row.tax_permille, row.period_first) == (
        line.key,
        line.number,
        line.net_yen,
        line.rounded_uy,
        line.tax_permille,
        line.period_first,
    )


def issuer(settings: BillingSettings) -> Party:
    """Return who issues the invoices."""
    return Party(
        name=settings.issuer,
        postal_code=settings.postal_code,
        address=settings.address,
        registration_number=settings.registration_number,
    )


def recipient(subscriber: Subscriber) -> Party:
    """Return to whom a subscriber's invoices go."""
    has_own = bool(subscriber.billing_address)
    return Party(
        name=subscriber.billing_name or subscriber.name,
        postal_code=subscriber.billing_postal_code if has_own else subscriber.postal_code,
        address=subscriber.billing_address if has_own else subscriber.address,
        registration_number=subscriber.registration_number,
        reference=subscriber.code,
    )
