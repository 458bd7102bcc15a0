"""A call that goes out: its INVITE, the branches a proxy forks it into, its CANCEL, its answer."""

from typing import Final, Literal, NamedTuple

from chakka.sip.agent_core import ALLOW_LINE, Core
from chakka.sip.alarms import Alarm
from chakka.sip.call import Call, start_bye
from chakka.sip.call_prack import RELIABLE, ReliableBranches, option_tags
from chakka.sip.call_reinvite import PendingAck
from chakka.sip.dialog import Dialog, dialog_of_response
from chakka.sip.events import Answered, Failed, LateAnswer, Provisional, RequestEnded
from chakka.sip.grammar import safe
from chakka.sip.message import Request, Response
from chakka.sip.session_timer import allows, offer_lines
from chakka.sip.transaction import ClientTransaction, ServerTransaction
from chakka.sip.transaction_message import Address, HeaderPairs, RequestHead, body_lines, header_lines

_TRANSPORT_STATUS: Final = {"timeout": 408, "transport": 503}


class Outgoing(NamedTuple):
    """A request outside dialogs as the user wants it.

    from_, to: name-addr values without a tag. headers: further fields, Route among them.
    Raises:    ValueError when sent, if a value holds a line break.
    """

    request_uri: str
    destination: Address
    from_: str
    to: str
    headers: HeaderPairs = ()
    body: bytes = b""
    content_type: str = "application/sdp"
    max_forwards: int = 70

    def head(self, core: Core, branch: str, local_tag: str, number: int) -> RequestHead:
        """Return the head of the request but for its Call-ID, which the caller sets."""
        return RequestHead(
            safe(self.request_uri),
            core.via(branch, self.destination),
            f"{safe(self.from_)};tag={local_tag}",
            safe(self.to),
            "",
            number,
            header_lines(tuple(pair for pair in self.headers if pair[0] == "Route")),
            self.max_forwards,
        )

    def lines(self) -> str:
        """Return the header lines that are not in the head."""
        others = header_lines(tuple(pair for pair in self.headers if pair[0] != "Route"))
        return f"{others}{body_lines(self.body, self.content_type)}"


class OutgoingCall(Call):
    """The client's side of an INVITE. Each ends in exactly one Answered or Failed."""

    __slots__ = (
        "_ack",
        "_cancel_headers",
        "_cancel_timer",
        "_headers",
        "_late",
        "_number",
        "_outgoing",
        "_reliable",
        "_supported",
        "_transaction",
        "is_cancelled",
        "is_proceeding",
        "local_tag",
    )

    def __init__(self, core: Core, outgoing: Outgoing) -> None:
        super().__init__(core, core.token(), core.contact_line(outgoing.destination, outgoing.request_uri))
        self.local_tag = core.token()
        self._outgoing = outgoing
        self._number = 0
        self._transaction: ClientTransaction | None = None
        self._ack: PendingAck | None = None
        self._late: dict[str, PendingAck] = {}
        self._cancel_headers: HeaderPairs = ()
        self._cancel_timer: Alarm | None = None
        self._headers: HeaderPairs = ()
        self._reliable: ReliableBranches | None = None
        self._supported = ""
        self.is_cancelled = False
        self.is_proceeding = False

    # What the user asks for.

    def send(self, now: float, headers: HeaderPairs = ()) -> None:
        """Send the INVITE, with `headers` beside those of the Outgoing."""
        core, outgoing = self.core, self._outgoing
        self._headers = headers
        self._number += 1
        self.is_proceeding = False
        branch = core.branch()
        head = self._head(branch)
        lines = f"{self.contact}{core.user_agent_line()}{ALLOW_LINE}{header_lines(headers)}"
        lines = f"{lines}{self._supported}{offer_lines(self._session.asked, self._session.minimum)}"
        packet = head.request("INVITE", f"{lines}{outgoing.lines()}", outgoing.body)
        self._transaction = ClientTransaction(core, branch, "INVITE", self)
        self.core.calls[self.call_id, self.local_tag] = self
        self._transaction.start(head, packet, outgoing.destination, now)

    def again(self, now: float, headers: HeaderPairs) -> None:
        """Send the INVITE again after a Failed of 401 or 407, with credentials in `headers`.

        Same Call-ID and From-tag, the next CSeq (RFC 3261 §22.2). The call then ends once more.
        Raises: RuntimeError unless it has failed.
        """
        if not self.is_ended or self.dialog is not None or self.is_cancelled:
            raise RuntimeError("only a call that failed can be tried again")
        self.is_final = self.is_ended = False
        self.send(now, headers)

    def cancel(self, now: float, headers: HeaderPairs = ()) -> None:
        """Give the call up: CANCEL once a provisional has come (RFC 3261 §9.1), then Failed.

        A call that has failed or was cancelled is left alone; one that was answered meanwhile gets BYE.
        """
        if self.is_ended or self.is_cancelled:
            return
        if self.is_final:
            self.bye(now, headers)
            return
        self.is_cancelled = True
        self._cancel_headers = headers
        if self.is_proceeding:
            self._send_cancel(now)

    # What the network brings.

    @property
    def made_call_id(self) -> bool:
        """Whether the call is ours."""
        return True

    def has_dialog(self, local_tag: str, remote_tag: str) -> bool:
        """Return whether the tags name this call's dialog; before the answer any branch may be meant."""
        return self.dialog is None or super().has_dialog(local_tag, remote_tag)

    def on_request(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """Take a request in the dialog; before the answer the callee has to wait with its own."""
        if self.dialog is not None:
            super().on_request(request, transaction, now)
        elif request.method == "BYE":
            # RFC 3261 §15: the callee ends an early dialog by its final response.
            self._reply(transaction, 481, now)
        else:
            self._reply(transaction, 500, now, self._retry_after())

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        """Take a response to our INVITE or BYE."""
        if transaction.method == "BYE":
            super().on_response(transaction, response, now)
        else:
            self._on_invite_response(response, now)

    def on_failure(
        self, transaction: ClientTransaction, cause: Literal["timeout", "transport"], now: float
    ) -> None:
        """Take it that our INVITE or BYE was not answered."""
        if transaction.method == "BYE":
            super().on_failure(transaction, cause, now)
        elif not self.is_final:
            self._fail()
            self.core.events.append(Failed(self, _TRANSPORT_STATUS[cause], None, cause))

    def on_alarm(self, name: str, now: float) -> None:
        """Give up a cancelled INVITE that got no final response in time."""
        if self._transaction is not None:
            self._transaction.give_up()
        self._fail()
        self.core.events.append(Failed(self, 408, None, "timeout"))

    # Steps.

    def _head(self, branch: str) -> RequestHead:
        head = self._outgoing.head(self.core, branch, self.local_tag, self._number)
        head.call_id = self.call_id
        return head

    def _on_invite_response(self, response: Response, now: float) -> None:
        if response.status >= 300:
            if self.is_final:
                return
            if not self.is_cancelled and self._gives_way_to(response):
                self.send(now, self._headers)
                return
            self._fail()
            self.core.events.append(Failed(self, response.status, response, "response"))
        elif response.status >= 200:
            self._on_2xx(response, now)
        elif not self.is_final:
            self._on_provisional(response, now)

    def _gives_way_to(self, response: Response) -> bool:
        """Return whether a refusal is met by sending the INVITE again, with the next CSeq."""
        if response.status == 421 and not self._supported and RELIABLE in option_tags(response):
            # RFC 3262 §3: a callee that insists on reliable provisionals; others are not offered them.
            self._supported = f"Supported: {RELIABLE}\r\n"
            return True
        return self._session.is_lengthened_by(response)

    def _is_repeated(self, response: Response, now: float) -> bool:
        if "RSeq" not in response.headers or not self._outgoing.body:
            # Without an offer of ours it would be for the user to answer in the PRACK; nobody is told to.
            return False
        self._reliable = self._reliable or ReliableBranches(self.core)
        return self._reliable.is_repeated(response, self._head(""), self._outgoing.destination, now)

    def _on_provisional(self, response: Response, now: float) -> None:
        if self._is_repeated(response, now):
            return
        was_proceeding, self.is_proceeding = self.is_proceeding, True
        if not self.is_cancelled:
            self.core.events.append(Provisional(self, response, response.to.tag))
        elif not was_proceeding:
            self._send_cancel(now)

    def _on_2xx(self, response: Response, now: float) -> None:
        tag = response.to.tag or ""
        if self.dialog is not None and self.dialog.remote_tag == tag:
            if self._ack is not None:
                self._ack.repeat(self.core)
        elif self.is_final or self.is_cancelled:
            self._end_late_branch(tag, response, now)
        else:
            self._on_answer(response, tag, now)

    def _on_answer(self, response: Response, tag: str, now: float) -> None:
        self.is_final = True
        self.dialog = self._dialog_of(response, tag)
        self._ack = self._to_ack = PendingAck(self._number)
        self.session_body = self._outgoing.body
        self._outgoing = self._outgoing._replace(headers=(), body=b"")
        self._headers = ()
        self._session.allows_update = allows(response, "UPDATE")
        self._session.on_refreshed(response, now)
        self.core.events.append(Answered(self, response, tag))

    def _dialog_of(self, response: Response, tag: str) -> Dialog:
        dialog = dialog_of_response(self._head(""), response, self._outgoing.destination)
        if self._reliable is not None:
            dialog.local_cseq = self._reliable.last_number(tag, dialog.local_cseq)
        return dialog

    def _end_late_branch(self, tag: str, response: Response, now: float) -> None:
        """ACK and BYE an answer that nobody waits for any more (RFC 3261 §13.2.2.4, §15)."""
        core = self.core
        if tag in self._late:
            self._late[tag].repeat(core)
            return
        dialog = self._dialog_of(response, tag)
        ack = self._late[tag] = PendingAck(self._number)
        ack.send(core, dialog, b"")
        start_bye(core, dialog, None, (), now)
        core.events.append(LateAnswer(self))
        if not self.is_final:
            self._fail()
            core.events.append(Failed(self, 487, response, "response"))

    def _fail(self) -> None:
        self.is_final = self.is_ended = True
        self.core.alarms.stop(self._cancel_timer)
        self.core.calls.pop((self.call_id, self.local_tag), None)

    def _send_cancel(self, now: float) -> None:
        invite = self._transaction
        if invite is None or invite.head is None:
            return
        core = self.core
        packet = invite.head.request("CANCEL", header_lines(self._cancel_headers))
        cancel = ClientTransaction(core, invite.branch, "CANCEL", None)
        cancel.start(invite.head, packet, invite.destination, now)
        self._cancel_timer = core.alarms.start(now + core.timers.cancelled, self, "cancelled")


class OutgoingRequest:
    """A request outside dialogs that is not an INVITE (OPTIONS, REGISTER); it ends in one RequestEnded."""

    __slots__ = ("_number", "call_id", "core", "local_tag", "method", "owner")

    def __init__(self, core: Core, method: str) -> None:
        self.core = core
        self.method = method
        self.call_id = core.token()
        self.local_tag = core.token()
        self.owner: object | None = None
        self._number = 0

    def send(self, outgoing: Outgoing, now: float) -> None:
        """Send it; again with another Outgoing (credentials) it gets the next CSeq (RFC 3261 §22.2)."""
        core = self.core
        self._number += 1
        branch = core.branch()
        head = outgoing.head(core, branch, self.local_tag, self._number)
        head.call_id = self.call_id
        packet = head.request(self.method, f"{core.user_agent_line()}{outgoing.lines()}", outgoing.body)
        ClientTransaction(core, branch, self.method, self).start(head, packet, outgoing.destination, now)

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        """Take a response; provisional ones say nothing."""
        if response.status >= 200:
            self.core.events.append(RequestEnded(self, response, "response"))

    def on_failure(
        self, transaction: ClientTransaction, cause: Literal["timeout", "transport"], now: float
    ) -> None:
        """Take it that no response came."""
        self.core.events.append(RequestEnded(self, None, cause))
