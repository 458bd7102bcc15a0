"""A price list from its text to a published version, and the price of an item at a day (service.md §1)."""

from collections.abc import Iterator
from datetime import date

import msgspec

from chakka.errors import Problem
from chakka.invoicing.model import ConstructionRule, Item, Price, PriceList, Proration
from chakka.invoicing.refusal import refused, refused_all
from chakka.invoicing.tables import Titled, Yen, read_head, read_rows, read_toml, validity_faults, version_of


class PriceListHead(Titled, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The head of a price list; `construction` says how option work is charged (charging.md P12)."""

    construction: ConstructionRule = ConstructionRule.PER_JOB


class PriceText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[prices]]` table. A price that is left out is not charged, but one of them must be given."""

    item: Item
    monthly_yen: Yen | None = None
    one_off_yen: Yen | None = None
    function_yen: Yen | None = None
    proration: Proration = Proration.DAILY
    valid_from: date | None = None
    valid_until: date | None = None


def read_price_list(content: bytes) -> tuple[PriceList | None, list[Problem]]:
    """Return the price list that a TOML text holds, or None and every problem of it.

    Source: service.md §1; the form is described in data/prices/README.md.
    """
    problems: list[Problem] = []
    tables = read_toml(content, problems)
    if problems:
        return None, problems
    rows = read_rows("prices", tables.pop("prices", []), PriceText, problems)
    head = read_head(tables, PriceListHead, problems)
    if head is None or problems:
        return None, problems
    problems = [*_row_problems(rows, head.construction), *_item_problems(rows)]
    if problems:
        return None, problems
    prices = tuple(_price(row) for row in rows)
    version = version_of(head.name, content)
    return PriceList(version=version, prices=prices, construction=head.construction), []


def parse_price_list(content: bytes) -> PriceList:
    """Return the price list that a TOML text holds.

    Raises: InputError with every problem.
    """
    prices, problems = read_price_list(content)
    if prices is None:
        raise refused_all("the price list", problems)
    return prices


def prices_during(prices: PriceList, item: Item, first: date, last: date) -> list[Price]:
    """Return the prices of an item that hold on some day from `first` to `last`, in order of time.

    Raises: InputError if none holds.
    """
    found = [price for price in prices.prices if price.item is item and _holds(price, first, last)]
    if not found:
        raise refused("no_price", item, f"{prices.version} has no price of {item} at {first}")
    return sorted(found, key=lambda price: price.valid_from or date.min)


def price_at(prices: PriceList, item: Item, day: date) -> Price:
    """Return the price of an item on a day.

    Raises: InputError if there is none.
    """
    return prices_during(prices, item, day, day)[0]


def _holds(price: Price, first: date, last: date) -> bool:
    begun = price.valid_from is None or price.valid_from <= last
    return begun and (price.valid_until is None or first < price.valid_until)


def _price(row: PriceText) -> Price:
    return Price(
        item=row.item,
        monthly_yen=row.monthly_yen or 0,
        one_off_yen=row.one_off_yen or 0,
        function_yen=row.function_yen or 0,
        proration=row.proration,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
    )


def _row_problems(rows: tuple[PriceText, ...], construction: ConstructionRule) -> Iterator[Problem]:
    for place, row in enumerate(rows):
        where = f"prices[{place}]"
        if row.monthly_yen is None and row.one_off_yen is None:
            message = f"{row.item} has no price; a price of nothing is written 0"
            yield Problem(code="missing_key", where=where, message=message)
        if row.function_yen and construction is ConstructionRule.PER_JOB:
            message = f"{row.function_yen} yen per function, but the list charges {construction}"
            yield Problem(code="bad_value", where=f"{where}.function_yen", message=message)


def _item_problems(rows: tuple[PriceText, ...]) -> Iterator[Problem]:
    """Yield where an item has no price, or two, at some day: an operator's gap is never 0 yen."""
    for item in Item:
        validities = [(row.valid_from, row.valid_until) for row in rows if row.item is item]
        if not validities:
            yield Problem(code="missing_item", where="prices", message=f"{item} has no price")
        elif all(start is not None for start, _ in validities):
            message = f"{item}: nothing holds before {min(str(start) for start, _ in validities)}"
            yield Problem(code="gap", where="prices", message=message)
        for code, message in validity_faults(validities):
            yield Problem(code=code, where="prices", message=f"{item}: {message}")
