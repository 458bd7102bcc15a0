"""From a month's charges to the body of an invoice, refused unless it is whole and its sums agree."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import partial
from itertools import chain

import msgspec

from chakka.errors import Problem
from chakka.invoicing.fees import adjustment_lines, directory_lines, monthly_lines, one_off_lines
from chakka.invoicing.levies import levy_lines
from chakka.invoicing.model import (
    Adjustment,
    Holding,
    InvoiceBody,
    InvoiceKind,
    InvoiceLine,
    Item,
    LineKind,
    Listing,
    Party,
    TaxTotal,
    Terms,
    WorkDone,
)
from chakka.invoicing.refusal import made_of_each, refused_all
from chakka.invoicing.tax import PERMILLE, tax_totals, tax_yen
from chakka.invoicing.usage_lines import Usage, usage_lines

# A trillion yen: no invoice of a telephone company comes near, and every sum of lines stays inside int64.
LIMIT_YEN = 10**12

KIND_ORDER = {
    LineKind.MONTHLY: 0,
    LineKind.ONE_OFF: 1,
    LineKind.DIRECTORY: 2,
    LineKind.CALLS: 3,
    LineKind.ADJUSTMENT: 4,
    LineKind.LEVY: 5,
}
ITEM_ORDER = {str(item): place for place, item in enumerate(Item)}


class Charges(msgspec.Struct, frozen=True, kw_only=True):
    """What one subscriber has to pay for in a month.

    work, listings, adjustments: those that no invoice carries yet, up to the end of the month.
    """

    holdings: Sequence[Holding] = ()
    work: Sequence[WorkDone] = ()
    listings: Sequence[Listing] = ()
    adjustments: Sequence[Adjustment] = ()
    usage: Usage = Usage()


class Heading(msgspec.Struct, frozen=True, kw_only=True):
    """Who invoices whom for which days. numbers: the freephone numbers that are the recipient's."""

    issuer: Party
    recipient: Party
    period_first: date
    period_last: date
    numbers: frozenset[str]


def lines_of_month(charges: Charges, month: str, terms: Terms) -> tuple[InvoiceLine, ...]:
    """Return every line of a subscriber for a month, by number, then kind, item and period.

    Raises: InputError with every problem of whatever cannot be priced or taxed.
    """
    stages: tuple[Callable[[], list[InvoiceLine]], ...] = (
        partial(monthly_lines, charges.holdings, month, terms),
        partial(one_off_lines, charges.work, terms),
        partial(directory_lines, charges.listings, terms),
        partial(usage_lines, charges.usage, charges.holdings, month, terms),
        partial(adjustment_lines, charges.adjustments, terms),
        partial(levy_lines, charges.holdings, month, terms),
    )
    made = made_of_each(lambda stage: stage(), stages, f"the charges of {month}")
    return in_order(chain.from_iterable(made))


def in_order(lines: Iterable[InvoiceLine]) -> tuple[InvoiceLine, ...]:
    """Return lines as an invoice shows them: by number, kind, item as in the price list, and time."""
    return tuple(sorted(lines, key=_place))


def assemble(heading: Heading, lines: Iterable[InvoiceLine]) -> InvoiceBody:
    """Return the body of an invoice: the lines in order, tax once per rate, and the totals.

    Raises: InputError with every problem: no lines, a key twice, a number that is not the recipient's, a
            period outside the invoice's, an absurd amount, or a total below zero (that is a credit, P9).
    """
    ordered = in_order(lines)
    problems = list(_line_problems(heading, ordered))
    if problems:
        raise refused_all(f"the invoice of {heading.recipient.name}", problems)
    taxes = tax_totals(ordered)
    net_yen = sum(tax.net_yen for tax in taxes)
    total_tax_yen = sum(tax.tax_yen for tax in taxes)
    body = InvoiceBody(
        kind=InvoiceKind.INVOICE,
        issuer=heading.issuer,
        recipient=heading.recipient,
        period_first=heading.period_first,
        period_last=heading.period_last,
        lines=ordered,
        taxes=taxes,
        net_yen=net_yen,
        tax_yen=total_tax_yen,
        total_yen=net_yen + total_tax_yen,
    )
    problems = list(body_faults(body))
    if problems:
        raise refused_all(f"the invoice of {heading.recipient.name}", problems)
    return body


def body_faults(body: InvoiceBody) -> Iterator[Problem]:
    """Yield whatever does not agree inside an invoice: sums, tax, references, sign."""
    nets: dict[tuple[int, str], int] = {}
    for line in body.lines:
        key = (line.tax_permille, line.tax_category)
        nets[key] = nets.get(key, 0) + line.net_yen
    stated = {(tax.permille, tax.category): tax.net_yen for tax in body.taxes}
    if stated != nets or len(body.taxes) != len(nets):
        yield _fault("lines_sum", "taxes", f"the lines come to {nets} by rate, the invoice says {stated}")
    sums = (sum(nets.values()), sum(tax.tax_yen for tax in body.taxes))
    if sums != (body.net_yen, body.tax_yen) or sum(sums) != body.total_yen:
        said = f"net {body.net_yen}, tax {body.tax_yen}, total {body.total_yen}"
        yield _fault(
            "total", "total_yen", f"net and tax come to {sums[0]} and {sums[1]}, the invoice says {said}"
        )
    for tax in body.taxes:
        if not _tax_agrees(tax, body.kind):
            message = f"{tax.tax_yen} yen is not the tax of {tax.permille} permille on {tax.net_yen} yen"
            yield _fault("tax", f"taxes[{tax.permille}]", message)
    if (body.refers_to is None) != (body.kind is InvoiceKind.INVOICE):
        yield _fault("refers_to", "refers_to", f"a document of kind {body.kind} refers to {body.refers_to}")
    if body.total_yen < 0:
        message = f"the total is {body.total_yen} yen; issue a credit for the invoice that charged too much"
        yield _fault("negative_total", "total_yen", message)


def _tax_agrees(tax: TaxTotal, kind: InvoiceKind) -> bool:
    """Tell whether a tax follows from its net; of a credit it is a difference of floors, within one yen."""
    if kind is InvoiceKind.CREDIT:
        exact = tax.net_yen * tax.permille
        return exact // PERMILLE <= tax.tax_yen <= -(-exact // PERMILLE)
    return tax.tax_yen == tax_yen(tax.net_yen, tax.permille)


def _line_problems(heading: Heading, lines: tuple[InvoiceLine, ...]) -> Iterator[Problem]:
    if not lines:
        yield _fault("no_lines", "lines", f"there is nothing to invoice to {heading.recipient.name}")
    seen: set[str] = set()
    for line in lines:
        if line.key in seen:
            yield _fault("duplicate", line.key, f"the line {line.key} is there twice")
        seen.add(line.key)
        if line.number not in heading.numbers:
            yield _fault("not_theirs", line.key, f"{line.number} is no number of {heading.recipient.name}")
        if line.period_last < line.period_first:
            yield _fault("bad_dates", line.key, f"{line.period_first} to {line.period_last} is no period")
        if line.period_last > heading.period_last:
            message = f"a supply until {line.period_last} is not over on {heading.period_last}"
            yield _fault("bad_dates", line.key, message)
        if abs(line.net_yen) > LIMIT_YEN:
            yield _fault("too_large", line.key, f"{line.net_yen} yen is more than {LIMIT_YEN} yen")


def _place(line: InvoiceLine) -> tuple[str, int, int, date, str]:
    item = ITEM_ORDER.get(line.item, len(ITEM_ORDER))
    return line.number, KIND_ORDER[line.kind], item, line.period_first, line.key


def _fault(code: str, where: str, message: str) -> Problem:
    return Problem(code=code, where=where, message=message)
