"""Messages out of a stream: TCP and TLS carry no datagrams, Content-Length says where each message ends.

Source: RFC 3261 §18.3, §20.14; RFC 5626 §3.5.1 (keepalives by CRLF).
"""

import re
from typing import Final

from chakka.sip.message import LONGEST_MESSAGE

PING: Final = b"\r\n\r\n"
PONG: Final = b"\r\n"

_CONTENT_LENGTH = re.compile(
    rb"\r\n(?:content-length|l)[ \t]*+:((?:[^\r]|\r\n[ \t])*+)(?=\r\n)", re.IGNORECASE
)
_NONE_STATED: Final = b"Content-Length: none\r\n\r\n"
_DIGITS = re.compile(rb"[0-9]{1,10}")


class Framing:
    """Cuts the octets of one connection into messages. It holds at most one message that is not whole.

    fault: why the stream cannot be read any further, None while it can; its connection is to be closed.
    pings: keepalives that came since `feed` was called last: each wants one PONG.
    """

    __slots__ = ("_buffer", "_searched", "_whole", "fault", "pings")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._whole = 0
        self.fault: str | None = None
        self.pings = 0

    @property
    def is_amid(self) -> bool:
        """Whether a message has begun and is not whole."""
        return bool(self._buffer.strip(b"\r\n"))

    def feed(self, octets: bytes) -> list[bytes]:
        """Return the messages that `octets` complete, in order.

        A head whose Content-Length cannot be read is returned as the last message, so that its sender can
        be told 400; nobody knows where the next begins. After a fault nothing is read.
        """
        self.pings = 0
        if self.fault is not None:
            return []
        self._buffer += octets
        messages = []
        while (message := self._next()) is not None:
            messages.append(message)
        return messages

    def _next(self) -> bytes | None:
        if not self._whole and not self._is_between():
            self._measure()
        if not self._whole or len(self._buffer) < self._whole:
            return None
        message = bytes(self._buffer[: self._whole])
        del self._buffer[: self._whole]
        self._searched = self._whole = 0
        return message

    def _is_between(self) -> bool:
        """Drop line ends in front of a message, keepalives counted; return whether more may follow."""
        buffer = self._buffer
        while buffer.startswith(PING):
            self.pings += 1
            del buffer[: len(PING)]
        if PING.startswith(buffer):
            return True
        if buffer.startswith(PONG):
            del buffer[: len(PONG)]
        return False

    def _measure(self) -> None:
        """Find where the message in front ends, once its head is whole."""
        end = self._buffer.find(b"\r\n\r\n", self._searched, LONGEST_MESSAGE)
        if end >= 0:
            self._whole = self._length(end + 4)
        elif len(self._buffer) >= LONGEST_MESSAGE:
            self.fault = "a head over 64 KB"
            self._buffer.clear()
        else:
            # The blank line may be cut in two: its first three octets are looked at again.
            self._searched = max(0, len(self._buffer) - 3)

    def _length(self, head: int) -> int:
        stated = {value.strip(b" \t\r\n") for value in _CONTENT_LENGTH.findall(self._buffer, 0, head - 2)}
        value = stated.pop() if len(stated) == 1 else b""
        if _DIGITS.fullmatch(value) is not None and head + int(value) <= LONGEST_MESSAGE:
            return head + int(value)
        self.fault = f"Content-Length {value.decode('latin-1')!r}"
        del self._buffer[head:]
        if not stated and not value:
            # Without one a datagram is whole, a message of a stream is not: the reader must refuse it.
            self._buffer[head - 2 :] = _NONE_STATED
            return len(self._buffer)
        return head
