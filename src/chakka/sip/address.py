"""Where messages come from and go to: a UDP address, or one with the stream that reaches it."""

from typing import Final, Literal, NamedTuple

Transport = Literal["udp", "tcp", "tls"]

DEFAULT_PORT: Final = 5060
DEFAULT_TLS_PORT: Final = 5061
"""RFC 3261 §19.1.2: the port of a URI or Via that names none."""


class Flow(NamedTuple):
    """The peer's end of a TCP or TLS connection, or where one is to be opened to.

    otherwise: for a response, the port to connect to when the connection that its request came by is gone
               (RFC 3261 §18.2.2); 0 for requests.
    """

    host: str
    port: int
    transport: Literal["tcp", "tls"]
    otherwise: int = 0


Address = tuple[str, int] | Flow
"""Host (an IP address as text) and port of one UDP end, or a Flow."""


def transport_of(address: Address) -> Transport:
    """Return the transport that messages from or to `address` use."""
    return address.transport if isinstance(address, Flow) else "udp"


def default_port(transport: str) -> int:
    """Return the port that is meant where none is written; `transport` in any case."""
    return DEFAULT_TLS_PORT if transport in ("tls", "TLS") else DEFAULT_PORT


def address_at(host: str, port: int, transport: Transport) -> Address:
    """Return the address of a peer that is reached by `transport`."""
    return (host, port) if transport == "udp" else Flow(host, port, transport)
