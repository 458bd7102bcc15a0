"""What the user agent tells the call plane; each value is reported once, in the order of the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from chakka.sip.address import Address
    from chakka.sip.call import Call
    from chakka.sip.call_incoming import IncomingCall
    from chakka.sip.call_outgoing import OutgoingCall, OutgoingRequest
    from chakka.sip.message import Request, Response
    from chakka.sip.transaction import ServerTransaction

Cause = Literal["response", "timeout", "transport"]


class IncomingInvite(msgspec.Struct, frozen=True):
    """A new INVITE outside dialogs passed the checks of RFC 3261 §8.2; 100 has been sent."""

    call: IncomingCall
    request: Request
    source: Address


class Cancelled(msgspec.Struct, frozen=True):
    """The caller gave up before our final response: CANCEL (answered 200), or BYE on an early dialog.

    The call is still to be ended by `call.reject(now, 487)`, unless `call.is_final` by then.
    """

    call: IncomingCall
    request: Request


class Acked(msgspec.Struct, frozen=True):
    """The first ACK for one 2xx of ours, to the INVITE or to a re-INVITE; `body` is SDP when we offered."""

    call: Call
    body: bytes


class AckTimeout(msgspec.Struct, frozen=True):
    """No ACK for our 2xx within 64·T1; it is not repeated any more (RFC 3261 §13.3.1.4: send BYE)."""

    call: Call


class Pracked(msgspec.Struct, frozen=True):
    """PRACK for the reliable provisional last sent on `tag`; answered 200."""

    call: IncomingCall
    tag: str | None
    body: bytes


class ReliableTimeout(msgspec.Struct, frozen=True):
    """No PRACK within 64·T1 (RFC 3262 §3: reject the INVITE with 5xx)."""

    call: IncomingCall
    tag: str | None


class Provisional(msgspec.Struct, frozen=True):
    """A 1xx to our INVITE, 100 and repeated ones too; `tag` is the To-tag of its early dialog."""

    call: OutgoingCall
    response: Response
    tag: str | None


class Answered(msgspec.Struct, frozen=True):
    """The first 2xx to our INVITE; it is ACKed by `call.ack(now, body)`, as are its repetitions then."""

    call: OutgoingCall
    response: Response
    tag: str


class LateAnswer(msgspec.Struct, frozen=True):
    """A 2xx that crossed our CANCEL or came from another branch; it has been ACKed and ended by BYE."""

    call: OutgoingCall


class Failed(msgspec.Struct, frozen=True):
    """Our INVITE has ended without an answer.

    cause "response":  `response` is the final 3xx–6xx (487 and the 2xx when our cancel came too late).
    cause "timeout":   408, nothing final came in time.
    cause "transport": 503, the destination cannot be reached.
    """

    call: OutgoingCall
    status: int
    response: Response | None
    cause: Cause


class Bye(msgspec.Struct, frozen=True):
    """The peer has ended the dialog; answered 200."""

    call: Call
    request: Request


class Reinvite(msgspec.Struct, frozen=True):
    """A re-INVITE, or an UPDATE that offers, in the dialog.

    Answer by `call.accept` or `call.refuse` with `transaction`.
    """

    call: Call
    request: Request
    transaction: ServerTransaction


class ReinviteAnswered(msgspec.Struct, frozen=True):
    """2xx to our re-INVITE; it is ACKed by `call.ack(now, body)`."""

    call: Call
    response: Response


class ReinviteFailed(msgspec.Struct, frozen=True):
    """Our re-INVITE was refused for good (491 has been tried again by itself); the session is as before."""

    call: Call
    status: int


class SessionExpired(msgspec.Struct, frozen=True):
    """The peer is not there any more: no refresh in time (RFC 4028 §10), or a request of ours in the dialog
    got 408 or 481 (RFC 5057 §5). BYE has been sent; what hangs on this leg is to be released.
    """

    call: Call


class OtherRequest(msgspec.Struct, frozen=True):
    """Another request outside dialogs (OPTIONS, REGISTER, MESSAGE…); answer by `agent.respond`."""

    transaction: ServerTransaction
    request: Request
    source: Address


class RequestEnded(msgspec.Struct, frozen=True):
    """The final response to a request of `agent.request`, or None with cause "timeout" or "transport"."""

    request: OutgoingRequest
    response: Response | None
    cause: Cause


Event = (
    IncomingInvite
    | Cancelled
    | Acked
    | AckTimeout
    | Pracked
    | ReliableTimeout
    | Provisional
    | Answered
    | LateAnswer
    | Failed
    | Bye
    | Reinvite
    | ReinviteAnswered
    | ReinviteFailed
    | SessionExpired
    | OtherRequest
    | RequestEnded
)
