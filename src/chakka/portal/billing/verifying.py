"""Proves the books: the chain of documents, their rows, and every line computed again (charging.md §5)."""

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from chakka.errors import Problem
from chakka.invoicing.assemble import lines_of_month
from chakka.invoicing.fees import monthly_lines
from chakka.invoicing.levies import levy_lines
from chakka.invoicing.model import CALLS_ITEM, Invoice, InvoiceLine
from chakka.invoicing.period import month_of
from chakka.invoicing.series import GENESIS, Numbering, verify
from chakka.portal.billing import models
from chakka.portal.billing.books import Account, accounts
from chakka.portal.billing.documents import agrees, invoice_of
from chakka.portal.billing.drafting import Drafting
from chakka.portal.billing.jobs import Advance

# Key, item and yen of a line.
Summand = tuple[str, str, int]

_ROWS_AT_ONCE = 1000


def series_problems(prefix: str) -> Iterator[Problem]:
    """Yield the first document that breaks the chain of numbers and hashes, if one does."""
    yield from verify(_invoices(), Numbering(prefix=prefix))
    state = models.SeriesState.objects.filter(name=prefix).first()
    last = models.Invoice.objects.order_by("sequence").last()
    stated = (state.sequence, state.hash) if state else (0, GENESIS)
    found = (last.sequence, last.hash) if last else (0, GENESIS)
    if stated != found:
        message = f"the series counts {stated[0]} documents; the last one that is there is number {found[0]}"
        yield Problem(code="cut_off", where=prefix, message=message)


def row_problems(advance: Advance) -> Iterator[Problem]:
    """Yield the documents whose columns and rows do not say what the document says."""
    rows = models.Invoice.objects.order_by("sequence").prefetch_related("rows", "referring")
    for row in rows.iterator(chunk_size=_ROWS_AT_ONCE):
        advance(1)
        body = invoice_of(row).body
        columns = (row.kind, row.counterparty, row.net_yen, row.tax_yen, row.total_yen)
        if columns != (body.kind, body.recipient.name, body.net_yen, body.tax_yen, body.total_yen):
            yield _problem("columns", row.number, f"the columns of {row.number} are not what it says")
        lines = sorted(row.rows.all(), key=lambda line: line.position)
        if len(lines) != len(body.lines) or not all(map(agrees, lines, body.lines)):
            yield _problem("rows", row.number, f"the rows of {row.number} are not its lines")
        in_force = row.kind != "credit" and not row.referring.all()
        if any(line.effective != in_force for line in lines):
            message = f"{row.number} is {'' if in_force else 'not '}in force, its rows say otherwise"
            yield _problem("in_force", row.number, message)


def differences(drafting: Drafting, months: Iterable[str], advance: Advance) -> Iterator[Problem]:
    """Yield the lines that differ from what ledger and contracts say now, computed afresh.

    months: that were billed; lines of other months are not looked at.
    """
    wanted = frozenset(months)
    view = msgspec.structs.replace(drafting.view, afresh=True)
    for batch in accounts(view):
        carried = _carried(batch, wanted)
        for account in batch:
            due = _due(account, drafting, wanted)
            yield from _compared(due, carried[account.subscriber.pk])
        advance(len(batch))


def _invoices() -> Iterator[Invoice]:
    return map(invoice_of, models.Invoice.objects.order_by("sequence").iterator())


def _due(account: Account, drafting: Drafting, months: frozenset[str]) -> Counter[str]:
    """Return what every line comes to by its key; the lines for calls of a number and month count as one."""
    lines: list[InvoiceLine] = list(lines_of_month(account.charges, drafting.view.month, drafting.terms))
    for month in months - {drafting.view.month}:
        lines += monthly_lines(account.charges.holdings, month, drafting.terms)
        lines += levy_lines(account.charges.holdings, month, drafting.terms)
    return _summed(
        (line.key, line.item, line.net_yen) for line in lines if month_of(line.period_first) in months
    )


def _carried(batch: list[Account], months: frozenset[str]) -> dict[int, Counter[str]]:
    keys = [account.subscriber.pk for account in batch]
    rows = models.InvoiceLineRow.objects.filter(
        invoice__subscriber__pk__range=(keys[0], keys[-1]), effective=True
    )
    found: dict[int, list[Summand]] = {key: [] for key in keys}
    for subscriber, key, item, day, net_yen in rows.values_list(
        "invoice__subscriber_id", "key", "item", "period_first", "net_yen"
    ).iterator():
        if month_of(day) in months:
            found[subscriber].append((key, item, net_yen))
    return {key: _summed(lines) for key, lines in found.items()}


def _summed(lines: Iterable[Summand]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for key, item, net_yen in lines:
        sums[key.partition("#")[0] if item == CALLS_ITEM else key] += net_yen
    return sums


def _compared(due: Counter[str], carried: Counter[str]) -> Iterator[Problem]:
    for key in sorted({*due, *carried}):
        if due[key] != carried[key]:
            message = f"{key}: {carried[key]} yen on invoices, {due[key]} yen by ledger and contracts"
            yield _problem("difference", key, message)


def _problem(code: str, where: str, message: str) -> Problem:
    return Problem(code=code, where=where, message=message)
