"""Addresses: SIP, tel and other URIs, read, written and compared (RFC 3261 §19.1, RFC 3966)."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import unquote as decode_escapes

import msgspec

from chakka.sip.grammar import MOST_PARAMETERS, bad, parse_host, parse_port

Params = tuple[tuple[str, str | None], ...]

_UNRESERVED: Final = r"A-Za-z0-9\-_.!~*'()"
# user-unreserved, and `#`, which Japanese service codes put there unescaped.
_USER: Final = rf"[{_UNRESERVED}%&=+$,;?/#]++"
_PASSWORD: Final = rf"[{_UNRESERVED}%&=+$,]*+"
_PARAM: Final = rf"[{_UNRESERVED}%\[\]/:&+$]++"
_HEADER: Final = rf"[{_UNRESERVED}%\[\]/?:+$]"

_SIP = re.compile(
    rf"([Ss][Ii][Pp][Ss]?):(?:({_USER})(?::({_PASSWORD}))?@)?"
    r"(\[[^\]]*+\]|[A-Za-z0-9_.\-]++)(?::([0-9]++))?"
    rf"((?:;{_PARAM}(?:={_PARAM})?+)*+)"
    rf"(?:\?({_HEADER}++={_HEADER}*+(?:&{_HEADER}++={_HEADER}*+)*+))?+"
)
_TEL = re.compile(rf"tel:(\+?[0-9A-Fa-f*#\-.()]++)((?:;{_PARAM}(?:={_PARAM})?+)*+)", re.IGNORECASE | re.ASCII)
_OTHER = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*+):([!#-;=?-~]++)")
_VISIBLE = re.compile(r"[!#-;=?-~]++")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED_CHARACTER = re.compile(rf"[{_UNRESERVED}]")
_VISUAL_SEPARATOR = re.compile(r"[-.()]")
# URIs remembered: those of the messages of a busy second.
_REMEMBERED: Final = 256
# RFC 3261 §19.1.4: these count even when only one of two URIs has them.
_DECISIVE_PARAMS: Final = ("user", "ttl", "method", "maddr", "transport")


class SipUri(msgspec.Struct, frozen=True, gc=False):
    """A `sip:` or `sips:` URI. Texts are as written, except that scheme and host are lower case.

    host:    name, IPv4 address or bracketed IPv6 reference; port None when not written.
    params:  (name, value) in order, value None without `=`. headers: likewise, after `?`.
    """

    scheme: str
    user: str | None
    host: str
    port: int | None = None
    params: Params = ()
    headers: tuple[tuple[str, str], ...] = ()
    password: str | None = None

    def param(self, name: str) -> str | None:
        """Return the decoded value of a parameter, "" for one without a value, None when it is absent."""
        return _param(self.params, name)

    def __str__(self) -> str:
        """Return the URI as text. Raises: ValueError if a part would break out of it."""
        password = "" if self.password is None else f":{self.password}"
        user = "" if self.user is None else f"{self.user}{password}@"
        port = "" if self.port is None else f":{self.port}"
        headers = "&".join(f"{name}={value}" for name, value in self.headers)
        question = "?" if headers else ""
        return _visible(
            f"{self.scheme}:{user}{self.host}{port}{_format_params(self.params)}{question}{headers}"
        )


class TelUri(msgspec.Struct, frozen=True, gc=False):
    """A `tel:` URI; `number` without visual separators, `+` in front when it is global (RFC 3966 §5)."""

    number: str
    params: Params = ()

    def param(self, name: str) -> str | None:
        """Return the decoded value of a parameter, "" for one without a value, None when it is absent."""
        return _param(self.params, name)

    def __str__(self) -> str:
        """Return the URI as text. Raises: ValueError if a part would break out of it."""
        return _visible(f"tel:{self.number}{_format_params(self.params)}")


class OtherUri(msgspec.Struct, frozen=True, gc=False):
    """A URI of another scheme (lower case), not looked into."""

    scheme: str
    rest: str

    def __str__(self) -> str:
        """Return the URI as text. Raises: ValueError if a part would break out of it."""
        return _visible(f"{self.scheme}:{self.rest}")


Uri = SipUri | TelUri | OtherUri


@lru_cache(maxsize=_REMEMBERED)
def parse_uri(text: str) -> Uri:
    """Return the URI that `text` is.

    Raises: Malformed for bad sip and tel URIs, ports over 65535, broken escapes, more than 64
            parameters or headers, and what has no scheme.
    """
    match = _SIP.fullmatch(text)
    if match is not None:
        return _sip_uri(match)
    scheme = text.partition(":")[0].lower()
    if scheme in ("sip", "sips"):
        raise bad("SIP URI")
    if scheme == "tel":
        return _parse_tel(text)
    match = _OTHER.fullmatch(text)
    if match is None:
        raise bad("URI")
    return OtherUri(scheme, match[2])


def equivalent(a: Uri, b: Uri) -> bool:
    """Return whether two URIs mean the same address (RFC 3261 §19.1.4, RFC 3966 §4).

    An absent port is not port 5060. URIs of other schemes are compared as text.
    """
    if isinstance(a, SipUri) and isinstance(b, SipUri):
        return (
            a.scheme == b.scheme
            and (a.host, a.port) == (b.host, b.port)
            and _normal(a.user) == _normal(b.user)
            and _normal(a.password) == _normal(b.password)
            and _params_agree(a.params, b.params)
            and _folded(a.headers) == _folded(b.headers)
        )
    if isinstance(a, TelUri) and isinstance(b, TelUri):
        return a.number.lower() == b.number.lower() and _folded(a.params) == _folded(b.params)
    return a == b


def _sip_uri(match: re.Match[str]) -> SipUri:
    if "%" in match[0] and _BROKEN_ESCAPE.search(match[0]):
        raise bad("SIP URI")
    scheme, user, password, host, port, params, headers = match.groups()
    return SipUri(
        scheme.lower(),
        user,
        parse_host(host),
        None if port is None else parse_port(port),
        _split_params(params) if params else (),
        _split_headers(headers) if headers else (),
        password,
    )


def _parse_tel(text: str) -> TelUri:
    match = _TEL.fullmatch(text)
    if match is None or _BROKEN_ESCAPE.search(text):
        raise bad("tel URI")
    number = _VISUAL_SEPARATOR.sub("", match[1])
    if not number.lstrip("+"):
        raise bad("tel URI")
    return TelUri(number, _split_params(match[2]))


def _split_params(text: str) -> Params:
    parts = text.split(";")[1:]
    if len(parts) > MOST_PARAMETERS:
        raise bad("URI: too many parameters")
    pairs = (part.partition("=") for part in parts)
    return tuple((name, value if equals else None) for name, equals, value in pairs)


def _split_headers(text: str) -> tuple[tuple[str, str], ...]:
    parts = text.split("&")
    if len(parts) > MOST_PARAMETERS:
        raise bad("URI: too many headers")
    pairs = (part.partition("=") for part in parts)
    return tuple((name, value) for name, _, value in pairs)


def _format_params(params: Params) -> str:
    return "".join(f";{name}" if value is None else f";{name}={value}" for name, value in params)


def _visible(text: str) -> str:
    if _VISIBLE.fullmatch(text) is None:
        raise ValueError(f"{text!r} cannot stand in a message as a URI")
    return text


def _param(params: Params, name: str) -> str | None:
    for written, value in params:
        if decode_escapes(written).lower() == name:
            return "" if value is None else decode_escapes(value)
    return None


def _normal(text: str | None) -> str | None:
    """Return `text` with escapes of unreserved characters decoded and the others in upper case."""
    if text is None or "%" not in text:
        return text
    return _ESCAPE.sub(_normal_escape, text)


def _normal_escape(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if _UNRESERVED_CHARACTER.fullmatch(character) else escape[0].upper()


def _folded(pairs: Iterable[tuple[str, str | None]]) -> dict[str, str | None]:
    return {(_normal(name) or "").lower(): (_normal(value) or "").lower() for name, value in pairs}


def _params_agree(a: Params, b: Params) -> bool:
    ours, theirs = _folded(a), _folded(b)
    if any(ours.get(name) != theirs.get(name) for name in _DECISIVE_PARAMS):
        return False
    return all(theirs[name] == value for name, value in ours.items() if name in theirs)
