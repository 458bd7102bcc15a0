"""The series of issued documents: numbers without gaps, each carrying the hash of the one before (§5)."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import date

import msgspec

from chakka.errors import Problem
from chakka.invoicing.assemble import body_faults
from chakka.invoicing.model import Invoice, InvoiceBody
from chakka.invoicing.refusal import refused

# What the first document of all carries as the hash before it.
GENESIS = "0" * 64


class Numbering(msgspec.Struct, frozen=True, kw_only=True):
    """How documents are numbered: `INV2026-000001`, or `INV000001` when the count goes on over the years."""

    prefix: str = "INV"
    yearly: bool = True
    digits: int = 6


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The last document of a series: how many its year (or the series) has by then, when, and its hash."""

    count: int = 0
    issued_on: date | None = None
    hash: str = GENESIS


class Dates(msgspec.Struct, frozen=True, kw_only=True):
    """When a document is issued, and by when it is to be paid."""

    issued_on: date
    due_on: date


def number_text(numbering: Numbering, count: int, issued_on: date) -> str:
    """Return the number of a document; counts wider than the digits simply grow."""
    year = f"{issued_on.year}-" if numbering.yearly else ""
    return f"{numbering.prefix}{year}{count:0{numbering.digits}}"


def issue(body: InvoiceBody, head: Head, dates: Dates, numbering: Numbering) -> Invoice:
    """Return the next document of a series.

    Raises: InputError if it would be dated before the last one, or due before it is issued.
    """
    if head.issued_on is not None and dates.issued_on < head.issued_on:
        message = f"the last document is of {head.issued_on}; the next cannot be of {dates.issued_on}"
        raise refused("date_back", "issued_on", message)
    if dates.due_on < dates.issued_on:
        message = f"due on {dates.due_on}, before it is issued on {dates.issued_on}"
        raise refused("bad_dates", "due_on", message)
    unsealed = Invoice(
        number=number_text(numbering, _next_count(numbering, head, dates.issued_on), dates.issued_on),
        issued_on=dates.issued_on,
        due_on=dates.due_on,
        body=body,
        previous_hash=head.hash,
        hash="",
    )
    return msgspec.structs.replace(unsealed, hash=hash_of(unsealed))


def head_after(invoice: Invoice, head: Head, numbering: Numbering) -> Head:
    """Return the head of a series once a document has been added to it."""
    count = _next_count(numbering, head, invoice.issued_on)
    return Head(count=count, issued_on=invoice.issued_on, hash=invoice.hash)


def hash_of(invoice: Invoice) -> str:
    """Return the SHA-256 of everything an invoice says but its own hash, as JSON with sorted keys."""
    unsealed = msgspec.structs.replace(invoice, hash="")
    return hashlib.sha256(msgspec.json.encode(unsealed, order="sorted")).hexdigest()


def verify(invoices: Iterable[Invoice], numbering: Numbering, head: Head | None = None) -> list[Problem]:
    """Return what is wrong with the first document that breaks the series; nothing if it is whole.

    invoices: in the order of issue; head: of the document before them, None = they are the first.
    """
    head = head or Head()
    for invoice in invoices:
        problems = list(_faults(invoice, head, numbering))
        if problems:
            return problems
        head = head_after(invoice, head, numbering)
    return []


def _next_count(numbering: Numbering, head: Head, issued_on: date) -> int:
    is_new_year = head.issued_on is None or head.issued_on.year != issued_on.year
    return 1 if numbering.yearly and is_new_year else head.count + 1


def _faults(invoice: Invoice, head: Head, numbering: Numbering) -> Iterator[Problem]:
    expected = number_text(numbering, _next_count(numbering, head, invoice.issued_on), invoice.issued_on)
    if invoice.number != expected:
        yield _fault("gap", invoice, f"{invoice.number} stands where {expected} belongs")
    if head.issued_on is not None and invoice.issued_on < head.issued_on:
        message = f"{invoice.number} is of {invoice.issued_on}, before the one that it follows"
        yield _fault("date_back", invoice, message)
    if invoice.previous_hash != head.hash:
        message = f"{invoice.number} follows a document of hash {invoice.previous_hash}, not {head.hash}"
        yield _fault("chain", invoice, message)
    if invoice.hash != hash_of(invoice):
        yield _fault("hash", invoice, f"{invoice.number} is not what was issued: its hash does not fit")
    for fault in body_faults(invoice.body):
        yield _fault(fault.code, invoice, f"{invoice.number}: {fault.message}")


def _fault(code: str, invoice: Invoice, message: str) -> Problem:
    return Problem(code=code, where=invoice.number, message=message)
