"""TCP and TLS connections of one node: messages in and out, one connection a peer, all of it bounded.

RFC 3261 §18: a response takes the connection of its request, a request one that leads where it goes, and if
there is none one is opened. What a peer makes us hold is limited in number, size and time.
"""

import asyncio
import logging
import ssl
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from chakka.callplane.transport_identity import Certificate, is_identified
from chakka.callplane.transport_tls import client_context, server_context
from chakka.config import TlsSettings
from chakka.sip.address import Flow
from chakka.sip.framing import PONG, Framing

log = logging.getLogger("chakka.callplane")

Stream = Literal["tcp", "tls"]
# Octets taken from one connection before others have their turn.
_PER_TURN = 16_384


class StreamUser(Protocol):
    """Whoever reads and writes messages; told of each in the order of its connection."""

    def on_stream_message(self, message: bytes, source: Flow) -> None:
        """Take one message."""

    def on_stream_failed(self, destination: Flow) -> None:
        """Take it that a connection is gone, or could not be opened; nothing else will come of it."""

    def on_stream_turn(self) -> None:
        """Carry out what the messages of this turn asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLimits:
    """What peers may make us hold; times in seconds.

    connections:  in all. of_strangers: from all addresses that are no peer's.
    opening:      until a connection that we open can be written to.
    message:      until a message that has begun is whole, a stranger has sent its first, or a peer reads on.
    idle:         without anything either way.
    sweep:        how often all this is looked at.
    unsent:       octets waiting for a peer that does not read, or for its connection to open.
    """

    connections: int = 2_000
    of_strangers: int = 500
    opening: float = 4.0
    message: float = 10.0
    idle: float = 900.0
    sweep: float = 1.0
    unsent: int = 262_144


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """What is configured of the other ends.

    is_known: whether an address is a peer's. tls_name: the SIP domain that a peer at an address must prove to
    be when it speaks TLS, None if it need not, or is none of ours.
    """

    is_known: Callable[[str], bool]
    tls_name: Callable[[str], str | None]


class Connection(asyncio.BufferedProtocol):
    """One connection, open or being opened.

    flow: its other end. is_strange: whether somebody unknown opened it.
    """

    def __init__(self, streams: "Streams", transport: Stream, flow: Flow | None = None) -> None:
        self._streams = streams
        self._framing = Framing()
        self._transport: asyncio.Transport | None = None
        self._waiting: list[bytes] = []
        self._waiting_octets = 0
        self._name: Stream = transport
        self._is_ours = flow is not None
        self._opened_at = self._active_at = streams.loop.time()
        self._begun_at: float | None = None
        self._stuck_at: float | None = None
        self._has_spoken = False
        self.is_strange = False
        self.flow = flow or Flow("", 0, transport)

    # -- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is open, over TLS after the handshake."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=_PER_TURN)
        if not self._is_ours:
            # A peer that is gone already has no name any more.
            host, port = (transport.get_extra_info("peername") or ("", 0))[:2]
            self.flow = Flow(host, port, self._name)
            self.is_strange = not self._streams.peers.is_known(host)
        if not self._streams.admits(self, self._certificate(transport)):
            transport.abort()
            return
        for message in self._waiting:
            transport.write(message)
        self._waiting.clear()

    def get_buffer(self, sizehint: int) -> bytearray:
        """Return where the next octets go; what is read is used up before anybody else reads."""
        return self._streams.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take octets."""
        framing, now = self._framing, self._streams.loop.time()
        messages = framing.feed(bytes(self._streams.buffer[:nbytes]))
        if not framing.is_amid:
            self._begun_at = None
        elif messages or self._begun_at is None:
            self._begun_at = now
        self._active_at = now
        self._has_spoken = self._has_spoken or bool(messages)
        if framing.pings:
            self.write(PONG * framing.pings)
        for message in messages:
            self._streams.user.on_stream_message(message, self.flow)
        self._streams.user.on_stream_turn()
        if framing.fault is not None:
            self._streams.counts["unreadable stream"] += 1
            log.info("%s %s port %s: %s", *self._described(), framing.fault)
            self.close()

    def pause_writing(self) -> None:
        """The peer does not read as fast as we write."""
        self._stuck_at = self._streams.loop.time()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._stuck_at = None

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._transport = None
        self._streams.on_lost(self)

    # -- what the streams ask

    def write(self, message: bytes) -> None:
        """Send, or keep until the connection is open; a peer that lets too much pile up is dropped."""
        limit = self._streams.limits.unsent
        if self._transport is None:
            self._waiting_octets += len(message)
            if self._waiting_octets <= limit:
                self._waiting.append(message)
            return
        if self._transport.is_closing():
            return
        self._active_at = self._streams.loop.time()
        self._transport.write(message)
        if self._transport.get_write_buffer_size() > limit:
            self.drop("does not read")

    def close(self) -> None:
        """Close once everything is sent; the sweep sees to it that this does not take for ever."""
        if self._transport is not None:
            self._stuck_at = self._stuck_at or self._streams.loop.time()
            self._transport.close()

    def drop(self, why: str) -> None:
        """Cut the connection at once."""
        log.info("%s %s port %s %s: dropped", *self._described(), why)
        if self._transport is not None:
            self._transport.abort()

    def sweep(self, now: float) -> None:
        """Let go of a connection that takes too long over anything."""
        limits = self._streams.limits
        late = now - limits.message
        if self._transport is None:
            return
        if self._begun_at is not None and self._begun_at < late:
            self.drop("does not end its message")
        elif self._stuck_at is not None and self._stuck_at < late:
            self.drop("does not read")
        elif self.is_strange and not self._has_spoken and self._opened_at < late:
            self.drop("says nothing")
        elif self._active_at < now - limits.idle:
            self.close()

    @property
    def is_closing(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._transport is not None and self._transport.is_closing()

    def _certificate(self, transport: asyncio.Transport) -> Certificate:
        secured: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        return (secured.getpeercert() if secured is not None else None) or {}

    def _described(self) -> tuple[str, str, int]:
        return self._name.upper(), self.flow.host, self.flow.port


class Streams:
    """Every connection of one node.

    local_host: the address that we connect from, as our peers know it.
    counts:     what was refused here, by word.
    Raises:     OSError if a certificate's file cannot be had.
    """

    def __init__(
        self,
        user: StreamUser,
        peers: Peers,
        tls: TlsSettings,
        local_host: str,
        limits: StreamLimits | None = None,
    ) -> None:
        self.user = user
        self.peers = peers
        self.limits = limits or StreamLimits()
        self.loop = asyncio.get_running_loop()
        self.buffer = bytearray(_PER_TURN)
        self.counts: Counter[str] = Counter()
        self._tls = tls
        # Made at once, so that a wrong file is found at the start and not by a call.
        self._client_context = client_context(tls)
        self._local_host = local_host
        self._servers: list[asyncio.Server] = []
        self._connections: dict[Flow, Connection] = {}
        self._opening: set[asyncio.Task[None]] = set()
        self._sweeping = self.loop.call_later(self.limits.sweep, self._sweep)

    async def listen(self, transport: Stream, host: str, port: int) -> int:
        """Take connections; return the port, which is a free one if `port` is 0.

        Raises: OSError if the address or a certificate's file cannot be had.
        """
        context = server_context(self._tls) if transport == "tls" else None
        server = await self.loop.create_server(
            lambda: Connection(self, transport),
            host,
            port,
            ssl=context,
            ssl_handshake_timeout=self.limits.opening if context else None,
        )
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    def send(self, message: bytes, to: Flow) -> None:
        """Send by the connection with `to`, else by one to the port that it names otherwise, or a new one."""
        target = Flow(to.host, to.otherwise or to.port, to.transport)
        connection = self._usable(to._replace(otherwise=0)) or self._usable(target)
        if connection is None:
            connection = self._open(target, is_response=bool(to.otherwise))
        if connection is not None:
            connection.write(message)

    async def close(self) -> None:
        """Take no more connections and end those that are."""
        self._sweeping.cancel()
        for server in self._servers:
            server.close()
        for task in self._opening:
            task.cancel()
        await asyncio.gather(*self._opening, return_exceptions=True)
        for connection in list(self._connections.values()):
            connection.close()

    # -- what connections ask

    def admits(self, connection: Connection, certificate: Certificate) -> bool:
        """Return whether an open connection may stay, and count it among the others."""
        refusal = self._refusal(connection, certificate)
        if refusal is not None:
            self.counts[refusal] += 1
            log.warning("%s: %s", connection.flow, refusal)
            return False
        self._connections[connection.flow] = connection
        return True

    def on_lost(self, connection: Connection) -> None:
        """Forget a connection and tell whoever waits for something from there."""
        if self._connections.get(connection.flow) is connection:
            del self._connections[connection.flow]
            self.user.on_stream_failed(connection.flow)

    def _refusal(self, connection: Connection, certificate: Certificate) -> str | None:
        host, transport = connection.flow.host, connection.flow.transport
        name = self.peers.tls_name(host) if transport == "tls" else None
        # RFC 5922 §7.3, §7.4: an address proves nothing, the certificate does.
        if name is not None and not is_identified(certificate, name):
            return "certificate of another domain"
        if connection.flow in self._connections:
            return None
        strange = [one for one in self._connections.values() if one.is_strange]
        if len(self._connections) >= self.limits.connections:
            return "too many connections"
        if connection.is_strange and len(strange) >= self.limits.of_strangers:
            return "too many connections of strangers"
        return None

    # -- opening

    def _usable(self, flow: Flow) -> Connection | None:
        connection = self._connections.get(flow)
        return None if connection is None or connection.is_closing else connection

    def _open(self, target: Flow, *, is_response: bool) -> Connection | None:
        """Return a connection that is being opened; None, and no word of it, where none may be."""
        if is_response and not self.peers.is_known(target.host):
            # A stranger that hangs up before its answer must not have us call it back.
            return None
        if len(self._connections) >= self.limits.connections:
            self.loop.call_soon(self.user.on_stream_failed, target)
            return None
        connection = self._connections[target] = Connection(self, target.transport, target)
        task = self.loop.create_task(self._connect(connection, target))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)
        return connection

    async def _connect(self, connection: Connection, target: Flow) -> None:
        try:
            await asyncio.wait_for(self._handshake(connection, target), self.limits.opening)
        except (OSError, TimeoutError) as fault:
            log.info(
                "cannot connect to %s %s port %s: %s", target.transport, *target[:2], fault or "time-out"
            )
            self.on_lost(connection)

    async def _handshake(self, connection: Connection, target: Flow) -> None:
        name = None
        if target.transport == "tls":
            name = self.peers.tls_name(target.host)
            if name is None:
                raise OSError("it has no tls_name to be checked against")
        await self.loop.create_connection(
            lambda: connection,
            target.host,
            target.port,
            ssl=self._client_context if name else None,
            server_hostname=name,
            local_addr=(self._local_host, 0),
        )

    def _sweep(self) -> None:
        now = self.loop.time()
        for connection in list(self._connections.values()):
            connection.sweep(now)
        self._sweeping = self.loop.call_later(self.limits.sweep, self._sweep)
