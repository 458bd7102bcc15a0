"""Stops a contract: its number, options and listings; what was to begin later no longer does."""

from collections.abc import Iterator
from datetime import date

from django.db import transaction
from django.db.models import Q, QuerySet

from chakka.errors import InputError, Problem
from chakka.invoicing.model import Item
from chakka.portal.billing.models import InvoiceLineRow
from chakka.portal.contracts.closed import closed_problems
from chakka.portal.contracts.finding import locked_number
from chakka.portal.contracts.models import (
    Contract,
    ContractItem,
    DirectoryListing,
    NumberState,
)


def stop_contract(number: str, day: date, *, late: bool = False) -> tuple[Contract, tuple[str, ...]]:
    """Return the contract of a number, stopped, and the items and work that were to begin after the stop.

    The stop day itself is no longer charged (charging.md P5).
    Raises: InputError with every problem: no contract that runs on, a stop before the start, a billed month.
    """
    with transaction.atomic():
        row = locked_number(number)
        contract = _running(number)
        problems = [*_problems(contract, day), *closed_problems("on", day, late=late)]
        if problems:
            raise InputError(f"the contract of {number} cannot be stopped on {day}", problems)
        withdrawn = (*_withdraw_items(contract, day), *_withdraw_work(contract, day))
        contract.items.filter(Q(stop__isnull=True) | Q(stop__gt=day)).update(stop=day)
        _carried_on(contract, day).update(cancelled_on=day)
        contract.stop = day
        contract.save()
        row.state = NumberState.COOLING_OFF
        row.save()
    return contract, withdrawn


def _running(number: str) -> Contract:
    contracts = Contract.objects.filter(number_id=number).order_by("start")
    running = contracts.filter(stop__isnull=True).first()
    if running is None:
        last = contracts.last()
        message = f"{number} is under no contract" + (f"; the last stops on {last.stop}" if last else "")
        raise InputError(message, [Problem(where="number", code="no_contract", message=message)])
    return running


def _problems(contract: Contract, day: date) -> Iterator[Problem]:
    if day < contract.start:
        message = f"a stop on {day} is before the start on {contract.start}"
        yield Problem(where="on", code="bad_dates", message=message)
        return
    begun = _beginning_after(contract, day).filter(start__lte=_last_billed(contract))
    for item in begun:
        message = f"{item.item} begins on {item.start}, after the stop, and its month was billed"
        yield Problem(where=item.key, code="bad_dates", message=message)


def _last_billed(contract: Contract) -> date:
    """Return the last day of supply that an invoice of the subscriber has charged for the number."""
    rows = InvoiceLineRow.objects.filter(
        invoice__subscriber=contract.subscriber_id, number=contract.number_id, effective=True
    )
    last = rows.order_by("-period_last").values_list("period_last", flat=True).first()
    return last or date.min


def _beginning_after(contract: Contract, day: date) -> QuerySet[ContractItem]:
    # An option that begins on the very day of the stop would be charged for that day.
    return contract.items.filter(Q(start__gt=day) | Q(start=day, start__gt=contract.start))


def _withdraw_items(contract: Contract, day: date) -> list[str]:
    rows = _beginning_after(contract, day)
    keys = sorted(rows.values_list("key", flat=True))
    rows.delete()
    return keys


def _withdraw_work(contract: Contract, day: date) -> list[str]:
    """Let option work that was to be completed after the stop be not completed: it costs nothing."""
    rows = contract.work_orders.filter(kind=Item.CONSTRUCTION, completed_on__gt=day)
    names = sorted(rows.values_list("order_id", flat=True))
    rows.update(completed_on=None)
    return names


def _carried_on(contract: Contract, day: date) -> QuerySet[DirectoryListing]:
    return contract.listings.filter(Q(cancelled_on__isnull=True) | Q(cancelled_on__gt=day))
