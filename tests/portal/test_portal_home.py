"""Home: what happens to a call now, by the live decision function, and what came today (portal.md, A 1)."""

import re
from pathlib import Path

import pytest
from business import contract, subscriber
from django.conf import settings
from django.test import Client

from chakka.cli import demo
from chakka.config import Config
from chakka.localtime import parse_instant_ms
from chakka.numbering.model import CallerClass
from chakka.portal.accounts.models import User
from chakka.portal.situation.now import ClassNow, Reception, now, reception
from chakka.portal.templatetags.shown import fate_in_words, number, places
from chakka.records.final import Final
from chakka.routing import live_facts
from chakka.routing.decision import Outcome, Reason
from chakka.routing.live_facts import EmergencyRun, LiveFacts
from chakka.stores.ledger import Ledger
from chakka.stores.ledger_values import final_row
from chakka.stores.plan_store import PlanStore, Publication, Published, prepared

SHOP, ALWAYS = "0120123456", "08001234567"
# A Friday; the shop is open from 9 to 18.
OPEN_MS = parse_instant_ms("2026-11-20T10:00+09:00")
CLOSED_MS = parse_instant_ms("2026-11-20T18:00+09:00")


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    demo.prepare(tmp_path)
    config = Config(directory=tmp_path)
    monkeypatch.setattr(settings, "CONFIG", config)
    return config


def of(caller_class: CallerClass, number: str, at_ms: int) -> ClassNow:
    return next(one for one in now(number, at_ms) if one.caller_class is caller_class)


def put(config: Config, facts: LiveFacts) -> None:
    with PlanStore.open(config.plans, readonly=False) as store:
        store.change_live(SHOP, lambda before: live_facts.encode(facts))


def test_the_shop_takes_calls_in_its_hours_and_not_after_them(node: Config) -> None:
    assert reception(SHOP, OPEN_MS) is Reception.OPEN
    assert reception(SHOP, CLOSED_MS - 1) is Reception.OPEN
    assert reception(SHOP, CLOSED_MS) is Reception.OFF_HOURS


def test_fixed_lines_ring_by_charge_area(node: Config) -> None:
    fixed = of(CallerClass.FIXED, SHOP, OPEN_MS)
    assert [fate.outcome for fate in fixed.fates] == [Outcome.CONNECT] * 2
    assert sum(len(fate.places) for fate in fixed.fates) == 561
    assert places(fixed, fixed.fates[0]) == "料金区域561のうち311"


def test_who_hears_the_same_makes_one_row(node: Config) -> None:
    (fate,) = of(CallerClass.FIXED, SHOP, CLOSED_MS).fates
    assert (fate.reason, len(fate.places)) == (Reason.OFF_HOURS, 561)
    assert fate_in_words(fate) == "時間外案内"


def test_callers_of_a_class_that_is_not_accepted_are_refused(node: Config) -> None:
    (fate,) = of(CallerClass.INTERNATIONAL, SHOP, OPEN_MS).fates
    assert fate.outcome is Outcome.REFUSE
    assert "お断り" in fate_in_words(fate)


def test_a_number_without_a_plan_says_so(node: Config) -> None:
    assert reception("0120999999", OPEN_MS) is Reception.NO_PLAN
    assert now("0120999999", OPEN_MS) == ()


def test_without_any_plan_store_there_is_no_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "CONFIG", Config(directory=tmp_path))
    assert reception(SHOP, OPEN_MS) is Reception.NO_PLAN


def test_a_suspended_number_is_stopped(node: Config) -> None:
    put(node, LiveFacts(suspended=True))
    assert reception(SHOP, OPEN_MS) is Reception.CLOSED
    (fate,) = of(CallerClass.MOBILE, SHOP, OPEN_MS).fates
    assert fate.reason is Reason.SUSPENDED


def test_an_emergency_plan_answers_while_it_is_in_force(node: Config) -> None:
    with PlanStore.open(node.plans, readonly=False) as store:
        plan = store.read(ALWAYS)
        published = Published(at_ms=0, by="tester", why="drill", hash="x")
        store.publish_all(
            [Publication(number=prepared(SHOP, "storm"), compiled=plan, text=b"", published=published)]
        )
    put(node, LiveFacts(emergency=EmergencyRun(plan="storm", until_ms=CLOSED_MS + 1)))
    assert reception(SHOP, CLOSED_MS) is Reception.EMERGENCY
    assert reception(SHOP, CLOSED_MS + 1) is Reception.OFF_HOURS


def test_an_emergency_plan_that_is_not_there_leaves_the_ordinary_one(node: Config) -> None:
    put(node, LiveFacts(emergency=EmergencyRun(plan="lost", until_ms=CLOSED_MS + 1)))
    assert reception(SHOP, CLOSED_MS) is Reception.OFF_HOURS


def test_numbers_are_shown_with_hyphens() -> None:
    assert [number(each) for each in (SHOP, ALWAYS, "0352001234")] == [
        "0120-123-456",
        "0800-123-4567",
        "0352001234",
    ]


@pytest.mark.django_db
def test_today_counts_what_the_ledger_has_since_midnight_in_japan(
    node: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = subscriber()
    contract(shop, SHOP)
    midnight_ms = parse_instant_ms("2026-11-20T00:00+09:00")
    with Ledger.open(node.ledger) as ledger, ledger.writing() as change:
        for place, at_ms in enumerate((midnight_ms - 1, midnight_ms, OPEN_MS), start=1):
            answered = {"answered_at_ms": at_ms, "conversation_ms": 90_000}
            came = Final("tests/1", place, f"call-{place}", SHOP, at_ms, **answered)
            change.put_new([final_row(came)], {})
    for module in ("bar", "situation.pages"):
        monkeypatch.setattr(f"chakka.portal.{module}.utc_ms", lambda: OPEN_MS)
    browser = Client()
    browser.force_login(User.objects.create_user("1", "shop@shop.example", "x", shop))
    content = browser.get("/", secure=True).content.decode()
    # Two came, two were answered, three minutes were talked.
    assert re.findall("<dd>([0-9]+)</dd>", content) == ["2", "2", "3"]
    assert "受付中" in content
