"""A bound Unix datagram socket that never blocks and keeps what the other side has no room for yet.

The kernel lets only a few datagrams wait at a socket (`net.unix.max_dgram_qlen`, often 10), so a burst
must wait here.
"""

import os
import socket
from collections import deque
from pathlib import Path

from chakka.errors import InputError

# A reader that leaves this many messages lying is gone for all purposes.
LONGEST_QUEUE = 20_000
_LARGEST_READ = 65_536


class Mailbox:
    """One end of the control channel. `open` binds it, readable only by its own user."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket: socket.socket | None = None
        self._waiting: dict[str, deque[bytes]] = {}

    def open(self) -> None:
        """Bind the path; a socket file that an earlier run left there is replaced.

        Raises: InputError when another process listens there; OSError when the path cannot be bound.
        """
        if _is_alive(self.path):
            raise InputError(f"another process listens on {self.path}")
        self.path.unlink(missing_ok=True)
        box = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            box.setblocking(False)
            box.bind(str(self.path))
            os.chmod(self.path, 0o600)
        except OSError:
            box.close()
            raise
        self._socket = box

    def close(self) -> None:
        """Unbind; what still waits is dropped."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            self.path.unlink(missing_ok=True)
        self._waiting.clear()

    def fileno(self) -> int:
        """Return the descriptor to wait on for reading; -1 when closed."""
        return -1 if self._socket is None else self._socket.fileno()

    @property
    def has_waiting(self) -> bool:
        """True while messages wait for room; `flush` tries them again."""
        return bool(self._waiting)

    def send(self, destination: str, datagram: bytes) -> bool:
        """Return False when nobody is bound there; True when it is sent or waits in order behind others."""
        waiting = self._waiting.get(destination)
        if waiting is None:
            sent = self._try(destination, datagram)
            if sent is not None:
                return sent
            waiting = self._waiting[destination] = deque()
        if len(waiting) >= LONGEST_QUEUE:
            return False
        waiting.append(datagram)
        return True

    def flush(self) -> None:
        """Send what waits, each destination in order; one that is full does not hold up the others."""
        for destination, waiting in list(self._waiting.items()):
            sent: bool | None = True
            while waiting and sent:
                sent = self._try(destination, waiting[0])
                if sent:
                    waiting.popleft()
            if sent is False or not waiting:
                del self._waiting[destination]

    def receive(self, limit: int) -> list[tuple[bytes, str]]:
        """Return at most `limit` datagrams that have come, each with its sender's path ("" if unbound)."""
        received: list[tuple[bytes, str]] = []
        if self._socket is None:
            return received
        while len(received) < limit:
            try:
                datagram, sender = self._socket.recvfrom(_LARGEST_READ)
            except (BlockingIOError, InterruptedError):
                break
            received.append((datagram, sender if isinstance(sender, str) else ""))
        return received

    def _try(self, destination: str, datagram: bytes) -> bool | None:
        """Return True when sent, False when nobody is there, None when there is no room yet."""
        if self._socket is None or not destination:
            return False
        try:
            self._socket.sendto(datagram, destination)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError:
            return False
        return True


def _is_alive(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True
