"""Call charges: the exact total of a number and month, floored to yen once (charging.md P3, P4, P8, P13)."""

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from chakka.invoicing.model import CALLS_ITEM, Holding, InvoiceLine, Item, LineKind, Terms
from chakka.invoicing.names import CALLS, LATE_CALLS
from chakka.invoicing.period import first_day, last_day
from chakka.invoicing.refusal import refused
from chakka.invoicing.supply import Detail, Supply, begun_on, taxed_line
from chakka.money import MICRO_YEN, yen_text
from chakka.stores.usage import UsageTotal

UsageKey = tuple[str, str]


class Billed(msgspec.Struct, frozen=True, kw_only=True):
    """What the lines in force carry of one number and usage month.

    lines: the highest running number among their keys; how many there are if none is gone.
    """

    net_yen: int = 0
    rounded_uy: int = 0
    lines: int = 0


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger holds of a subscriber's numbers, and what of it has been billed, by (number, month)."""

    totals: Sequence[UsageTotal] = ()
    billed: Mapping[UsageKey, Billed] = {}


def usage_lines(usage: Usage, holdings: Sequence[Holding], month: str, terms: Terms) -> list[InvoiceLine]:
    """Return the lines for calls on the invoice of a month: its own, and what came late for earlier ones.

    holdings: of the subscriber; they say since when each number is served (transitional tax rules).
    Result:   for each number and usage month floor(exact total) − billed to date. Months after this one wait.
              The allowance of a set plan is no input: freephone calls never consume it (P11).
    Raises:   InputError if a total is negative or a month has no tax rate.
    """
    first_day(month)
    by_month: dict[UsageKey, list[UsageTotal]] = {key: [] for key in usage.billed if key[1] <= month}
    for total in usage.totals:
        if total.usage_month <= month:
            by_month.setdefault((total.number, total.usage_month), []).append(total)
    lines = (
        _line(_Month(key=key, totals=totals, billed=usage.billed.get(key, Billed())), holdings, month, terms)
        for key, totals in sorted(by_month.items())
    )
    return [line for line in lines if line is not None]


class _Month(msgspec.Struct, frozen=True, kw_only=True):
    """The calls of one number in one usage month."""

    key: UsageKey
    totals: Sequence[UsageTotal]
    billed: Billed


def _line(calls: _Month, holdings: Sequence[Holding], month: str, terms: Terms) -> InvoiceLine | None:
    number, usage_month = calls.key
    exact_uy = _exact_uy(calls)
    net_yen = exact_uy // MICRO_YEN - calls.billed.net_yen
    is_late = usage_month < month or calls.billed.lines > 0
    # Without a call, or when what came late changes no yen, there is nothing to say.
    if net_yen == 0 and (is_late or not calls.totals):
        return None
    supply = Supply(
        key=f"{number}/{CALLS_ITEM}/{usage_month}#{calls.billed.lines + 1}",
        kind=LineKind.ADJUSTMENT if is_late else LineKind.CALLS,
        number=number,
        item=CALLS_ITEM,
        description=f"{LATE_CALLS if is_late else CALLS} {usage_month}",
        first=first_day(usage_month),
        last=last_day(usage_month),
        begun=_served_since(number, holdings, last_day(usage_month)),
    )
    rounded_uy = exact_uy % MICRO_YEN - calls.billed.rounded_uy
    return taxed_line(supply, net_yen, terms.taxes, _detail(calls, exact_uy), rounded_uy)


def _exact_uy(calls: _Month) -> int:
    exact_uy = sum(total.amount_uy for total in calls.totals)
    if exact_uy < 0:
        number, usage_month = calls.key
        message = f"the calls of {number} in {usage_month} sum to {yen_text(exact_uy)} yen, less than nothing"
        raise refused("negative_total", f"{number}/{usage_month}", message)
    return exact_uy


def _detail(calls: _Month, exact_uy: int) -> Detail:
    """Return the breakdown by class of caller, the exact sum, and what was billed before."""
    by_class = sorted(calls.totals, key=lambda total: total.rating_class)
    return (
        *((total.rating_class, _class_text(total)) for total in by_class),
        ("exact", f"{yen_text(exact_uy)} yen"),
        ("billed_before", f"{calls.billed.net_yen} yen"),
        ("set_plan_allowance", "0 yen"),
    )


def _class_text(total: UsageTotal) -> str:
    seconds, ms = divmod(total.conversation_ms, 1000)
    return f"{total.calls} calls, {seconds}.{ms:03} s, {total.units} units, {yen_text(total.amount_uy)} yen"


def _served_since(number: str, holdings: Sequence[Holding], day: date) -> date | None:
    """Return since when a number was served without a break on a day, or last before it."""
    basics = [
        holding
        for holding in holdings
        if holding.number == number and holding.item is Item.BASIC and holding.start <= day
    ]
    if not basics:
        return None
    return begun_on(max(basics, key=lambda holding: holding.start), basics)
