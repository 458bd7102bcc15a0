"""Changes the options of a contract from a day on: one job, one work order (charging.md P12)."""

from collections.abc import Iterator, Mapping
from datetime import date

import msgspec
from django.db import transaction

from chakka.contract.model import Option
from chakka.errors import InputError, Problem
from chakka.invoicing.model import Item
from chakka.portal.contracts.closed import closed_problems
from chakka.portal.contracts.finding import (
    charged_until,
    contract_on,
    items_on,
    locked_number,
    next_item_key,
)
from chakka.portal.contracts.models import Contract, ContractItem, WorkOrder


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What changes from a day on.

    quantities: of options that are added (left out: 1) and of options that are held, which it changes.
    fee_yen:    agreed for the job; None = by the price list.
    order_id:   of the work order; None = made of number and day.
    """

    number: str
    day: date
    added: frozenset[Option] = frozenset()
    dropped: frozenset[Option] = frozenset()
    quantities: Mapping[Option, int] = {}
    fee_yen: int | None = None
    order_id: str | None = None
    late: bool = False


def change_contract(change: Change) -> tuple[Contract, WorkOrder | None]:
    """Return the changed contract and its work order; who only drops options has no work done and pays none.

    Raises: InputError with every problem.
    """
    with transaction.atomic():
        locked_number(change.number)
        contract = contract_on(change.number, change.day)
        held = {Option(row.item): row for row in items_on(contract, change.day) if row.item != Item.BASIC}
        problems = [*_problems(change, contract, held), *_order_problems(change)]
        problems += closed_problems("from", change.day, late=change.late)
        if problems:
            raise InputError(f"the contract of {change.number} cannot be changed so", problems)
        _apply(change, contract, held)
        return contract, _ordered(change, contract)


def _changed(change: Change) -> list[Option]:
    return [option for option in change.quantities if option not in change.added]


def _apply(change: Change, contract: Contract, held: Mapping[Option, ContractItem]) -> None:
    for option in change.dropped:
        _end(held[option], change.day)
    for option in _changed(change):
        goes_on_until = held[option].stop
        _end(held[option], change.day)
        _begin(option, change, contract, goes_on_until)
    for option in change.added:
        _begin(option, change, contract, contract.stop)


def _end(row: ContractItem, day: date) -> None:
    row.stop = day
    row.save()


def _begin(option: Option, change: Change, contract: Contract, stop: date | None) -> None:
    ContractItem.objects.create(
        contract=contract,
        key=next_item_key(change.number, Item(option)),
        item=Item(option),
        start=change.day,
        stop=stop,
        quantity=change.quantities.get(option, 1),
    )


def _ordered(change: Change, contract: Contract) -> WorkOrder | None:
    touched = len(change.added) + len(_changed(change))
    if not touched and change.fee_yen is None:
        return None
    return WorkOrder.objects.create(
        order_id=change.order_id or _free_order_id(change),
        contract=contract,
        kind=Item.CONSTRUCTION,
        completed_on=change.day,
        functions=touched,
        fee_yen=change.fee_yen,
    )


def _free_order_id(change: Change) -> str:
    name = f"change-{change.number}-{change.day}"
    before = WorkOrder.objects.filter(order_id__startswith=name).count()
    return f"{name}-{before + 1}" if before else name


def _problems(change: Change, contract: Contract, held: Mapping[Option, ContractItem]) -> Iterator[Problem]:
    if not (change.added or change.dropped or change.quantities):
        yield _problem("change", "nothing", "nothing is added, dropped or given another quantity")
    for option in sorted(change.added & change.dropped):
        yield _problem(option, "contradiction", f"{option} is both added and dropped")
    for option in sorted(change.dropped - change.added - held.keys()):
        yield _problem(option, "not_held", f"{change.number} does not have {option} on {change.day}")
    for option in sorted(change.added - change.dropped):
        yield from _already_held(option, change, contract)
    for option in sorted(_changed(change)):
        yield from _unchangeable(option, change, held)


def _already_held(option: Option, change: Change, contract: Contract) -> Iterator[Problem]:
    for row in contract.items.filter(item=option).order_by("start"):
        if charged_until(row.start, row.stop) > change.day:
            span = f"from {row.start}{f' until {row.stop}' if row.stop else ''}"
            more = "; --quantity alone changes how many" if option in change.quantities else ""
            yield _problem(option, "held", f"{change.number} has {option} {span}{more}")


def _unchangeable(option: Option, change: Change, held: Mapping[Option, ContractItem]) -> Iterator[Problem]:
    row = held.get(option)
    if option in change.dropped:
        yield _problem(option, "contradiction", f"{option} is dropped and given a quantity")
    elif row is None:
        yield _problem(option, "not_held", f"{change.number} does not have {option} on {change.day}; add it")
    elif row.quantity == change.quantities[option]:
        yield _problem(option, "unchanged", f"{option} is held {row.quantity} times already")
    elif row.start == change.day:
        # The day of the start counts: it would be charged for both quantities.
        yield _problem(option, "bad_dates", f"{option} begins on {change.day}; change it a day later")


def _order_problems(change: Change) -> Iterator[Problem]:
    if change.order_id is not None and WorkOrder.objects.filter(order_id=change.order_id).exists():
        yield _problem("id", "duplicate", f"there is an order {change.order_id!r} already")


def _problem(where: str, code: str, message: str) -> Problem:
    return Problem(where=where, code=code, message=message)
