"""What the contracts say, for many subscribers at once, as the values that invoices are computed from."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import TypeVar

import msgspec
from django.db.models import Q

from chakka.invoicing.assemble import Charges
from chakka.invoicing.model import CALLS_ITEM, Adjustment, Holding, Item, LineKind, Listing, WorkDone
from chakka.invoicing.period import first_day, last_day
from chakka.invoicing.usage_lines import Billed, Usage, UsageKey
from chakka.portal.accounts.models import Subscriber
from chakka.portal.billing import models
from chakka.portal.contracts.models import (
    Contract,
    ContractItem,
    DirectoryIssue,
    DirectoryListing,
    WorkOrder,
)
from chakka.stores.usage import UsageTotal

Charged = TypeVar("Charged", WorkDone, Listing, Adjustment)

# Of so many subscribers everything is in memory at once.
BATCH = 500


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be billed, seen from one month.

    months_before: earlier months that were billed, for which fees may have been agreed since.
    usage:         by subscriber (primary key).
    apart_from:    an invoice that is computed anew: its own lines do not count as billed.
    afresh:        no line counts as billed: everything that was ever due is computed.
    """

    month: str
    first_month: str
    months_before: tuple[str, ...]
    usage: Mapping[int, list[UsageTotal]]
    apart_from: int | None = None
    afresh: bool = False


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One subscriber with everything that is charged. claimed: keys of the lines that invoices carry."""

    subscriber: Subscriber
    numbers: frozenset[str]
    charges: Charges
    claimed: frozenset[str]


def accounts(view: View) -> Iterator[list[Account]]:
    """Yield all subscribers, in batches in the order of their keys."""
    keys = list(Subscriber.objects.order_by("pk").values_list("pk", flat=True))
    for place in range(0, len(keys), BATCH):
        batch = keys[place : place + BATCH]
        yield _read(batch[0], batch[-1], view)


def account(subscriber: int, view: View) -> Account:
    """Return one subscriber (by primary key)."""
    return _read(subscriber, subscriber, view)[0]


class _Billed:
    """What the invoices of some subscribers carry already."""

    def __init__(self, first: int, last: int, view: View) -> None:
        self.claimed: defaultdict[int, set[str]] = defaultdict(set)
        self.usage: defaultdict[int, dict[UsageKey, Billed]] = defaultdict(dict)
        for subscriber, key, item, number, day, net_yen, rounded_uy in _lines_in_force(first, last, view):
            self.claimed[subscriber].add(key)
            if item == CALLS_ITEM:
                usage = self.usage[subscriber]
                usage_key = (number, f"{day:%Y-%m}")
                before = usage.get(usage_key, Billed())
                usage[usage_key] = Billed(
                    net_yen=before.net_yen + net_yen,
                    rounded_uy=before.rounded_uy + rounded_uy,
                    # Not how many there are, but the highest running number: one before it may be gone.
                    lines=max(before.lines, int(key.rpartition("#")[2])),
                )


def _lines_in_force(first: int, last: int, view: View) -> Iterable[tuple[int, str, str, str, date, int, int]]:
    oldest = first_day(min(view.months_before, default=view.month))
    if view.afresh:
        return ()
    rows = models.InvoiceLineRow.objects.filter(invoice__subscriber__pk__range=(first, last), effective=True)
    # Monthly fees and levies of long ago are not looked for any more; what is charged once is, for ever.
    rows = rows.filter(
        Q(period_last__gte=oldest) | Q(item=CALLS_ITEM) | ~Q(kind__in=[LineKind.MONTHLY, LineKind.LEVY])
    )
    if view.apart_from is not None:
        rows = rows.exclude(invoice_id=view.apart_from)
    return rows.values_list(
        "invoice__subscriber_id", "key", "item", "number", "period_first", "net_yen", "rounded_uy"
    ).iterator()


def _read(first: int, last: int, view: View) -> list[Account]:
    billed = _Billed(first, last, view)
    day = last_day(view.month)
    numbers = _numbers(first, last)
    holdings = _holdings(first, last, day)
    work = _work(first, last, day)
    listings = _listings(first, last, view)
    adjustments = _adjustments(first, last, day)
    return [
        Account(
            subscriber=subscriber,
            numbers=frozenset(numbers[subscriber.pk]),
            claimed=frozenset(billed.claimed[subscriber.pk]),
            charges=Charges(
                holdings=holdings[subscriber.pk],
                work=_unclaimed(work[subscriber.pk], billed.claimed[subscriber.pk]),
                listings=_unclaimed(listings[subscriber.pk], billed.claimed[subscriber.pk]),
                adjustments=_unclaimed(adjustments[subscriber.pk], billed.claimed[subscriber.pk]),
                usage=Usage(totals=view.usage.get(subscriber.pk, ()), billed=billed.usage[subscriber.pk]),
            ),
        )
        for subscriber in Subscriber.objects.filter(pk__range=(first, last)).order_by("pk")
    ]


def _numbers(first: int, last: int) -> defaultdict[int, set[str]]:
    numbers: defaultdict[int, set[str]] = defaultdict(set)
    contracts = Contract.objects.filter(subscriber__pk__range=(first, last))
    for subscriber, number in contracts.values_list("subscriber_id", "number_id"):
        numbers[subscriber].add(number)
    return numbers


def _holdings(first: int, last: int, day: date) -> defaultdict[int, list[Holding]]:
    found: defaultdict[int, list[Holding]] = defaultdict(list)
    items = ContractItem.objects.filter(contract__subscriber__pk__range=(first, last), start__lte=day)
    for subscriber, key, number, item, start, stop, quantity in items.order_by("key").values_list(
        "contract__subscriber_id", "key", "contract__number_id", "item", "start", "stop", "quantity"
    ):
        found[subscriber].append(
            Holding(key=key, number=number, item=Item(item), start=start, stop=stop, quantity=quantity)
        )
    return found


def _work(first: int, last: int, day: date) -> defaultdict[int, list[tuple[str, WorkDone]]]:
    found: defaultdict[int, list[tuple[str, WorkDone]]] = defaultdict(list)
    orders = WorkOrder.objects.filter(contract__subscriber__pk__range=(first, last), completed_on__lte=day)
    for order in orders.order_by("pk").select_related("contract"):
        if order.completed_on is not None:
            done = WorkDone(
                order_id=order.order_id,
                number=order.contract.number_id,
                item=Item(order.kind),
                completed_on=order.completed_on,
                functions=order.functions,
                fee_yen=order.fee_yen,
            )
            found[order.contract.subscriber_id].append((f"work/{done.order_id}", done))
    return found


def _listings(first: int, last: int, view: View) -> defaultdict[int, list[tuple[str, Listing]]]:
    found: defaultdict[int, list[tuple[str, Listing]]] = defaultdict(list)
    days = (first_day(view.first_month), last_day(view.month))
    issues = list(DirectoryIssue.objects.filter(issued_on__range=days).order_by("issued_on"))
    listings = DirectoryListing.objects.filter(contract__subscriber__pk__range=(first, last))
    for listing in listings.order_by("key").select_related("contract") if issues else ():
        number = listing.contract.number_id
        for issue in issues:
            if listing.start <= issue.issued_on:
                one = Listing(
                    key=listing.key,
                    number=number,
                    issue=issue.name,
                    issued_on=issue.issued_on,
                    cancelled_on=listing.cancelled_on,
                )
                found[listing.contract.subscriber_id].append((f"{number}/directory/{issue.name}", one))
    return found


def _adjustments(first: int, last: int, day: date) -> defaultdict[int, list[tuple[str, Adjustment]]]:
    found: defaultdict[int, list[tuple[str, Adjustment]]] = defaultdict(list)
    adjustments = models.Adjustment.objects.filter(
        contract__subscriber__pk__range=(first, last), period_last__lte=day
    )
    for adjustment in adjustments.order_by("pk").select_related("contract"):
        value = Adjustment(
            key=str(adjustment.pk),
            number=adjustment.contract.number_id,
            reason=adjustment.reason,
            period_first=adjustment.period_first,
            period_last=adjustment.period_last,
            net_yen=adjustment.net_yen,
        )
        found[adjustment.contract.subscriber_id].append((f"adjustment/{value.key}", value))
    return found


def _unclaimed(found: Iterable[tuple[str, Charged]], claimed: set[str]) -> tuple[Charged, ...]:
    """Return what no invoice carries yet, by the keys of the lines that it becomes."""
    return tuple(value for key, value in found if key not in claimed)
