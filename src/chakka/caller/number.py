"""The numbers in an INVITE: who is called, who calls, and in which header the caller stands."""

import re
from typing import NamedTuple
from urllib.parse import unquote as decode_escapes

from chakka.caller.profile import TrunkProfile
from chakka.numbering.dialled import dialled_digits
from chakka.sip.grammar import Malformed, split_list
from chakka.sip.headers import NameAddr, parse_name_addr
from chakka.sip.message import Request
from chakka.sip.uri import SipUri, TelUri, parse_uri

# RFC 3966 §5.1.1, and the blanks of people who write them into a user part.
_SEPARATORS = re.compile(r"[-.() ]")
_TELEPHONE = re.compile(r"\+?[0-9]{2,20}")
_CONTEXT = re.compile(r"\+[0-9]{1,15}")
_PHONE_CONTEXT = re.compile(r";phone-context=([^;]*)", re.IGNORECASE)
_BRACKETED = re.compile(r"<[^<>]*+>")
# National significant numbers of Japan, written without the leading 0.
_SIGNIFICANT_LENGTHS = (9, 10)


class Party(NamedTuple):
    """A caller as one header names it. source: `pai`, `from`, or the header's name in lower case."""

    source: str
    address: NameAddr


def parties(request: Request, profile: TrunkProfile) -> tuple[Party, ...]:
    """Return the parties that say who calls, the one to believe first; From is the last.

    Result: From alone for trunks that are not trusted. Values that cannot be read are left out.
    Source: signalling.md §1; RFC 3325 §9.1 (one or two values, a sip and a tel URI).
    """
    found: list[Party] = []
    if profile.trusted:
        for name in profile.spelling.identity_headers:
            source = "pai" if name == "P-Asserted-Identity" else name.lower()
            lines = request.headers.get_all(name)
            found += [Party(source, address) for line in lines for address in _addresses(line)]
    return (*found, Party("from", request.from_))


def calling_number(parties: tuple[Party, ...]) -> tuple[str | None, str]:
    """Return the first number that the parties name and its source; (None, "") if they name none."""
    for party in parties:
        number = number_in(party.address.uri)
        if number:
            return number, party.source
    return None, ""


def dialled_number(request_uri: str) -> str:
    """Return the number that a Request-URI names, as dialled within Japan; "" when it names none."""
    return number_in(request_uri) or ""


def number_in(uri: str) -> str | None:
    """Return the telephone number of a tel, sip or sips URI, as dialled within Japan; None if it has none.

    Result: `0422511234`, or `+442079460000` for abroad. Visual separators, escapes, parameters of the user
            part (isub, rn, npdi, cpc) and `user=phone` make no difference; a `phone-context` of digits
            completes a number without `+`.
    Source: RFC 3966 §5.1, RFC 3261 §19.1.4 and §19.1.6.
    """
    digits = written_digits(uri)
    return dialled_digits(digits) if digits else None


def written_digits(uri: str) -> str | None:
    """Return the digits of a tel, sip or sips URI as written, prefixes (184, 186) and all, or None."""
    try:
        parsed = parse_uri(uri)
    except Malformed:
        return None
    if isinstance(parsed, TelUri):
        written, context = parsed.number, parsed.param("phone-context") or ""
    elif isinstance(parsed, SipUri) and parsed.user:
        written, context = _subscriber(parsed.user)
    else:
        return None
    digits = _SEPARATORS.sub("", written)
    return _in_context(digits, context) if _TELEPHONE.fullmatch(digits) else None


def _subscriber(user: str) -> tuple[str, str]:
    """Return (number, phone-context) of a user part that is a telephone-subscriber."""
    plain = decode_escapes(user) if "%" in user else user
    number, semicolon, _ = plain.partition(";")
    context = _PHONE_CONTEXT.search(plain) if semicolon else None
    return number, context[1] if context else ""


def _in_context(digits: str, context: str) -> str:
    """Return `digits` with what a phone-context adds to them; a domain name as context adds nothing."""
    country = _SEPARATORS.sub("", context)
    if digits.startswith("+") or not _CONTEXT.fullmatch(country):
        return digits
    if country == "+81":
        # Meant by the letter is the number without its 0; most send it with the 0.
        bare = not digits.startswith("0") and len(digits) in _SIGNIFICANT_LENGTHS
        return f"0{digits}" if bare else digits
    return digits if country.startswith("+81") and digits.startswith("0") else country + digits


def _addresses(line: str) -> list[NameAddr]:
    try:
        values = split_list(line) if "," in line else [line]
    except Malformed:
        return []
    return [address for value in values if (address := _address(value)) is not None]


def _address(value: str) -> NameAddr | None:
    # `<sip:0422511234@h;cpc="payphone">` is no URI, but is sent: read again without the quotes.
    for text in (value, _BRACKETED.sub(lambda uri: uri[0].replace('"', ""), value)):
        try:
            return parse_name_addr(text)
        except Malformed:
            continue
    return None
