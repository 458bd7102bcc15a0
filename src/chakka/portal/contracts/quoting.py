"""What contracts cost, computed as invoices are (charging.md P5, P6, P7, P12), without the calls."""

from collections.abc import Iterable
from datetime import date

import msgspec

from chakka.invoicing.assemble import Charges, lines_of_month
from chakka.invoicing.fees import one_off_lines
from chakka.invoicing.model import Holding, InvoiceLine, Item, Terms, WorkDone
from chakka.invoicing.period import month_of, next_month
from chakka.invoicing.price_list import price_at
from chakka.invoicing.tax import tax_totals
from chakka.portal.contracts.models import ContractItem, WorkOrder
from chakka.portal.contracts.opening import Opening, held_from_start


class MonthQuote(msgspec.Struct, frozen=True, kw_only=True):
    """What a month would come to on an invoice of its own, without calls."""

    month: str
    lines: tuple[InvoiceLine, ...]
    net_yen: int
    tax_yen: int
    total_yen: int


def first_months(opening: Opening, terms: Terms) -> tuple[MonthQuote, MonthQuote]:
    """Return the first and the second month of a contract.

    Raises: InputError if a price, a levy or a tax rate is missing.
    """
    holdings = [
        Holding(
            key=f"{opening.number}/{item}/1",
            number=opening.number,
            item=item,
            start=opening.start,
            quantity=count,
        )
        for item, count in held_from_start(opening).items()
    ]
    activation = WorkDone(
        order_id=f"activation-{opening.number}-{opening.start}",
        number=opening.number,
        item=Item.BASIC,
        completed_on=opening.start,
        fee_yen=opening.fee_yen,
    )
    month = month_of(opening.start)
    first = Charges(holdings=holdings, work=[activation])
    return _quote(first, month, terms), _quote(Charges(holdings=holdings), next_month(month), terms)


def monthly_yen(row: ContractItem, day: date, terms: Terms) -> int:
    """Return what an item costs in a month, by the price of a day. Raises: InputError if it has none."""
    return row.quantity * price_at(terms.prices, Item(row.item), day).monthly_yen


def sum_monthly_yen(rows: Iterable[ContractItem], day: date, terms: Terms) -> int:
    """Return what several items cost in a whole month."""
    return sum(monthly_yen(row, day, terms) for row in rows)


def fee_yen(order: WorkOrder, number: str, terms: Terms) -> int | None:
    """Return the fee of a work order without tax, None until it is completed.

    Raises: InputError if there is no price or no tax rate on its day.
    """
    if order.completed_on is None:
        return None
    done = WorkDone(
        order_id=order.order_id,
        number=number,
        item=Item(order.kind),
        completed_on=order.completed_on,
        functions=order.functions,
        fee_yen=order.fee_yen,
    )
    [line] = one_off_lines([done], terms)
    return line.net_yen


def _quote(charges: Charges, month: str, terms: Terms) -> MonthQuote:
    lines = lines_of_month(charges, month, terms)
    taxes = tax_totals(lines)
    net_yen = sum(tax.net_yen for tax in taxes)
    tax_yen = sum(tax.tax_yen for tax in taxes)
    return MonthQuote(month=month, lines=lines, net_yen=net_yen, tax_yen=tax_yen, total_yen=net_yen + tax_yen)
