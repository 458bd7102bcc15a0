"""The header fields of one message: an ordered multimap that knows the compact forms (RFC 3261 §7.3)."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from chakka.sip.grammar import Malformed, bad, first_item, is_token, safe, split_list
from chakka.sip.headers import CSeq, NameAddr, Via, parse_cseq, parse_name_addr, parse_via
from chakka.sip.uri import parse_uri

# Compact forms: RFC 3261 §7.3.3 and the IANA registry (r: RFC 3515, b: 3892, o/u: 6665, x: 4028, j: 3841,
# a/d: 3841, y: 8224, n: 8898).
_COMPACT: Final = {
    "a": "Accept-Contact",
    "b": "Referred-By",
    "c": "Content-Type",
    "d": "Request-Disposition",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "j": "Reject-Contact",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "o": "Event",
    "r": "Refer-To",
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",
    "v": "Via",
    "x": "Session-Expires",
    "y": "Identity",
}
_NAMES: Final = (
    *_COMPACT.values(),
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Allow",
    "Authorization",
    "CSeq",
    "Date",
    "Expires",
    "History-Info",
    "Max-Forwards",
    "Min-Expires",
    "Min-SE",
    "P-Access-Network-Info",
    "P-Asserted-Identity",
    "P-Called-Party-ID",
    "P-Charge-Info",
    "P-Charging-Vector",
    "P-Early-Media",
    "P-Preferred-Identity",
    "Path",
    "Privacy",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Require",
    "RAck",
    "RSeq",
    "Reason",
    "Record-Route",
    "Remote-Party-ID",
    "Require",
    "Retry-After",
    "Route",
    "Server",
    "Timestamp",
    "Unsupported",
    "User-Agent",
    "Warning",
    "WWW-Authenticate",
)
# The usual spellings, so that most names are found as they stand.
_CANONICAL: Final = (
    {name: name for name in _NAMES}
    | {name.lower(): name for name in _NAMES}
    | _COMPACT
    | {letter.upper(): name for letter, name in _COMPACT.items()}
)


# Headers that must stand once, and others that may not stand twice.
REQUIRED: Final = ("From", "To", "Call-ID", "CSeq")
_SINGLE: Final = ("Max-Forwards", "Content-Length", "Content-Type")
_TARGETS: Final = ("Contact", "Route", "Record-Route")
_CALL_ID = re.compile(r"[!-~]++")


def known_name(name: str) -> str | None:
    """Return the canonical spelling of a header that we know, else None."""
    return _CANONICAL.get(name) or _CANONICAL.get(name.lower())


def canonical(name: str) -> str:
    """Return the one spelling under which a header is kept: `v` and `VIA` as `Via`, `x-foo` as `X-Foo`.

    Raises: Malformed if it is no token.
    """
    known = known_name(name)
    if known is not None:
        return known
    if not is_token(name):
        raise bad("header name")
    return "-".join(part.capitalize() for part in name.split("-"))


class Headers:
    """Header names, compared without case and with compact forms expanded, to their lines in order.

    Lines of one name keep their order; names keep the order of their first line, which is all that
    RFC 3261 §7.3.1 gives a meaning to. Values put in by us may not break a line (ValueError).
    The values that every message needs are parsed once, and again only after a change.
    """

    # Hardly any name has a second line: these are kept apart, so that a message is one dict of strings.
    __slots__ = ("_cseq", "_first", "_from", "_further", "_to", "_via")
    _via: Via | None
    _from: NameAddr | None
    _to: NameAddr | None
    _cseq: CSeq | None

    def __init__(self, items: Iterable[tuple[str, str]] = ()) -> None:
        self._first: dict[str, str] = {}
        self._further: dict[str, list[str]] = {}
        self._via = self._from = self._to = self._cseq = None
        for name, value in items:
            self.add(name, value)

    @classmethod
    def read(cls, lines: Iterable[str]) -> "Headers":
        """Return the headers of unfolded lines. Raises: Malformed for a line that is not `name: value`."""
        headers = cls()
        first, names = headers._first, _CANONICAL
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon:
                raise bad("header line")
            key = names[name] if name in names else canonical(name.rstrip(" \t"))
            if key in first:
                headers._further.setdefault(key, []).append(value.strip(" \t"))
            else:
                first[key] = value.strip(" \t")
        return headers

    @property
    def via(self) -> Via:
        """The topmost Via. Raises: Malformed if it is absent or cannot be read; so do the next four."""
        if self._via is None:
            self._via = parse_via(first_item(self._needed("Via")))
        return self._via

    @property
    def from_(self) -> NameAddr:
        if self._from is None:
            self._from = parse_name_addr(self._needed("From"))
        return self._from

    @property
    def to(self) -> NameAddr:
        if self._to is None:
            self._to = parse_name_addr(self._needed("To"))
        return self._to

    @property
    def cseq(self) -> CSeq:
        if self._cseq is None:
            self._cseq = parse_cseq(self._needed("CSeq"))
        return self._cseq

    @property
    def call_id(self) -> str:
        return self._needed("Call-ID")

    def get(self, name: str) -> str | None:
        """Return the first line of a header, None when it is absent."""
        return self._first.get(_CANONICAL.get(name) or canonical(name))

    def get_all(self, name: str) -> list[str]:
        """Return the lines of a header, as they were sent."""
        return self._lines(_CANONICAL.get(name) or canonical(name))

    def values(self, name: str) -> list[str]:
        """Return the values of a list header, whichever way they are spread over lines and commas.

        Raises: Malformed if a quote or bracket is left open.
        """
        key = _CANONICAL.get(name) or canonical(name)
        values: list[str] = []
        if key not in self._first:
            return values
        for line in self._lines(key):
            if "," in line:
                values += split_list(line)
            elif line:
                values.append(line)
        return values

    def add(self, name: str, value: str) -> None:
        """Put one more line below those of the same name."""
        key = canonical(name)
        self._keep(key, [*self._lines(key), safe(value)])

    def set(self, name: str, value: str) -> None:
        """Put one line in place of all of that name."""
        self._keep(canonical(name), [safe(value)])

    def replace_first(self, name: str, value: str) -> None:
        """Put `value` in place of the topmost value of a list header (our note on the caller's Via).

        Raises: KeyError if there is none.
        """
        key = canonical(name)
        topmost, *others = self._first[key], *self._further.get(key, [])
        self._keep(key, [safe(value), *_below_first(topmost), *others])

    def remove(self, name: str) -> None:
        """Take all lines of a name away, if there are any."""
        self._keep(canonical(name), [])

    def items(self) -> Sequence[tuple[str, str]]:
        """Return (name, line) of all lines in the order in which they are sent."""
        return [(name, line) for name in self._first for line in self._lines(name)]

    def text(self) -> str:
        """Return the lines in that order, each with its end, without the Content-Length."""
        items = self.items() if self._further else self._first.items()
        return "".join([f"{name}: {line}\r\n" for name, line in items if name != "Content-Length"])

    def copy(self) -> "Headers":
        """Return headers that can be changed on their own."""
        return self.only(self._first)

    def only(self, names: Iterable[str]) -> "Headers":
        """Return a copy that holds these names and no others, in the order of `names`."""
        chosen = Headers()
        for name in names:
            key = _CANONICAL.get(name) or canonical(name)
            if key in self._first:
                chosen._first[key] = self._first[key]
            if key in self._further:
                chosen._further[key] = self._further[key].copy()
        return chosen

    def check(self) -> None:
        """Raise Malformed unless what every message needs is there and can be read, and its targets can.

        Source: RFC 3261 §8.1.1, §12.1.
        """
        first, further = self._first, self._further
        for name in REQUIRED:
            if name not in first or name in further:
                raise Malformed(400, f"Missing or repeated {name}")
        for name in further:
            if name in _SINGLE:
                raise Malformed(400, f"Repeated {name}")
        if "Via" not in first or not (topmost := first_item(first["Via"])):
            # A topmost line of commas alone would leave the next line as the topmost value of the list.
            raise bad("Via")
        self._via = parse_via(topmost)
        if "Via" in further or topmost != first["Via"]:
            for value in self.values("Via"):
                parse_via(value)
        if _CALL_ID.fullmatch(first["Call-ID"]) is None:
            raise bad("Call-ID")
        self._cseq = parse_cseq(first["CSeq"])
        self._from = parse_name_addr(first["From"])
        self._to = parse_name_addr(first["To"])
        for name in _TARGETS:
            if name in first:
                self._check_targets(name)

    def _check_targets(self, name: str) -> None:
        for value in self.values(name):
            if value != "*" or name != "Contact":
                parse_uri(parse_name_addr(value).uri)

    def _lines(self, key: str) -> list[str]:
        if key not in self._first:
            return []
        return [self._first[key], *self._further.get(key, [])]

    def _keep(self, key: str, lines: list[str]) -> None:
        """Put `lines`, which may be none, in place of those of a canonical name."""
        self._forget()
        self._further.pop(key, None)
        if lines:
            self._first[key] = lines[0]
        else:
            self._first.pop(key, None)
        if len(lines) > 1:
            self._further[key] = lines[1:]

    def _needed(self, key: str) -> str:
        line = self._first.get(key)
        if line is None:
            raise bad(f"message: no {key}")
        return line

    def _forget(self) -> None:
        self._via = self._from = self._to = self._cseq = None

    def __contains__(self, name: str) -> bool:
        return (_CANONICAL.get(name) or canonical(name)) in self._first

    def __len__(self) -> int:
        return len(self._first) + sum(map(len, self._further.values()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and (self._first, self._further) == (other._first, other._further)

    __hash__ = None  # type: ignore[assignment]  # mutable, hence not hashable

    def __repr__(self) -> str:
        return f"Headers({self.items()!r})"


def _below_first(line: str) -> list[str]:
    """Return, as one line or none, what follows the first value of a list line."""
    rest = split_list(line)[1:] if "," in line else []
    return [", ".join(rest)] if rest else []
