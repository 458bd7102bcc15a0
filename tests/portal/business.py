"""Subscribers, contracts and ledgers for the tests of the books, in the words of the service."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import msgspec

from chakka.config import BillingSettings, Config
from chakka.localtime import parse_instant_ms
from chakka.portal.accounts.models import Subscriber
from chakka.portal.billing.jobs import Advance
from chakka.portal.billing.models import BillingRun, Invoice, TableKind
from chakka.portal.billing.run import Month
from chakka.portal.billing.series import Issuing
from chakka.portal.billing.terms import publish, publish_shipped
from chakka.portal.contracts.models import Contract, ContractItem, FreephoneNumber, WorkOrder
from chakka.stores.usage import Blocker, UsageTotal

NUMBER = "0120123456"
OCTOBER = "2026-10"
NOW_MS = parse_instant_ms("2027-06-01T12:00+09:00")
SETTINGS = BillingSettings(
    issuer="デモ電話株式会社",
    postal_code="100-0002",
    address="東京都千代田区皇居外苑1-1",
    registration_number="T9000000000000",
)
CONFIG = Config(billing=SETTINGS)
ISSUING = Issuing(by="tester", on=date(2026, 11, 5), prefix="INV")
NO_LEVIES = """
name = "levies"
title = "a month without levies"
source = "tests"
[[levies]]
name = "universal_service"
title = "ユニバーサルサービス料"
yen = 0
first_month = "2020-01"
""".encode()


class LedgerOfTotals:
    """A ledger that holds totals and blockers alone."""

    def __init__(self, *totals: UsageTotal, blockers: tuple[Blocker, ...] = ()) -> None:
        self.totals = list(totals)
        self.stands_against = blockers

    def usage(self, usage_month: str | None = None) -> list[UsageTotal]:
        return [total for total in self.totals if usage_month in (None, total.usage_month)]

    def blockers(self, usage_month: str) -> Iterator[Blocker]:
        yield from self.stands_against


def calls(amount_uy: int, month: str = OCTOBER, number: str = NUMBER, kind: str = "fixed") -> UsageTotal:
    """Return what the calls of a class come to."""
    return UsageTotal(
        number=number,
        usage_month=month,
        rating_class=kind,
        calls=1,
        units=1,
        conversation_ms=60_000,
        amount_uy=amount_uy,
    )


def subscriber(code: str = "SHOP", name: str = "デモ商店") -> Subscriber:
    """Return a new subscriber."""
    return Subscriber.objects.create(
        code=code, name=name, postal_code="100-0001", address="東京都千代田区千代田1-1"
    )


def contract(
    owner: Subscriber, number: str = NUMBER, start: date = date(2026, 1, 1), *items: str
) -> Contract:
    """Return a new contract with the basic function and further items, all from its start."""
    FreephoneNumber.objects.create(number=number, state="working")
    made = Contract.objects.create(subscriber=owner, number_id=number, start=start)
    for item in ("basic", *items):
        hold(made, item, start)
    return made


def hold(of: Contract, item: str, start: date, stop: date | None = None) -> ContractItem:
    """Return a new item of a contract."""
    place = ContractItem.objects.filter(contract=of, item=item).count() + 1
    key = f"{of.number_id}/{item}/{place}"
    return ContractItem.objects.create(contract=of, key=key, item=item, start=start, stop=stop)


def work(of: Contract, order_id: str, completed_on: date, kind: str = "construction") -> WorkOrder:
    """Return a completed work order."""
    lock = order_id if kind == "lock_release" else None
    return WorkOrder.objects.create(
        order_id=order_id, contract=of, kind=kind, completed_on=completed_on, lock=lock
    )


def without_levies() -> None:
    """Publish the shipped tables, and levies of 0 yen over them."""
    publish_shipped()
    publish(TableKind.LEVIES, NO_LEVIES, "tester")


@contextmanager
def unseen(what: str, total: int) -> Iterator[Advance]:
    """Show no progress."""
    yield lambda count: None


def drafted(month: str, ledger: LedgerOfTotals) -> tuple[Month, BillingRun]:
    """Return the billing of a month with its drafts."""
    billing = Month(month, ledger, CONFIG, NOW_MS)
    return billing, billing.draft(unseen)


def billed(month: str, ledger: LedgerOfTotals, on: date | None = None) -> list[Invoice]:
    """Return the invoices of a month, drafted, checked and issued on a day of the month after."""
    billing, run = drafted(month, ledger)
    found = billing.check(run)
    assert not found, found
    billing.issue(run, msgspec.structs.replace(ISSUING, on=on or _day_after(month)), unseen)
    return list(run.invoices.order_by("sequence"))


def _day_after(month: str) -> date:
    year, number = map(int, month.split("-"))
    return date(year + number // 12, number % 12 + 1, 5)
