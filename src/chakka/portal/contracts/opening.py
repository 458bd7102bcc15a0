"""Opens a contract: the number, its options as its plan uses them, the activation work, its lines."""

from collections.abc import Iterator, Mapping
from datetime import date

import msgspec
from django.db import transaction

from chakka.contract.model import Contract as Plan
from chakka.contract.model import Line as PlanLine
from chakka.contract.model import Option
from chakka.errors import InputError, Problem
from chakka.invoicing.model import Item
from chakka.portal.accounts.models import Subscriber
from chakka.portal.contracts.closed import closed_problems
from chakka.portal.contracts.finding import charged_until, locked_number, next_item_key
from chakka.portal.contracts.models import (
    Contract,
    ContractItem,
    Line,
    LineNumber,
    NumberState,
    WorkOrder,
)


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """What is agreed when a contract begins.

    quantities: the options, each with how often it is charged.
    lines:      the lines of the subscriber that the number rings, if they are known by now.
    fee_yen:    agreed for the activation; None = by the price list.
    late:       the start may lie in a month that was billed.
    """

    number: str
    start: date
    quantities: Mapping[Option, int]
    lines: tuple[PlanLine, ...] = ()
    fee_yen: int | None = None
    late: bool = False


def opening_by_plan(plan: Plan, start: date) -> Opening:
    """Return the opening of a contract with what a plan uses."""
    quantities = {option: quantity(option, plan) for option in plan.options}
    return Opening(number=plan.number, start=start, quantities=quantities, lines=plan.lines)


def quantity(option: Option, plan: Plan) -> int:
    """Return how often a plan uses an option that is charged by use (service.md §1), at least once."""
    match option:
        case Option.BUSY_OVERFLOW:
            return max(1, sum(1 for group in plan.groups if group.overflow))
        case Option.NUMBER_NOTIFICATION:
            return max(1, len(plan.number_notification))
        case _:
            return 1


def held_from_start(opening: Opening) -> dict[Item, int]:
    """Return what a contract holds when it begins: the basic function and the options."""
    return {Item.BASIC: 1, **{Item(option): count for option, count in opening.quantities.items()}}


def open_contract(subscriber: Subscriber, opening: Opening) -> Contract:
    """Return the new contract of a subscriber, active from its start on.

    Raises: InputError with every problem: no freephone number, one under contract, a month that was billed.
    """
    with transaction.atomic():
        number = locked_number(opening.number)
        problems = [*_overlaps(opening), *closed_problems("start", opening.start, late=opening.late)]
        if problems:
            raise InputError(f"{opening.number} cannot be opened on {opening.start}", problems)
        number.state = NumberState.WORKING
        number.save()
        contract = Contract.objects.create(subscriber=subscriber, number=number, start=opening.start)
        ContractItem.objects.bulk_create(
            ContractItem(
                contract=contract,
                key=next_item_key(opening.number, item),
                item=item,
                start=opening.start,
                quantity=count,
            )
            for item, count in held_from_start(opening).items()
        )
        WorkOrder.objects.create(
            order_id=f"activation-{opening.number}-{opening.start}",
            contract=contract,
            kind=Item.BASIC,
            completed_on=opening.start,
            fee_yen=opening.fee_yen,
        )
        _add_lines(subscriber, opening.lines)
    return contract


def _overlaps(opening: Opening) -> Iterator[Problem]:
    for other in Contract.objects.filter(number_id=opening.number).order_by("start"):
        if charged_until(other.start, other.stop) > opening.start:
            until = f", until {other.stop}" if other.stop else ""
            message = f"{opening.number} is under contract since {other.start}{until}"
            yield Problem(where="start", code="overlap", message=message)


def _add_lines(subscriber: Subscriber, lines: tuple[PlanLine, ...]) -> None:
    """Add the lines that the subscriber does not have yet; several contracts may share them."""
    for line in lines:
        missing = [one for one in line.numbers if not LineNumber.objects.filter(number=one).exists()]
        if missing:
            row = Line.objects.create(
                subscriber=subscriber, site=line.site or line.id, channels=line.channels
            )
            LineNumber.objects.bulk_create(LineNumber(number=one, line=row) for one in missing)
