"""How an invoice, a line or a call came to its yen, back to the facts (charging.md §4)."""

from collections.abc import Iterator
from typing import Protocol

from chakka.errors import InputError
from chakka.invoicing.model import CALLS_ITEM, InvoiceLine
from chakka.invoicing.period import first_day
from chakka.localtime import jst_iso
from chakka.money import yen_text
from chakka.portal.billing import models
from chakka.portal.billing.documents import invoice_of
from chakka.stores.ledger_values import LedgerCall


class Calls(Protocol):
    """The part of a ledger that explains a call."""

    def call(self, call_id: str) -> LedgerCall | None:
        """Return one call, None if there is no record of it."""


def explain(subject: str, calls: Calls) -> Iterator[str]:
    """Yield the lines that explain an invoice (by number), a line (by key) or a call (by id).

    Raises: InputError if it is none of them.
    """
    row = models.Invoice.objects.filter(number=subject).first()
    if row is not None:
        return _invoice(row)
    rows = models.InvoiceLineRow.objects.filter(key=subject).select_related("invoice").order_by("pk")
    if rows:
        return _line(list(rows))
    call = calls.call(subject)
    if call is None:
        raise InputError(f"{subject!r} is no issued invoice, no line of one, and no call in the ledger")
    return _call(call)


def _invoice(row: models.Invoice) -> Iterator[str]:
    body = invoice_of(row).body
    yield f"{row.number}: {body.kind} of {row.issued_on} to {row.counterparty}, run of {row.run.month}"
    if row.refers_to is not None:
        yield f"  refers to {row.refers_to.number}; reason: {row.reason} ({row.by})"
    for line in body.lines:
        yield from _one_line(line)
    for tax in body.taxes:
        yield f"  tax: floor({tax.net_yen:,} × {tax.permille}/1000) = {tax.tax_yen:,}"
    yield f"  total: {body.net_yen:,} + {body.tax_yen:,} = {body.total_yen:,} yen"
    for later in row.referring.order_by("sequence"):
        yield f"  corrected by {later.number}"


def _line(rows: list[models.InvoiceLineRow]) -> Iterator[str]:
    for row in rows:
        in_force = "in force" if row.effective else "not in force"
        yield f"on {row.invoice.number} of {row.invoice.issued_on} ({row.invoice.kind}, {in_force}):"
        yield from _one_line(invoice_of(row.invoice).body.lines[row.position - 1])


def _one_line(line: InvoiceLine) -> Iterator[str]:
    period = f"{line.period_first}/{line.period_last}"
    yield f"  {line.net_yen:,} yen  {line.number}  {line.description}  {period}  [{line.key}]"
    for name, value in line.detail:
        yield f"      {name}: {value}"


def _call(call: LedgerCall) -> Iterator[str]:
    record, rated = call.record, call.rated
    attempt = record.facts.attempt
    yield f"call {record.facts.call_id} to {attempt.called_number}, {jst_iso(attempt.at_ms)}"
    yield f"  class {attempt.rating_class}, area {attempt.charge_area or 'unknown'}"
    if record.answered_at_ms is None:
        yield f"  not answered ({record.reason}): it costs nothing"
        return
    if rated is None:
        yield "  not rated: it is up, or no call to a freephone number"
        return
    yield f"  answered {jst_iso(record.answered_at_ms)}, conversation {record.conversation_ms} ms"
    if rated.suspense is not None:
        yield f"  in suspense: {rated.suspense} ({rated.tariff_version}); no invoice carries it"
        return
    yen = yen_text(rated.amount_uy or 0)
    yield f"  {rated.units} units by {rated.rule} of {rated.tariff_version} = {yen} yen"
    yield from _lines_of_usage(rated.number, rated.usage_month)


def _lines_of_usage(number: str, usage_month: str) -> Iterator[str]:
    rows = models.InvoiceLineRow.objects.filter(
        number=number, item=CALLS_ITEM, period_first=first_day(usage_month), effective=True
    ).select_related("invoice")
    if not rows:
        yield f"  no invoice carries the calls of {usage_month} yet"
    for row in rows:
        yield f"  in the sum of {row.key}, {row.net_yen:,} yen on {row.invoice.number}"
