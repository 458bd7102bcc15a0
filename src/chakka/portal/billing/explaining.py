"""How an invoice, a line or a call came to its yen, back to the facts (charging.md §4)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from chakka.cli.reckoning import reckoning
from chakka.errors import InputError
from chakka.invoicing.explain import Explained, invoice_explained, line_explained
from chakka.invoicing.model import CALLS_ITEM, InvoiceBody, InvoiceKind, InvoiceLine
from chakka.invoicing.period import first_day, month_of
from chakka.localtime import jst_iso
from chakka.money import yen_text
from chakka.portal.billing import models
from chakka.portal.billing.documents import invoice_of
from chakka.stores.ledger_charges import CallCharge, RuleCharges
from chakka.stores.ledger_values import LedgerCall


class Calls(Protocol):
    """The part of a ledger that explains calls, and lines of them."""

    def call(self, call_id: str) -> LedgerCall | None:
        """Return one call, None if there is no record of it."""

    def charges_by_rule(self, number: str, usage_month: str) -> list[RuleCharges]:
        """Return what the calls of a number cost in a month, by class, rule and tariff version."""

    def call_charges(self, number: str, usage_month: str) -> Iterator[CallCharge]:
        """Yield what each of the same calls costs."""


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """What explanations go back to. each_call: down to the single calls. tariffs: the published ones."""

    calls: Calls
    tariffs: Path
    each_call: bool = False


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an invoice that a call is in the sum of."""

    key: str
    net_yen: int
    invoice: str


def explain(subject: str, ground: Ground) -> Explained:
    """Return how an invoice (by number), a line (by key) or a call (by id) came to its yen.

    Raises: InputError if it is none of them.
    """
    row = models.Invoice.objects.select_related("refers_to", "run").filter(number=subject).first()
    if row is not None:
        return _invoice(row, ground)
    rows = models.InvoiceLineRow.objects.filter(key=subject).select_related("invoice").order_by("pk")
    if rows:
        return _line(subject, list(rows), ground)
    call = ground.calls.call(subject)
    if call is None:
        raise InputError(f"{subject!r} is no issued invoice, no line of one, and no call in the ledger")
    return _call(call, ground)


def _invoice(row: models.Invoice, ground: Ground) -> Explained:
    body = invoice_of(row).body
    what = f"{row.number}: {body.kind} of {row.issued_on} to {row.counterparty}, run of {row.run.month}"
    if row.refers_to is not None:
        what += f", refers to {row.refers_to.number}; reason: {row.reason} ({row.by})"
    lines = [_line_with_calls(line, ground) for line in body.lines]
    explained = invoice_explained(what, body, lines, _corrected(row, body))
    later = tuple(f"corrected by {one.number}" for one in row.referring.order_by("sequence"))
    return msgspec.structs.replace(explained, steps=explained.steps + later)


def _corrected(row: models.Invoice, body: InvoiceBody) -> tuple[InvoiceBody, InvoiceBody | None] | None:
    """Return the original of a credit and the invoice that took its place."""
    if body.kind is not InvoiceKind.CREDIT or row.refers_to is None:
        return None
    after = row.refers_to.referring.filter(kind=InvoiceKind.CORRECTED).first()
    return invoice_of(row.refers_to).body, invoice_of(after).body if after else None


def _line(key: str, rows: list[models.InvoiceLineRow], ground: Ground) -> Explained:
    parts = []
    for row in rows:
        in_force = "in force" if row.effective else "not in force"
        line = invoice_of(row.invoice).body.lines[row.position - 1]
        parts.append(
            Explained(
                what=f"on {row.invoice.number} of {row.invoice.issued_on} ({row.invoice.kind}, {in_force}):",
                yen=line.net_yen,
                parts=(_line_with_calls(line, ground),),
            )
        )
    return Explained(what=f"line {key}", key=key, parts=tuple(parts))


def _line_with_calls(line: InvoiceLine, ground: Ground) -> Explained:
    detail = dict(line.detail)
    if line.item != CALLS_ITEM or "exact" not in detail:
        return line_explained(line)
    usage_month = month_of(line.period_first)
    found = ground.calls.charges_by_rule(line.number, usage_month)
    parts = [_rule(one) for one in found]
    if ground.each_call:
        parts += [_one_call(one) for one in ground.calls.call_charges(line.number, usage_month)]
    explained = line_explained(line, parts)
    now = f"{yen_text(sum(one.amount_uy for one in found))} yen"
    if now == detail["exact"]:
        return explained
    since = f"since then the ledger has come to {now}: the difference goes on the next invoice"
    return msgspec.structs.replace(explained, steps=(*explained.steps, since))


def _rule(one: RuleCharges) -> Explained:
    assumed = f", assumed: {one.assumed}" if one.assumed else ""
    return Explained(
        what=(
            f"{one.calls:,} calls of class {one.rating_class} by {one.rule} of {one.tariff_version}{assumed}:"
            f" {one.units:,} units = {yen_text(one.amount_uy)} yen"
        )
    )


def _one_call(one: CallCharge) -> Explained:
    return Explained(
        what=(
            f"call {one.call_id} {jst_iso(one.answered_at_ms)} {one.rating_class} {one.conversation_ms} ms:"
            f" {one.units} units by {one.rule} = {yen_text(one.amount_uy)} yen"
        ),
        key=one.call_id,
    )


def _call(call: LedgerCall, ground: Ground) -> Explained:
    record = call.record
    attempt = record.facts.attempt
    facts = (
        f"class {attempt.rating_class}, area {attempt.charge_area or 'unknown'}",
        *_charge(call, ground),
    )
    return Explained(
        what=f"call {record.facts.call_id} to {attempt.called_number}, {jst_iso(attempt.at_ms)}",
        key=record.facts.call_id,
        steps=facts,
    )


def _charge(call: LedgerCall, ground: Ground) -> Iterator[str]:
    record, rated = call.record, call.rated
    if record.answered_at_ms is None:
        yield f"not answered ({record.reason}): it costs nothing"
    elif rated is None:
        yield "not rated: it is up, or no call to a freephone number"
    else:
        yield f"answered {jst_iso(record.answered_at_ms)}"
        yield from reckoning(call, ground.tariffs)
        if rated.suspense is not None:
            yield f"in suspense: {rated.suspense} ({rated.tariff_version}); no invoice carries it"
            return
        yen = yen_text(rated.amount_uy or 0)
        yield f"{rated.units} units by {rated.rule} of {rated.tariff_version} = {yen} yen"
        yield from _carriers(call, rated.usage_month)


def carried(call: LedgerCall) -> list[Carried]:
    """Return the lines of invoices in force in whose sums the charge of a call is."""
    rated = call.rated
    if rated is None or rated.suspense is not None:
        return []
    rows = models.InvoiceLineRow.objects.filter(
        number=rated.number, item=CALLS_ITEM, period_first=first_day(rated.usage_month), effective=True
    ).select_related("invoice")
    return [Carried(key=row.key, net_yen=row.net_yen, invoice=row.invoice.number) for row in rows]


def _carriers(call: LedgerCall, usage_month: str) -> Iterator[str]:
    found = carried(call)
    if not found:
        yield f"no invoice carries the calls of {usage_month} yet"
    for one in found:
        yield f"in the sum of {one.key}, {one.net_yen:,} yen on {one.invoice}"
