"""A dialog: what two user agents must remember to send each other requests (RFC 3261 §12)."""

import json
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

import msgspec

from chakka.sip.address import Address, Transport, address_at, default_port, transport_of
from chakka.sip.agent_core import Core
from chakka.sip.headers import parse_name_addr
from chakka.sip.message import Request, Response
from chakka.sip.transaction_message import RequestHead
from chakka.sip.uri import SipUri, parse_uri

_TRANSPORTS: Final[dict[str, Transport]] = {"udp": "udp", "tcp": "tcp", "tls": "tls"}
# Addresses remembered: those of the lines and trunks of a busy second.
_REMEMBERED: Final = 256
_JSON: Final = msgspec.json.Encoder()


class Dialog(msgspec.Struct):
    """The state of RFC 3261 §12 and where its next hop is.

    local, remote: From and To of our requests as written, tags and all.
    routes:        the route set, nearest first, as written.
    peer:          where the peer's own message came from: the next hop if no address can be read.
    transport:     by which it came; it counts wherever a URI names none. RFC 3263 §4.1 would take UDP, but a
                   peer on TLS that leaves it out does not mean to go on in the clear.
    """

    call_id: str
    local: str
    remote: str
    local_tag: str
    remote_tag: str
    local_cseq: int
    remote_cseq: int | None
    target: str
    routes: tuple[str, ...]
    peer: tuple[str, int]
    transport: Transport = "udp"

    def head(self, core: Core, branch: str, number: int) -> RequestHead:
        """Return the head of a request in this dialog (§12.2.1.1); `number` is its CSeq."""
        uri, routes = self.target, self.routes
        if routes and not is_loose(routes[0]):
            # A strict router wants its own URI on the request line and the target as the last route.
            uri, routes = parse_name_addr(routes[0]).uri, (*routes[1:], f"<{self.target}>")
        return RequestHead(
            uri,
            core.via(branch, self.next_hop()),
            self.local,
            self.remote,
            self.call_id,
            number,
            "".join([f"Route: {route}\r\n" for route in routes]),
        )

    def next_number(self) -> int:
        """Return the CSeq of the next request of ours and count it."""
        self.local_cseq += 1
        return self.local_cseq

    def next_hop(self) -> Address:
        """Return the address of the next hop: the first route's or the target's, if it is an address."""
        uri = parse_name_addr(self.routes[0]).uri if self.routes else self.target
        return address_of(uri, self.transport) or address_at(*self.peer, self.transport)

    def refresh(self, contact: str | None) -> None:
        """Make `contact` the remote target, if there is one (§12.2.1.2, §12.2.2)."""
        if contact is not None:
            self.target = contact

    def text(self) -> str:
        """Return the dialog as JSON, from which a later start can still send BYE.

        A peer's octets that are no UTF-8 stand in it as escaped surrogates: only `json`, which takes
        thirty times as long, writes them, and reads them again.
        """
        try:
            return _JSON.encode(self).decode()
        except UnicodeEncodeError:
            return json.dumps(msgspec.to_builtins(self))


def dialog_of_text(text: str) -> Dialog:
    """Return the dialog that `Dialog.text` wrote. Raises: ValueError if it is not such a text."""
    return msgspec.convert(json.loads(text), Dialog)


def dialog_of_request(request: Request, local_tag: str, peer: Address) -> Dialog:
    """Return the dialog that our 2xx to `request` makes (§12.1.1)."""
    to = request.headers.get("To") or ""
    return Dialog(
        request.call_id,
        f"{to};tag={local_tag}",
        request.headers.get("From") or "",
        local_tag,
        request.from_.tag or "",
        0,
        request.cseq.number,
        contact_uri(request) or request.from_.uri,
        tuple(request.headers.values("Record-Route")),
        peer[:2],
        transport_of(peer),
    )


def dialog_of_response(head: RequestHead, response: Response, peer: Address) -> Dialog:
    """Return the dialog that a 2xx to our INVITE with `head` makes (§12.1.2)."""
    return Dialog(
        head.call_id,
        head.from_,
        response.headers.get("To") or head.to,
        head.from_.rpartition(";tag=")[2],
        response.to.tag or "",
        head.number,
        None,
        contact_uri(response) or head.uri,
        tuple(reversed(response.headers.values("Record-Route"))),
        peer[:2],
        transport_of(peer),
    )


def contact_uri(message: Request | Response) -> str | None:
    """Return the SIP URI of the Contact; None without one, so that the call can still be ended."""
    contact = message.contact
    if contact is None or not isinstance(parse_uri(contact.uri), SipUri):
        return None
    return contact.uri


def is_loose(route: str) -> bool:
    """Return whether the route's URI has `lr`: it leaves the Request-URI alone (§16.12)."""
    uri = parse_uri(parse_name_addr(route).uri)
    return isinstance(uri, SipUri) and uri.param("lr") is not None


@lru_cache(maxsize=_REMEMBERED)
def address_of(uri: str, transport: Transport = "udp") -> Address | None:
    """Return the address of a SIP URI whose host or maddr is an IP address, else None: no look-ups.

    transport: by which to go when the URI names none; `sips:` always means TLS (RFC 3261 §26.2.2).
    Result:    None, too, for transports that we do not speak.
    """
    parsed = parse_uri(uri)
    if not isinstance(parsed, SipUri):
        return None
    host = (parsed.param("maddr") or parsed.host).strip("[]")
    named = _TRANSPORTS.get((parsed.param("transport") or transport).lower())
    if named is None or not _is_ip_address(host):
        return None
    if parsed.scheme == "sips":
        named = "tls"
    # Port 0 can be written, but nothing can be sent there.
    return address_at(host, parsed.port or default_port(named), named)


def _is_ip_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
