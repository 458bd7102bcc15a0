"""The portal in Chromium: phone and desktop, Japanese and English, mouse and keys."""

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from watched_page import Watched

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("browser")]
PAGES = ["/", "/invoices/", "/password/", "/tls", "/nothing-here/"]
OPEN_PAGES = ["/login/", "/login/unlock/", "/tls"]


def assert_good(watched: Watched, name: str) -> None:
    """Nobody is kept out, nothing is cut off, what is touched is large enough."""
    page = watched.page
    found = Axe().run(page).response["violations"]
    assert [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "it scrolls sideways"
    small = page.evaluate(
        """[...document.querySelectorAll('button, input:not([type=hidden]), select, nav a, .mark')]
           .map(one => [one.outerHTML, one.getBoundingClientRect()])
           .filter(([, box]) => box.width < 44 || box.height < 44).map(([text]) => text)"""
    )
    assert small == []
    assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 16
    if folder := os.environ.get("CHAKKA_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_page_of_a_subscriber_is_good(language: str, watched: Watched) -> None:
    watched.log_in()
    if language == "en":
        watched.in_english()
    for path in PAGES:
        watched.go(path)
        width = watched.page.viewport_size["width"]
        assert_good(watched, f"{language}-{width}-{path.strip('/') or 'home'}")


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_page_of_entry_is_good(language: str, watched: Watched) -> None:
    watched.go("/login/")
    if language == "en":
        watched.in_english()
    for path in OPEN_PAGES:
        watched.go(path)
        width = watched.page.viewport_size["width"]
        assert_good(watched, f"{language}-{width}-{path.strip('/').replace('/', '-')}")


def test_the_whole_way_in_goes_by_keys_alone(watched: Watched) -> None:
    watched.go("/login/")
    keys = watched.page.keyboard
    watched.page.focus("#login_id")
    keys.type(watched.portal.login_id)
    keys.press("Tab")
    keys.type(watched.portal.password)
    keys.press("Enter")
    watched.page.wait_for_url(f"{watched.portal.url}/")
    assert watched.page.inner_text(".state") != ""


def test_a_wrong_password_is_said_and_read_out(watched: Watched) -> None:
    watched.go("/login/")
    watched.page.fill("#login_id", watched.portal.login_id)
    watched.page.fill("#password", "wrong")
    watched.page.click("main button")
    assert "ログインIDまたはパスワードが違います" in watched.page.inner_text("[role=alert]")
    assert_good(watched, "wrong")
    # A right one resets the count for the tests that follow.
    watched.log_in()


def test_another_number_is_chosen_in_the_bar(watched: Watched) -> None:
    watched.log_in()
    for number, shown in (("08001234567", "0800-123-4567"), ("0120123456", "0120-123-456")):
        watched.page.select_option("#number", number)
        watched.page.click(".chooser button")
        watched.page.wait_for_selector(f"h1:has-text('{shown}')")
        assert watched.page.locator("tbody tr").count() >= 5


def test_the_number_that_is_always_open_takes_calls_now(watched: Watched) -> None:
    watched.log_in()
    watched.go("/?number=08001234567")
    assert watched.page.inner_text(".state").endswith("受付中")
    assert "固定電話" in watched.page.inner_text("main")


def test_the_first_page_weighs_little(watched: Watched) -> None:
    sizes: list[int] = []
    watched.page.on("response", lambda answer: sizes.append(len(answer.body())))
    watched.log_in()
    watched.page.wait_for_load_state("networkidle")
    assert sum(sizes[-3:]) < 60_000
