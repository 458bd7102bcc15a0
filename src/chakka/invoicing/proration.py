"""How much of a month is charged: exact over the prices in it, one floor per option line (charging.md P5)."""

from collections.abc import Sequence
from datetime import date

import msgspec

from chakka.invoicing.model import Holding, Price, Proration
from chakka.invoicing.period import DAY, days_in, first_day, last_day, month_of
from chakka.invoicing.refusal import refused


class Days(msgspec.Struct, frozen=True):
    """Days in a row, both ends included."""

    first: date
    last: date

    def count(self) -> int:
        """Return how many days there are."""
        return (self.last - self.first).days + 1


class PricedDays(msgspec.Struct, frozen=True, kw_only=True):
    """A monthly price and for how many days of a month it is charged."""

    monthly_yen: int
    days: int


def days_used(holding: Holding, month: str) -> Days | None:
    """Return on which days of a month something was held, None if on none.

    The start day counts and the stop day does not; stopped on its start day it was held for one day.

    Raises: InputError if it stops before it starts.
    """
    first, last = max(holding.start, first_day(month)), last_day(month)
    if holding.stop is not None:
        if holding.stop < holding.start:
            message = f"{holding.key} stops on {holding.stop}, before it starts on {holding.start}"
            raise refused("bad_dates", holding.key, message)
        last = min(last, max(holding.start, holding.stop - DAY))
    return Days(first, last) if first <= last else None


def days_charged(used: Days, rule: Proration, begun: date) -> Days | None:
    """Return which days of the month are charged, None if it is free.

    begun:  since when the option is held without a break.
    Source: charging.md P5: by days; `none`: the whole month; `first_month_free`: the month of the beginning
            is free, each later one is charged whole.
    """
    month = month_of(used.first)
    if rule is Proration.DAILY:
        return used
    if rule is Proration.FIRST_MONTH_FREE and month_of(begun) == month:
        return None
    return Days(first_day(month), last_day(month))


def priced_days(charged: Days, prices: Sequence[Price]) -> list[PricedDays]:
    """Return the days under each price; a change of price applies from its day.

    Raises: InputError unless each day has one price.
    """
    parts = []
    for price in prices:
        first = charged.first if price.valid_from is None else max(charged.first, price.valid_from)
        last = charged.last if price.valid_until is None else min(charged.last, price.valid_until - DAY)
        if first <= last:
            parts.append(PricedDays(monthly_yen=price.monthly_yen, days=Days(first, last).count()))
    days = sum(part.days for part in parts)
    if days != charged.count():
        message = f"of the {charged.count()} days from {charged.first} to {charged.last}, {days} have a price"
        raise refused("no_price", f"{charged.first}", message)
    return parts


def exact_share(parts: Sequence[PricedDays], quantity: int) -> int:
    """Return the exact charge multiplied by the days of the month, so that nothing is divided yet."""
    return quantity * sum(part.monthly_yen * part.days for part in parts)


def prorated_yen(parts: Sequence[PricedDays], quantity: int, month: str) -> int:
    """Return the charge of a month in yen, floored once."""
    return exact_share(parts, quantity) // days_in(month)
