"""Amounts that an operator puts on the next invoice."""

from datetime import date

import msgspec
from django.db.models import Q
from django.utils import timezone

from chakka.errors import InputError, Problem
from chakka.portal.billing.models import Adjustment
from chakka.portal.contracts.models import Contract


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be charged, or given back if negative, for which number and days (both ends included)."""

    number: str
    net_yen: int
    period_first: date
    period_last: date
    reason: str


def adjust(wish: Wish, by: str) -> str:
    """Keep an adjustment for the next run and return its name. Raises: InputError with every problem."""
    contract = (
        Contract.objects.filter(number_id=wish.number, start__lte=wish.period_last)
        .filter(Q(stop__isnull=True) | Q(stop__gte=wish.period_first))
        .order_by("-start")
        .first()
    )
    problems = [Problem(code=code, where=where, message=message) for code, where, message in _faults(wish)]
    if contract is None:
        message = f"{wish.number} was under no contract from {wish.period_first} to {wish.period_last}"
        problems.append(Problem(code="no_contract", where="number", message=message))
    if contract is None or problems:
        raise InputError("the adjustment cannot be kept", problems)
    kept = Adjustment.objects.create(
        contract=contract,
        net_yen=wish.net_yen,
        period_first=wish.period_first,
        period_last=wish.period_last,
        reason=wish.reason.strip(),
        by=by,
        at=timezone.now(),
    )
    return f"adjustment/{kept.pk}"


def _faults(wish: Wish) -> list[tuple[str, str, str]]:
    faults = []
    if wish.net_yen == 0:
        faults.append(("bad_value", "yen", "an adjustment of 0 yen changes nothing"))
    if wish.period_last < wish.period_first:
        faults.append(("bad_dates", "period", f"{wish.period_first} to {wish.period_last} is no period"))
    if not wish.reason.strip():
        faults.append(("missing", "reason", "an adjustment needs a reason; it stands on the invoice"))
    return faults
