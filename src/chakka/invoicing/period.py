"""Months as `YYYY-MM`, in which everything is charged, and the days in them."""

from calendar import monthrange
from datetime import date, timedelta
from functools import lru_cache

from chakka.invoicing.refusal import refused

DAY = timedelta(days=1)


@lru_cache(maxsize=1024)
def first_day(month: str) -> date:
    """Return the first day of a month.

    Raises: InputError if the text is no month.
    """
    try:
        day = date.fromisoformat(f"{month}-01")
    except ValueError:
        day = date.min
    if month_of(day) != month:
        raise refused("bad_value", "month", f"{month!r} is no month; write YYYY-MM")
    return day


def days_in(month: str) -> int:
    """Return how many days a month has."""
    first = first_day(month)
    return monthrange(first.year, first.month)[1]


def last_day(month: str) -> date:
    """Return the last day of a month."""
    return first_day(month).replace(day=days_in(month))


def next_month(month: str) -> str:
    """Return the month after a month."""
    return month_of(last_day(month) + DAY)


def month_of(day: date) -> str:
    """Return the month in which a day lies."""
    return f"{day.year:04}-{day.month:02}"
