"""A month for many subscribers: draft, checks, issue, against a plain version that makes them one by one.

    .venv/bin/python bench/invoice_run.py [--subscribers 10000]

Goal (charging.md §7): 10,000 subscribers in at most 60 s without PDFs. The plain version asks the database
for each subscriber by itself and computes fees and calls with Decimal; it does neither checks, PINT rules,
hash chain nor journal, and is timed on a part of the subscribers.
"""

import argparse
import atexit
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path

# Django reads where its database is when it is set up, which is before anything else is imported.
_DIRECTORY = tempfile.mkdtemp(prefix="chakka-bench-")
atexit.register(shutil.rmtree, _DIRECTORY)
os.environ["CHAKKA_DATA"] = _DIRECTORY
os.environ["DJANGO_SETTINGS_MODULE"] = "chakka.portal.settings"
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import django  # noqa: E402

django.setup()

from chakka.config import BillingSettings, Config  # noqa: E402
from chakka.localtime import parse_instant_ms  # noqa: E402
from chakka.portal.accounts.models import Subscriber  # noqa: E402
from chakka.portal.billing.jobs import Advance  # noqa: E402
from chakka.portal.billing.models import BillingRun, Invoice  # noqa: E402
from chakka.portal.billing.run import Month  # noqa: E402
from chakka.portal.billing.series import Issuing  # noqa: E402
from chakka.portal.billing.verifying import differences, row_problems, series_problems  # noqa: E402
from chakka.portal.contracts.models import Contract, ContractItem, FreephoneNumber  # noqa: E402
from chakka.portal.schema import bring_up_to_date  # noqa: E402
from chakka.stores.usage import Blocker, UsageTotal  # noqa: E402

MONTH = "2026-10"
NOW_MS = parse_instant_ms("2026-11-05T12:00+09:00")
CONFIG = Config(
    directory=Path(_DIRECTORY),
    billing=BillingSettings(
        issuer="デモ電話株式会社",
        postal_code="100-0002",
        address="東京都千代田区皇居外苑1-1",
        registration_number="T9000000000000",
    ),
)
ITEMS = ("basic", "multi_line", "origin_distribution", "off_hours")
PRICES = {"basic": 1_000, "multi_line": 1_000, "origin_distribution": 350, "off_hours": 650}
LEVIES_YEN = 3
PLAIN = 500


class Ledger:
    """Totals of one month: two classes of callers for each number."""

    def __init__(self, numbers: list[str]) -> None:
        self._numbers = numbers

    def usage(self, usage_month: str | None = None) -> list[UsageTotal]:
        """Return the totals."""
        return [
            UsageTotal(
                number=number,
                usage_month=MONTH,
                rating_class=kind,
                calls=100,
                units=120,
                conversation_ms=9_000_000,
                amount_uy=unit_uy * 121,
            )
            for number in self._numbers
            for kind, unit_uy in (("fixed", 8_000_000), ("mobile", 17_500_000))
        ]

    def blockers(self, usage_month: str) -> Iterator[Blocker]:
        """Yield nothing."""
        return iter(())


def make_business(count: int) -> list[str]:
    """Make subscribers with one contract each and return the numbers."""
    numbers = [f"0800{place:07}" for place in range(count)]
    Subscriber.objects.bulk_create(
        Subscriber(
            code=f"S{place:06}", name=f"商店{place}", postal_code="100-0001", address="東京都千代田区1-1"
        )
        for place in range(count)
    )
    FreephoneNumber.objects.bulk_create(FreephoneNumber(number=number, state="working") for number in numbers)
    owners = Subscriber.objects.order_by("code")
    contracts = Contract.objects.bulk_create(
        Contract(subscriber=owner, number_id=number, start=date(2026, 1, 1))
        for owner, number in zip(owners, numbers, strict=True)
    )
    ContractItem.objects.bulk_create(
        ContractItem(
            contract=contract,
            key=f"{contract.number_id}/{item}/1",
            item=item,
            start=date(2026, 1, 1) if item == "basic" else date(2026, 10, 17),
        )
        for contract in contracts
        for item in ITEMS
    )
    return numbers


def timed(what: str, work: Callable[[], object]) -> float:
    """Return how many seconds something took, and print it."""
    began = time.perf_counter()
    work()
    seconds = time.perf_counter() - began
    print(f"  {what:<28}{seconds:8.2f} s")
    return seconds


def plain(ledger: Ledger, count: int) -> float:
    """Return seconds for one subscriber by the plain version."""
    totals: dict[str, Decimal] = {}
    for total in ledger.usage():
        totals[total.number] = totals.get(total.number, Decimal(0)) + Decimal(total.amount_uy) / 1_000_000
    began = time.perf_counter()
    for subscriber in Subscriber.objects.order_by("code")[:count]:
        net = sum((plain_contract(contract, totals) for contract in subscriber.contracts.all()), Decimal(0))
        tax = (net * Decimal("0.1")).quantize(Decimal(1), ROUND_FLOOR)
        assert Invoice.objects.get(subscriber=subscriber).total_yen == net + tax
    return (time.perf_counter() - began) / count


def plain_contract(contract: Contract, totals: dict[str, Decimal]) -> Decimal:
    """Return what a contract costs in the month, with Decimal."""
    net = totals[contract.number_id].quantize(Decimal(1), ROUND_FLOOR) + LEVIES_YEN
    for item in contract.items.all():
        days = 31 - max(0, (item.start - date(2026, 10, 1)).days)
        net += (Decimal(PRICES[item.item]) * days / 31).quantize(Decimal(1), ROUND_FLOOR)
    return net


@contextmanager
def unseen(what: str, total: int) -> Iterator[Advance]:
    """Show no progress."""
    yield lambda count: None


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=2_000)
    count = parser.parse_args().subscribers
    bring_up_to_date(CONFIG.directory)
    ledger = Ledger(make_business(count))
    print(f"{count} subscribers, {count * (len(ITEMS) + 3)} lines")
    billing = Month(MONTH, ledger, CONFIG, NOW_MS)
    issuing = Issuing(by="bench", on=date(2026, 11, 5), prefix="INV")
    seconds = timed("draft, PINT rules checked", lambda: billing.draft(unseen))
    run = BillingRun.objects.get()
    seconds += timed("checks", lambda: billing.check(run))
    seconds += timed("issue, numbered and chained", lambda: billing.issue(run, issuing, unseen))
    print(f"  run {seconds:.1f} s: {seconds * 10_000 / count:.1f} s for 10,000 subscribers (goal: 60)")
    assert Invoice.objects.count() == count

    def verify() -> None:
        found = [*series_problems("INV"), *row_problems(lambda done: None)]
        assert not [*found, *differences(billing.drafting, [MONTH], lambda done: None)]

    timed("verify", verify)
    one = plain(ledger, min(count, PLAIN))
    ratio = seconds / count / one
    print(f"  plain version with Decimal {one * 1e3:.2f} ms a subscriber; ours takes {ratio:.1f} times that")


if __name__ == "__main__":
    main()
