"""A billing run: what is due, once, whatever comes late (charging.md §1, §3)."""

from datetime import date

import msgspec
import pytest
from business import (
    CONFIG,
    ISSUING,
    NOW_MS,
    NUMBER,
    OCTOBER,
    LedgerOfTotals,
    billed,
    calls,
    contract,
    drafted,
    hold,
    subscriber,
    unseen,
    without_levies,
    work,
)
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from chakka.config import Config
from chakka.errors import InputError
from chakka.portal.billing import checks, issuing, models, series
from chakka.portal.billing.documents import body_of
from chakka.portal.billing.run import Month
from chakka.portal.contracts.models import DirectoryIssue, DirectoryListing
from chakka.stores.usage import Blocker

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


def lines(invoice: models.Invoice) -> dict[str, int]:
    return {line.key: line.net_yen for line in body_of(invoice.body).lines}


def sums(invoice: models.Invoice) -> tuple[int, int, int]:
    return invoice.net_yen, invoice.tax_yen, invoice.total_yen


def test_e03_calls_are_floored_once_per_number_and_month() -> None:
    without_levies()
    owner = subscriber()
    of = contract(owner, NUMBER, date(2026, 1, 1))
    of.items.update(stop=date(2026, 9, 30))
    [invoice] = billed(OCTOBER, LedgerOfTotals(calls(8_000_000), calls(52_500_000, kind="mobile")))
    assert sums(invoice) == (60, 6, 66)


def test_e06_a_start_within_the_month_is_prorated_and_levies_are_not() -> None:
    of = contract(subscriber(), NUMBER, date(2026, 10, 17), "origin_distribution", "busy_overflow")
    work(of, "order-1", date(2026, 10, 17), kind="basic")
    [invoice] = billed(OCTOBER, LedgerOfTotals())
    assert sums(invoice) == (2_042, 204, 2_246)


def test_a_subscriber_without_anything_to_pay_gets_no_invoice() -> None:
    subscriber()
    assert billed(OCTOBER, LedgerOfTotals()) == []


def test_an_order_is_charged_once_whenever_it_becomes_known() -> None:
    of = contract(subscriber())
    billed(OCTOBER, LedgerOfTotals())
    work(of, "late", date(2026, 10, 20))
    [november] = billed("2026-11", LedgerOfTotals(), on=date(2026, 12, 5))
    [december] = billed("2026-12", LedgerOfTotals())
    assert lines(november)["work/late"] == 1_000
    assert "work/late" not in lines(december)


def test_a_lock_release_costs_2000_yen() -> None:
    of = contract(subscriber())
    work(of, "lock-7", date(2026, 10, 3), kind="lock_release")
    [invoice] = billed(OCTOBER, LedgerOfTotals())
    assert lines(invoice)["work/lock-7"] == 2_000


def test_r8_6_listings_beyond_the_free_one_are_charged_per_issue() -> None:
    of = contract(subscriber())
    DirectoryIssue.objects.create(name="2026-tokyo", issued_on=date(2026, 10, 15))
    for place, cancelled_on in enumerate([None, None, None, date(2026, 10, 14)]):
        DirectoryListing.objects.create(
            contract=of,
            key=f"{NUMBER}/listing/{place}",
            text=f"デモ商店 {place}",
            start=date(2026, 9, 1),
            cancelled_on=cancelled_on,
        )
    [invoice] = billed(OCTOBER, LedgerOfTotals())
    assert lines(invoice)[f"{NUMBER}/directory/2026-tokyo"] == 1_000


def test_p8_late_calls_are_adjusted_on_the_next_invoice_under_their_own_month() -> None:
    contract(subscriber())
    billed(OCTOBER, LedgerOfTotals(calls(100_500_000)))
    [november] = billed("2026-11", LedgerOfTotals(calls(109_000_000), calls(7_000_000, "2026-11")))
    assert lines(november)[f"{NUMBER}/calls/2026-10#2"] == 9
    assert lines(november)[f"{NUMBER}/calls/2026-11#1"] == 7


def test_p4_calls_that_become_fewer_are_given_back_exactly() -> None:
    contract(subscriber())
    billed(OCTOBER, LedgerOfTotals(calls(100_500_000)))
    [november] = billed("2026-11", LedgerOfTotals(calls(99_400_000)))
    assert lines(november)[f"{NUMBER}/calls/2026-10#2"] == -1


def test_a_fee_that_was_agreed_after_its_month_was_billed_is_on_the_next_invoice() -> None:
    of = contract(subscriber())
    billed(OCTOBER, LedgerOfTotals())
    hold(of, "off_hours", date(2026, 10, 1))
    [november] = billed("2026-11", LedgerOfTotals())
    assert lines(november)[f"{NUMBER}/off_hours/1/2026-10"] == 650
    assert lines(november)[f"{NUMBER}/off_hours/1/2026-11"] == 650
    assert f"{NUMBER}/basic/1/2026-10" not in lines(november)


def test_months_before_the_first_run_are_not_billed() -> None:
    contract(subscriber())
    billing, run = drafted(OCTOBER, LedgerOfTotals(calls(5_000_000, "2026-09")))
    [blocker] = billing.check(run)
    assert blocker.key == "before_books/2026-09"
    checks.decide(OCTOBER, blocker, "tester", "test calls")
    assert billing.check(run) == []
    [draft] = run.drafts.all()
    assert not any("2026-09" in line.key for line in body_of(draft.body).lines)


def test_an_adjustment_is_charged_once_with_its_reason() -> None:
    of = contract(subscriber())
    models.Adjustment.objects.create(
        contract=of,
        net_yen=-300,
        period_first=date(2026, 10, 3),
        period_last=date(2026, 10, 4),
        reason="障害のお詫び",
        by="tester",
        at="2026-10-05T00:00Z",
    )
    [october] = billed(OCTOBER, LedgerOfTotals())
    [november] = billed("2026-11", LedgerOfTotals())
    [line] = [line for line in body_of(october.body).lines if line.item == "adjustment"]
    assert (line.net_yen, line.description) == (-300, "障害のお詫び")
    assert not any(key.startswith("adjustment/") for key in lines(november))


def test_calls_of_a_number_that_is_nobodys_stop_the_run() -> None:
    contract(subscriber())
    billing, run = drafted(OCTOBER, LedgerOfTotals(calls(1_000_000, number="0120999999")))
    assert [blocker.key for blocker in billing.check(run)] == ["no_owner/0120999999/2026-10"]


def test_what_was_decided_for_one_call_stops_the_run_again_when_more_have_come() -> None:
    contract(subscriber())
    few, more = calls(1_000_000, number="0120999999"), calls(2_000_000_000, number="0120999999")
    billing, run = drafted(OCTOBER, LedgerOfTotals(few, msgspec.structs.replace(few, rating_class="mobile")))
    [blocker] = billing.check(run)
    assert blocker.message.startswith("2 calls for 2 yen of 0120999999")
    checks.decide(OCTOBER, blocker, "tester", "two trial calls")
    assert billing.check(run) == []
    billing, run = drafted(OCTOBER, LedgerOfTotals(more))
    [again] = billing.check(run)
    assert again.key == blocker.key
    checks.decide(OCTOBER, again, "tester", "nobody's")
    assert billing.check(run) == []
    with pytest.raises(InputError, match="decided before"):
        checks.decide(OCTOBER, again, "tester", "once more")


def test_a_number_that_changed_hands_is_billed_to_each_for_its_months() -> None:
    first = contract(subscriber("A"), NUMBER, date(2026, 1, 1))
    first.items.update(stop=date(2026, 10, 31))
    first.stop = date(2026, 10, 31)
    first.save()
    second = models.Contract.objects.create(
        subscriber=subscriber("B"), number_id=NUMBER, start=date(2026, 11, 20)
    )
    hold(second, "multi_line", date(2026, 11, 20))
    billed(OCTOBER, LedgerOfTotals(calls(10_000_000)))
    a, b = billed("2026-11", LedgerOfTotals(calls(25_000_000), calls(3_000_000, "2026-11")))
    assert (a.subscriber.code, lines(a)) == ("A", {f"{NUMBER}/calls/2026-10#2": 15})
    assert lines(b)[f"{NUMBER}/calls/2026-11#1"] == 3


def test_what_blocks_the_ledger_blocks_the_run_until_somebody_decides() -> None:
    contract(subscriber())
    gap = Blocker(
        kind="gap", key="gap/node1/1/5-6", message="node1 boot 1: sequences 5 to 6 were not delivered"
    )
    billing, run = drafted(OCTOBER, LedgerOfTotals(blockers=(gap,)))
    assert billing.check(run) == [gap]
    with pytest.raises(InputError, match="not checked"):
        billing.issue(run, ISSUING, unseen)
    checks.decide(OCTOBER, gap, "tester", "the disk was lost, nothing can be had")
    billed(OCTOBER, LedgerOfTotals(blockers=(gap,)))
    kept = models.BlockerDecision.objects.get()
    assert (kept.by, kept.reason, kept.message) == (
        "tester",
        "the disk was lost, nothing can be had",
        gap.message,
    )


def test_a_gap_that_stands_against_every_month_is_decided_once() -> None:
    contract(subscriber())
    gap = Blocker(
        kind="gap", key="gap/node1/1/5-6", message="node1 boot 1: sequences 5 to 6 were not delivered"
    )
    checks.decide(OCTOBER, gap, "tester", "the disk was lost")
    billed(OCTOBER, LedgerOfTotals(blockers=(gap,)))
    billed("2026-11", LedgerOfTotals(blockers=(gap,)))


def test_a_failure_within_a_transaction_leaves_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    contract(subscriber())
    billing, run = drafted(OCTOBER, LedgerOfTotals())
    assert billing.check(run) == []
    monkeypatch.setattr(series, "journal_batch", _stop)
    with pytest.raises(KeyboardInterrupt):
        issuing.issue_all(run, ISSUING, lambda count: None)
    assert not models.Invoice.objects.exists()
    assert not models.InvoiceLineRow.objects.exists()
    assert run.drafts.count() == 1
    monkeypatch.undo()
    [invoice] = billed(OCTOBER, LedgerOfTotals())
    assert invoice.number == "INV2026-000001"


def test_a_decision_needs_a_reason_and_is_made_once() -> None:
    gap = Blocker(kind="gap", key="gap/1", message="a gap")
    with pytest.raises(InputError, match="reason"):
        checks.decide(OCTOBER, gap, "tester", " ")
    checks.decide(OCTOBER, gap, "tester", "why")
    with pytest.raises(InputError, match="before"):
        checks.decide(OCTOBER, gap, "tester", "again")


def test_a_month_that_is_not_over_is_a_decision() -> None:
    billing, run = drafted("2099-01", LedgerOfTotals())
    assert [blocker.key for blocker in billing.check(run)] == ["month_not_over/2099-01"]


def test_a_month_that_was_left_out_is_said() -> None:
    contract(subscriber())
    billed("2026-08", LedgerOfTotals())
    billing, run = drafted(OCTOBER, LedgerOfTotals())
    assert [blocker.key for blocker in billing.check(run)] == ["missing_run/2026-09"]


def test_an_invoice_that_cannot_be_made_is_said_and_left_out_by_decision() -> None:
    contract(subscriber("A"))
    of = contract(subscriber("B"), "08001234567")
    models.Adjustment.objects.create(
        contract=of,
        net_yen=-5_000,
        period_first=date(2026, 10, 1),
        period_last=date(2026, 10, 1),
        reason="too much",
        by="tester",
        at="2026-10-05T00:00Z",
    )
    billing, run = drafted(OCTOBER, LedgerOfTotals())
    [blocker] = billing.check(run)
    assert blocker.key == "draft/B/2026-10"
    assert "issue a credit" in blocker.message
    checks.decide(OCTOBER, blocker, "tester", "credited by hand")
    assert [invoice.subscriber.code for invoice in billed(OCTOBER, LedgerOfTotals())] == ["A"]


def test_without_an_issuer_nothing_is_drafted() -> None:
    billing = Month(OCTOBER, LedgerOfTotals(), Config(), NOW_MS)
    with pytest.raises(InputError, match=r"\[billing\] issuer"):
        billing.draft(unseen)


def test_an_issuer_without_a_registration_number_issues_nothing() -> None:
    contract(subscriber())
    nobody = msgspec.structs.replace(CONFIG.billing, registration_number="")
    billing = Month(OCTOBER, LedgerOfTotals(), Config(billing=nobody), NOW_MS)
    [blocker] = billing.check(billing.draft(unseen))
    assert "'' is no registration number" in blocker.message


def test_a_draft_is_computed_anew_until_it_is_issued() -> None:
    of = contract(subscriber())
    _, run = drafted(OCTOBER, LedgerOfTotals())
    before = run.drafts.get().total_yen
    hold(of, "multi_line", date(2026, 10, 1))
    _, run = drafted(OCTOBER, LedgerOfTotals())
    assert run.drafts.get().total_yen == before + 1_100
    billed(OCTOBER, LedgerOfTotals())
    with pytest.raises(InputError, match="was issued"):
        drafted(OCTOBER, LedgerOfTotals())


def test_a_run_that_stops_anywhere_goes_on_without_gap_or_double(monkeypatch: pytest.MonkeyPatch) -> None:
    for place in range(5):
        contract(subscriber(f"S{place}"), f"012000000{place}")
    monkeypatch.setattr(issuing, "CHUNK", 2)
    billing, run = drafted(OCTOBER, LedgerOfTotals())
    assert billing.check(run) == []
    with pytest.raises(KeyboardInterrupt):
        issuing.issue_all(run, ISSUING, _stop)
    assert run.invoices.count() == 2
    job = models.Job.objects.get(kind="draft")
    assert (job.state, job.done) == ("done", 5)
    billed(OCTOBER, LedgerOfTotals())
    numbers = list(models.Invoice.objects.order_by("sequence").values_list("number", flat=True))
    assert numbers == [f"INV2026-{place:06}" for place in range(1, 6)]
    assert models.InvoiceLineRow.objects.filter(key__contains="/basic/").count() == 5


def _stop(_: object) -> None:
    raise KeyboardInterrupt


def test_calls_that_come_while_a_run_is_half_issued_wait_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for place in range(2):
        contract(subscriber(f"S{place}"), f"012000000{place}")
    monkeypatch.setattr(issuing, "CHUNK", 1)
    billing, run = drafted(OCTOBER, LedgerOfTotals())
    assert billing.check(run) == []
    with pytest.raises(KeyboardInterrupt):
        issuing.issue_all(run, ISSUING, _stop)
    late = LedgerOfTotals(calls(9_000_000, number="0120000000"))
    billed(OCTOBER, late)
    first, _ = billed("2026-11", late)
    assert lines(first)["0120000000/calls/2026-10#1"] == 9


def test_work_that_was_stopped_is_seen_as_stopped() -> None:
    contract(subscriber())
    billing, run = drafted(OCTOBER, LedgerOfTotals())
    billing.check(run)
    run.state = "draft"
    with pytest.raises(InputError):
        billing.issue(run, ISSUING, unseen)
    job = models.Job.objects.get(kind="issue")
    assert (job.state, job.period) == ("stopped", OCTOBER)
    assert "not checked" in job.message


def test_one_key_is_in_force_once_whatever_the_code_does() -> None:
    contract(subscriber())
    [invoice] = billed(OCTOBER, LedgerOfTotals())
    row = invoice.rows.first()
    assert row is not None
    row.pk, row.position, row._state.adding = None, 99, True
    with pytest.raises(IntegrityError):
        row.save()


def test_a_difference_between_drafts_and_ledger_stops_the_run() -> None:
    contract(subscriber())
    ledger = LedgerOfTotals(calls(10_000_000))
    billing, run = drafted(OCTOBER, ledger)
    draft = run.drafts.get()
    draft.body = draft.body.replace('"net_yen":10,', '"net_yen":11,')
    draft.save()
    assert [blocker.key for blocker in billing.check(run)] == [f"calls/{NUMBER}/2026-10/2026-10"]


def test_a_contract_that_no_line_charges_stops_the_run() -> None:
    of = contract(subscriber())
    billing, run = drafted(OCTOBER, LedgerOfTotals())
    run.drafts.all().delete()
    assert [blocker.key for blocker in billing.check(run)] == [f"holding/{of.number_id}/2026-10"]


def test_the_books_take_the_same_number_of_questions_for_one_subscriber_and_for_many() -> None:
    contract(subscriber("A"), "0120000001")
    with CaptureQueriesContext(connection) as few:
        drafted(OCTOBER, LedgerOfTotals())
    for place in range(20):
        contract(subscriber(f"S{place:02}"), f"01201000{place:02}")
    with CaptureQueriesContext(connection) as many:
        drafted(OCTOBER, LedgerOfTotals())
    assert len(many) <= len(few) + 2
