"""From an INVITE to the facts that a decision sees (signalling.md §1)."""

import re

from chakka.callplane.session import described, g711
from chakka.config import Trunk
from chakka.numbering.model import CallerClass, NumberFacts
from chakka.numbering.table import NumberingTable
from chakka.routing.attempt import CallAttempt, Presentation
from chakka.sip.grammar import Malformed
from chakka.sip.headers import NameAddr, parse_name_addr
from chakka.sip.message import Request
from chakka.sip.uri import SipUri, TelUri, parse_uri

_SEPARATORS = re.compile(r"[-.() ]")
_TELEPHONE = re.compile(r"\+?[0-9]{2,20}")
_HIDING = frozenset({"id", "user", "full", "header", "session"})
# Calling party's category, as a URI or header parameter, any case, quoted or not.
_CATEGORIES = {
    "payphone": CallerClass.PAYPHONE,
    "03": CallerClass.PAYPHONE,
    "mobile": CallerClass.MOBILE,
    "mobile-hplmn": CallerClass.MOBILE,
    "mobile-vplmn": CallerClass.MOBILE,
    "02": CallerClass.MOBILE,
}


def dialled_number(request_uri: str) -> str:
    """Return the number that a Request-URI names, in national form; "" when it names none."""
    return _national(_user_of(request_uri)) or ""


def attempt_of(request: Request, trunk: Trunk, table: NumberingTable, at_ms: int) -> CallAttempt:
    """Return the facts of an INVITE.

    trunk: where it came from; headers beyond the calling number are believed only if it is trusted.
    at_ms: arrival; serves the whole call.
    """
    number, party, source = _calling_party(request, trusted=trunk.trusted)
    facts = table.lookup(number) if number else NumberFacts(number="", caller_class=CallerClass.UNKNOWN)
    category = _category(party) if trunk.trusted and party else None
    sources = {"number": source, "class": "prefix"} if number else {}
    if category is not None:
        sources["class"] = "cpc"
    return CallAttempt(
        called_number=dialled_number(request.uri),
        calling_number=facts.number if number else None,
        presentation=_presentation(request, number),
        caller_class=_admission_class(category, facts.caller_class),
        rating_class=category or facts.caller_class,
        charge_area=facts.charge_area,
        prefecture=facts.prefecture,
        has_g711=not request.body or bool(g711(described(request))),
        trunk=trunk.name,
        at_ms=at_ms,
        sources=sources,
    )


def _admission_class(category: CallerClass | None, by_number: CallerClass) -> CallerClass:
    """Payphones are admitted as fixed and rated as payphones (service.md R2.5)."""
    if category is CallerClass.PAYPHONE:
        return CallerClass.FIXED
    return category or by_number


def _calling_party(request: Request, *, trusted: bool) -> tuple[str | None, NameAddr | None, str]:
    """Return (number, the header value it stands in, the header's short name)."""
    if trusted:
        for value in request.headers.values("P-Asserted-Identity"):
            party = _party(value)
            number = _national(_user_of(party.uri)) if party else None
            if number:
                return number, party, "pai"
    return _national(_user_of(request.from_.uri)), request.from_, "from"


def _party(value: str) -> NameAddr | None:
    try:
        return parse_name_addr(value)
    except Malformed:
        return None


def _user_of(uri: str) -> str:
    try:
        parsed = parse_uri(uri)
    except Malformed:
        return ""
    if isinstance(parsed, TelUri):
        return parsed.number
    # A telephone-subscriber in the user part may carry parameters of its own: 0422511234;cpc=ordinary.
    return (parsed.user or "").partition(";")[0] if isinstance(parsed, SipUri) else ""


def _national(user: str) -> str | None:
    digits = _SEPARATORS.sub("", user)
    if not _TELEPHONE.fullmatch(digits):
        return None
    return "0" + digits[3:] if digits.startswith("+81") else digits


def _presentation(request: Request, number: str | None) -> Presentation:
    privacy = ";".join(request.headers.get_all("Privacy")).lower()
    asks_to_hide = _HIDING & {value.strip() for value in privacy.split(";")}
    if asks_to_hide or "anonymous" in request.from_.uri.lower():
        return Presentation.WITHHELD
    return Presentation.ALLOWED if number else Presentation.UNAVAILABLE


def _category(party: NameAddr) -> CallerClass | None:
    match = re.search(r';cpc="?([A-Za-z0-9-]+)', f"{party.uri};{_joined(party)}", re.IGNORECASE)
    return _CATEGORIES.get(match[1].lower()) if match else None


def _joined(party: NameAddr) -> str:
    return ";".join(f"{name}={value}" for name, value in party.params.items() if value is not None)
