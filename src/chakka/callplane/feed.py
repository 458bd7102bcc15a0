"""The event feed: calls shown as they happen to whoever listens at a socket."""

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

_ENCODER = msgspec.json.Encoder()
# While nobody listens, trying again for every event would be a fiftieth of a call's cost.
_RETRY_S = 1.0


class Feed:
    """Sends events to `path`. Nobody need watch, and a slow watcher does not hold up calls."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._path = str(path)
        self._silent_until = 0.0

    def show(self, event: Mapping[str, Any], monotonic: float) -> None:
        """Send an event; lost if nobody listens or the listener is behind. monotonic: now, in seconds."""
        if monotonic < self._silent_until:
            return
        try:
            self._socket.sendto(_ENCODER.encode(event), self._path)
        except BlockingIOError:
            pass
        except OSError:
            self._silent_until = monotonic + _RETRY_S

    def close(self) -> None:
        """Send nothing any more."""
        self._socket.close()
