"""What was supplied, from when to when, and the invoice line that it becomes."""

from collections.abc import Sequence
from datetime import date

import msgspec

from chakka.invoicing.model import Holding, InvoiceLine, LineKind, TaxTable
from chakka.invoicing.tax import Taxable, rate_of

Detail = tuple[tuple[str, str], ...]


class Supply(msgspec.Struct, frozen=True, kw_only=True):
    """A supply before it has a price. first, last: its days, both included.

    begun: since when it goes on without a break, for transitional rules of tax.
    """

    key: str
    kind: LineKind
    number: str
    item: str
    description: str
    first: date
    last: date
    quantity: int = 1
    begun: date | None = None


def taxed_line(
    supply: Supply, net_yen: int, taxes: TaxTable, detail: Detail = (), rounded_uy: int = 0
) -> InvoiceLine:
    """Return the line of a supply, with the rate of tax that its own days have.

    Raises: InputError if the table of taxes has no rate for them.
    """
    taxable = Taxable(kind=supply.kind, first=supply.first, last=supply.last, begun=supply.begun)
    permille, category = rate_of(taxable, taxes)
    return InvoiceLine(
        key=supply.key,
        kind=supply.kind,
        number=supply.number,
        item=supply.item,
        description=supply.description,
        period_first=supply.first,
        period_last=supply.last,
        quantity=supply.quantity,
        net_yen=net_yen,
        tax_permille=permille,
        tax_category=category,
        rounded_uy=rounded_uy,
        detail=detail,
    )


def begun_on(holding: Holding, holdings: Sequence[Holding]) -> date:
    """Return since when a holding goes on: back through those of its number and item that it took over from.

    A change of quantity ends one holding and begins the next on the same day; the supply goes on.
    """
    begun = holding.start
    earlier = {
        other.stop: other.start
        for other in holdings
        if other.number == holding.number
        and other.item is holding.item
        and other.stop is not None
        and other.start < other.stop
    }
    while begun in earlier:
        begun = earlier[begun]
    return begun
