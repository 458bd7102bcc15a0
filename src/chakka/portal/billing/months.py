"""Which months the books are about."""

from chakka.invoicing.period import last_day
from chakka.localtime import jst_date
from chakka.portal.billing.models import BillingRun, RunState

# How far back a run looks for fees that were agreed after their month was billed.
LOOK_BACK_MONTHS = 12


def first_month_of_books(month: str) -> str:
    """Return the first month that was billed here, or is now; what was before it is no business of ours."""
    first = BillingRun.objects.filter(state=RunState.ISSUED).order_by("month").first()
    return month if first is None else min(first.month, month)


def issued_months_before(month: str) -> list[str]:
    """Return the months before this one that were billed, of the last year."""
    earlier = BillingRun.objects.filter(state=RunState.ISSUED, month__lt=month).order_by("-month")
    return sorted(earlier.values_list("month", flat=True)[:LOOK_BACK_MONTHS])


def is_over(month: str, now_ms: int) -> bool:
    """Return whether a month has ended in Japan."""
    return jst_date(now_ms) > last_day(month)
