"""Keeps who did what to a contract (service.md R8.2)."""

from datetime import date

import msgspec
from django.utils import timezone

from chakka.portal.contracts.models import Contract, ContractStep, StepKind


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, from which day it holds, and the fee that it caused (None: no work order)."""

    kind: StepKind
    day: date
    what: str
    fee_yen: int | None = None


def keep_step(contract: Contract, step: Step, by: str) -> None:
    """Keep a step with who took it, and now as the time."""
    ContractStep.objects.create(
        contract=contract,
        kind=step.kind,
        day=step.day,
        what=step.what,
        fee_yen=step.fee_yen,
        by=by,
        at=timezone.now(),
    )
