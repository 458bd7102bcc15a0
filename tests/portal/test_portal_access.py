"""Every page × every viewer: nobody sees what is another's (reliability.md §4)."""

import re
from datetime import date
from pathlib import Path

import msgspec
import pytest
from business import CONFIG, NUMBER, OCTOBER, LedgerOfTotals, billed, calls, contract, subscriber
from django.conf import settings
from django.test import Client
from django.urls import get_resolver

from chakka.portal.accounts.models import User
from chakka.portal.billing.models import Invoice

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
OURS, THEIRS = NUMBER, "08001234567"
OPEN = {"login", "unlock", "tls", "set_language", "logout"}


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "CONFIG", msgspec.structs.replace(CONFIG, directory=tmp_path))


@pytest.fixture
def invoice(books: None) -> Invoice:
    """An invoice of the shop, beside a stranger with a number and an invoice of their own."""
    shop, stranger = subscriber("SHOP", "みせ"), subscriber("CHARLIE", "チャーリー商会")
    contract(shop, OURS)
    contract(stranger, THEIRS, date(2026, 1, 1))
    User.objects.create_user("1", "shop@shop.example", "x", shop)
    User.objects.create_user("2", "charlie@stranger.example", "x", stranger)
    User.objects.create_user("3", "operator@operator.example", "x", None)
    issued = billed(OCTOBER, LedgerOfTotals(calls(8_000_000)))
    return next(each for each in issued if each.subscriber == shop)


def browser(login_id: str) -> Client:
    seen = Client()
    seen.force_login(User.objects.get(login_id=login_id))
    return seen


def addresses(invoice: Invoice) -> dict[str, str]:
    """Return every address of the portal, those of objects with the shop's."""
    found = {}
    for pattern in get_resolver().url_patterns:
        found[str(pattern.name)] = "/" + re.sub("<[^>]+>", invoice.number, str(pattern.pattern))
    return found


def test_without_a_login_every_page_leads_to_the_login(invoice: Invoice) -> None:
    closed = {name: address for name, address in addresses(invoice).items() if name not in OPEN}
    assert set(closed) == {"home", "invoices", "invoice_pdf", "password"}
    for address in closed.values():
        answer = Client().get(address, secure=True)
        assert answer.status_code == 302, address
        assert answer.headers["Location"].startswith("/login/?next=")


def test_a_stranger_sees_nothing_of_the_shop_anywhere(invoice: Invoice) -> None:
    charlie = browser("2")
    for address in [*addresses(invoice).values(), f"/?number={OURS}"]:
        content = charlie.get(address, secure=True, follow=True).content.decode()
        for secret in (OURS, "0120-123-456", "みせ", f">{invoice.number} (PDF)"):
            assert secret not in content, (address, secret)


def test_a_strangers_invoice_is_not_found_as_one_that_is_none(invoice: Invoice) -> None:
    answers = [
        browser("2").get(f"/invoices/{number}.pdf", secure=True) for number in (invoice.number, "none")
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    pages = [re.sub('value="[^"]*"', "", answer.content.decode()) for answer in answers]
    assert pages[0] == pages[1]


def test_the_shop_finds_its_invoice(invoice: Invoice) -> None:
    content = browser("1").get("/invoices/", secure=True).content.decode()
    assert f"{invoice.number} (PDF)" in content
    assert f"{invoice.total_yen:,}" in content
    assert content.count("(PDF)") == 1


@pytest.mark.parametrize("address", ["/", "/invoices/", "/invoices/INV2026-000001.pdf"])
def test_the_operator_has_no_pages_of_subscribers(address: str, invoice: Invoice) -> None:
    assert browser("3").get(address, secure=True).status_code == 403


@pytest.mark.parametrize("address", ["/logout/", "/password/", "/login/", "/login/unlock/", "/language/"])
def test_no_form_is_taken_without_its_token(address: str, invoice: Invoice) -> None:
    forger = Client(enforce_csrf_checks=True)
    forger.force_login(User.objects.get(login_id="1"))
    assert forger.post(address, {"language": "en"}, secure=True).status_code == 403


def test_a_contract_that_ended_gives_no_access(invoice: Invoice) -> None:
    invoice.subscriber.contracts.update(stop=date(2026, 2, 1))
    assert "0120-123-456" not in browser("1").get("/", secure=True).content.decode()


def test_what_a_subscriber_is_called_stays_text(invoice: Invoice) -> None:
    shop = invoice.subscriber
    shop.name = "<script>alert(1)</script>"
    shop.save()
    content = browser("1").get("/", secure=True).content.decode()
    assert "&lt;script&gt;" in content
    assert "<script" not in content
