"""SIP messages: one datagram's octets into a Request or Response, and back (RFC 3261 §7, §8.2.6, §20).

A head is split once into names and lines; what every message needs is checked then, so that the
properties of a parsed message cannot fail. Other headers are read when somebody asks for them.
"""

import re
from collections.abc import Iterable
from typing import Final

from chakka.sip.grammar import TOKEN, bad, first_item, is_safe, parse_number, safe
from chakka.sip.grammar import Malformed as Malformed
from chakka.sip.header_fields import REQUIRED, known_name
from chakka.sip.header_fields import Headers as Headers
from chakka.sip.headers import (
    CSeq,
    NameAddr,
    Via,
    parse_media_type,
    parse_name_addr,
    parse_via,
)
from chakka.sip.reasons import REASONS
from chakka.sip.uri import SipUri, Uri, parse_uri

# reliability.md §1: what we are ready to read; a UDP datagram cannot be longer than the first.
LONGEST_MESSAGE: Final = 65_536
MOST_HEADER_LINES: Final = 200
LONGEST_LINE: Final = 8_192
_HIGHEST_HOPS: Final = 255
_HIGHEST_LENGTH: Final = 2**32 - 1

_REQUEST_LINE = re.compile(rf"({TOKEN}) ([!-~]++) [Ss][Ii][Pp]/([0-9]++\.[0-9]++)")
_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6][0-9]{2})(?: (.*+))?+", re.IGNORECASE | re.ASCII)
_METHOD_AND_REST = re.compile(rf"({TOKEN})[ \t]++(.*+)")
_FOLD = re.compile(r"\r\n[ \t]++")
_AFTER_SENT_BY = re.compile(r"[ \t]*+[;,].*+", re.DOTALL)
_WORD = re.compile(r"[!-~]++")

# Requests whose 1xx and 2xx answers form a dialog and so carry the route (RFC 3261 §12.1.1, 6665, 3515).
_DIALOG_FORMING: Final = frozenset({"INVITE", "SUBSCRIBE", "REFER"})


class _Message:
    """What requests and responses share. The properties raise Malformed only on hand-made messages."""

    __slots__ = ("body", "headers")

    headers: Headers
    body: bytes

    @property
    def call_id(self) -> str:
        return self.headers.call_id

    @property
    def cseq(self) -> CSeq:
        return self.headers.cseq

    @property
    def via(self) -> Via:
        """The topmost Via."""
        return self.headers.via

    @property
    def vias(self) -> tuple[Via, ...]:
        return tuple(parse_via(value) for value in self.headers.values("Via"))

    @property
    def from_(self) -> NameAddr:
        return self.headers.from_

    @property
    def to(self) -> NameAddr:
        return self.headers.to

    @property
    def contact(self) -> NameAddr | None:
        """The first Contact; None when it is absent or `*`."""
        values = self.headers.values("Contact")
        return parse_name_addr(values[0]) if values and values[0] != "*" else None

    @property
    def max_forwards(self) -> int | None:
        return _max_forwards(self.headers)

    @property
    def content_type(self) -> str | None:
        """`type/subtype` of the body in lower case; None when it is not said."""
        return _content_type(self.headers)

    def _octets(self, start_line: str) -> bytes:
        head = f"{start_line}\r\n{self.headers.text()}Content-Length: {len(self.body)}\r\n\r\n"
        return head.encode("utf-8", "surrogateescape") + self.body


class Request(_Message):
    """A request; `uri` is the Request-URI as written."""

    __slots__ = ("method", "uri")

    def __init__(self, method: str, uri: str, headers: Headers, body: bytes = b"") -> None:
        self.method = method
        self.uri = uri
        self.headers = headers
        self.body = body

    @property
    def request_uri(self) -> Uri:
        return parse_uri(self.uri)

    def to_bytes(self) -> bytes:
        """Return the octets to send, Content-Length computed.

        Raises: ValueError if method or URI would break the request line.
        """
        if _WORD.fullmatch(self.method) is None or _WORD.fullmatch(self.uri) is None:
            raise ValueError(f"{self.method!r} {self.uri!r} cannot stand in a request line")
        return self._octets(f"{self.method} {self.uri} SIP/2.0")

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.uri}>"


class Response(_Message):
    """A response to one of our requests, or ours to a peer's."""

    __slots__ = ("reason", "status")

    def __init__(self, status: int, reason: str, headers: Headers, body: bytes = b"") -> None:
        self.status = status
        self.reason = reason
        self.headers = headers
        self.body = body

    def to_bytes(self) -> bytes:
        """Return the octets to send, Content-Length computed. Raises: ValueError for a broken reason."""
        return self._octets(f"SIP/2.0 {self.status} {safe(self.reason)}")

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.reason}>"


def parse(octets: bytes) -> Request | Response:
    """Return the message that a datagram (or a framed part of a stream) holds.

    Octets beyond Content-Length are cut off (RFC 3261 §18.3).
    Raises: Malformed with the status that the request deserves: 400, 505 for another version of SIP,
            513 over 64 KB; its `request` is None for responses, ACK and what nobody can answer.
    Source: RFC 3261 §7, RFC 4475 §3.1.2 and §3.3.
    """
    try:
        return _read(octets)
    except Malformed as fault:
        raise Malformed(fault.status, fault.reason, _answerable(octets)) from None


def respond(  # noqa: PLR0913 - the six parts of a response; a value type for them would be the response
    request: Request,
    status: int,
    reason: str | None = None,
    *,
    to_tag: str | None = None,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
) -> Response:
    """Return the response to a request (RFC 3261 §8.2.6): its Vias, From, To, Call-ID and CSeq.

    reason:  the usual phrase when not given.
    to_tag:  put into To unless that has a tag already; a 100 carries none.
    headers: lines of our own, Contact and Content-Type among them.
    Result:  with the Record-Routes if it forms a dialog, with the Timestamp if it is a 100.
    """
    names = ["Via", "From", "To", "Call-ID", "CSeq"]
    if status == 100:
        names.append("Timestamp")
    elif status < 300 and request.method in _DIALOG_FORMING:
        names.append("Record-Route")
    chosen = request.headers.only(names)
    party = chosen.get("To")
    if status > 100 and to_tag and party is not None and not _has_tag(request):
        chosen.set("To", f"{party};tag={to_tag}")
    for name, value in headers:
        chosen.add(name, value)
    return Response(status, REASONS.get(status, "") if reason is None else reason, chosen, body)


def _has_tag(request: Request) -> bool:
    try:
        return request.to.tag is not None
    except Malformed:  # the 400 to a request whose To nobody can read
        return False


def _read(octets: bytes) -> Request | Response:
    if len(octets) > LONGEST_MESSAGE:
        raise Malformed(513, REASONS[513])
    head, blank_line, body = octets.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not blank_line:
        raise bad("message: it has no empty line after the headers")
    start_line, lines = _head_lines(head)
    status_line = _STATUS_LINE.fullmatch(start_line)
    method, uri = ("", "") if status_line else _request_line(start_line)
    headers = Headers.read(lines)
    body = _cut(body, headers)
    _check(headers, method)
    if status_line:
        return Response(int(status_line[1]), status_line[2] or "", headers, body)
    return Request(method, uri, headers, body)


def _head_lines(head: bytes) -> tuple[str, list[str]]:
    """Return start line and unfolded header lines; no line holds CR, LF or NUL."""
    text = head.decode("utf-8", "surrogateescape")
    if "\0" in text:
        text = _without_nul(text)
    lines = text.split("\r\n")
    # A folded line begins with a blank, and so sorts before all that begin with a visible character.
    if min(lines) < "!":
        text = _FOLD.sub(" ", text)
        lines = text.split("\r\n")
    start_line = lines.pop(0)
    if text.count("\r") != len(lines) or text.count("\n") != len(lines):
        raise bad("line end")
    if len(lines) > MOST_HEADER_LINES:
        raise Malformed(400, "Too many header lines")
    if len(text) > LONGEST_LINE and max(map(len, (start_line, *lines))) > LONGEST_LINE:
        raise Malformed(400, "Header line too long")
    return start_line, lines


def _without_nul(text: str) -> str:
    # RFC 4475 §3.1.1.2: legal after a backslash in a quoted string. We keep none, so that no message of
    # ours that repeats a display name carries one.
    text = text.replace("\\\0", "\\?")
    if "\0" in text:
        raise bad("octet: NUL")
    return text


def _request_line(line: str) -> tuple[str, str]:
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise bad("request line")
    method, uri, version = match.groups()
    if version != "2.0":
        raise Malformed(505, REASONS[505])
    target = parse_uri(uri)
    # RFC 3261 §19.1.1, table 1: no headers in a Request-URI; a Route from there would be an injection.
    if isinstance(target, SipUri) and target.headers:
        raise bad("Request-URI: it has headers")
    return method, uri


def _cut(body: bytes, headers: Headers) -> bytes:
    line = headers.get("Content-Length")
    if line is None:
        return body
    length = parse_number(line, "Content-Length", _HIGHEST_LENGTH)
    if length > len(body):
        raise bad("Content-Length: the body is shorter")
    return body[:length]


def _check(headers: Headers, method: str) -> None:
    """Raise Malformed unless every property of a message can be read; `method` is "" for a response."""
    headers.check()
    if headers.cseq.method != method and method:
        raise bad("CSeq: it names another method")
    # Read for their faults only.
    _ = _max_forwards(headers), _content_type(headers)


def _max_forwards(headers: Headers) -> int | None:
    line = headers.get("Max-Forwards")
    return None if line is None else parse_number(line, "Max-Forwards", _HIGHEST_HOPS)


def _content_type(headers: Headers) -> str | None:
    line = headers.get("Content-Type")
    return None if line is None else parse_media_type(line)[0]


def _answerable(octets: bytes) -> Request | None:
    """Return what of a malformed request a stateless answer needs, None if it is not to be answered."""
    head = octets[:LONGEST_MESSAGE].lstrip(b"\r\n").partition(b"\r\n\r\n")[0]
    start_line, *lines = _FOLD.sub(" ", head.decode("utf-8", "surrogateescape")).split("\r\n")
    match = _METHOD_AND_REST.match(start_line)
    if match is None or match[1] == "ACK" or start_line[:4].upper() == "SIP/":
        return None
    headers = Headers()
    for line in lines[:MOST_HEADER_LINES]:
        _keep_echoed(headers, line)
    if "Via" not in headers or not _mend_topmost_via(headers):
        return None
    return Request(match[1], match[2], headers)


def _keep_echoed(headers: Headers, line: str) -> None:
    """Keep a line that a response repeats: every Via, and of the others the first."""
    written, _, value = line.partition(":")
    name = known_name(written.rstrip(" \t"))
    if len(line) > LONGEST_LINE or not is_safe(value):
        return
    if name == "Via" or (name in REQUIRED and name not in headers):
        headers.add(name, value.strip(" \t"))


def _mend_topmost_via(headers: Headers) -> bool:
    """Return whether the topmost Via says where to answer, once what is broken behind its host is cut off."""
    topmost, *others = headers.get_all("Via")
    for candidate in (topmost, _AFTER_SENT_BY.sub("", topmost)):
        try:
            parse_via(first_item(candidate))
        except Malformed:
            continue
        headers.remove("Via")
        for line in (candidate, *others):
            headers.add("Via", line)
        return True
    return False
