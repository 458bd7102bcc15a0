"""A number that changes hands is billed to whom it was theirs (charging.md P5)."""

from datetime import date

import pytest
from business import NUMBER, LedgerOfTotals, billed, calls, contract, hold, subscriber, without_levies

from chakka.portal.billing.documents import body_of
from chakka.portal.contracts.models import Contract

pytestmark = pytest.mark.django_db


def test_the_day_of_a_stop_is_not_the_old_subscribers_any_more() -> None:
    """One contract stops on the first of November, another begins on the fifth."""
    without_levies()
    old = contract(subscriber("OLD"), NUMBER, date(2026, 10, 1))
    billed("2026-10", LedgerOfTotals(calls(8_000_000)))
    old.items.update(stop=date(2026, 11, 1))
    Contract.objects.filter(pk=old.pk).update(stop=date(2026, 11, 1))
    new = Contract.objects.create(subscriber=subscriber("NEW"), number_id=NUMBER, start=date(2026, 11, 5))
    hold(new, "multi_line", date(2026, 11, 5))
    [invoice] = billed("2026-11", LedgerOfTotals(calls(8_000_000), calls(30_000_000, "2026-11")))
    lines = {line.item: line.net_yen for line in body_of(invoice.body).lines}
    assert (invoice.subscriber.code, lines["calls"]) == ("NEW", 30)


def test_calls_on_the_day_of_a_stop_are_paid_by_whom_it_stopped_for() -> None:
    without_levies()
    old = contract(subscriber("OLD"), NUMBER, date(2026, 10, 1))
    billed("2026-10", LedgerOfTotals())
    old.items.update(stop=date(2026, 11, 1))
    Contract.objects.filter(pk=old.pk).update(stop=date(2026, 11, 1))
    [invoice] = billed("2026-11", LedgerOfTotals(calls(30_000_000, "2026-11")))
    assert (invoice.subscriber.code, invoice.net_yen) == ("OLD", 30)
