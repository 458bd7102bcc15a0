"""Which lines are due from a subscriber, and the body of the invoice that they make."""

from collections.abc import Iterator

from chakka.config import BillingSettings
from chakka.invoicing.assemble import Heading, assemble, lines_of_month
from chakka.invoicing.fees import monthly_lines
from chakka.invoicing.levies import levy_lines
from chakka.invoicing.model import Holding, InvoiceBody, InvoiceLine, Proration, Terms
from chakka.invoicing.period import first_day, last_day
from chakka.invoicing.proration import days_used
from chakka.portal.billing.books import Account, View
from chakka.portal.billing.documents import issuer, recipient


def lines_due(account: Account, view: View, terms: Terms) -> list[InvoiceLine]:
    """Return the lines that no invoice carries: of the month, and of earlier months that were billed without.

    Raises: InputError with every problem of whatever cannot be priced or taxed.
    """
    lines = list(lines_of_month(account.charges, view.month, terms))
    for month in view.months_before:
        lines += _missed(account, month, terms)
    return [line for line in lines if line.key not in account.claimed]


def body_due(
    account: Account, lines: list[InvoiceLine], month: str, settings: BillingSettings
) -> InvoiceBody:
    """Return the body of the invoice of a month. Raises: InputError if the lines do not make one."""
    heading = Heading(
        issuer=issuer(settings),
        recipient=recipient(account.subscriber),
        period_first=first_day(month),
        period_last=last_day(month),
        numbers=account.numbers,
    )
    return assemble(heading, lines)


def _missed(account: Account, month: str, terms: Terms) -> Iterator[InvoiceLine]:
    """Yield the fees of an earlier month that were agreed after it had been billed."""
    holdings = account.charges.holdings
    held = [holding for holding in holdings if days_used(holding, month) is not None]
    if all(_key(holding, month) in account.claimed for holding in held):
        return
    charged = {(one.number, one.item) for one in held if _key(one, month) in account.claimed}
    for line in monthly_lines(holdings, month, terms):
        # Where whole months are charged, an option that was charged for the month is paid for.
        is_daily = ("proration", Proration.DAILY) in line.detail
        if is_daily or (line.number, line.item) not in charged:
            yield line
    yield from levy_lines(holdings, month, terms)


def _key(holding: Holding, month: str) -> str:
    return f"{holding.key}/{month}"
