"""A company's months from ledger to invoices, and what the invoices come to."""

from collections.abc import Iterable
from datetime import date

import msgspec
from business import CONFIG, ISSUING, NOW_MS, contract, subscriber, unseen
from recorded_months import NUMBERS, UsageKey

from chakka.invoicing.model import CALLS_ITEM, InvoiceBody
from chakka.portal.billing import checks
from chakka.portal.billing.documents import body_of
from chakka.portal.billing.models import BillingRun, Invoice
from chakka.portal.billing.run import Month
from chakka.portal.billing.verifying import differences, row_problems, series_problems
from chakka.stores.ledger import Ledger
from chakka.stores.usage import Blocker


def company() -> None:
    """Found a company whose subscribers have two numbers each, since the first of October."""
    for place in range(0, len(NUMBERS), 2):
        owner = subscriber(f"S{place:02}", f"商店{place}")
        for number in NUMBERS[place : place + 2]:
            contract(owner, number, date(2026, 10, 1))


def standing(month: str, ledger: Ledger) -> list[Blocker]:
    """Return what stands against issuing a month, after its drafts were made."""
    billing = Month(month, ledger, CONFIG, NOW_MS)
    return billing.check(billing.draft(unseen))


def bill(month: str, ledger: Ledger, on: date, decide: Iterable[str] = ()) -> None:
    """Issue a month. decide: kinds of blockers that an operator lets pass; there are no others."""
    billing = Month(month, ledger, CONFIG, NOW_MS)
    run = billing.draft(unseen)
    for blocker in billing.check(run):
        assert blocker.kind in decide, blocker
        checks.decide(month, blocker, "operator", "seen")
    assert billing.check(run) == []
    billing.issue(run, msgspec.structs.replace(ISSUING, on=on), unseen)


def bodies() -> list[InvoiceBody]:
    """Return every document in the order of its number."""
    return [body_of(body) for body in Invoice.objects.order_by("sequence").values_list("body", flat=True)]


def billed_calls() -> dict[UsageKey, tuple[int, int]]:
    """Return the yen of all lines for calls and the micro-yen rounded away, by number and month."""
    sums: dict[UsageKey, tuple[int, int]] = {}
    for body in bodies():
        for line in body.lines:
            if line.item == CALLS_ITEM:
                key = (line.number, f"{line.period_first:%Y-%m}")
                net_yen, rounded_uy = sums.get(key, (0, 0))
                sums[key] = net_yen + line.net_yen, rounded_uy + line.rounded_uy
    return sums


def is_proved(ledger: Ledger) -> bool:
    """Return whether the chain, the rows and every line computed anew agree."""
    months = sorted(BillingRun.objects.values_list("month", flat=True))
    drafting = Month(months[-1], ledger, CONFIG, NOW_MS).drafting
    problems = [
        *series_problems(ISSUING.prefix),
        *row_problems(lambda count: None),
        *differences(drafting, months, lambda count: None),
    ]
    assert not problems, problems
    return True
