"""The second stage of a billing run: what stands against issuing, and what was decided about it."""

from collections.abc import Iterable, Iterator
from itertools import chain

import msgspec
from django.db.models import Q
from django.utils import timezone

from chakka.errors import InputError, Problem
from chakka.invoicing.model import CALLS_ITEM
from chakka.invoicing.period import first_day, last_day, next_month
from chakka.money import MICRO_YEN
from chakka.portal.billing import models
from chakka.portal.billing.documents import body_of
from chakka.portal.billing.months import is_over
from chakka.portal.billing.usage import OwnedUsage
from chakka.portal.contracts.models import Contract, ContractItem
from chakka.stores.usage import Blocker

_MESSAGE_LENGTH = 500
_PROBLEMS = msgspec.json.Decoder(list[Problem])


def open_blockers(blockers: Iterable[Blocker]) -> list[Blocker]:
    """Return the blockers that nobody has decided about as they stand.

    A decision is about what was said then: a thousand calls are not let pass because one of them was.
    """
    decided = set(models.BlockerDecision.objects.values_list("key", "message"))
    return [blocker for blocker in blockers if (blocker.key, _kept(blocker)) not in decided]


def decide(month: str, blocker: Blocker, by: str, reason: str) -> None:
    """Record that a month is billed although something stands against it.

    Raises: InputError without a reason, or if it was decided before.
    """
    if not reason.strip():
        raise InputError("a decision needs a reason")
    _, is_new = models.BlockerDecision.objects.get_or_create(
        key=blocker.key,
        message=_kept(blocker),
        defaults={"month": month, "by": by, "reason": reason, "at": timezone.now()},
    )
    if not is_new:
        raise InputError(f"{blocker.key} was decided before")


def _kept(blocker: Blocker) -> str:
    return blocker.message[:_MESSAGE_LENGTH]


def calendar_blockers(month: str, first_month: str, now_ms: int) -> Iterator[Blocker]:
    """Yield what the calendar says: the month is not over, or one before it was never billed."""
    if not is_over(month, now_ms):
        message = f"{month} is not over; what comes later goes on the next invoice"
        yield Blocker(kind="month_not_over", key=f"month_not_over/{month}", message=message)
    issued = set(
        models.BillingRun.objects.filter(state=models.RunState.ISSUED).values_list("month", flat=True)
    )
    earlier = first_month
    while earlier < month:
        if earlier not in issued:
            message = f"{earlier} was not billed; its fees are missing"
            yield Blocker(kind="missing_run", key=f"missing_run/{earlier}", message=message)
        earlier = next_month(earlier)


def draft_blockers(run: models.BillingRun) -> Iterator[Blocker]:
    """Yield the subscribers whose invoice cannot be made; a decision leaves them out this month."""
    for draft in run.drafts.exclude(problems="").select_related("subscriber"):
        reasons = "; ".join(problem.message for problem in _PROBLEMS.decode(draft.problems))
        yield Blocker(
            kind="draft",
            key=f"draft/{draft.subscriber.code}/{run.month}",
            message=f"no invoice for {draft.subscriber.name}: {reasons}",
        )


def difference_blockers(run: models.BillingRun, usage: OwnedUsage) -> Iterator[Blocker]:
    """Yield where drafts and invoices do not carry what the ledger and the contracts say they must."""
    carried = _Carried(run)
    exact_uy: dict[tuple[str, str], int] = dict.fromkeys(carried.calls, 0)
    for total in chain.from_iterable(usage.totals.values()):
        key = (total.number, total.usage_month)
        exact_uy[key] = exact_uy.get(key, 0) + total.amount_uy
    for (number, month), amount_uy in exact_uy.items():
        yen, billed_yen = amount_uy // MICRO_YEN, carried.calls.get((number, month), 0)
        if yen != billed_yen and number not in carried.left_out and month <= run.month:
            message = f"calls of {number} in {month}: {billed_yen} yen on invoices, {yen} yen in the ledger"
            key_text = f"calls/{number}/{month}/{run.month}"
            yield Blocker(kind="difference", key=key_text, message=message, number=number)
    yield from _holdings_without_line(run, carried)


def _holdings_without_line(run: models.BillingRun, carried: "_Carried") -> Iterator[Blocker]:
    held = ContractItem.objects.filter(start__lte=last_day(run.month)).exclude(stop__lte=first_day(run.month))
    for number in held.values_list("contract__number_id", flat=True).distinct():
        if number not in carried.numbers | carried.left_out:
            message = f"{number} is under contract in {run.month}, but no line charges it"
            key = f"holding/{number}/{run.month}"
            yield Blocker(kind="difference", key=key, message=message, number=number)


class _Carried:
    """What invoices and the drafts of a run carry.

    calls:    yen by (number, usage month). numbers: those that drafts charge for anything.
    left_out: numbers of subscribers whose invoice cannot be made, which is said elsewhere, or is issued: what
              has come since then goes on their next one.
    """

    def __init__(self, run: models.BillingRun) -> None:
        self.calls: dict[tuple[str, str], int] = {}
        self.numbers: set[str] = set()
        self._add_invoices()
        for body in run.drafts.filter(problems="").values_list("body", flat=True).iterator():
            for line in body_of(body).lines:
                self.numbers.add(line.number)
                if line.item == CALLS_ITEM:
                    self._add_calls(line.number, f"{line.period_first:%Y-%m}", line.net_yen)
        left_out = Q(subscriber__in=run.drafts.exclude(problems="").values("subscriber"))
        left_out |= Q(subscriber__in=run.invoices.values("subscriber"))
        self.left_out = set(Contract.objects.filter(left_out).values_list("number_id", flat=True))

    def _add_invoices(self) -> None:
        rows = models.InvoiceLineRow.objects.filter(effective=True, item=CALLS_ITEM)
        for number, day, net_yen in rows.values_list("number", "period_first", "net_yen").iterator():
            self._add_calls(number, f"{day:%Y-%m}", net_yen)

    def _add_calls(self, number: str, month: str, net_yen: int) -> None:
        self.calls[number, month] = self.calls.get((number, month), 0) + net_yen
