"""Session timers as values: who refreshes a session, how often, and what the header fields say (RFC 4028)."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from chakka.sip.agent_checks import Refusal
from chakka.sip.grammar import Malformed, bad, parse_params
from chakka.sip.headers import parse_delta_seconds
from chakka.sip.message import Request, Response
from chakka.sip.timers import Timers

Refresher = Literal["uac", "uas"]

# RFC 4028 §10: how long before the session expires the side that waits in vain sends BYE.
_MARGIN_S: Final = 32.0
_SESSION_EXPIRES = re.compile(r"([0-9]++)[ \t]*+(;.*+)?+", re.DOTALL)
_ROLES: Final[dict[str, Refresher]] = {"uac": "uac", "uas": "uas"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a request says of session timers.

    interval:  its Session-Expires in seconds, None without one. minimum: its Min-SE, 0 without one.
    refresher: the role it asks for, None when it leaves that to us.
    """

    interval: int | None
    refresher: Refresher | None
    minimum: int
    is_supported: bool


@dataclass(frozen=True, slots=True)
class Agreement:
    """What both sides of one leg keep to. interval: in seconds."""

    interval: int
    we_refresh: bool

    @property
    def patience(self) -> float:
        """Seconds without a refresh after which the session is lost (RFC 4028 §10)."""
        return self.interval - min(_MARGIN_S, self.interval / 3)

    def request_lines(self, minimum: int) -> str:
        """Return the header lines of a refresh, or of another request that changes the session (§7.4)."""
        role = "uac" if self.we_refresh else "uas"
        return f"{offer_lines(self.interval, minimum)[:-2]};refresher={role}\r\n"


def offer_lines(interval: int, minimum: int) -> str:
    """Return the header lines of an INVITE that asks for a session timer; who refreshes the peer may say."""
    least = f"Min-SE: {minimum}\r\n" if minimum else ""
    return f"Supported: timer\r\n{least}Session-Expires: {interval}\r\n"


def terms_of(request: Request) -> Terms:
    """Return what a request says of session timers. Raises: Malformed if that cannot be read."""
    headers = request.headers
    expires, least = headers.get("Session-Expires"), headers.get("Min-SE")
    interval, refresher = (None, None) if expires is None else parse_session_expires(expires)
    return Terms(
        interval=interval,
        refresher=refresher,
        minimum=0 if least is None else parse_min_se(least),
        is_supported="timer" in [tag.lower() for tag in headers.values("Supported")],
    )


def parse_session_expires(text: str) -> tuple[int, Refresher | None]:
    """Return interval and refresher; a role that nobody knows counts as none. Raises: Malformed."""
    match = _SESSION_EXPIRES.fullmatch(text)
    if match is None:
        raise bad("Session-Expires")
    role = parse_params(match[2] or "").get("refresher")
    return parse_delta_seconds(match[1]), _ROLES.get((role or "").lower())


def parse_min_se(text: str) -> int:
    """Return the seconds of a Min-SE; its parameters are passed over. Raises: Malformed."""
    return parse_delta_seconds(text.partition(";")[0].strip(" \t"))


def refusal_of_interval(request: Request, timers: Timers) -> Refusal | None:
    """Return 422 if the peer wants to be refreshed more often than we do (RFC 4028 §9).

    A peer without session timers cannot be told so: some proxy put the header there.
    Raises: Malformed if the header fields of session timers cannot be read.
    """
    if request.method not in ("INVITE", "UPDATE"):
        return None
    terms = terms_of(request)
    if terms.interval is None or not terms.is_supported or terms.interval >= timers.session_minimum:
        return None
    return Refusal(422, f"Min-SE: {timers.session_minimum}\r\n")


def agreed_as_server(terms: Terms, timers: Timers, before: Agreement | None = None) -> tuple[Agreement, str]:
    """Return what our 2xx to a request with `terms` agrees to, and its header lines (RFC 4028 §9, table 2).

    We may shorten the interval, but neither below the peer's minimum nor below ours. A peer that can and
    does not choose keeps the role that it had before; in a new session it refreshes: its own request then
    proves that it is alive.
    """
    usual: Refresher = "uas" if before is not None and before.we_refresh else "uac"
    asked = timers.session if terms.interval is None else min(terms.interval, timers.session)
    interval = max(asked, terms.minimum, timers.session_minimum if terms.interval is not None else 0)
    refresher: Refresher = (terms.refresher or usual) if terms.is_supported else "uas"
    require = "Require: timer\r\n" if terms.is_supported else ""
    lines = f"{require}Session-Expires: {interval};refresher={refresher}\r\n"
    return Agreement(interval, refresher == "uas"), lines


def agreed_as_client(response: Response, asked: int, timers: Timers) -> Agreement:
    """Return what a 2xx to our request for `asked` seconds agrees to (RFC 4028 §7.2).

    A peer that says nothing, or nothing that can be read, knows no session timers: then we refresh.
    """
    expires = response.headers.get("Session-Expires")
    try:
        interval, refresher = (asked, None) if expires is None else parse_session_expires(expires)
    except Malformed:
        interval, refresher = asked, None
    # A server may only shorten, and what is below our minimum would have us busy.
    interval = max(min(interval, asked), min(asked, timers.session_minimum))
    return Agreement(interval, refresher != "uas")


def interval_after_422(response: Response, asked: int) -> int | None:
    """Return the longer interval that a 422 wants, None if it names none that is longer (RFC 4028 §7.3)."""
    least = response.headers.get("Min-SE")
    try:
        wanted = 0 if least is None else parse_min_se(least)
    except Malformed:
        return None
    return wanted if wanted > asked else None


def allows(message: Request | Response, method: str) -> bool:
    """Return whether a peer's message lists `method` in its Allow."""
    return method in message.headers.values("Allow")
