"""What a request must satisfy before any user sees it: RFC 3261 §8.2, as pure functions."""

from dataclasses import dataclass
from typing import Final

from chakka.sip.address import Transport
from chakka.sip.agent_core import ALLOW_LINE, SUPPORTED
from chakka.sip.message import Request
from chakka.sip.uri import OtherUri, SipUri, parse_uri

_KNOWN: Final = frozenset(
    {"INVITE", "OPTIONS", "REGISTER", "MESSAGE", "SUBSCRIBE", "NOTIFY", "PUBLISH", "REFER"}
)
_ONLY_IN_DIALOG: Final = frozenset({"BYE", "PRACK", "UPDATE", "INFO"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """A final response of our own making and the header lines that it needs."""

    status: int
    lines: str = ""


def refusal_outside_dialogs(request: Request, transport: Transport = "udp") -> Refusal | None:
    """Return why a request without a To-tag is refused, in the order of RFC 3261 §8.2; None to take it.

    transport: by which it came; `sips:` may come by TLS only (RFC 3261 §26.2.2).

    Raises: Malformed if a header that decides it cannot be read.
    """
    if request.method in _ONLY_IN_DIALOG:
        return Refusal(481)
    if request.method not in _KNOWN:
        return Refusal(501, ALLOW_LINE)
    uri = parse_uri(request.uri)
    if isinstance(uri, OtherUri) or (isinstance(uri, SipUri) and uri.scheme == "sips" and transport != "tls"):
        return Refusal(416)
    return refusal_of_options(request) or refusal_of_body(request)


def refusal_of_options(request: Request) -> Refusal | None:
    """Return 420 if the request requires what we do not understand (§8.2.2.3).

    Raises: Malformed if its Require or Supported cannot be read.
    """
    request.headers.values("Supported")
    unknown = [tag for tag in request.headers.values("Require") if tag.lower() not in SUPPORTED]
    return Refusal(420, f"Unsupported: {', '.join(unknown)}\r\n") if unknown else None


def refusal_of_body(request: Request) -> Refusal | None:
    """Return 415 if an INVITE carries a body that we must but cannot read (§8.2.3)."""
    if request.method != "INVITE" or not request.body:
        return None
    kind = request.content_type or "application/sdp"
    if kind == "application/sdp" or kind.startswith("multipart/"):
        return None
    disposition = (request.headers.get("Content-Disposition") or "").lower().replace(" ", "")
    if "handling=optional" in disposition:
        return None
    return Refusal(415, "Accept: application/sdp\r\n")
