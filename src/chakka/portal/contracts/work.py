"""Work on a contract beside its options, such as the release of a lock: charged once per order (R7.2)."""

from collections.abc import Iterator
from datetime import date
from enum import StrEnum

import msgspec
from django.db import transaction

from chakka.errors import InputError, Problem
from chakka.invoicing.model import Item
from chakka.portal.contracts.closed import closed_problems
from chakka.portal.contracts.finding import contract_on, locked_number
from chakka.portal.contracts.models import WorkOrder


class WorkKind(StrEnum):
    """What work there is besides opening a number."""

    CONSTRUCTION = Item.CONSTRUCTION
    LOCK_RELEASE = Item.LOCK_RELEASE


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """Work that was completed.

    order_id: None = made of kind, number and day. fee_yen: agreed; None = by the price list.
    today:    what is completed later has not been done yet.
    """

    number: str
    kind: WorkKind
    completed_on: date
    today: date
    order_id: str | None = None
    fee_yen: int | None = None
    late: bool = False

    def name(self) -> str:
        """Return the id of the order."""
        return self.order_id or f"{self.kind}-{self.number}-{self.completed_on}"


def complete_work(done: Completion) -> WorkOrder:
    """Return the work order, kept for the next invoice.

    Raises: InputError with every problem: an order that is kept already, no contract, a day to come, a month
            that was billed.
    """
    with transaction.atomic():
        locked_number(done.number)
        contract = contract_on(done.number, done.completed_on)
        problems = [
            *_problems(done),
            *closed_problems("completed", done.completed_on, late=done.late),
        ]
        if problems:
            raise InputError(f"the work on {done.number} cannot be kept", problems)
        return WorkOrder.objects.create(
            order_id=done.name(),
            contract=contract,
            kind=Item(done.kind),
            completed_on=done.completed_on,
            fee_yen=done.fee_yen,
            # One lock, one order: the order stands for the lock that it released.
            lock=done.name() if done.kind is WorkKind.LOCK_RELEASE else None,
        )


def _problems(done: Completion) -> Iterator[Problem]:
    kept = WorkOrder.objects.filter(order_id=done.name()).first()
    if kept is not None:
        message = f"order {done.name()!r} is kept already, completed on {kept.completed_on}"
        if done.order_id is None:
            message += "; name another of the same day by --id"
        yield Problem(where="id", code="duplicate", message=message)
    if done.completed_on > done.today:
        message = f"{done.completed_on} is still to come; today is {done.today}"
        yield Problem(where="completed", code="bad_dates", message=message)
