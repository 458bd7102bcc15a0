"""What the transactions and calls of one user agent share: identity, timers, tables, outbox, events."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, Protocol

from chakka.sip.address import Address, Flow, Transport, transport_of
from chakka.sip.alarms import Alarms
from chakka.sip.events import Event
from chakka.sip.headers import MAGIC_COOKIE
from chakka.sip.message import Request
from chakka.sip.timers import Timers
from chakka.sip.transaction_message import Echo

if TYPE_CHECKING:  # The tables hold transactions, and every transaction knows this core.
    from chakka.sip.transaction import ClientTransaction, ServerTransaction

# UDP peers without TCP that are remembered, the latest ones.
_MOST_WITHOUT_TCP: Final = 1024
_TRANSPORTS: Final[tuple[Transport, ...]] = ("udp", "tcp", "tls")
ALLOWED: Final = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "PRACK", "UPDATE", "INFO")
ALLOW_LINE: Final = f"Allow: {', '.join(ALLOWED)}\r\n"
SUPPORTED: Final = ("100rel", "timer")
"""Option tags that we understand as a server (RFC 3262, RFC 4028)."""
SUPPORTED_LINE: Final = f"Supported: {', '.join(SUPPORTED)}\r\n"


class DialogUser(Protocol):
    """A call that requests with its Call-ID and one of its local tags belong to."""

    def has_dialog(self, local_tag: str, remote_tag: str) -> bool: ...

    def on_request(self, request: Request, transaction: "ServerTransaction", now: float) -> None: ...

    def on_ack(self, request: Request, now: float) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who we are on the wire.

    contact:  our URI. via_host: `host:port` of our Vias. Both for UDP.
    product:  a token.
    listening: `host:port` where we take TCP and TLS connections, by transport.
    """

    contact: str
    via_host: str
    product: str
    listening: Mapping[Transport, str] = field(default_factory=dict)

    def via(self, transport: Transport) -> str:
        """Return our Via up to its branch; rport asks for symmetric responses (RFC 3581, for UDP)."""
        sent_by = self.listening.get(transport, self.via_host)
        rport = ";rport" if transport == "udp" else ""
        return f"SIP/2.0/{transport.upper()} {sent_by}{rport};branch="

    def contact_line(self, transport: Transport) -> str:
        """Return the Contact header line of dialogs over `transport`.

        `transport=tls` is deprecated (RFC 3261 §26.2.2) but all that peers understand beside `sips:`.
        """
        if transport not in self.listening:
            return f"Contact: <{self.contact}>\r\n"
        return f"Contact: <sip:{self.listening[transport]};transport={transport}>\r\n"

    def secure_contact_line(self) -> str:
        """Return the Contact header line of dialogs begun with a `sips:` URI (RFC 3261 §12.1.1)."""
        return f"Contact: <sips:{self.listening.get('tls', self.via_host)}>\r\n"


class Core:
    """The state that all parts of one user agent work on; it decides nothing."""

    __slots__ = (
        "_contact_lines",
        "_only_datagrams",
        "_secure_contact_line",
        "_vias",
        "alarms",
        "calls",
        "clients",
        "counts",
        "datagrams",
        "events",
        "identity",
        "merging",
        "servers",
        "stream_messages",
        "timers",
        "token",
    )

    def __init__(self, identity: Identity, timers: Timers, token: Callable[[], str]) -> None:
        self.identity = identity
        self.timers = timers
        self.token = token
        self.alarms = Alarms()
        self.datagrams: list[tuple[bytes, tuple[str, int]]] = []
        self.stream_messages: list[tuple[bytes, Flow]] = []
        self.events: list[Event] = []
        self.clients: dict[tuple[str, str], ClientTransaction] = {}
        self.servers: dict[tuple[object, ...], ServerTransaction] = {}
        self.merging: dict[tuple[object, ...], ServerTransaction] = {}
        self.calls: dict[tuple[str, str], DialogUser] = {}
        self.counts: Counter[str] = Counter()
        self._only_datagrams: dict[Address, None] = {}
        self._vias = {transport: identity.via(transport) for transport in _TRANSPORTS}
        self._contact_lines = {transport: identity.contact_line(transport) for transport in _TRANSPORTS}
        self._secure_contact_line = identity.secure_contact_line()

    def send(self, packet: bytes, address: Address) -> None:
        """Put one message into the outbox."""
        if isinstance(address, Flow):
            self.stream_messages.append((packet, address))
        else:
            self.datagrams.append((packet, address))

    def instead_of_datagrams(self, destination: Address) -> Flow | None:
        """Return the stream for a request that is too long for UDP, None if it goes by UDP all the same.

        Only for who takes TCP connections: then its peers are ready for them, or refuse them at once.
        """
        is_known_without = destination in self._only_datagrams
        if isinstance(destination, Flow) or is_known_without or "tcp" not in self.identity.listening:
            return None
        return Flow(destination[0], destination[1], "tcp")

    def only_datagrams(self, destination: Address) -> None:
        """Remember a UDP peer that takes no TCP connections."""
        if len(self._only_datagrams) >= _MOST_WITHOUT_TCP:
            self._only_datagrams.pop(next(iter(self._only_datagrams)))
        self._only_datagrams[destination] = None

    def branch(self) -> str:
        """Return a new branch: the name of one client transaction."""
        return f"{MAGIC_COOKIE}{self.token()}"

    def via(self, branch: str, destination: Address) -> str:
        """Return our Via for a request of `branch` to `destination`."""
        return f"{self._vias[transport_of(destination)]}{branch}"

    def contact_line(self, peer: Address, uri: str) -> str:
        """Return the Contact header line of a dialog with `peer` whose first Request-URI is `uri`."""
        if uri[:5].lower() == "sips:":
            return self._secure_contact_line
        return self._contact_lines[transport_of(peer)]

    def user_agent_line(self) -> str:
        """Return the header line that names our product in requests."""
        return f"User-Agent: {self.identity.product}\r\n"

    def server_line(self) -> str:
        """Return the header line that names our product in responses."""
        return f"Server: {self.identity.product}\r\n"

    def refuse(self, echoed: Echo, address: Address, status: int, lines: str = "") -> None:
        """Send one response and keep nothing of it (RFC 3261 §8.2.7).

        The To-tag follows from the request, so that a repeated request gets the same one.
        """
        tag = blake2b(echoed.lines.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
        self.counts[f"refused {status}"] += 1
        self.send(echoed.response(status, tag, f"{self.server_line()}{lines}"), address)
