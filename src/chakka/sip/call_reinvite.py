"""Our re-INVITE, tried again when the peer's crossed it, and the ACK that a 2xx of the peer waits for."""

from typing import TYPE_CHECKING, Final, Literal

from chakka.sip.agent_core import ALLOW_LINE, Core
from chakka.sip.alarms import Alarm
from chakka.sip.dialog import Dialog, contact_uri
from chakka.sip.events import ReinviteAnswered
from chakka.sip.message import Response
from chakka.sip.transaction import ClientTransaction
from chakka.sip.transaction_message import Address, HeaderPairs, body_lines, header_lines

if TYPE_CHECKING:  # A call makes its re-INVITEs, and they report to it.
    from chakka.sip.call import Call

_MOST_TRIES: Final = 5


class PendingAck:
    """The ACK for one 2xx: sent when the user says so, and again for every repetition of the 2xx."""

    __slots__ = ("destination", "number", "packet")

    def __init__(self, number: int) -> None:
        self.number = number
        self.packet = b""
        self.destination: Address = ("", 0)

    def send(self, core: Core, dialog: Dialog, body: bytes) -> None:
        """Build the ACK and send it: same CSeq as the INVITE, a branch of its own (RFC 3261 §13.2.2.4)."""
        head = dialog.head(core, core.branch(), self.number)
        self.packet = head.request("ACK", f"{core.user_agent_line()}{body_lines(body)}", body)
        self.destination = dialog.next_hop()
        self.repeat(core)

    def repeat(self, core: Core) -> None:
        """Send the ACK again, if the user has given it."""
        if self.packet:
            core.send(self.packet, self.destination)


class OurReinvite:
    """One re-INVITE of ours through all its tries.

    is_refresh: it only keeps the session alive: it is ACKed by itself, and no user hears of it.
    successor:  the user's re-INVITE that waits for the end of this refresh.
    """

    __slots__ = (
        "_ack",
        "_alarm",
        "_body",
        "_call",
        "_headers",
        "_transaction",
        "_tries",
        "is_decided",
        "is_refresh",
        "is_sent",
        "successor",
    )

    def __init__(self, call: "Call", body: bytes, headers: HeaderPairs, *, is_refresh: bool = False) -> None:
        self._call = call
        self._body = body
        self._headers = headers
        self._tries = 0
        self._alarm: Alarm | None = None
        self._ack: PendingAck | None = None
        self._transaction: ClientTransaction | None = None
        self.is_refresh = is_refresh
        self.successor: OurReinvite | None = None
        self.is_sent = False  # and without a final response yet
        self.is_decided = False

    def send(self, now: float) -> None:
        """Send it; each try has a CSeq of its own."""
        dialog = self._call.dialog
        if dialog is None:
            raise RuntimeError("the call is not answered")
        core = self._call.core
        branch = core.branch()
        head = dialog.head(core, branch, dialog.next_number())
        lines = f"{self._call.contact}{core.user_agent_line()}{ALLOW_LINE}{self._call.session_lines()}"
        lines = f"{lines}{header_lines(self._headers)}"
        packet = head.request("INVITE", f"{lines}{body_lines(self._body)}", self._body)
        self._tries += 1
        self.is_sent = True
        self._transaction = ClientTransaction(core, branch, "INVITE", self)
        self._transaction.start(head, packet, dialog.next_hop(), now)

    def try_later(self, now: float) -> None:
        """Wait before the next try.

        RFC 3261 §14.1: 2.1 to 4 s for the side that made the Call-ID, 0 to 2 s for the other, in steps of
        10 ms at random, so that the two do not cross again.
        """
        core = self._call.core
        steps = int.from_bytes(core.token().encode()[-4:], "big")
        wait = 2.1 + (steps % 191) / 100 if self._call.made_call_id else (steps % 201) / 100
        self._alarm = core.alarms.start(now + wait, self, "re-INVITE")

    def on_alarm(self, name: str, now: float) -> None:
        """Try again, unless the peer's re-INVITE is still to be answered; or wait no more."""
        if self.is_decided:
            if self.is_sent and self._transaction is not None:
                self._transaction.give_up()
        elif self._call.is_refreshing:
            self.try_later(now)
        else:
            self.send(now)

    def stop(self, now: float) -> None:
        """Try no more: the call is over. A peer that still owes its final response may never give it."""
        core = self._call.core
        core.alarms.stop(self._alarm)
        self.is_decided = True
        if self.is_sent:
            self._alarm = core.alarms.start(now + core.timers.cancelled, self, "forget")

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        """Take a response to one try."""
        if response.status < 200:
            return
        self.is_sent = False
        if response.status < 300:
            self._on_accepted(response, now)
        elif self.is_decided:
            return
        elif response.status == 491 and self._tries < _MOST_TRIES:
            self.try_later(now)
        elif self._tries < _MOST_TRIES and self._call.is_lengthened_by(response):
            self.send(now)
        else:
            self._fail(response.status, response, now)

    def on_failure(
        self, transaction: ClientTransaction, cause: Literal["timeout", "transport"], now: float
    ) -> None:
        """Take it that a try was not answered."""
        self.is_sent = False
        if not self.is_decided:
            self._fail(408 if cause == "timeout" else 503, None, now)

    def _on_accepted(self, response: Response, now: float) -> None:
        call = self._call
        if self._ack is not None:
            self._ack.repeat(call.core)
            return
        self._ack = PendingAck(response.cseq.number)
        if call.dialog is None:
            return
        if self.is_decided:
            # The call ended meanwhile; the peer's transaction still wants its ACK.
            self._ack.send(call.core, call.dialog, b"")
            return
        self.is_decided = True
        call.dialog.refresh(contact_uri(response))
        if self.is_refresh:
            self._ack.send(call.core, call.dialog, b"")
            call.on_reinvite_accepted(response, None, now)
        else:
            call.core.events.append(ReinviteAnswered(call, response))
            call.on_reinvite_accepted(response, self._ack, now)

    def _fail(self, status: int, response: Response | None, now: float) -> None:
        self.is_decided = True
        self._call.on_reinvite_refused(status, response, now)
