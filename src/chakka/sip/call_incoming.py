"""A call that comes in: provisional responses on several early dialogs, then an answer or a refusal."""

from dataclasses import dataclass

from chakka.sip.address import Address, Flow
from chakka.sip.agent_core import SUPPORTED_LINE, Core
from chakka.sip.alarms import Alarm
from chakka.sip.call import Call
from chakka.sip.call_answer import UnackedAnswer
from chakka.sip.call_early import EarlyDialog
from chakka.sip.dialog import dialog_of_request
from chakka.sip.events import Cancelled
from chakka.sip.grammar import safe
from chakka.sip.message import Request
from chakka.sip.session_timer import Agreement, agreed_as_server, allows, terms_of
from chakka.sip.transaction import ServerTransaction
from chakka.sip.transaction_message import HeaderPairs, header_lines


@dataclass(frozen=True, slots=True)
class _HeldAnswer:
    """A 2xx that waits for a PRACK (RFC 3262 §3)."""

    early: EarlyDialog
    lines: str
    body: bytes
    agreement: Agreement


class IncomingCall(Call):
    """The server's side of an INVITE.

    request: the INVITE until the final response, None afterwards.
    offer:   its body, until the ACK.
    """

    __slots__ = (
        "_early",
        "_held",
        "_remote_tag",
        "_repeat",
        "_repeat_packet",
        "_repeats",
        "offer",
        "request",
        "requires_100rel",
        "source",
        "supports_100rel",
        "transaction",
    )

    def __init__(self, core: Core, request: Request, transaction: ServerTransaction, source: Address) -> None:
        super().__init__(core, request.call_id, core.contact_line(source, request.uri))
        self.request: Request | None = request
        self.transaction = transaction
        self.source = source
        self.offer = request.body
        self.requires_100rel = "100rel" in option_tags(request, "Require")
        self.supports_100rel = self.requires_100rel or "100rel" in option_tags(request, "Supported")
        self._early: dict[str | None, EarlyDialog] = {}
        self._held: _HeldAnswer | None = None
        self._remote_tag = request.from_.tag or ""
        self._repeat: Alarm | None = None
        self._repeat_packet = b""
        self._repeats = 0

    # What the user asks for.

    def trust(self, now: float) -> None:
        """Take it that the caller is where it says: it gets 100, and responses that may be lost again."""
        if not self.transaction.is_proven:
            self.transaction.is_proven = True
            self.transaction.trying(now)

    def progress(  # noqa: PLR0913 - the parts of one response, all but the first optional
        self,
        now: float,
        status: int = 180,
        *,
        tag: str | None = None,
        body: bytes = b"",
        headers: HeaderPairs = (),
        reliable: bool = False,
    ) -> None:
        """Send a provisional response on the early dialog that the user calls `tag`.

        Reliably (RFC 3262) if asked for and the caller supports it, or if the caller requires it; else it is
        repeated by itself until the next response. 100 belongs to no dialog and is sent once.
        Raises: RuntimeError after the final response.
        """
        request = self._undecided()
        if status == 100:
            self.transaction.trying(now)
            return
        early = self._early_dialog(tag, request)
        lines = early.lines(headers, body)
        self.session_body = body or self.session_body
        self._stop_repeats()
        if self.requires_100rel or (reliable and self.supports_100rel):
            early.send_reliably(status, lines, body, now)
        else:
            self.transaction.respond(status, early.tag, lines, body, now)
            self._repeat_packet = self.transaction.packet
            self._repeat_later(now)

    def answer(self, now: float, body: bytes, *, tag: str | None = None, headers: HeaderPairs = ()) -> None:
        """Answer by 200 with `body` on the dialog that the user calls `tag`; repeated until its ACK.

        While a reliable provisional with SDP on it is not PRACKed the 200 waits (RFC 3262 §3), yet it is
        decided.
        Raises: RuntimeError after the final response.
        """
        request = self._undecided()
        early = self._early_dialog(tag, request)
        agreement, session = agreed_as_server(terms_of(request), self.core.timers)
        lines = f"{SUPPORTED_LINE}{session}{early.lines(headers, body)}"
        self._session.allows_update = allows(request, "UPDATE")
        self.session_body = body or self.session_body
        self.is_final = True
        self.request = None
        self.dialog = dialog_of_request(request, early.tag, self.source)
        self._stop_repeats()
        held = _HeldAnswer(early, lines, body, agreement)
        if early.has_unacked_body:
            self._held = held
        else:
            self._send_answer(held, now)

    def answer_text(self, *, tag: str | None = None) -> str:
        """Return what `dialog_text` will be once the call is answered on `tag`: to be kept before the 200.

        Raises: RuntimeError after the final response.
        """
        request = self._undecided()
        return dialog_of_request(request, self._early_dialog(tag, request).tag, self.source).text()

    def reject(self, now: float, status: int, reason: str | None = None, headers: HeaderPairs = ()) -> None:
        """Refuse by 3xx–6xx; it is repeated until its ACK. `reason` is the phrase, the usual one if None.

        Raises: RuntimeError after the final response.
        """
        self._undecided()
        phrase, lines = safe(reason or ""), header_lines(headers)
        tag = next((early.tag for early in self._early.values()), None) or self.core.token()
        self.is_final = self.is_ended = True
        self.request = None
        self.offer = b""
        self._drop_early()
        self.transaction.refuse(status, phrase, tag, lines, now)

    @property
    def awaits_answer(self) -> bool:
        """Whether a reliable provisional with SDP waits for its PRACK."""
        return any(early.has_unacked_body for early in self._early.values())

    # What the network brings.

    def has_dialog(self, local_tag: str, remote_tag: str) -> bool:
        """Return whether the tags name this call's dialog or one of its early dialogs."""
        if self.dialog is not None and not self._early:
            return super().has_dialog(local_tag, remote_tag)
        return remote_tag == self._remote_tag and self._early_of(local_tag) is not None

    def on_request(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """Take a request on an early or on the confirmed dialog."""
        early = self._early_of(request.to.tag or "")
        if early is None:
            super().on_request(request, transaction, now)
            return
        number = request.cseq.number
        if number <= early.remote_cseq:
            self._reply(transaction, 500, now)
            return
        early.remote_cseq = number
        if request.method == "PRACK":
            early.on_prack(request, transaction, now)
        elif self.dialog is not None:
            super().on_request(request, transaction, now)
        elif request.method == "BYE":
            # RFC 3261 §15: the caller may end an early dialog so; the INVITE still gets its final response.
            self._reply(transaction, 200, now)
            self.core.events.append(Cancelled(self, request))
        elif request.method in ("INVITE", "UPDATE"):
            self._reply(transaction, 500, now, self._retry_after())
        else:
            self._on_other(request.method, transaction, now)

    def on_cancel(self, transaction: ServerTransaction, request: Request, now: float) -> None:
        """Take the CANCEL, already answered, of the INVITE or a re-INVITE; a decided answer stands."""
        if transaction is not self.transaction:
            super().on_cancel(transaction, request, now)
        elif not self.is_final:
            self.core.events.append(Cancelled(self, request))

    def on_early_settled(self, now: float) -> None:
        """Send the answer that waited for a PRACK, if none is waited for any more."""
        held = self._held
        if held is not None and not held.early.has_unacked_body:
            self._held = None
            self._send_answer(held, now)

    def on_alarm(self, name: str, now: float) -> None:
        """Send the last unreliable provisional again."""
        self.transaction.send(180, self._repeat_packet, now)
        self._repeat_later(now)

    # Steps.

    def _undecided(self) -> Request:
        if self.request is None:
            raise RuntimeError("the final response has been given")
        return self.request

    def _early_dialog(self, label: str | None, request: Request) -> EarlyDialog:
        early = self._early.get(label)
        if early is None:
            tag = self.core.token()
            early = self._early[label] = EarlyDialog(self, label, tag, request.cseq.number)
            self.core.calls[self.call_id, tag] = self
        return early

    def _early_of(self, local_tag: str) -> EarlyDialog | None:
        for early in self._early.values():
            if early.tag == local_tag:
                return early
        return None

    @property
    def is_answer_open(self) -> bool:
        """Whether our 2xx waits for a PRACK or for its ACK."""
        return self._held is not None or super().is_answer_open

    def _end(self, now: float) -> None:
        if self._held is not None:
            # The caller sent BYE before our 2xx could go out: RFC 3261 §15.1.2.
            tag, self._held = self._held.early.tag, None
            self._drop_early()
            self.transaction.refuse(487, "", tag, "", now)
        super()._end(now)

    def _send_answer(self, held: _HeldAnswer, now: float) -> None:
        transaction = self.transaction
        transaction.user = self
        self._drop_early(kept=held.early)
        transaction.respond(200, held.early.tag, held.lines, held.body, now)
        self._unacked = UnackedAnswer(self, transaction, now)
        self._session.begin(held.agreement, now)

    def _drop_early(self, kept: EarlyDialog | None = None) -> None:
        """Forget the early dialogs but one, which may still get its PRACK until the ACK."""
        self._stop_repeats()
        for early in self._early.values():
            early.hush()
            if early is not kept:
                self.core.calls.pop((self.call_id, early.tag), None)
        self._early = {} if kept is None else {kept.label: kept}

    def _on_confirmed(self) -> None:
        for early in self._early.values():
            if self.dialog is not None:
                self.dialog.remote_cseq = max(self.dialog.remote_cseq or 0, early.remote_cseq)
        self._early = {}
        self.offer = b""

    def _stop_repeats(self) -> None:
        self.core.alarms.stop(self._repeat)
        self._repeat = None
        self._repeat_packet = b""
        self._repeats = 0

    def _repeat_later(self, now: float) -> None:
        timers = self.core.timers
        moments = (0.0, *timers.provisional_repeats)
        if not self.transaction.is_proven:
            # One response for one datagram, as long as the address may be forged.
            return
        is_lossy = not isinstance(self.source, Flow)
        if is_lossy and self._repeats + 1 < len(moments) and self._has_body():
            wait = moments[self._repeats + 1] - moments[self._repeats]
        else:
            wait = timers.provisional_refresh
        self._repeats += 1
        self._repeat = self.core.alarms.start(now + wait, self, "provisional")

    def _has_body(self) -> bool:
        return not self._repeat_packet.endswith(b"\r\n\r\n")


def option_tags(request: Request, name: str) -> list[str]:
    """Return the option tags of a Require or Supported header."""
    return [tag.lower() for tag in request.headers.values(name)]
