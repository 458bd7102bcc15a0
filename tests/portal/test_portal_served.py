"""The portal as it is served, and its commands: entries at the same moment, lock, request, release, fee."""

import http.cookiejar
import json
import sqlite3
import stat
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from served_portal import served

pytestmark = pytest.mark.slow


def test_a_shop_downloads_its_invoice_as_it_was_printed(tmp_path: Path) -> None:
    with served(tmp_path) as portal:
        portal.run("bill", "decide", "no_ledger/2026-10", "--month", "2026-10", "--reason", "no call yet")
        portal.run("bill", "run", "--month", "2026-10", "--date", "2026-11-05")
        invoice = json.loads(portal.run("bill", "list", "--json"))
        cookies = http.cookiejar.CookieJar()
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
        fields, cookie = portal.form()
        posted = urllib.parse.urlencode({**fields, "login_id": portal.login_id, "password": portal.password})
        entry = urllib.request.Request(f"{portal.url}/login/", posted.encode(), {"Cookie": cookie})
        assert browser.open(entry).status == 200
        address = f"{portal.url}/invoices/{invoice['number']}.pdf"
        first, again = browser.open(address), browser.open(address)
        content = first.read()
        assert content[:5] == b"%PDF-"
        assert content == again.read()
        assert invoice["number"] in first.headers["Content-Disposition"]
        assert stat.S_IMODE((tmp_path / "invoices").stat().st_mode) == 0o700


def test_the_demo_login_is_the_same_when_it_starts_again(tmp_path: Path) -> None:
    with served(tmp_path) as portal:
        assert portal.password in portal.run("account", "demo")
        assert stat.S_IMODE((tmp_path / "demo_login.json").stat().st_mode) == 0o600
        assert portal.enter(portal.form(), portal.password) == 302


def test_r7_2_of_twenty_wrong_entries_at_once_exactly_three_count(tmp_path: Path) -> None:
    with served(tmp_path) as portal:
        forms = [portal.form() for _ in range(20)]
        with ThreadPoolExecutor(20) as at_once:
            statuses = list(at_once.map(lambda form: portal.enter(form, "wrong"), forms))
        assert statuses == [422] * 20
        assert portal.enter(portal.form(), portal.password) == 422
        with sqlite3.connect(tmp_path / "business.sqlite") as books:
            results = books.execute("SELECT result, COUNT(*) FROM accounts_entry GROUP BY result")
            assert dict(results.fetchall()) == {"wrong": 3, "while_locked": 18}
            assert books.execute("SELECT COUNT(*) FROM accounts_lock").fetchone() == (1,)
        (lock,) = json.loads(portal.run("account", "locks", "--json"))
        assert (lock["login_id"], len(lock["entries"])) == (portal.login_id, 3)
