"""The shipped prices, levies and taxes, and what tests change in them."""

from collections.abc import Sequence
from datetime import date

import msgspec

from chakka.facts import DATA
from chakka.invoicing.assemble import Charges, Heading, assemble, lines_of_month
from chakka.invoicing.levies import parse_levies
from chakka.invoicing.model import (
    CALLS_ITEM,
    Holding,
    InvoiceBody,
    InvoiceLine,
    Item,
    LineKind,
    Party,
    Price,
    Terms,
)
from chakka.invoicing.period import first_day, last_day, month_of
from chakka.invoicing.price_list import parse_price_list
from chakka.invoicing.tax import parse_tax_table
from chakka.invoicing.usage_lines import Billed, UsageKey
from chakka.stores.usage import UsageTotal

PRICES = DATA / "prices"
STANDARD = (PRICES / "lists" / "standard.toml").read_bytes()
PER_FUNCTION = (PRICES / "lists" / "per-function.toml").read_bytes()
LEVIES = (PRICES / "levies.toml").read_bytes()
TAXES = (PRICES / "consumption-tax.toml").read_bytes()

TERMS = Terms(prices=parse_price_list(STANDARD), levies=parse_levies(LEVIES), taxes=parse_tax_table(TAXES))
NUMBER = "0120123456"
OTHER_NUMBER = "08001234567"
ISSUER = Party(name="Telephone company", registration_number="T7000012050002")
RECIPIENT = Party(name="Shop", reference="S-1")


def terms_with(*prices: Price) -> Terms:
    """Return the shipped terms with other prices for the items given."""
    changed = {price.item for price in prices}
    kept = [price for price in TERMS.prices.prices if price.item not in changed]
    price_list = msgspec.structs.replace(TERMS.prices, prices=(*kept, *prices))
    return msgspec.structs.replace(TERMS, prices=price_list)


def holding(
    item: Item, start: str, stop: str | None = None, quantity: int = 1, number: str = NUMBER
) -> Holding:
    """Return a holding named by its item and start."""
    return Holding(
        key=f"{number}/{item}/{start}",
        number=number,
        item=item,
        start=date.fromisoformat(start),
        stop=None if stop is None else date.fromisoformat(stop),
        quantity=quantity,
    )


def total(month: str, amount_uy: int, rating_class: str = "fixed", calls: int = 1) -> UsageTotal:
    """Return what the ledger says of the number's calls in a month."""
    return UsageTotal(
        number=NUMBER,
        usage_month=month,
        rating_class=rating_class,
        calls=calls,
        units=calls,
        conversation_ms=calls * 60_000,
        amount_uy=amount_uy,
    )


def heading(month: str) -> Heading:
    """Return who invoices whom for a month."""
    return Heading(
        issuer=ISSUER,
        recipient=RECIPIENT,
        period_first=first_day(month),
        period_last=last_day(month),
        numbers=frozenset({NUMBER, OTHER_NUMBER}),
    )


def invoice_of(charges: Charges, month: str, terms: Terms = TERMS) -> InvoiceBody:
    """Return the invoice of a month."""
    return assemble(heading(month), lines_of_month(charges, month, terms))


def line(net_yen: int, key: str = "a", permille: int = 100, number: str = NUMBER) -> InvoiceLine:
    """Return a line of October 2026."""
    return InvoiceLine(
        key=key,
        kind=LineKind.ADJUSTMENT,
        number=number,
        item="adjustment",
        description="line",
        period_first=date(2026, 10, 1),
        period_last=date(2026, 10, 31),
        quantity=1,
        net_yen=net_yen,
        tax_permille=permille,
    )


def amounts(lines: Sequence[InvoiceLine]) -> dict[str, int]:
    """Return the net of each line by its item."""
    return {line.item: line.net_yen for line in lines}


def billed(lines: Sequence[InvoiceLine]) -> dict[UsageKey, Billed]:
    """Return what lines in force have billed of each number and usage month."""
    found: dict[UsageKey, Billed] = {}
    for one in lines:
        if one.item == CALLS_ITEM:
            key = (one.number, month_of(one.period_first))
            before = found.get(key, Billed())
            found[key] = Billed(
                net_yen=before.net_yen + one.net_yen,
                rounded_uy=before.rounded_uy + one.rounded_uy,
                lines=before.lines + 1,
            )
    return found
