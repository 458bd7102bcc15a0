"""Asking the running call plane: HTTP over the Unix socket in the data directory."""

import http.client
import socket
from pathlib import Path
from typing import NamedTuple

from chakka.errors import InputError

_PATIENCE_S = 5.0


class Answer(NamedTuple):
    """A page of the call plane."""

    status: int
    body: bytes


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_PATIENCE_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_PATIENCE_S)
        self.sock.connect(str(self._path))


def ask(status_socket: Path, path: str) -> Answer:
    """Return the page of a path.

    Raises: InputError if no call plane answers there.
    """
    connection = _UnixConnection(status_socket)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return Answer(response.status, response.read())
    except (OSError, http.client.HTTPException) as fault:
        raise InputError(f"no call plane answers at {status_socket}: {fault}; is chakka running?") from fault
    finally:
        connection.close()
