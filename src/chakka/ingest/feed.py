"""The event feed: one datagram for each rated call to whoever listens; losing it loses no fact."""

import contextlib
import socket
from collections.abc import Iterable
from pathlib import Path

import msgspec

from chakka.stores.ledger import Rated, Warned


class Feed:
    """Sends to a Unix datagram socket that may not be there."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def send(self, rated: Iterable[Rated]) -> None:
        """Say what calls cost; never waits. The first datagram that nobody takes ends the attempt."""
        # Nobody listens, or slowly: the ledger has it all the same.
        with contextlib.suppress(OSError):
            for one in rated:
                event = {"kind": "rated"} | msgspec.structs.asdict(one)
                self._socket.sendto(msgspec.json.encode(event), self._path)

    def warn(self, warnings: Iterable[Warned]) -> None:
        """Say that caps in yen are nearly or wholly spent; never waits either."""
        with contextlib.suppress(OSError):
            for one in warnings:
                event = {"kind": "money_guard"} | msgspec.structs.asdict(one)
                self._socket.sendto(msgspec.json.encode(event), self._path)

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()
