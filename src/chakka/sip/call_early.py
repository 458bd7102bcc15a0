"""The early dialogs of an incoming call: one per To-tag, as a forking proxy would show its branches."""

from collections import deque
from typing import TYPE_CHECKING, Final

from chakka.sip.agent_core import ALLOW_LINE
from chakka.sip.alarms import Alarm
from chakka.sip.events import Pracked, ReliableTimeout
from chakka.sip.grammar import Malformed
from chakka.sip.headers import parse_rack
from chakka.sip.message import Request
from chakka.sip.transaction import ServerTransaction
from chakka.sip.transaction_message import HeaderPairs, body_lines, header_lines

# Provisionals that wait for a PRACK; those beyond say nothing that the caller can still use.
_MOST_WAITING: Final = 8

if TYPE_CHECKING:  # An incoming call makes its early dialogs, and they send through it.
    from chakka.sip.call_incoming import IncomingCall


class EarlyDialog:
    """One early dialog and its reliable provisional responses, one at a time (RFC 3262 §3).

    label: what the user calls it. tag: our To-tag of it.
    """

    __slots__ = (
        "_alarm",
        "_call",
        "_deadline",
        "_interval",
        "_packet",
        "_queue",
        "_rseq",
        "has_unacked_body",
        "label",
        "remote_cseq",
        "tag",
    )

    def __init__(self, call: "IncomingCall", label: str | None, tag: str, remote_cseq: int) -> None:
        self._call = call
        self.label = label
        self.tag = tag
        self.remote_cseq = remote_cseq
        # RFC 3262 §3 asks for a random start below 2³¹; the tag is what is random here.
        self._rseq = int.from_bytes(tag.encode()[-3:], "big")
        self._packet = b""
        self._queue: deque[tuple[int, str, bytes]] = deque()
        self._interval = 0.0
        self._deadline = 0.0
        self._alarm: Alarm | None = None
        self.has_unacked_body = False

    def lines(self, headers: HeaderPairs, body: bytes) -> str:
        """Return the header lines of a provisional or 2xx in this dialog."""
        return f"{self._call.contact}{ALLOW_LINE}{header_lines(headers)}{body_lines(body)}"

    def send_reliably(self, status: int, lines: str, body: bytes, now: float) -> None:
        """Send a provisional that must be PRACKed, after the one before has been."""
        if self._packet:
            if len(self._queue) < _MOST_WAITING:
                self._queue.append((status, lines, body))
            return
        transaction, timers = self._call.transaction, self._call.core.timers
        self._rseq += 1
        reliable = f"Require: 100rel\r\nRSeq: {self._rseq}\r\n"
        transaction.respond(status, self.tag, f"{reliable}{lines}", body, now)
        self._packet = transaction.packet
        self.has_unacked_body = bool(body)
        self._interval = timers.t1
        self._deadline = now + timers.reliable
        self._alarm = self._call.core.alarms.start(now + self._interval, self, "reliable")

    def on_alarm(self, name: str, now: float) -> None:
        """Send again what was not PRACKed, or give up."""
        core = self._call.core
        if now >= self._deadline:
            self.stop()
            core.events.append(ReliableTimeout(self._call, self.label))
            self._call.on_early_settled(now)
            return
        self._call.transaction.send(180, self._packet, now)
        # RFC 3262 §3: the interval doubles without a bound.
        self._interval *= 2
        self._alarm = core.alarms.start(min(now + self._interval, self._deadline), self, name)

    def on_prack(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """Take a PRACK: 200 if it is for what was sent last, 481 if not (RFC 3262 §3).

        One that offers anew (§5) acknowledges too, but the offer gets 488: the session is still being set up.
        """
        if not self._packet or not self._is_acknowledged_by(request):
            transaction.respond(481, "", "", b"", now)
            return
        offers_anew = bool(self._call.offer and request.body)
        transaction.respond(488 if offers_anew else 200, "", "", b"", now)
        queue = self._queue
        self._settle()
        body = b"" if offers_anew else request.body
        self._call.core.events.append(Pracked(self._call, self.label, body))
        if queue and not self._call.is_final:
            self.send_reliably(*queue.popleft(), now)
        self._call.on_early_settled(now)

    def stop(self) -> None:
        """Send nothing again: a final response is out, or nobody acknowledges."""
        self._queue.clear()
        self._settle()

    def hush(self) -> None:
        """Repeat no more, but still take the PRACK (RFC 3262 §3, after the final response)."""
        self._queue.clear()
        self._call.core.alarms.stop(self._alarm)

    def _settle(self) -> None:
        self._call.core.alarms.stop(self._alarm)
        self._packet = b""
        self.has_unacked_body = False

    def _is_acknowledged_by(self, request: Request) -> bool:
        try:
            acknowledged = parse_rack(request.headers.get("RAck") or "")
        except Malformed:
            return False
        expected = (self._rseq, self._call.transaction.number, "INVITE")
        return (acknowledged.rseq, acknowledged.cseq, acknowledged.method) == expected
