"""A served portal, and a browser that has nothing to complain about."""

import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "portal"))

from served_portal import Served, served
from watched_page import Watched

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--lang=ja"),
)
PHONE, DESKTOP = (390, 844), (1280, 800)


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("portal")) as place:
        yield place


# Not for the session: while playwright runs no other test of its worker can run an event loop.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = which("chromium")
    if path is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def watched(request: pytest.FixtureRequest, chromium: Browser, portal: Served) -> Iterator[Watched]:
    width, height = request.param
    context = chromium.new_context(viewport={"width": width, "height": height}, locale="ja-JP")
    seen = Watched(page=context.new_page(), portal=portal)

    def asked(url: str) -> None:
        if not url.startswith(portal.url) and urlsplit(url).scheme not in ("data", "blob"):
            seen.complaints.append(f"asked for {url}")

    # An answer of 4xx that a page is meant to give is no fault of the page.
    seen.page.on(
        "console",
        lambda line: (
            seen.complaints.append(line.text)
            if line.type in ("error", "warning") and "status of 4" not in line.text
            else None
        ),
    )
    seen.page.on("pageerror", lambda fault: seen.complaints.append(str(fault)))
    seen.page.on("request", lambda sent: asked(sent.url))
    yield seen
    context.close()
    assert seen.complaints == []
