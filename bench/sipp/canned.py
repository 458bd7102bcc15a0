"""The floor: a responder that answers calls from text templates and knows nothing of SIP.

No parser, no transactions, no timers, no dialogs: what a line of Python per message costs on asyncio.
`python -m sipp.canned PORT` serves; `answers` is used by itself where no network is wanted.
"""

import asyncio
import sys

from sipp.text import SESSION, echoed

_WITHOUT_BODY = "SIP/2.0 {status}\r\n{echoed}Contact: <sip:127.0.0.1:{port}>\r\nContent-Length: 0\r\n\r\n"
_WITH_SESSION = (
    "SIP/2.0 200 OK\r\n{echoed}Contact: <sip:127.0.0.1:{port}>\r\n"
    f"Content-Type: application/sdp\r\nContent-Length: {len(SESSION)}\r\n\r\n{SESSION}"
)


def answers(datagram: bytes, port: int) -> list[bytes]:
    """Return what a line on `port` that answers at once says to one datagram: 100, 180 and 200, or 200."""
    text = datagram.decode()
    method = text[:3]
    if method not in ("INV", "BYE"):
        return []
    kept = echoed(text)
    if method == "BYE":
        return [_WITHOUT_BODY.format(status="200 OK", echoed=kept, port=port).encode()]
    to = kept[kept.index("To:") :].partition("\r\n")[0]
    tagged = kept.replace(to, f"{to};tag=canned")
    return [
        _WITHOUT_BODY.format(status="100 Trying", echoed=kept, port=port).encode(),
        _WITHOUT_BODY.format(status="180 Ringing", echoed=tagged, port=port).encode(),
        _WITH_SESSION.format(echoed=tagged, port=port).encode(),
    ]


class Responder(asyncio.DatagramProtocol):
    """Answers on one socket."""

    def __init__(self, port: int) -> None:
        self._port = port

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        for answer in answers(data, self._port):
            self._transport.sendto(answer, addr)


async def serve(port: int) -> None:
    """Answer until killed."""
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: Responder(port), local_addr=("127.0.0.1", port))
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
