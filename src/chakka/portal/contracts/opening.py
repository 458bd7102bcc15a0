"""Opens a contract: the number, its options as its plan uses them, the activation work, its lines."""

from collections.abc import Iterator
from datetime import date

from django.db import transaction

from chakka.contract.model import Contract as Plan
from chakka.contract.model import Option
from chakka.errors import InputError
from chakka.invoicing.model import Item
from chakka.portal.accounts.models import Subscriber
from chakka.portal.contracts.models import (
    Contract,
    ContractItem,
    FreephoneNumber,
    Line,
    LineNumber,
    NumberState,
    WorkOrder,
)


def open_contract(subscriber: Subscriber, plan: Plan, start: date) -> Contract:
    """Return the new contract of a subscriber for the number of a plan, active from a day on.

    Raises: InputError if the number is under contract.
    """
    with transaction.atomic():
        running = Contract.objects.filter(number_id=plan.number, stop__isnull=True).first()
        if running is not None:
            raise InputError(f"{plan.number} is under contract since {running.start}")
        number, _ = FreephoneNumber.objects.update_or_create(
            number=plan.number, defaults={"state": NumberState.WORKING}
        )
        contract = Contract.objects.create(subscriber=subscriber, number=number, start=start)
        ContractItem.objects.bulk_create(_items(contract, plan))
        WorkOrder.objects.create(
            order_id=f"activation-{plan.number}-{start}",
            contract=contract,
            kind=Item.BASIC,
            completed_on=start,
        )
        _add_lines(subscriber, plan)
    return contract


def quantity(option: Option, plan: Plan) -> int:
    """Return how often a plan uses an option that is charged by use (service.md §1), at least once."""
    match option:
        case Option.BUSY_OVERFLOW:
            return max(1, sum(1 for group in plan.groups if group.overflow))
        case Option.NUMBER_NOTIFICATION:
            return max(1, len(plan.number_notification))
        case _:
            return 1


def _items(contract: Contract, plan: Plan) -> Iterator[ContractItem]:
    held = {Item.BASIC: 1, **{Item(option): quantity(option, plan) for option in plan.options}}
    for item, count in held.items():
        before = ContractItem.objects.filter(contract__number=contract.number, item=item).count()
        yield ContractItem(
            contract=contract,
            key=f"{plan.number}/{item}/{before + 1}",
            item=item,
            start=contract.start,
            quantity=count,
        )


def _add_lines(subscriber: Subscriber, plan: Plan) -> None:
    """Add the lines that the subscriber does not have yet; several contracts may share them."""
    for line in plan.lines:
        missing = [one for one in line.numbers if not LineNumber.objects.filter(number=one).exists()]
        if missing:
            row = Line.objects.create(
                subscriber=subscriber, site=line.site or line.id, channels=line.channels
            )
            LineNumber.objects.bulk_create(LineNumber(number=one, line=row) for one in missing)
