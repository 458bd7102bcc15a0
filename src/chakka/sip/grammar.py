"""The small words of SIP: tokens, quoted strings, lists, parameters, hosts (RFC 3261 §25.1).

Every pattern repeats possessively (`*+`), so no input makes it try twice: reading is linear in the length.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from typing import TYPE_CHECKING, Final

from chakka.errors import PeerError

if TYPE_CHECKING:  # Malformed carries a request, requests are read by functions that raise Malformed.
    from chakka.sip.message import Request

TOKEN: Final = r"[A-Za-z0-9\-.!%*_+`'~]++"
VALUE: Final = r"[!#-+\--:=?-~]++"
"""A parameter's value without quotes: token or host, and other visible ASCII (base64 tags end in `=`)."""
QUOTED: Final = r'"(?:[^"\\]++|\\.)*+"'

_TOKEN = re.compile(TOKEN)
_LIST_ITEM = re.compile(rf'(?:[^",<]++|{QUOTED}|<[^>]*+>)*+', re.DOTALL)
_PARAM = re.compile(
    rf"[ \t]*+;[ \t]*+({TOKEN})[ \t]*+(?:=[ \t]*+({VALUE}|{QUOTED}))?+[ \t]*+",
    re.DOTALL,
)
# The same without blanks and quotes, as nearly all are sent: such text can be split at its semicolons.
_PLAIN_PARAMS = re.compile(rf"(?:;{TOKEN}(?:={VALUE})?+)*+")
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_UNSAFE = re.compile(r"[\r\n\0]")
_HOST_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_\-.]*+)")
_HIGHEST_PORT = 65535
# 32 bits, the widest number of any header, have ten digits.
_MOST_DIGITS = 10
# Hosts and numbers remembered: those of a node's trunks, lines and their peers.
# A line of 8 KB each stays bearable memory (reliability.md §2), a dictionary of 3,000 parameters would not.
_REMEMBERED = 256
MOST_PARAMETERS: Final = 64


class Malformed(PeerError):
    """A message, header or URI that breaks the grammar; `status` is what a request with it deserves.

    request: set by `message.parse` when a stateless answer can be built from it, else None: drop.
    """

    def __init__(self, status: int, reason: str, request: "Request | None" = None) -> None:
        super().__init__(status, reason)
        self.request = request


def bad(what: str) -> Malformed:
    """Return the fault of a message that does not say `what` as the grammar wants it."""
    return Malformed(400, f"Bad {what}")


def is_safe(value: str) -> bool:
    """Return whether `value` can stand in one line: it holds no CR, LF or NUL."""
    return _UNSAFE.search(value) is None


def safe(value: str) -> str:
    """Return `value`, which may stand in a line of a message that we build.

    Raises: ValueError if it is not `is_safe`: one more line could be smuggled in, and that is our bug.
    """
    if not is_safe(value):
        raise ValueError(f"{value!r} holds a line break or NUL")
    return value


def is_token(text: str) -> bool:
    """Return whether `text` is a token, the form of methods, header and parameter names."""
    return _TOKEN.fullmatch(text) is not None


@lru_cache(maxsize=_REMEMBERED)
def parse_number(text: str, what: str, highest: int) -> int:
    """Return the decimal number `text`, at most `highest`.

    Raises: Malformed, naming `what`, for signs, other digits than ASCII, or a greater number.
    """
    digits = text.strip(" \t")
    if not (digits.isascii() and digits.isdigit()):
        raise bad(what)
    significant = digits.lstrip("0") or "0"
    if len(significant) > _MOST_DIGITS or int(significant) > highest:
        raise bad(what)
    return int(significant)


@lru_cache(maxsize=_REMEMBERED)
def parse_port(text: str) -> int:
    """Return a port, 0 to 65535. Raises: Malformed otherwise."""
    return parse_number(text, "port", _HIGHEST_PORT)


def split_list(text: str) -> list[str]:
    """Return the items of a comma-separated header value, stripped, empty ones left out.

    Commas within quoted strings and angle brackets do not divide (RFC 3261 §7.3.1).
    Raises: Malformed if a quote or bracket is not closed.
    """
    if '"' not in text and "<" not in text:
        return [item for part in text.split(",") if (item := part.strip(" \t"))]
    items = []
    start = 0
    while match := _LIST_ITEM.match(text, start):
        if item := match[0].strip(" \t"):
            items.append(item)
        start = match.end() + 1
        if start > len(text):
            break
        if text[start - 1] != ",":
            raise bad("quoting")
    return items


def first_item(text: str) -> str:
    """Return the first item of a comma-separated value, "" if there is none. Raises: as `split_list`."""
    items = split_list(text) if "," in text else [text]
    return items[0] if items else ""


def parse_params(text: str) -> dict[str, str | None]:
    """Return the parameters of `;name=value;name` by lower-case name, values as written (None without `=`).

    Raises: Malformed for anything else, for more than 64, and for a name that stands twice
            (RFC 3261 §7.3.1).
    """
    if _PLAIN_PARAMS.fullmatch(text) is not None:
        plain, parts = {}, text.split(";")
        for part in parts[1:]:
            written, equals, value = part.partition("=")
            plain[written.lower()] = value if equals else None
        if len(plain) == len(parts) - 1 <= MOST_PARAMETERS:
            return plain
    return _parse_any_params(text)


def _parse_any_params(text: str) -> dict[str, str | None]:
    params: dict[str, str | None] = {}
    end = 0
    while end < len(text):
        match = _PARAM.match(text, end)
        if match is None:
            if not text[end:].strip(" \t"):
                break
            raise bad("parameters")
        name = match[1].lower()
        if name in params:
            raise bad(f"parameters: {name} stands twice")
        params[name] = match[2]
        end = match.end()
        if len(params) > MOST_PARAMETERS:
            raise bad("parameters: too many")
    return params


def format_params(params: Mapping[str, str | None]) -> str:
    """Return `;name=value;name`, the inverse of `parse_params`."""
    return "".join(f";{name}" if value is None else f";{name}={value}" for name, value in params.items())


def unquote(value: str) -> str:
    """Return what a quoted string says; a value without quotes is returned as it is."""
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    inner = value[1:-1]
    return _QUOTED_PAIR.sub(r"\1", inner) if "\\" in inner else inner


def quote(text: str) -> str:
    """Return `text` as a quoted string (RFC 3261 §25.1). Raises: ValueError for CR, LF, NUL."""
    return '"' + safe(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def readable(text: str) -> str:
    """Return `text` with octets that are not UTF-8 shown as U+FFFD: fit for logs and records.

    Heads are decoded with surrogates in their place, so that an echoed header keeps its octets.
    """
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@lru_cache(maxsize=_REMEMBERED)
def parse_host(text: str) -> str:
    """Return a host as written, lower case: name, IPv4 address or IPv6 reference in brackets.

    Raises: Malformed for an empty host, an impossible address or letters that no host has.
    Source: RFC 3261 §25.1 and RFC 5954; underscores are taken too, container networks name hosts so.
    """
    if text.startswith("["):
        return _ipv6_reference(text)
    if _HOST_NAME.fullmatch(text) is None:
        raise bad("host")
    top_label = text.rstrip(".").rpartition(".")[2]
    if top_label.isdigit() and not _is_ipv4(text):
        raise bad("host")
    return text.lower()


def _is_ipv4(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(part.isdigit() and len(part) <= 3 and int(part) <= 255 for part in parts)


def _ipv6_reference(text: str) -> str:
    if not text.endswith("]") or "%" in text:
        raise bad("host")
    # RFC 5118 §4.10: the first ABNF of RFC 3261 produced a third colon before an embedded IPv4 address.
    address = text[1:-1].replace(":::", "::") if "." in text else text[1:-1]
    try:
        IPv6Address(address)
    except AddressValueError:
        raise bad("host") from None
    return f"[{address.lower()}]"
