"""Months that were billed: what is agreed for them afterwards must be meant so."""

from collections.abc import Iterator
from datetime import date

from django.db.models import Q

from chakka.errors import Problem
from chakka.invoicing.period import month_of
from chakka.portal.billing.models import BillingRun, RunState


def closed_problems(where: str, day: date, *, late: bool) -> Iterator[Problem]:
    """Yield why nothing is to be dated on a day: its month, or a later one, was billed.

    late: it is meant so; the books then see to the difference.
    """
    begun = BillingRun.objects.filter(Q(state=RunState.ISSUED) | Q(invoices__isnull=False))
    last = begun.order_by("-month").values_list("month", flat=True).first()
    if last is not None and month_of(day) <= last and not late:
        message = (
            f"{day} is in a month that was billed (the last was {last}); with --late fees agreed late go on "
            "the next invoice, and what was charged too much comes back by chakka bill credit"
        )
        yield Problem(where=where, code="closed_month", message=message)
