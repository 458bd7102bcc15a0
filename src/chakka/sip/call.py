"""What both kinds of calls do in their dialog: ACK, BYE, re-INVITE, UPDATE, either way (RFC 3261 §12–15)."""

from typing import Final, Literal

from chakka.sip.agent_core import ALLOW_LINE, SUPPORTED_LINE, Core
from chakka.sip.call_answer import UnackedAnswer
from chakka.sip.call_reinvite import OurReinvite, PendingAck
from chakka.sip.call_session import GONE, SessionTimer
from chakka.sip.dialog import Dialog, contact_uri
from chakka.sip.events import Acked, AckTimeout, Bye, Reinvite, ReinviteFailed, SessionExpired
from chakka.sip.message import Request, Response
from chakka.sip.session_timer import Terms, agreed_as_server, terms_of
from chakka.sip.transaction import ClientTransaction, ServerTransaction
from chakka.sip.transaction_message import HeaderPairs, body_lines, header_lines

# RFC 3326: why we hang up when the peer has not been heard of for too long.
_EXPIRED: Final = (("Reason", 'SIP;cause=408;text="Session expired"'),)
_NOT_ALLOWED: Final = frozenset({"REGISTER", "SUBSCRIBE", "NOTIFY", "PUBLISH", "MESSAGE", "REFER"})


class Call:
    """One leg: a call that came in or went out, from its INVITE to its BYE.

    owner:        free for the user. contact: our Contact header line in it.
    session_body: the SDP that the peer had from us last.
    """

    __slots__ = (
        "_our_reinvite",
        "_pending",
        "_pending_contact",
        "_pending_terms",
        "_session",
        "_to_ack",
        "_unacked",
        "_waiting_bye",
        "call_id",
        "contact",
        "core",
        "dialog",
        "is_ended",
        "is_final",
        "owner",
        "session_body",
    )

    def __init__(self, core: Core, call_id: str, contact: str) -> None:
        self.core = core
        self.contact = contact
        self.call_id = call_id
        self.owner: object | None = None
        self.dialog: Dialog | None = None
        self.is_final = False
        self.is_ended = False
        self._to_ack: PendingAck | None = None
        self._unacked: UnackedAnswer | None = None
        self._waiting_bye: HeaderPairs | None = None
        self._our_reinvite: OurReinvite | None = None
        self._pending: ServerTransaction | None = None
        self._pending_contact: str | None = None
        self._pending_terms: Terms | None = None
        self._session = SessionTimer(self, core.timers.session)
        self.session_body = b""

    # What the user asks for.

    def ack(self, now: float, body: bytes = b"") -> None:
        """ACK the 2xx last reported (Answered, ReinviteAnswered); its repetitions get the same ACK.

        A call that has ended meanwhile has been ACKed. Raises: RuntimeError if no 2xx waits for its ACK.
        """
        if self.is_ended:
            return
        pending, self._to_ack = self._to_ack, None
        if pending is None:
            raise RuntimeError("no 2xx waits for an ACK")
        self.session_body = body or self.session_body
        pending.send(self.core, self._confirmed(), body)

    def bye(self, now: float, headers: HeaderPairs = ()) -> None:
        """End the dialog; a call that has ended already is left alone.

        Our 2xx to the INVITE must be ACKed first (RFC 3261 §15): until then, or AckTimeout, the BYE waits.
        Raises: RuntimeError for a call without an answer: `cancel` or `reject` it.
        """
        if self.is_ended:
            return
        self._confirmed()
        if self.is_answer_open:
            self._waiting_bye = headers
            return
        if self._to_ack is not None:
            self.ack(now)
        self._send_bye(now, headers)

    def reinvite(self, now: float, body: bytes, headers: HeaderPairs = ()) -> None:
        """Offer `body` (none: ask for an offer) by re-INVITE; on 491 it is tried again (§14.1).

        A call that has ended meanwhile reports ReinviteFailed with 481.
        Raises: RuntimeError while another re-INVITE of ours is not decided (`is_reinviting`).
        """
        self._confirmed()
        if self.is_reinviting:
            raise RuntimeError("a re-INVITE is not decided yet")
        if self.is_ended:
            self.core.events.append(ReinviteFailed(self, 481))
            return
        reinvite = OurReinvite(self, body, headers)
        if self._our_reinvite is not None:
            self._our_reinvite.successor = reinvite
        else:
            self._start_reinvite(reinvite, now)

    def offer_again(self, now: float) -> None:
        """Refresh the session by a re-INVITE that changes nothing (RFC 4028 §7.4); no user hears of it."""
        self._start_reinvite(OurReinvite(self, self.session_body, (), is_refresh=True), now)

    def _start_reinvite(self, reinvite: OurReinvite, now: float) -> None:
        self._our_reinvite = reinvite
        if self._pending is None:
            reinvite.send(now)
        else:
            reinvite.try_later(now)

    def accept(
        self, transaction: ServerTransaction, body: bytes, now: float, headers: HeaderPairs = ()
    ) -> bool:
        """Answer a Reinvite by 200 with `body`; return False if it was cancelled or ended meanwhile."""
        if transaction is not self._pending:
            return False
        dialog = self._confirmed()
        self._pending = None
        dialog.refresh(self._pending_contact)
        self.session_body = body or self.session_body
        session = "" if self._pending_terms is None else self._renew_session(self._pending_terms, now)
        lines = f"{self.contact}{ALLOW_LINE}{session}{header_lines(headers)}{body_lines(body)}"
        transaction.respond(200, dialog.local_tag, lines, body, now)
        if transaction.method == "INVITE":
            self._unacked = UnackedAnswer(self, transaction, now)
        return True

    def refuse(
        self, transaction: ServerTransaction, status: int, now: float, headers: HeaderPairs = ()
    ) -> bool:
        """Refuse a Reinvite; the session stays as it is. Return False if it is decided already."""
        if transaction is not self._pending:
            return False
        self._pending = None
        transaction.respond(status, self._confirmed().local_tag, header_lines(headers), b"", now)
        return True

    @property
    def made_call_id(self) -> bool:
        """Whether the call is ours: who made the Call-ID waits longer after a glare."""
        return False

    @property
    def is_answer_open(self) -> bool:
        """Whether a 2xx of ours is not ACKed yet."""
        return self._unacked is not None

    @property
    def is_reinviting(self) -> bool:
        """Whether a re-INVITE of the user's waits for its final response or its next try."""
        ours = self._our_reinvite
        return ours is not None and (not ours.is_refresh or ours.successor is not None)

    @property
    def is_refreshing(self) -> bool:
        """Whether a re-INVITE or UPDATE of the peer waits for the user's answer."""
        return self._pending is not None

    @property
    def is_busy(self) -> bool:
        """Whether a request that changes the session, either way, is not done: a refresh has to wait."""
        is_asking = self._our_reinvite is not None or self._to_ack is not None
        return is_asking or self.is_refreshing or self.is_answer_open

    def session_lines(self) -> str:
        """Return the session timer's header lines for a re-INVITE of ours."""
        return self._session.lines()

    def on_reinvite_accepted(self, response: Response, pending: PendingAck | None, now: float) -> None:
        """Take the 2xx to our re-INVITE, a refresh of the session; the user's next `ack` is for `pending`."""
        self._to_ack = pending
        self._session.on_refreshed(response, now)
        self._next_reinvite(now)

    def on_reinvite_refused(self, status: int, response: Response | None, now: float) -> None:
        """Take it that our re-INVITE has failed; a dialog that the peer does not know is over (RFC 5057)."""
        done = self._our_reinvite
        self._next_reinvite(now)
        if done is not None and done.is_refresh:
            self._session.on_refused(status, response, now)
            return
        self.core.events.append(ReinviteFailed(self, status))
        if status in GONE:
            self.on_session_lost(now)

    def is_lengthened_by(self, response: Response) -> bool:
        """Return whether a 422 had us ask for a longer session interval: the re-INVITE is sent again."""
        return self._session.is_lengthened_by(response)

    def on_session_lost(self, now: float) -> None:
        """Hang up: the peer has not been heard of for too long, or says that the dialog is over."""
        if not self.is_ended:
            self.bye(now, _EXPIRED)
            self.core.events.append(SessionExpired(self))

    def dialog_text(self) -> str:
        """Return all that a later start needs for a BYE; see `UserAgent.bye_from_text`."""
        return self._confirmed().text()

    # What the network brings.

    def has_dialog(self, local_tag: str, remote_tag: str) -> bool:
        """Return whether a request with these tags (ours, the peer's) belongs to this call."""
        dialog = self.dialog
        return dialog is not None and (dialog.local_tag, dialog.remote_tag) == (local_tag, remote_tag)

    def on_request(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """Take a new request in the confirmed dialog."""
        dialog = self._confirmed()
        number = request.cseq.number
        if dialog.remote_cseq is not None and number <= dialog.remote_cseq:
            # RFC 3261 §12.2.2: out of order.
            self._reply(transaction, 500, now)
            return
        dialog.remote_cseq = number
        method = request.method
        if method == "BYE":
            self._on_bye(request, transaction, now)
        elif self.is_ended:
            self._reply(transaction, 481, now)
        elif method == "UPDATE" and not request.body:
            self._on_sign_of_life(request, transaction, now)
        elif method in ("INVITE", "UPDATE"):
            self._on_reinvite(request, transaction, now)
        else:
            self._on_other(method, transaction, now)

    def on_ack(self, request: Request, now: float) -> None:
        """Take an ACK in the dialog; only the first for our 2xx says anything new."""
        unacked = self._unacked
        if unacked is None or request.cseq.number != unacked.number:
            return
        unacked.stop()
        self._unacked = None
        self._on_confirmed()
        self.core.events.append(Acked(self, request.body))
        self._send_waiting_bye(now)

    def on_ack_timeout(self, now: float) -> None:
        """Take it that our 2xx was never ACKed."""
        self._unacked = None
        self._on_confirmed()
        self.core.events.append(AckTimeout(self))
        self._send_waiting_bye(now)

    def on_cancel(self, transaction: ServerTransaction, request: Request, now: float) -> None:
        """Take the CANCEL of a re-INVITE: one that is not answered yet gets 487 (RFC 3261 §9.2)."""
        self.refuse(transaction, 487, now)

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        """Take the response to our BYE: whatever it says, the dialog is over (§15.1.1)."""
        self._forget()

    def on_failure(
        self, transaction: ClientTransaction, cause: Literal["timeout", "transport"], now: float
    ) -> None:
        """Take it that our BYE was not answered."""
        self._forget()

    # Steps.

    def _confirmed(self) -> Dialog:
        if self.dialog is None:
            raise RuntimeError("the call is not answered")
        return self.dialog

    def _reply(self, transaction: ServerTransaction, status: int, now: float, lines: str = "") -> None:
        transaction.respond(status, "", lines, b"", now)

    def _on_sign_of_life(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """Answer an UPDATE that offers nothing: it refreshes session and target, no more (RFC 3311 §5.1)."""
        self._confirmed().refresh(contact_uri(request))
        session = self._renew_session(terms_of(request), now)
        self._reply(transaction, 200, now, f"{self.contact}{ALLOW_LINE}{session}")

    def _renew_session(self, terms: Terms, now: float) -> str:
        """Count the session from the peer's refresh; return the header lines of the 2xx to it."""
        agreement, lines = agreed_as_server(terms, self.core.timers, self._session.agreement)
        self._session.begin(agreement, now)
        return f"{SUPPORTED_LINE}{lines}"

    def _next_reinvite(self, now: float) -> None:
        done, self._our_reinvite = self._our_reinvite, None
        if done is not None and done.successor is not None:
            self._start_reinvite(done.successor, now)

    def _on_confirmed(self) -> None:
        """Drop what was kept until the ACK."""

    def _on_bye(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        self._reply(transaction, 200, now)
        if not self.is_ended:
            self._end(now)
            self.core.events.append(Bye(self, request))
        self._forget()

    def _on_reinvite(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        ours = self._our_reinvite
        if self._pending is not None or self._unacked is not None:
            # RFC 3261 §14.2: an answer of ours is still to be given or acknowledged.
            self._reply(transaction, 500, now, self._retry_after())
        elif ours is not None and ours.is_sent:
            self._reply(transaction, 491, now)
        else:
            self._pending = transaction
            self._pending_contact = contact_uri(request)
            self._pending_terms = terms_of(request)
            transaction.user = self
            if request.method == "INVITE":
                transaction.trying(now)
            self.core.events.append(Reinvite(self, request, transaction))

    def _on_other(self, method: str, transaction: ServerTransaction, now: float) -> None:
        if method in ("INFO", "OPTIONS"):
            self._reply(transaction, 200, now, ALLOW_LINE)
        elif method == "PRACK":
            self._reply(transaction, 481, now)
        elif method in _NOT_ALLOWED:
            self._reply(transaction, 405, now, ALLOW_LINE)
        else:
            self._reply(transaction, 501, now, ALLOW_LINE)

    def _retry_after(self) -> str:
        # RFC 3261 §14.2: 0 to 10 seconds at random; the token is the only randomness here.
        return f"Retry-After: {sum(self.core.token().encode()) % 11}\r\n"

    def _send_waiting_bye(self, now: float) -> None:
        headers, self._waiting_bye = self._waiting_bye, None
        if headers is not None and not self.is_ended:
            self._send_bye(now, headers)

    def _send_bye(self, now: float, headers: HeaderPairs) -> None:
        self._end(now)
        start_bye(self.core, self._confirmed(), self, headers, now)

    def _end(self, now: float) -> None:
        """Stop all that still goes on in the dialog; pending requests of the peer get 487 (§15.1.2)."""
        if self._pending is not None:
            self.refuse(self._pending, 487, now)
        if self._unacked is not None:
            self._unacked.stop()
            self._unacked = None
        if self._our_reinvite is not None:
            self._our_reinvite.stop(now)
            self._our_reinvite = None
        self._session.stop()
        self.is_ended = True

    def _forget(self) -> None:
        """Take the dialog out of the table; requests in it get 481 from now on."""
        if self.dialog is not None:
            self.core.calls.pop((self.call_id, self.dialog.local_tag), None)


def start_bye(core: Core, dialog: Dialog, user: Call | None, headers: HeaderPairs, now: float) -> None:
    """Send a BYE in `dialog`; `user` is told of its end."""
    branch = core.branch()
    head = dialog.head(core, branch, dialog.next_number())
    packet = head.request("BYE", f"{core.user_agent_line()}{header_lines(headers)}")
    ClientTransaction(core, branch, "BYE", user).start(head, packet, dialog.next_hop(), now)
