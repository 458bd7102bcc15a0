"""Messages as they leave us, written straight to octets: responses from echoes, requests from heads."""

from dataclasses import dataclass
from typing import NamedTuple

from chakka.sip.address import Address as Address
from chakka.sip.address import Flow, default_port
from chakka.sip.grammar import format_params, safe
from chakka.sip.headers import MAGIC_COOKIE, Via
from chakka.sip.message import Request, Response
from chakka.sip.reasons import REASONS

HeaderPairs = tuple[tuple[str, str], ...]
"""Further header fields as (name, value), in the order in which they are to stand."""


def header_lines(headers: HeaderPairs) -> str:
    """Return header fields as lines. Raises: ValueError if one would become two."""
    return "".join([f"{safe(name)}: {safe(value)}\r\n" for name, value in headers])


def body_lines(body: bytes, content_type: str = "application/sdp") -> str:
    """Return the header line that describes `body`, nothing for an empty one."""
    return f"Content-Type: {content_type}\r\n" if body else ""


def _octets(head: str, body: bytes) -> bytes:
    # What we echo was read with surrogateescape: a peer's From that is not UTF-8 goes back as it came.
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode("utf-8", "surrogateescape") + body


def stamped(via: Via, source: Address) -> Via:
    """Return the topmost Via with `received` and `rport` as seen here (RFC 3261 §18.2.1, RFC 3581 §4)."""
    host, port = source[0], source[1]
    if "rport" in via.params:
        return Via(via.transport, via.host, via.port, {**via.params, "received": host, "rport": str(port)})
    if via.host.strip("[]") != host:
        return Via(via.transport, via.host, via.port, {**via.params, "received": host})
    return via


def response_address(via: Via, source: Address) -> Address:
    """Return where the response to a request from `source` goes (RFC 3261 §18.2.2, RFC 3581 §4).

    Over a stream: by the same connection, or if that is gone to the port of the Via. maddr is not followed:
    nobody uses it for unicast, and it would let a stranger aim our responses.
    """
    if isinstance(source, Flow):
        return Flow(source.host, source.port, source.transport, via.port or default_port(source.transport))
    if "rport" in via.params:
        return source
    return source[0], via.port or default_port("udp")


class Echo(NamedTuple):
    """What every response to one request repeats (RFC 3261 §8.2.6.2), as header lines ready to send."""

    vias: str
    lines: str
    to: str
    is_to_tagged: bool
    record_routes: str
    timestamp: str

    def response(
        self, status: int, to_tag: str, lines: str = "", body: bytes = b"", reason: str = ""
    ) -> bytes:
        """Return a response as octets; `to_tag` "" adds none, nor is one added to a To that has its tag.

        lines:  further header lines, Content-Type among them.
        reason: the phrase, the usual one if "".
        """
        tag = "" if self.is_to_tagged or not to_tag else f";tag={to_tag}"
        routes = self.record_routes if 100 < status < 300 else ""
        first = f"SIP/2.0 {status} {safe(reason) or REASONS.get(status, 'Unspecified')}\r\n"
        return _octets(f"{first}{self.vias}{routes}{self.lines}To: {self.to}{tag}\r\n{lines}", body)

    def trying(self) -> bytes:
        """Return the 100, which alone repeats the Timestamp (RFC 3261 §8.2.6.1)."""
        return self.response(100, "", self.timestamp)


def echo(request: Request, source: Address) -> Echo:
    """Return what the responses to `request`, received from `source`, repeat."""
    headers = request.headers
    vias = headers.values("Via")
    vias[0] = str(stamped(request.via, source))
    timestamp = headers.get("Timestamp")
    return Echo(
        vias="".join([f"Via: {via}\r\n" for via in vias]) if len(vias) > 1 else f"Via: {vias[0]}\r\n",
        lines=f"From: {headers.get('From')}\r\nCall-ID: {request.call_id}\r\nCSeq: {headers.get('CSeq')}\r\n",
        to=headers.get("To") or "",
        is_to_tagged=bool(request.to.tag),
        record_routes=_record_routes(headers.get_all("Record-Route")) if "Record-Route" in headers else "",
        timestamp=f"Timestamp: {timestamp}\r\n" if timestamp else "",
    )


def _record_routes(lines: list[str]) -> str:
    return "".join([f"Record-Route: {line}\r\n" for line in lines])


@dataclass(slots=True)
class RequestHead:
    """What a request, its CANCEL and its ACK have in common (RFC 3261 §8.1.1, §9.1, §17.1.1.3)."""

    uri: str
    via: str
    from_: str
    to: str
    call_id: str
    number: int
    routes: str = ""
    max_forwards: int = 70

    def request(self, method: str, lines: str = "", body: bytes = b"") -> bytes:
        """Return a request as octets; `lines` are further header lines, Content-Type among them."""
        return _octets(
            f"{method} {self.uri} SIP/2.0\r\nVia: {self.via}\r\n{self.routes}"
            f"Max-Forwards: {self.max_forwards}\r\nFrom: {self.from_}\r\nTo: {self.to}\r\n"
            f"Call-ID: {self.call_id}\r\nCSeq: {self.number} {method}\r\n{lines}",
            body,
        )

    def moved(self, packet: bytes, via: str) -> bytes:
        """Return `packet`, a request with this head, with another Via, which the head has from now on."""
        before, self.via = self.via, via
        return packet.replace(f"\r\nVia: {before}\r\n".encode(), f"\r\nVia: {via}\r\n".encode(), 1)

    def failure_ack(self, response: Response) -> bytes:
        """Return the ACK for a 3xx–6xx: our request's head with the To of the response."""
        self.to = response.headers.get("To") or self.to
        return self.request("ACK")


def server_key(request: Request, method: str) -> tuple[object, ...]:
    """Return what the messages of one server transaction share; `method` is INVITE for an ACK or CANCEL.

    Source: RFC 3261 §17.2.3, both the branch rule and the one for RFC 2543 clients. The latter leaves the
    To-tag out, so that an ACK is found by the same key: Call-ID, From-tag, CSeq and Via are enough. The
    former takes the Call-ID in, which ACK and CANCEL share with their INVITE (§9.1, §17.1.1.3): branches that
    a peer counts up can be guessed, and some peers use one for several calls.
    """
    via = request.via
    branch = via.params.get("branch")
    if branch is not None and branch.startswith(MAGIC_COOKIE):
        return branch, via.host, via.port, request.call_id, method
    params = format_params(via.params)
    return request.call_id, request.from_.tag, request.cseq.number, via.host, via.port, params, method
