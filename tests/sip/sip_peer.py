"""A peer written by hand: messages as text, so that a test can send what no well-made agent would."""

from __future__ import annotations

from collections.abc import Callable

from network import ALICE, BOB, Address, user_agent

from chakka.sip.agent import Outgoing, UserAgent
from chakka.sip.events import Event
from chakka.sip.message import Request, Response, parse

PEER = BOB
US = ALICE
OFFER = b"v=0\r\n"


def request_text(
    method: str = "INVITE",
    *,
    branch: str = "z9hG4bKone",
    number: int = 1,
    to_tag: str = "",
    from_tag: str = "peer",
    call_id: str = "call-1",
    uri: str = "sip:0120000000@192.0.2.1",
    via: str | None = None,
    headers: tuple[str, ...] = ("Contact: <sip:192.0.2.2:5060>",),
    body: bytes = b"",
) -> bytes:
    """Return a request of the peer."""
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: {via or f'SIP/2.0/UDP 192.0.2.2:5060;branch={branch}'}",
        f"From: <sip:0312345678@192.0.2.2>{f';tag={from_tag}' if from_tag else ''}",
        f"To: <sip:0120000000@192.0.2.1>{f';tag={to_tag}' if to_tag else ''}",
        f"Call-ID: {call_id}",
        f"CSeq: {number} {method}",
        *(() if any(line.startswith("Max-Forwards") for line in headers) else ("Max-Forwards: 70",)),
        *headers,
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def response_text(
    request: Request, status: int, *, tag: str = "callee", headers: tuple[str, ...] = (), body: bytes = b""
) -> bytes:
    """Return the peer's response to a request of ours."""
    to = request.headers.get("To") or ""
    lines = [
        f"SIP/2.0 {status} Whatever",
        *(f"Via: {via}" for via in request.headers.get_all("Via")),
        f"From: {request.headers.get('From')}",
        f"To: {to}{f';tag={tag}' if tag and ';tag=' not in to else ''}",
        f"Call-ID: {request.call_id}",
        f"CSeq: {request.cseq}",
        *(("Contact: <sip:192.0.2.2:5060>",) if 200 <= status < 300 and not headers else headers),
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Peer:
    """Our agent, face to face with a peer under the test's control, and the clock of both."""

    def __init__(self, may_accept: Callable[[Address], bool] | None = None) -> None:
        self.agent: UserAgent = user_agent("u", US, may_accept=may_accept)
        self.now = 0.0

    def sends(self, data: bytes, source: Address = PEER) -> list[Request | Response]:
        """Return what our agent sends on receiving `data`."""
        self.agent.receive(data, source, self.now)
        return self.heard()

    def heard(self) -> list[Request | Response]:
        """Return what our agent has sent since last asked."""
        return [parse(data) for data, _ in self.taken()]

    def addresses(self) -> list[Address]:
        return [address for _, address in self.taken()]

    def taken(self) -> list[tuple[bytes, Address]]:
        return [*self.agent.take_datagrams(), *self.agent.take_stream_messages()]

    def told(self) -> list[Event]:
        return self.agent.take_events()

    def wait(self, until: float) -> list[tuple[float, str]]:
        """Return (moment, start line) of all that our agent sends up to `until`."""
        log = []
        while (due := self.agent.next_timer()) is not None and due <= until:
            self.now = due
            self.agent.handle_timer(due)
            log += [(round(due, 3), str_of(message)) for message in self.heard()]
        self.now = until
        return log

    def invited(self, **changes: object) -> Request:
        """Return the INVITE that our agent sends to the peer; its call is in `self.call`."""
        parts: dict[str, object] = {
            "request_uri": "sip:0312340000@192.0.2.2",
            "destination": PEER,
            "from_": "<sip:0120000000@192.0.2.1>",
            "to": "<sip:0312340000@192.0.2.2>",
            "body": OFFER,
        }
        self.call = self.agent.invite(Outgoing(**(parts | changes)), self.now)  # type: ignore[arg-type]
        (invite,) = self.heard()
        assert isinstance(invite, Request)
        return invite

    def calls(self, **changes: object) -> object:
        """Return our incoming call after the peer's INVITE."""
        changes.setdefault("body", OFFER)
        self.sends(request_text(**changes))  # type: ignore[arg-type]
        (event,) = self.told()
        return event.call  # type: ignore[union-attr]

    @property
    def is_at_rest(self) -> bool:
        """Whether our agent keeps nothing: no transaction, call or timer."""
        core = self.agent._core
        return not (core.clients or core.servers or core.merging or core.calls or len(core.alarms))


def str_of(message: Request | Response) -> str:
    """Return `INVITE` or `180`."""
    return message.method if isinstance(message, Request) else str(message.status)


def statuses(messages: list[Request | Response]) -> list[str]:
    return [str_of(message) for message in messages]
