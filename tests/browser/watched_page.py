"""A page in a browser, and what the browser complained of."""

from dataclasses import dataclass, field

from playwright.sync_api import Page
from served_portal import Served


@dataclass(slots=True)
class Watched:
    """A page, and what its browser complained of or asked elsewhere for."""

    page: Page
    portal: Served
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Open an address of the portal."""
        self.page.goto(self.portal.url + path)

    def log_in(self) -> None:
        """Log in as the demo person."""
        self.go("/login/")
        self.page.fill("#login_id", self.portal.login_id)
        self.page.fill("#password", self.portal.password)
        self.page.click("main button")
        self.page.wait_for_url(f"{self.portal.url}/")

    def in_english(self) -> None:
        """Switch to English."""
        self.page.click("button[value=en]")
        self.page.wait_for_selector("html[lang=en]")
