"""Half a year of whatever may happen to contracts, calls and invoices: the books stay right."""

import os
import random
from datetime import date, timedelta

import msgspec
import pytest
from billed_months import bill, is_proved
from business import CONFIG, ISSUING, NOW_MS, NUMBER, LedgerOfTotals, calls, contract, hold, subscriber, work

from chakka.errors import InputError
from chakka.invoicing.journal_entries import Account, JournalEntry
from chakka.invoicing.model import Item
from chakka.invoicing.period import last_day, month_of, next_month
from chakka.money import MICRO_YEN
from chakka.portal.billing.crediting import credit
from chakka.portal.billing.models import Adjustment, Invoice, InvoiceLineRow, JournalBatch
from chakka.portal.billing.run import Month
from chakka.portal.contracts.models import Contract, ContractItem

pytestmark = [pytest.mark.django_db]

OTHER = "08001234567"
OPTIONS = (Item.MULTI_LINE, Item.OFF_HOURS, Item.BUSY_OVERFLOW, Item.RATIO_DISTRIBUTION)
# `make soak` asks for more.
ROUNDS = int(os.environ.get("CHAKKA_SOAK_CALLS", "10000")) // 2_500


class HalfYear:
    """A company that things happen to, from a seed."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.ledger = LedgerOfTotals()
        owners = (subscriber("A"), subscriber("B"))
        self.contracts = [
            contract(owner, number, date(2025, 12, 1))
            for owner, number in zip(owners, (NUMBER, OTHER), strict=True)
        ]
        self.orders = 0

    def day_in(self, month: str) -> date:
        return date.fromisoformat(f"{month}-{self.draw.randint(1, last_day(month).day):02}")

    def happen(self, month: str, earlier: list[str]) -> None:
        """Let some things happen in a month, of which some are about months that were billed."""
        for _ in range(self.draw.randint(1, 8)):
            of = self.draw.choice(self.contracts)
            about = self.draw.choice([*earlier[-3:], month, month])
            self.draw.choice((self.option, self.stop, self.order, self.adjustment, self.calls, self.calls))(
                of, about, month
            )

    def option(self, of: Contract, about: str, month: str) -> None:
        item = self.draw.choice(OPTIONS)
        start = self.day_in(about)
        held = ContractItem.objects.filter(contract=of, item=item)
        if not held.filter(stop__isnull=True).exists() and not held.filter(stop__gt=start).exists():
            hold(of, item, start)

    def stop(self, of: Contract, about: str, month: str) -> None:
        """Stop an option in the month that runs: what was billed of earlier months stays right."""
        found = ContractItem.objects.filter(contract=of, stop__isnull=True).exclude(item=Item.BASIC).first()
        if found is not None:
            found.stop = max(found.start, self.day_in(month))
            found.save()

    def order(self, of: Contract, about: str, month: str) -> None:
        self.orders += 1
        work(of, f"order-{self.orders}", self.day_in(about))

    def adjustment(self, of: Contract, about: str, month: str) -> None:
        first = self.day_in(about)
        Adjustment.objects.create(
            contract=of,
            net_yen=self.draw.choice((-120, 75)),
            period_first=first,
            period_last=min(first + timedelta(days=2), last_day(about)),
            reason="adjusted",
            by="tester",
            at="2026-01-01T00:00Z",
        )

    def calls(self, of: Contract, about: str, month: str) -> None:
        """Calls come, late ones too, or a correction takes some of them away again."""
        key = (of.number_id, about, self.draw.choice(("fixed", "mobile")))
        change_uy = self.draw.randrange(-30, 400) * 500_000
        for place, total in enumerate(self.ledger.totals):
            if (total.number, total.usage_month, total.rating_class) == key:
                self.ledger.totals[place] = msgspec.structs.replace(
                    total, amount_uy=max(0, total.amount_uy + change_uy)
                )
                return
        self.ledger.totals.append(calls(abs(change_uy), about, of.number_id, key[2]))

    def take_back(self) -> None:
        """Find that some calls cost half as much, and correct an invoice; it may be right as it is."""
        place = self.draw.randrange(len(self.ledger.totals)) if self.ledger.totals else None
        if place is not None:
            total = self.ledger.totals[place]
            self.ledger.totals[place] = msgspec.structs.replace(total, amount_uy=total.amount_uy // 2)
        rows = Invoice.objects.exclude(kind="credit").filter(referring__isnull=True)
        row = self.draw.choice(list(rows.select_related("run")))
        drafting = Month(row.run.month, self.ledger, CONFIG, NOW_MS).drafting
        reasoned = msgspec.structs.replace(
            ISSUING, on=Invoice.objects.latest("sequence").issued_on, reason="it was wrong"
        )
        try:
            credit(row, drafting, reasoned, whole=self.draw.random() < 0.2)
        except InputError as fault:
            assert {problem.code for problem in fault.problems} <= {"nothing_to_credit", "higher"}, fault


@pytest.mark.parametrize("seed", range(ROUNDS))
@pytest.mark.usefixtures("prices")
def test_after_each_month_the_invoices_carry_what_is_due_and_nothing_twice(seed: int) -> None:
    year = HalfYear(seed)
    months: list[str] = []
    month = "2026-01"
    while month <= "2026-06":
        year.happen(month, months)
        bill(month, year.ledger, last_day(month) + timedelta(days=5), {"draft"})
        months.append(month)
        assert_right(year, months)
        for _ in range(year.draw.randrange(3)):
            year.take_back()
        month = next_month(month)


def assert_right(year: HalfYear, months: list[str]) -> None:
    assert is_proved(year.ledger)
    exact_uy: dict[tuple[str, str], int] = {}
    for total in year.ledger.totals:
        key = (total.number, total.usage_month)
        exact_uy[key] = exact_uy.get(key, 0) + total.amount_uy
    billed: dict[tuple[str, str], int] = {}
    for row in InvoiceLineRow.objects.filter(effective=True, item="calls"):
        key = (row.number, month_of(row.period_first))
        billed[key] = billed.get(key, 0) + row.net_yen
    assert billed == {
        key: cost // MICRO_YEN for key, cost in exact_uy.items() if key in billed or cost >= MICRO_YEN
    }
    # What came late and changed no yen has no line: it waits in the journal, less than a yen of each month.
    assert abs(balance_uy(Account.UNBILLED)) < MICRO_YEN * max(1, len(exact_uy))
    assert balance_uy(Account.RECEIVABLE) == MICRO_YEN * sum(
        -invoice.total_yen if invoice.kind == "credit" else invoice.total_yen
        for invoice in Invoice.objects.exclude(kind="corrected")
    )


def balance_uy(account: Account) -> int:
    """Return what stands on an account of the double-entry journal."""
    entries = [
        msgspec.json.decode(text, type=JournalEntry)
        for text in JournalBatch.objects.values_list("entry", flat=True)
    ]
    return sum(
        posting.amount_uy for entry in entries for posting in entry.postings if posting.account is account
    )
