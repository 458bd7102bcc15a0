"""Fees: what a contract costs each month and what is charged once (service.md §1, charging.md P5, P12)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise

import msgspec

from chakka.errors import Problem
from chakka.invoicing.model import (
    ADJUSTMENT_ITEM,
    Adjustment,
    ConstructionRule,
    Holding,
    InvoiceLine,
    Item,
    LineKind,
    Listing,
    Price,
    Proration,
    Terms,
    WorkDone,
)
from chakka.invoicing.names import ITEM_NAMES, work_name
from chakka.invoicing.period import days_in
from chakka.invoicing.price_list import price_at, prices_during
from chakka.invoicing.proration import (
    Days,
    PricedDays,
    days_charged,
    days_used,
    exact_share,
    priced_days,
    prorated_yen,
)
from chakka.invoicing.refusal import made_of_each, refused, refused_all
from chakka.invoicing.supply import Detail, Supply, begun_on, taxed_line

# Of each number's listings in an issue of a directory (service.md §1).
FREE_LISTINGS = 1


class _Charged(msgspec.Struct, frozen=True):
    """A holding, the days of a month that are charged for it, and by which rule."""

    holding: Holding
    used: Days
    charged: Days
    rule: Proration
    prices: Sequence[Price]


def monthly_lines(holdings: Sequence[Holding], month: str, terms: Terms) -> list[InvoiceLine]:
    """Return a line for each holding that is charged in a month; one of 0 yen says what is free.

    Raises: InputError with every holding that has no price, no tax rate or impossible dates, or that is held
            twice on a day.
    Source: charging.md P5. Under a rule that charges whole months an option costs one month once, however
            often it was stopped, started or changed in it: at the highest quantity held.
    """
    problems = [*_doubles("holding", [holding.key for holding in holdings]), *_overlaps(holdings)]
    if problems:
        raise refused_all("holdings", problems)
    subject = f"the monthly fees of {month}"
    found = made_of_each(partial(_charged, holdings=holdings, month=month, terms=terms), holdings, subject)
    borne = _borne_once([charged for charged in found if charged is not None])
    return made_of_each(partial(_monthly_line, holdings=holdings, month=month, terms=terms), borne, subject)


def one_off_lines(work: Sequence[WorkDone], terms: Terms) -> list[InvoiceLine]:
    """Return the fee of each completed work order, taxed on the day of its completion.

    Raises: InputError with every order that is named twice or has no price or tax rate.
    Source: charging.md §1 (once per order id), P12.
    """
    problems = _doubles("order", [done.order_id for done in work])
    if problems:
        raise refused_all("work orders", problems)
    return made_of_each(partial(_work_line, terms=terms), work, "work orders")


def directory_lines(listings: Iterable[Listing], terms: Terms) -> list[InvoiceLine]:
    """Return the fee for the listings that an issue carries beyond the free one, a line for each issue.

    Raises: InputError if the issue has no price or no tax rate.
    Source: service.md §1, R8.6; a listing that is cancelled before the day of issue costs nothing.
    """
    carried: dict[tuple[str, str], dict[str, Listing]] = {}
    for listing in listings:
        if listing.cancelled_on is None or listing.cancelled_on >= listing.issued_on:
            carried.setdefault((listing.number, listing.issue), {})[listing.key] = listing
    charged = [list(found.values()) for found in carried.values() if len(found) > FREE_LISTINGS]
    return made_of_each(partial(_directory_line, terms=terms), charged, "directory listings")


def adjustment_lines(adjustments: Iterable[Adjustment], terms: Terms) -> list[InvoiceLine]:
    """Return the lines of what an operator adds or takes off, each with the tax rate of its own period (P8).

    Raises: InputError with every adjustment whose period has no tax rate, or two.
    """
    return made_of_each(partial(_adjustment_line, terms=terms), adjustments, "adjustments")


def _charged(holding: Holding, holdings: Sequence[Holding], month: str, terms: Terms) -> _Charged | None:
    if holding.quantity < 1:
        message = f"{holding.key} is held {holding.quantity} times; a holding is at least one"
        raise refused("bad_value", holding.key, message)
    used = None if _is_resumed(holding, holdings) else days_used(holding, month)
    if used is None:
        return None
    # The rule that held when the month's use began; a new price list does not change a month that runs.
    rule = price_at(terms.prices, holding.item, used.first).proration
    charged = days_charged(used, rule, begun_on(holding, holdings))
    if charged is None:
        return None
    prices = prices_during(terms.prices, holding.item, charged.first, charged.last)
    return _Charged(holding, used, charged, rule, prices)


def _is_resumed(holding: Holding, holdings: Sequence[Holding]) -> bool:
    """Return whether a holding ended on the day it began, and another began that day: which bears the day."""
    return holding.stop == holding.start and any(
        (other.number, other.item, other.start) == (holding.number, holding.item, holding.start)
        and (other.stop != other.start or other.key > holding.key)
        for other in holdings
    )


def _borne_once(charged: list[_Charged]) -> list[_Charged]:
    """Return what is charged, of whole months only the holding with the highest quantity of each option."""
    daily = [one for one in charged if one.rule is Proration.DAILY]
    whole: dict[tuple[str, Item], _Charged] = {}
    for one in charged:
        if one.rule is not Proration.DAILY:
            key = (one.holding.number, one.holding.item)
            if key not in whole or whole[key].holding.quantity < one.holding.quantity:
                whole[key] = one
    return [*daily, *whole.values()]


def _monthly_line(charged: _Charged, holdings: Sequence[Holding], month: str, terms: Terms) -> InvoiceLine:
    holding = charged.holding
    parts = priced_days(charged.charged, charged.prices)
    supply = Supply(
        key=f"{holding.key}/{month}",
        kind=LineKind.MONTHLY,
        number=holding.number,
        item=holding.item,
        description=ITEM_NAMES[holding.item],
        first=charged.used.first,
        last=charged.used.last,
        quantity=holding.quantity,
        begun=begun_on(holding, holdings),
    )
    detail = _monthly_detail(parts, charged, month, terms)
    return taxed_line(supply, prorated_yen(parts, holding.quantity, month), terms.taxes, detail)


def _monthly_detail(parts: list[PricedDays], charged: _Charged, month: str, terms: Terms) -> Detail:
    exact = exact_share(parts, charged.holding.quantity)
    return (
        *(("price", f"{part.monthly_yen} yen × {part.days}/{days_in(month)} days") for part in parts),
        ("exact", f"{exact}/{days_in(month)} yen"),
        ("proration", charged.rule),
        ("price_list", terms.prices.version),
    )


def _work_line(done: WorkDone, terms: Terms) -> InvoiceLine:
    fee_yen, detail = _work_fee(done, terms)
    supply = Supply(
        key=f"work/{done.order_id}",
        kind=LineKind.ONE_OFF,
        number=done.number,
        item=done.item,
        description=work_name(done.item),
        first=done.completed_on,
        last=done.completed_on,
    )
    return taxed_line(supply, fee_yen, terms.taxes, detail)


def _work_fee(done: WorkDone, terms: Terms) -> tuple[int, Detail]:
    """Return the fee of a job and how it came about: agreed, or per job plus per function touched (P12)."""
    if done.functions < 0 or (done.fee_yen is not None and done.fee_yen < 0):
        message = (
            f"order {done.order_id}: {done.functions} functions, fee {done.fee_yen}; neither is negative"
        )
        raise refused("bad_value", done.order_id, message)
    if done.fee_yen is not None:
        return done.fee_yen, (("agreed", f"{done.fee_yen} yen"),)
    price = price_at(terms.prices, done.item, done.completed_on)
    job = ("job", f"{price.one_off_yen} yen")
    price_list = ("price_list", terms.prices.version)
    if terms.prices.construction is ConstructionRule.PER_JOB:
        return price.one_off_yen, (job, price_list)
    functions = ("functions", f"{done.functions} × {price.function_yen} yen")
    return price.one_off_yen + done.functions * price.function_yen, (job, functions, price_list)


def _directory_line(listings: list[Listing], terms: Terms) -> InvoiceLine:
    first = listings[0]
    price = price_at(terms.prices, Item.DIRECTORY_LISTING, first.issued_on)
    quantity = len(listings) - FREE_LISTINGS
    supply = Supply(
        key=f"{first.number}/directory/{first.issue}",
        kind=LineKind.DIRECTORY,
        number=first.number,
        item=Item.DIRECTORY_LISTING,
        description=f"{ITEM_NAMES[Item.DIRECTORY_LISTING]} {first.issue}",
        first=first.issued_on,
        last=first.issued_on,
        quantity=quantity,
    )
    detail = (
        ("listings", f"{len(listings)}, of them {FREE_LISTINGS} free"),
        ("price", f"{price.one_off_yen} yen"),
        ("price_list", terms.prices.version),
    )
    return taxed_line(supply, quantity * price.one_off_yen, terms.taxes, detail)


def _adjustment_line(adjustment: Adjustment, terms: Terms) -> InvoiceLine:
    supply = Supply(
        key=f"adjustment/{adjustment.key}",
        kind=LineKind.ADJUSTMENT,
        number=adjustment.number,
        item=ADJUSTMENT_ITEM,
        description=adjustment.reason,
        first=adjustment.period_first,
        last=adjustment.period_last,
    )
    return taxed_line(supply, adjustment.net_yen, terms.taxes)


def _overlaps(holdings: Sequence[Holding]) -> Iterator[Problem]:
    """Yield where a number holds an item twice on a day; how many of it is said by the quantity."""
    ordered = sorted(holdings, key=lambda holding: (holding.number, holding.item, holding.start))
    for before, after in pairwise(ordered):
        is_same = (before.number, before.item) == (after.number, after.item)
        if is_same and (before.stop is None or after.start < before.stop):
            message = f"{after.key} starts on {after.start}, but {before.key} goes on until {before.stop}"
            yield Problem(code="overlap", where=after.key, message=message)


def _doubles(what: str, keys: list[str]) -> list[Problem]:
    return [
        Problem(code="duplicate", where=key, message=f"{what} {key} is given {times} times, not once")
        for key, times in Counter(keys).items()
        if times > 1
    ]
