"""The user agent: datagrams and due timers in, datagrams and events out. No socket, clock or dice here."""

from collections import Counter
from collections.abc import Callable, Mapping

from chakka.sip.address import Address as Address
from chakka.sip.address import Flow as Flow
from chakka.sip.address import Transport, transport_of
from chakka.sip.agent_checks import Refusal as Refusal
from chakka.sip.agent_checks import refusal_of_options, refusal_outside_dialogs
from chakka.sip.agent_core import Core, Identity
from chakka.sip.call import start_bye
from chakka.sip.call_incoming import IncomingCall
from chakka.sip.call_outgoing import Outgoing as Outgoing
from chakka.sip.call_outgoing import OutgoingCall, OutgoingRequest
from chakka.sip.dialog import dialog_of_text
from chakka.sip.events import Event, IncomingInvite, OtherRequest
from chakka.sip.message import Malformed, Request, Response, parse, respond
from chakka.sip.session_timer import refusal_of_interval
from chakka.sip.timers import Timers
from chakka.sip.transaction import ServerTransaction
from chakka.sip.transaction_message import Echo, echo, response_address, server_key, stamped
from chakka.sip.transaction_tables import Input, State

# A restored dialog may have sent requests after its text was written; CSeq may leave gaps, not go back.
_CSEQ_MARGIN = 1000


class UserAgent:
    """One SIP element over UDP, TCP and TLS (RFC 3261, 3262, 3581, 6026).

    contact:    our URI, `sip:host:port`. via_host: `host:port` for our Vias. Both for UDP. product: a token.
    listening:  `host:port` where TCP and TLS connections are taken, if they are.
    token:      returns another word of at least 8 letters and digits each time; it must not be guessable,
                since tags and branches are made of it.
    may_accept: whether an address is known. Others get at most one datagram for each of theirs, no 100, and
                nothing repeated, until the user trusts them or answers, and nothing is kept of what was
                refused (RFC 3261 §8.2.7); None: all are known.
    admission:  returns the answer to a new INVITE that is not let in, None to take it: stateless, so that
                refusing costs little.
    counts:     what was dropped or refused here, by word.
    """

    __slots__ = ("_core", "_may_accept", "admission")

    def __init__(  # noqa: PLR0913 - who we are and what we are given; all by keyword
        self,
        *,
        contact: str,
        via_host: str,
        timers: Timers,
        token: Callable[[], str],
        product: str,
        listening: Mapping[Transport, str] | None = None,
        may_accept: Callable[[Address], bool] | None = None,
    ) -> None:
        identity = Identity(
            contact=contact, via_host=via_host, product=product, listening=dict(listening or {})
        )
        self._core = Core(identity, timers, token)
        self._may_accept = may_accept
        self.admission: Callable[[Request, Address, float], Refusal | None] | None = None

    # What the user asks for.

    def invite(self, outgoing: Outgoing, now: float) -> OutgoingCall:
        """Return a new call whose INVITE has been sent. Raises: ValueError for values with line breaks."""
        call = OutgoingCall(self._core, outgoing)
        call.send(now)
        return call

    def request(self, method: str, outgoing: Outgoing, now: float) -> OutgoingRequest:
        """Return a request outside dialogs (OPTIONS, REGISTER) that has been sent; ends in RequestEnded."""
        request = OutgoingRequest(self._core, method)
        request.send(outgoing, now)
        return request

    def respond(self, transaction: ServerTransaction, response: Response, now: float) -> None:
        """Answer an OtherRequest. A To-tag is added if the response has none (§8.2.6.2).

        Raises: KeyError after a final response.
        """
        if response.status > 100 and response.to.tag is None:
            response.headers.set("To", f"{response.headers.get('To')};tag={self._core.token()}")
        transaction.send(response.status, response.to_bytes(), now)

    def bye_from_text(self, text: str, now: float) -> None:
        """Send BYE in a dialog of an earlier run, from `call.dialog_text()`.

        Raises: ValueError if it is not such a text.
        """
        dialog = dialog_of_text(text)
        dialog.local_cseq += _CSEQ_MARGIN
        start_bye(self._core, dialog, None, (), now)

    # What the edge brings and takes.

    def receive(self, data: bytes, source: Address, now: float) -> None:
        """Take one datagram, or one message of a stream. Nothing that it may hold raises."""
        try:
            message = parse(data)
        except Malformed as fault:
            self._refuse_malformed(fault, source)
            return
        if isinstance(message, Response):
            self._on_response(message, now)
            return
        try:
            self._on_request(message, source, now)
        except Malformed as fault:
            # A header that only we read (Require, Supported), before anything was kept of the request.
            self._refuse_malformed(Malformed(fault.status, fault.reason, message), source)

    def transport_failed(self, destination: Address, now: float, packet: bytes = b"") -> None:
        """Take it that nothing can be sent to `destination`: requests waiting there fail (§17.1.4).

        packet: if given, only this cannot be sent (it is too long), and no other request suffers for it.
        """
        waiting = [
            one
            for one in self._core.clients.values()
            if one.destination == destination and (not packet or one.packet is packet)
        ]
        for transaction in waiting:
            transaction.on_unreachable(now)

    def handle_timer(self, now: float) -> None:
        """Do all that is due at `now`."""
        self._core.alarms.ring(now)

    def next_timer(self) -> float | None:
        """Return when `handle_timer` is wanted next, None if nothing is due."""
        return self._core.alarms.earliest()

    def take_datagrams(self) -> list[tuple[bytes, tuple[str, int]]]:
        """Return what is to be sent over UDP, in order, and forget it."""
        taken, self._core.datagrams = self._core.datagrams, []
        return taken

    def take_stream_messages(self) -> list[tuple[bytes, Flow]]:
        """Return what is to be sent over TCP and TLS, in order, and forget it."""
        taken, self._core.stream_messages = self._core.stream_messages, []
        return taken

    def take_events(self) -> list[Event]:
        """Return what happened, in order, and forget it."""
        taken, self._core.events = self._core.events, []
        return taken

    @property
    def counts(self) -> Counter[str]:
        """How often something was dropped or refused without any user hearing of it."""
        return self._core.counts

    # Responses.

    def _on_response(self, response: Response, now: float) -> None:
        if len(response.headers.values("Via")) > 1:
            # RFC 3261 §8.1.3.3: it went astray; whom its other Vias name is nobody behind us.
            self._core.counts["response with more Vias"] += 1
            return
        branch = response.via.branch or ""
        transaction = self._core.clients.get((branch, response.cseq.method))
        if transaction is None:
            self._core.counts["stray response"] += 1
        else:
            transaction.receive(response, now)

    # Requests.

    def _on_request(self, request: Request, source: Address, now: float) -> None:
        method = request.method
        if method == "ACK":
            self._on_ack(request, now)
            return
        if method == "CANCEL":
            self._on_cancel(request, source, now)
            return
        key = server_key(request, method)
        transaction = self._core.servers.get(key)
        if transaction is not None:
            transaction.step(Input.REQUEST, None, now)
        elif request.to.tag:
            self._on_request_in_dialog(request, source, now)
        else:
            self._on_new_request(request, source, now)

    def _on_ack(self, request: Request, now: float) -> None:
        transaction = self._core.servers.get(server_key(request, "INVITE"))
        if transaction is not None:
            transaction.step(Input.ACK, request, now)
            return
        tag = request.to.tag or ""
        call = self._core.calls.get((request.call_id, tag))
        if call is not None and call.has_dialog(tag, request.from_.tag or ""):
            call.on_ack(request, now)
        else:
            self._core.counts["stray ACK"] += 1

    def _on_cancel(self, request: Request, source: Address, now: float) -> None:
        core = self._core
        echoed = echo(request, source)
        transaction = core.servers.get(server_key(request, "INVITE"))
        address = response_address(request.via, source)
        if transaction is None:
            core.refuse(echoed, address, 481)
            return
        # RFC 3261 §9.2: the same To-tag as the INVITE's responses is only asked for where it can be kept.
        core.send(echoed.response(200, core.token(), core.server_line()), address)
        if transaction.user is not None and transaction.state is State.PROCEEDING:
            transaction.user.on_cancel(transaction, request, now)

    def _on_request_in_dialog(self, request: Request, source: Address, now: float) -> None:
        tag = request.to.tag or ""
        call = self._core.calls.get((request.call_id, tag))
        if call is None or not call.has_dialog(tag, request.from_.tag or ""):
            self._refuse(request, source, 481)
            return
        refusal = refusal_of_options(request) or refusal_of_interval(request, self._core.timers)
        if refusal is not None:
            self._refuse(request, source, refusal.status, refusal.lines)
            return
        call.on_request(request, self._server(request, echo(request, source), source), now)

    def _on_new_request(self, request: Request, source: Address, now: float) -> None:
        core = self._core
        merge_key = (request.call_id, request.from_.tag, request.cseq)
        if merge_key in core.merging or self._is_ours(request):
            # RFC 3261 §8.2.2.2: the same request by another path of a forking proxy; §16.3: or a loop.
            self._refuse(request, source, 482)
            return
        refusal = self._not_admitted(request, source, now) or self._refusal(request, source)
        if refusal is not None:
            self._refuse(request, source, refusal.status, refusal.lines)
            return
        transaction = self._server(request, echo(request, source), source)
        transaction.is_proven = self._may_accept is None or self._may_accept(source)
        transaction.merge_key = merge_key
        core.merging[merge_key] = transaction
        if request.method == "INVITE":
            self._on_invite(request, transaction, source, now)
            return
        # The user's response repeats the Vias of the request as it holds them.
        request.headers.replace_first("Via", str(stamped(request.via, source)))
        core.events.append(OtherRequest(transaction, request, source))

    def _is_ours(self, request: Request) -> bool:
        """Return whether this is a request that we sent and that has come back, through proxies or not."""
        return any((via.branch or "", request.method) in self._core.clients for via in request.vias)

    def _refusal(self, request: Request, source: Address) -> Refusal | None:
        return refusal_outside_dialogs(request, transport_of(source)) or refusal_of_interval(
            request, self._core.timers
        )

    def _not_admitted(self, request: Request, source: Address, now: float) -> Refusal | None:
        if self.admission is None or request.method != "INVITE":
            return None
        return self.admission(request, source, now)

    def _on_invite(
        self, request: Request, transaction: ServerTransaction, source: Address, now: float
    ) -> None:
        if transaction.is_proven:
            transaction.trying(now)
        call = IncomingCall(self._core, request, transaction, source)
        transaction.user = call
        self._core.events.append(IncomingInvite(call, request, source))

    def _server(self, request: Request, echoed: Echo, source: Address) -> ServerTransaction:
        key = server_key(request, request.method)
        transaction = ServerTransaction(self._core, key, request, echoed)
        transaction.destination = response_address(request.via, source)
        self._core.servers[key] = transaction
        return transaction

    def _refuse(self, request: Request, source: Address, status: int, lines: str = "") -> None:
        self._core.refuse(echo(request, source), response_address(request.via, source), status, lines)

    def _refuse_malformed(self, fault: Malformed, source: Address) -> None:
        core, request = self._core, fault.request
        core.counts[f"malformed {fault.status}"] += 1
        if request is None:
            return
        address = response_address(request.via, source)
        request.headers.replace_first("Via", str(stamped(request.via, source)))
        response = respond(request, fault.status, fault.reason, to_tag=core.token())
        core.send(response.to_bytes(), address)
