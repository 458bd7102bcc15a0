"""RTP ports: even ones of one range on one address; the odd port above each is its RTCP's (RFC 3550 §11)."""

import errno
import socket
from collections import deque
from ipaddress import ip_address

from chakka.errors import InputError

# Until a stream is joined nothing is read from its port; the kernel may keep what fits its least buffer.
_RECEIVE_BUFFER = 1
# A joined port holds what comes while the process is busy elsewhere: about a second of telephony.
JOINED_RECEIVE_BUFFER = 65_536
# Ports that other programs hold are passed over, this many for one stream.
_TRIES = 32


class RtpPorts:
    """Hands out bound sockets; a port that was given back is used again last."""

    def __init__(self, host: str, first: int, last: int) -> None:
        """Raises: InputError when the host is no IP address or the range holds no pair of ports."""
        try:
            self.version = ip_address(host).version
        except ValueError:
            raise InputError(f"RTP host {host!r} is not an IP address") from None
        if not 1_024 <= first < last <= 65_535:
            raise InputError(f"RTP ports {first}-{last} are not a range within 1024-65535")
        self.host = host
        self._free = deque(range(first + first % 2, last, 2))
        if not self._free:
            raise InputError(f"RTP ports {first}-{last} hold no even port and the odd one above it")

    def take(self) -> tuple[socket.socket, int] | None:
        """Return a socket bound to a free port, and the port; None when there is none."""
        for _ in range(min(_TRIES, len(self._free))):
            port = self._free.popleft()
            try:
                return self._bound(port), port
            except OSError as error:
                self._free.append(port)
                if error.errno != errno.EADDRINUSE:
                    return None
        return None

    def rtcp(self, port: int) -> socket.socket | None:
        """Return a socket bound to the odd port above a taken one; None when another program holds it."""
        try:
            return self._bound(port + 1)
        except OSError:
            return None

    def give_back(self, port: int) -> None:
        """Make a port free again; its socket is closed by then."""
        self._free.append(port)

    def _bound(self, port: int) -> socket.socket:
        family = socket.AF_INET if self.version == 4 else socket.AF_INET6
        rtp = socket.socket(family, socket.SOCK_DGRAM)
        try:
            rtp.setblocking(False)
            rtp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            rtp.bind((self.host, port))
        except OSError:
            rtp.close()
            raise
        return rtp
