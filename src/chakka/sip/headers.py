"""The header values that we read and write: Via, name-addr, CSeq, RAck, Reason, Retry-After (RFC 3261 §20).

Values are immutable, so parsing is remembered: the headers of one call say the same things many times.
"""

import re
from functools import lru_cache
from typing import Final

from chakka.sip.grammar import (
    QUOTED,
    TOKEN,
    VALUE,
    bad,
    parse_host,
    parse_number,
    parse_params,
    parse_port,
    readable,
    split_list,
    unquote,
)
from chakka.sip.header_values import CSeq as CSeq
from chakka.sip.header_values import NameAddr as NameAddr
from chakka.sip.header_values import Params as Params
from chakka.sip.header_values import RAck as RAck
from chakka.sip.header_values import Reason as Reason
from chakka.sip.header_values import Via as Via

# Values remembered per kind: those of the messages of a busy second.
_REMEMBERED: Final = 256
MAGIC_COOKIE: Final = "z9hG4bK"
_HIGHEST_SEQUENCE: Final = 2**31 - 1
_HIGHEST_32_BIT: Final = 2**32 - 1
_HIGHEST_CAUSE: Final = 999

_VIA = re.compile(
    rf"[Ss][Ii][Pp][ \t]*+/[ \t]*+[0-9]++\.[0-9]++[ \t]*+/[ \t]*+({TOKEN})[ \t]++"
    r"(\[[^\]]*+\]|[A-Za-z0-9_.\-]++)[ \t]*+(?::[ \t]*+([0-9]++)[ \t]*+)?+(;.*+)?+",
    re.DOTALL,
)
# What nearly every client sends: no blanks, at most a port, and its branch alone or beside rport.
_BRANCH_VIA = re.compile(
    rf"SIP/2\.0/([A-Z]++) ([A-Za-z0-9_.\-]++)(?::([0-9]++))?+(;rport)?+;branch=({VALUE})(;rport)?+"
)
# The display name should be tokens or quoted; unquoted UTF-8 and `Bell, Alexander` are sent all the same.
_NAME_ADDR = re.compile(
    rf'(?:({QUOTED})[ \t]*+|([^"<>;]*+))<([!#-;=?-~]++)>[ \t]*+(;.*+)?+',
    re.DOTALL,
)
# What nearly every From and To is: at most a display name without escapes, and at most a tag.
_TAGGED = re.compile(
    rf'(?:([^"<>;]*+)|"([^"\\]*+)"[ \t]*+)<([!#-9;=?-~]*+:[!#-;=?-~]*+)>(?:;tag=({VALUE}))?+',
)
# RFC 3261 §20.10: without brackets `;` begins header parameters, `,` and `?` may not stand in the URI.
_ADDR_SPEC = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*+:[!#-+\--:=@-~]++)[ \t]*+(;.*+)?+", re.DOTALL)
_CSEQ = re.compile(rf"([0-9]++)[ \t]++({TOKEN})")
_RACK = re.compile(rf"([0-9]++)[ \t]++([0-9]++)[ \t]++({TOKEN})")
_REASON = re.compile(rf"({TOKEN})[ \t]*+(;.*+)?+", re.DOTALL)
_RETRY_AFTER = re.compile(r"([0-9]++)[ \t]*+(?:[(;].*+)?+", re.DOTALL)
_DIGITS = re.compile(r"[0-9]++")
_MEDIA_TYPE = re.compile(rf"({TOKEN})[ \t]*+/[ \t]*+({TOKEN})[ \t]*+(;.*+)?+", re.DOTALL)


@lru_cache(maxsize=_REMEMBERED)
def parse_via(text: str) -> Via:
    """Return one Via value (not a list of them).

    Raises: Malformed for anything that is not protocol, host, port up to 65535 and parameters, and for a
            branch that is empty, quoted or no more than the magic cookie (RFC 4475 §3.2.1).
    """
    match = _BRANCH_VIA.fullmatch(text)
    if match is None:
        return _parse_any_via(text)
    transport, host, port, before, branch, after = match.groups()
    if not _names_transaction(branch) or (before and after):
        return _parse_any_via(text)
    if before:
        params = {"rport": None, "branch": branch}
    else:
        params = {"branch": branch, "rport": None} if after else {"branch": branch}
    return Via(transport, parse_host(host), None if port is None else parse_port(port), params)


def _parse_any_via(text: str) -> Via:
    match = _VIA.fullmatch(text)
    if match is None:
        raise bad("Via")
    transport, host, port, rest = match.groups()
    params = parse_params(rest) if rest else {}
    if "branch" in params and not _names_transaction(params["branch"]):
        raise bad("Via branch")
    return Via(transport.upper(), parse_host(host), None if port is None else parse_port(port), params)


def _names_transaction(branch: str | None) -> bool:
    return branch is not None and branch != MAGIC_COOKIE and not branch.startswith('"')


@lru_cache(maxsize=_REMEMBERED)
def parse_name_addr(text: str) -> NameAddr:
    """Return the party of a From, To, Contact, Route or identity value (not of a list of them).

    Raises: Malformed for open quotes, spaces in the URI, and `?` or `,` in a URI without brackets.
    """
    match = _TAGGED.fullmatch(text)
    if match is not None:
        plain, quoted, uri, tag = match.groups()
        display = plain.strip(" \t") if quoted is None else quoted
        return NameAddr(readable(display), uri, {} if tag is None else {"tag": tag})
    return _parse_any_name_addr(text)


def _parse_any_name_addr(text: str) -> NameAddr:
    match = _NAME_ADDR.fullmatch(text)
    if match is not None:
        quoted, plain, uri, rest = match.groups()
        display = unquote(quoted) if quoted else plain.strip(" \t")
    else:
        match = _ADDR_SPEC.fullmatch(text)
        if match is None:
            raise bad("address")
        display, uri, rest = "", match[1], match[2]
    if ":" not in uri:
        raise bad("address")
    return NameAddr(readable(display), uri, parse_params(rest) if rest else {})


@lru_cache(maxsize=_REMEMBERED)
def parse_cseq(text: str) -> CSeq:
    """Return a CSeq. Raises: Malformed for numbers of 2³¹ and more (RFC 3261 §8.1.1.5) and odd methods."""
    match = _CSEQ.fullmatch(text)
    if match is None:
        raise bad("CSeq")
    return CSeq(parse_number(match[1], "CSeq", _HIGHEST_SEQUENCE), match[2])


def parse_rack(text: str) -> RAck:
    """Return a RAck. Raises: Malformed."""
    match = _RACK.fullmatch(text)
    if match is None:
        raise bad("RAck")
    cseq = parse_number(match[2], "RAck", _HIGHEST_SEQUENCE)
    return RAck(parse_rseq(match[1]), cseq, match[3])


def parse_rseq(text: str) -> int:
    """Return an RSeq: 1 to 2³² − 1 (RFC 3262 §7.1). Raises: Malformed."""
    number = parse_number(text, "RSeq", _HIGHEST_32_BIT)
    if number == 0:
        raise bad("RSeq")
    return number


def parse_reason(text: str) -> Reason:
    """Return the first value of a Reason header. Raises: Malformed."""
    values = split_list(text)
    match = _REASON.fullmatch(values[0]) if values else None
    if match is None:
        raise bad("Reason")
    params = parse_params(match[2] or "")
    cause = params.get("cause")
    return Reason(
        match[1],
        None if cause is None else parse_number(cause, "Reason", _HIGHEST_CAUSE),
        readable(unquote(params.get("text") or "")),
    )


def parse_delta_seconds(text: str) -> int:
    """Return the seconds of an Expires or Min-Expires, what exceeds 32 bits as 2³² − 1.

    Raises: Malformed if it is not a number.
    Source: RFC 3261 §20.19; RFC 4475 §3.1.2.4 (an Expires of a hundred digits).
    """
    if _DIGITS.fullmatch(text) is None:
        raise bad("delta-seconds")
    significant = text.lstrip("0") or "0"
    return _HIGHEST_32_BIT if len(significant) > 10 else min(int(significant), _HIGHEST_32_BIT)


def parse_retry_after(text: str) -> int:
    """Return the seconds of a Retry-After; its comment and parameters are passed over. Raises: Malformed."""
    match = _RETRY_AFTER.fullmatch(text)
    if match is None:
        raise bad("Retry-After")
    return parse_number(match[1], "Retry-After", _HIGHEST_32_BIT)


@lru_cache(maxsize=_REMEMBERED)
def parse_media_type(text: str) -> tuple[str, Params]:
    """Return a Content-Type as (`type/subtype` in lower case, parameters). Raises: Malformed."""
    match = _MEDIA_TYPE.fullmatch(text)
    if match is None:
        raise bad("Content-Type")
    return f"{match[1]}/{match[2]}".lower(), parse_params(match[3] or "")
