"""Search of issued documents by date, amount and counterparty, in ranges and combined (電子帳簿保存法)."""

from datetime import date

import msgspec
from django.db.models import Q, QuerySet

from chakka.invoicing.period import last_day, month_of, next_month
from chakka.portal.billing.models import Invoice

# The period of tax in which a document was issued ends within a year; keeping begins two months later
# (消費税法施行令 70条の13).
_MONTHS_UNTIL_KEEPING_BEGINS = 12 + 2


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which documents are asked for; None = all. Ranges have both ends included."""

    month: str | None = None
    first: date | None = None
    last: date | None = None
    least_yen: int | None = None
    most_yen: int | None = None
    counterparty: str | None = None


def search(wanted: Wanted) -> QuerySet[Invoice]:
    """Return the documents that fit everything that is asked, in the order of issue."""
    conditions = {
        "run__month": wanted.month,
        "issued_on__gte": wanted.first,
        "issued_on__lte": wanted.last,
        "total_yen__gte": wanted.least_yen,
        "total_yen__lte": wanted.most_yen,
    }
    asked = {name: value for name, value in conditions.items() if value is not None}
    found = Invoice.objects.filter(**asked)
    if wanted.counterparty is not None:
        found = found.filter(
            Q(counterparty__icontains=wanted.counterparty) | Q(subscriber__code=wanted.counterparty)
        )
    return found.select_related("refers_to").order_by("sequence")


def kept_until(issued_on: date, years: int) -> date:
    """Return until when a document is kept at least, whenever the issuer's period of tax ends."""
    month = month_of(issued_on)
    for _ in range(_MONTHS_UNTIL_KEEPING_BEGINS + 12 * years):
        month = next_month(month)
    return last_day(month)
