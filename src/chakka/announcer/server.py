"""The announcement server's edge: one UDP socket, the media socket and timers on one asyncio loop."""

import asyncio
import logging
import secrets
import socket
from functools import partial
from pathlib import Path

from chakka import clock
from chakka.announcer.announcer import Announcer
from chakka.media.client import MediaClient
from chakka.media.control import Event
from chakka.sip.agent import UserAgent
from chakka.sip.timers import Timers

_log = logging.getLogger("chakka.announcer")

# Datagrams taken in one turn of the loop, so that timers and media are never starved.
_PER_TURN = 64
_LARGEST = 65_535
_RECEIVE_BUFFER = 4 << 20


def announcer(listen: tuple[str, int], peers: frozenset[str]) -> Announcer:
    """Return an announcer that speaks from an IP address and port; see `Announcer` for peers."""
    host, port = listen
    written = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    token = partial(secrets.token_hex, 8)
    agent = UserAgent(
        contact=f"sip:annc@{written}",
        via_host=written,
        timers=Timers(),
        token=token,
        product="chakka",
        may_accept=lambda address: address[0] in peers,
    )
    return Announcer(agent, peers, token)


class Server:
    """Carries what an announcer says to the network and the media process.

    media, own: paths of the media process and of our end of its channel.
    """

    def __init__(self, sip: socket.socket, announcer: Announcer, media: Path, own: Path) -> None:
        self._sip = sip
        self._announcer = announcer
        self._media = MediaClient(media, own, self._on_media)
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    async def run(self, stopping: asyncio.Event) -> None:
        """Serve until told to stop. Raises: OSError or InputError when the own path cannot be bound."""
        self._media.start()
        self._loop.add_reader(self._sip.fileno(), self._readable)
        await stopping.wait()
        self._loop.remove_reader(self._sip.fileno())
        self._announcer.stop(clock.monotonic_s())
        self._flush()
        self._media.close()

    def _readable(self) -> None:
        for _ in range(_PER_TURN):
            try:
                data, source = self._sip.recvfrom(_LARGEST)
            except OSError:
                break
            self._announcer.receive(data, source[:2], clock.monotonic_s())
        self._flush()

    def _on_media(self, event: Event) -> None:
        self._announcer.media(event, clock.monotonic_s())
        self._flush()

    def _on_timer(self) -> None:
        self._timer = None
        self._announcer.handle_timer(clock.monotonic_s())
        self._flush()

    def _flush(self) -> None:
        """Carry out what the announcer asks for; what comes of it at once may ask for more."""
        while commands := self._announcer.take_commands():
            for command in commands:
                if not self._media.send(command):
                    self._announcer.media_is_away(command.id, clock.monotonic_s())
        for data, destination in self._announcer.take_datagrams():
            try:
                self._sip.sendto(data, destination)
            except (OSError, OverflowError) as fault:
                _log.info("cannot send to %s port %s: %s", *destination, fault)
        due = self._announcer.next_timer()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if due is None else self._loop.call_at(due, self._on_timer)


def sip_socket(address: tuple[str, int]) -> socket.socket:
    """Return a bound UDP socket that never blocks."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    sip = socket.socket(family, socket.SOCK_DGRAM)
    sip.setblocking(False)
    sip.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    try:
        sip.bind(address)
    except OSError:
        sip.close()
        raise
    return sip
