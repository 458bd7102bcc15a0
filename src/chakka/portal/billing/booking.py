"""Call charges in the double-entry journal: income when they are rated, whenever they are invoiced."""

from collections.abc import Mapping
from datetime import date

from django.db import transaction

from chakka.invoicing.journal_entries import usage_changes, usage_entry
from chakka.portal.accounts.models import Subscriber
from chakka.portal.billing import models
from chakka.portal.billing.series import journal_batch
from chakka.stores.usage import UsageTotal

KEY = ("subscriber", "number", "usage_month", "rating_class")
AMOUNTS = ("calls", "units", "conversation_ms", "amount_uy")


def book_usage(month: str, usage: Mapping[int, list[UsageTotal]], on: date) -> None:
    """Book what call charges changed by since they were booked last; once for the run of a month.

    usage: by subscriber (primary key).
    """
    with transaction.atomic():
        if models.JournalBatch.objects.filter(key__startswith=f"usage/{month}/").exists():
            return
        booked = _booked()
        entries, changed = [], []
        for subscriber, code in Subscriber.objects.order_by("code").values_list("pk", "code"):
            totals = usage.get(subscriber, [])
            changes = usage_changes(booked.get(subscriber, []), totals)
            if changes:
                owner = {change.number: code for change in changes}
                entries.append(usage_entry(f"usage/{month}/{code}", on, changes, owner))
                changed += _rows(subscriber, changes, totals)
        models.JournalBatch.objects.bulk_create(map(journal_batch, entries))
        models.UsageBooked.objects.bulk_create(
            changed, update_conflicts=True, unique_fields=KEY, update_fields=AMOUNTS
        )


def _booked() -> dict[int, list[UsageTotal]]:
    booked: dict[int, list[UsageTotal]] = {}
    names = UsageTotal.__struct_fields__
    for subscriber, *values in models.UsageBooked.objects.values_list("subscriber_id", *names).iterator():
        total = UsageTotal(**dict(zip(names, values, strict=True)))
        booked.setdefault(subscriber, []).append(total)
    return booked


def _rows(subscriber: int, changes: list[UsageTotal], totals: list[UsageTotal]) -> list[models.UsageBooked]:
    """Return what is booked now of what changed; a total that is gone is booked as nothing."""
    now = {(total.number, total.usage_month, total.rating_class): total for total in totals}
    rows = []
    for change in changes:
        total = now.get((change.number, change.usage_month, change.rating_class))
        amounts = {name: getattr(total, name) if total else 0 for name in AMOUNTS}
        row = models.UsageBooked(
            subscriber_id=subscriber,
            number=change.number,
            usage_month=change.usage_month,
            rating_class=change.rating_class,
            **amounts,
        )
        rows.append(row)
    return rows
