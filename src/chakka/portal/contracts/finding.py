"""Finds contracts and what they hold by day."""

import re
from collections.abc import Iterable
from datetime import date, timedelta

from django.db.models import Q, QuerySet

from chakka.errors import InputError, Problem
from chakka.invoicing.model import Item
from chakka.portal.contracts.models import Contract, ContractItem, FreephoneNumber

_FREEPHONE = re.compile("0120[0-9]{6}|0800[0-9]{7}")
_DAY = timedelta(days=1)


def locked_number(number: str) -> FreephoneNumber:
    """Return the number, which nobody else changes until the transaction ends.

    Raises: InputError if it is no freephone number.
    """
    problems = number_problems(number)
    if problems:
        raise InputError(problems[0].message, problems)
    FreephoneNumber.objects.get_or_create(number=number)
    return FreephoneNumber.objects.select_for_update().get(number=number)


def number_problems(number: str) -> list[Problem]:
    """Return the problem of a number that is no freephone number (service.md §0)."""
    if _FREEPHONE.fullmatch(number) is not None:
        return []
    message = f"{number!r} is no freephone number: 0120 and 6 digits, or 0800 and 7 digits"
    return [Problem(where="number", code="bad_number", message=message)]


def contracts_on(day: date) -> QuerySet[Contract]:
    """Return the contracts that run on a day: from their start until before their stop."""
    return Contract.objects.filter(Q(stop__isnull=True) | Q(stop__gt=day), start__lte=day)


def items_on(contract: Contract, day: date) -> list[ContractItem]:
    """Return what a contract holds on a day, in the order of the price list."""
    held = contract.items.filter(Q(stop__isnull=True) | Q(stop__gt=day), start__lte=day)
    order = list(Item)
    return sorted(held, key=lambda row: order.index(Item(row.item)))


def contract_on(number: str, day: date) -> Contract:
    """Return the contract under which a number is on a day. Raises: InputError if there is none."""
    found = contracts_on(day).filter(number_id=number).select_related("subscriber").first()
    if found is None:
        message = f"{number} is under no contract on {day}{_otherwise(number)}"
        raise InputError(message, [Problem(where="number", code="no_contract", message=message)])
    return found


def charged_until(start: date, stop: date | None) -> date:
    """Return the first day that is no longer taken: what stops on its start day takes that day (P5)."""
    return date.max if stop is None else max(stop, start + _DAY)


def next_key(number: str, kind: str, keys: Iterable[str]) -> str:
    """Return the name of one more of a kind, `0120123456/basic/2`, beyond those that there are."""
    last = max((int(key.rpartition("/")[2]) for key in keys), default=0)
    return f"{number}/{kind}/{last + 1}"


def next_item_key(number: str, item: Item) -> str:
    """Return the name of a new item of a number."""
    keys = ContractItem.objects.filter(contract__number_id=number, item=item).values_list("key", flat=True)
    return next_key(number, item, keys)


def _otherwise(number: str) -> str:
    rows = Contract.objects.filter(number_id=number).order_by("start")
    spans = [f"{row.start} to {row.stop or 'now on'}" for row in rows]
    return f"; it is from {', '.join(spans)}" if spans else ""
