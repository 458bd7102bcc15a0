"""Encrypted transport only, whose word counts on it, and what pages may load (service.md R7.3)."""

from collections.abc import Callable

import msgspec
import pytest
from django.conf import settings
from django.test import Client

from chakka.config import Config
from chakka.config_text import parse_config
from chakka.errors import InputError

pytestmark = pytest.mark.django_db


@pytest.fixture
def behind_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "PORTAL", msgspec.structs.replace(settings.PORTAL, proxies=("10.0.0.1",)))


@pytest.mark.parametrize("send", [Client.get, Client.post])
def test_r7_3_plain_http_is_sent_on_with_308(send: Callable[..., object]) -> None:
    answer = send(Client(), "/login/?next=/invoices/")
    assert answer.status_code == 308
    assert answer.headers["Location"] == "https://testserver/login/?next=/invoices/"


def test_r7_3_the_page_on_encryption_is_given_in_plain_too() -> None:
    answer = Client().get("/tls")
    assert answer.status_code == 200
    assert "TLS 1.2" in answer.content.decode()


def test_r7_3_browsers_are_told_to_stay_encrypted() -> None:
    answer = Client().get("/login/", secure=True)
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    assert answer.cookies["csrftoken"]["secure"]


def test_pages_load_nothing_from_elsewhere_and_run_nothing_inline() -> None:
    policy = Client().get("/login/", secure=True).headers["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["form-action"] == "'self'"
    assert rules["object-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"
    assert "unsafe" not in policy


def test_a_foreign_host_is_refused() -> None:
    answer = Client().get("/login/", secure=True, headers={"host": "evil.example"})
    assert answer.status_code == 400


def test_only_a_proxy_of_ours_is_believed(behind_proxy: None) -> None:
    forwarded = {"x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9, 192.0.2.7"}
    assert Client(REMOTE_ADDR="10.0.0.1").get("/login/", headers=forwarded).status_code == 200
    assert Client(REMOTE_ADDR="10.0.0.2").get("/login/", headers=forwarded).status_code == 308


@pytest.mark.parametrize(
    ("forwarded_for", "seen"),
    [
        ("203.0.113.9, 192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("<script>", "10.0.0.1"),
        ("", "10.0.0.1"),
    ],
)
def test_of_forwarded_addresses_the_proxys_own_counts(
    forwarded_for: str, seen: str, behind_proxy: None
) -> None:
    answer = Client(REMOTE_ADDR="10.0.0.1").get(
        "/login/", headers={"x-forwarded-proto": "https", "x-forwarded-for": forwarded_for}
    )
    assert answer.wsgi_request.META["REMOTE_ADDR"] == seen


def test_japanese_comes_first_whatever_the_browser_asks_for() -> None:
    answer = Client().get("/login/", secure=True, headers={"accept-language": "en"})
    assert '<html lang="ja">' in answer.content.decode()


def test_english_comes_by_the_switch() -> None:
    browser = Client()
    browser.post("/language/", {"language": "en", "next": "/login/"}, secure=True)
    assert '<html lang="en">' in browser.get("/login/", secure=True).content.decode()


@pytest.mark.parametrize(
    "text",
    [
        'listen = "0.0.0.0:8000"',
        'listen = "portal"',
        'listen = "192.0.2.1:8000"\nhttps = false',
        'proxies = ["proxy.example"]',
        "listens = 1",
        'lock_rule = "none"',
    ],
)
def test_a_wrong_portal_table_is_a_problem_of_its_own(text: str, tmp_path: object) -> None:
    with pytest.raises(InputError) as refusal:
        parse_config(f"[portal]\n{text}\n".encode(), tmp_path)
    assert {problem.where.partition(".")[0] for problem in refusal.value.problems} == {"portal"}


def test_without_a_table_the_portal_is_nowhere() -> None:
    assert Config().portal.address is None
    assert Config().portal.https
