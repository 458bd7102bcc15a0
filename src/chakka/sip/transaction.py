"""Client and server transactions: they run the tables of transaction_tables.py.

Over a stream nothing is repeated (Timers A, E, G) nor waited for when done (D, I, J, K): RFC 3261 Table 4.
"""

from typing import Final, Literal, NamedTuple, Protocol

from chakka.sip.address import Address as Address
from chakka.sip.address import Flow
from chakka.sip.agent_core import Core
from chakka.sip.alarms import Alarm
from chakka.sip.message import Request, Response
from chakka.sip.transaction_message import Echo, RequestHead
from chakka.sip.transaction_tables import (
    INVITE_CLIENT,
    INVITE_SERVER,
    OTHER_CLIENT,
    OTHER_SERVER,
    Effect,
    Input,
    State,
    Table,
)

_EXPIRIES: Final = {
    Effect.START_D: ("timer_d", Input.TIMER_D),
    Effect.START_I: ("timer_i", Input.TIMER_I),
    Effect.START_J: ("timer_j", Input.TIMER_J),
    Effect.START_K: ("timer_k", Input.TIMER_K),
    Effect.START_L: ("timer_l", Input.TIMER_L),
    Effect.START_M: ("timer_m", Input.TIMER_M),
}
_AT_ONCE_OVER_STREAMS: Final = frozenset({Effect.START_D, Effect.START_I, Effect.START_J, Effect.START_K})


# RFC 3261 §18.1.1: with a path MTU that nobody knows a longer request goes by TCP.
LARGEST_DATAGRAM: Final = 1300


class Datagram(NamedTuple):
    """A request that was too long for UDP, as it would go by UDP all the same."""

    head: RequestHead
    packet: bytes
    destination: Address


class ClientUser(Protocol):
    """Whoever sent a request and waits for what becomes of it."""

    def on_response(self, transaction: "ClientTransaction", response: Response, now: float) -> None: ...

    def on_failure(
        self, transaction: "ClientTransaction", cause: Literal["timeout", "transport"], now: float
    ) -> None: ...


class ServerUser(Protocol):
    """Whoever answers an INVITE, and hears of its CANCEL and ACK."""

    def on_cancel(self, transaction: "ServerTransaction", request: Request, now: float) -> None: ...

    def on_ack(self, request: Request, now: float) -> None: ...


class ClientTransaction:
    """One request of ours and its responses. It keeps no message, only the octets that may go out again."""

    __slots__ = (
        "branch",
        "core",
        "datagram",
        "destination",
        "expiry",
        "head",
        "interval",
        "method",
        "packet",
        "retry",
        "state",
        "table",
        "user",
    )

    def __init__(self, core: Core, branch: str, method: str, user: ClientUser | None) -> None:
        self.core = core
        self.branch = branch
        self.method = method
        self.user = user
        is_invite = method == "INVITE"
        self.table: Table = INVITE_CLIENT if is_invite else OTHER_CLIENT
        self.state = State.CALLING if is_invite else State.TRYING
        self.packet = b""
        self.head: RequestHead | None = None
        self.datagram: Datagram | None = None
        self.destination: Address = ("", 0)
        self.interval = core.timers.t1
        self.retry: Alarm | None = None
        self.expiry: Alarm | None = None

    def start(self, head: RequestHead, packet: bytes, destination: Address, now: float) -> None:
        """Send the request and set its first timers: A (not over a stream) and B, or E and F."""
        core = self.core
        core.clients[self.branch, self.method] = self
        if len(packet) > LARGEST_DATAGRAM and (flow := core.instead_of_datagrams(destination)) is not None:
            self.datagram = Datagram(head, packet, destination)
            packet, destination = head.moved(packet, core.via(self.branch, flow)), flow
        is_invite = self.table is INVITE_CLIENT
        if is_invite:
            self.head = head
        self._send(packet, destination, now)
        timers, alarms = core.timers, core.alarms
        patience = timers.timer_b if is_invite else timers.timer_f
        self.expiry = alarms.start(now + patience, self, Input.TIMER_B if is_invite else Input.TIMER_F)

    def _send(self, packet: bytes, destination: Address, now: float) -> None:
        self.packet = packet
        self.destination = destination
        self.core.send(packet, destination)
        if not isinstance(destination, Flow):
            kind = Input.TIMER_A if self.table is INVITE_CLIENT else Input.TIMER_E
            self.retry = self.core.alarms.start(now + self.interval, self, kind)

    def on_unreachable(self, now: float) -> None:
        """Take it that the destination cannot be reached: a request too long for UDP may still go by UDP."""
        datagram, self.datagram = self.datagram, None
        if datagram is None or not self.packet:
            self.step(Input.TRANSPORT_ERROR, None, now)
            return
        # RFC 3261 §18.1.1: a peer without TCP gets it by UDP, however long.
        self.core.only_datagrams(datagram.destination)
        datagram.head.moved(b"", self.core.via(self.branch, datagram.destination))
        self._send(datagram.packet, datagram.destination, now)

    def receive(self, response: Response, now: float) -> None:
        """Take a response that carries this transaction's branch and method."""
        if response.status < 200:
            kind = Input.RESPONSE_1XX
        elif response.status < 300:
            kind = Input.RESPONSE_2XX
        else:
            kind = Input.RESPONSE_FAILURE
        self.step(kind, response, now)

    def on_alarm(self, name: str, now: float) -> None:
        """Take a timer of this transaction that is due."""
        self.step(Input(name), None, now)

    def give_up(self) -> None:
        """Forget the transaction, its user knows (RFC 3261 §9.1: a cancelled INVITE, 64·T1 later)."""
        self._end()

    def step(self, happened: Input, response: Response | None, now: float) -> None:
        """Make one transition. Raises: KeyError for an input that cannot occur in this state."""
        self.state, effects = self.table[self.state, happened]
        user = self.user
        if self.state is State.TERMINATED:
            self._end()
        for effect in effects:
            if effect in _EXPIRIES:
                self._await_end(effect, now)
            elif effect is Effect.REPORT:
                if user is not None and response is not None:
                    user.on_response(self, response, now)
            elif effect is Effect.TELL_TIMEOUT or effect is Effect.TELL_UNREACHABLE:
                if user is not None:
                    cause: Literal["timeout", "transport"]
                    cause = "timeout" if effect is Effect.TELL_TIMEOUT else "transport"
                    user.on_failure(self, cause, now)
            else:
                self._perform(effect, response, now)

    def _perform(self, effect: Effect, response: Response | None, now: float) -> None:
        if effect is Effect.RESEND:
            self.core.send(self.packet, self.destination)
        elif effect is Effect.RESTART:
            self._retransmit_later(now)
        elif effect is Effect.STOP:
            self.core.alarms.stop(self.retry)
            self.core.alarms.stop(self.expiry)
            # A request that got its response is never sent again.
            self.packet = b""
            self.datagram = None
        elif effect is Effect.SLOW:
            # RFC 3261 §17.1.2.2: in Proceeding Timer E fires every T2, from its next firing on.
            self.interval = self.core.timers.t2
        elif effect is Effect.SEND_ACK:
            self._send_ack(response)

    def _retransmit_later(self, now: float) -> None:
        timers = self.core.timers
        self.interval *= 2
        if self.table is OTHER_CLIENT:
            self.interval = min(self.interval, timers.t2)
        name = Input.TIMER_A if self.table is INVITE_CLIENT else Input.TIMER_E
        self.retry = self.core.alarms.start(now + self.interval, self, name)

    def _send_ack(self, response: Response | None) -> None:
        if self.head is not None and response is not None:
            self.packet = self.head.failure_ack(response)
            self.head = None
        self.core.send(self.packet, self.destination)

    def _await_end(self, effect: Effect, now: float) -> None:
        if effect in _AT_ONCE_OVER_STREAMS and isinstance(self.destination, Flow):
            self._end()
            return
        field, name = _EXPIRIES[effect]
        if effect is Effect.START_M:
            self.head = None
        self.expiry = self.core.alarms.start(now + getattr(self.core.timers, field), self, name)

    def _end(self) -> None:
        self.state = State.TERMINATED
        self.core.alarms.stop(self.retry)
        self.core.alarms.stop(self.expiry)
        self.user = None
        self.packet = b""
        self.core.clients.pop((self.branch, self.method), None)


class ServerTransaction:
    """One request of a peer and our responses to it; once a final one is sent, only its octets are kept."""

    __slots__ = (
        "core",
        "destination",
        "echo",
        "expiry",
        "interval",
        "is_proven",
        "key",
        "merge_key",
        "method",
        "number",
        "packet",
        "retry",
        "state",
        "table",
        "user",
    )

    def __init__(self, core: Core, key: tuple[object, ...], request: Request, echoed: Echo) -> None:
        self.core = core
        self.key = key
        self.merge_key: tuple[object, ...] | None = None
        self.method = request.method
        self.number = request.cseq.number
        self.echo: Echo | None = echoed
        self.destination: Address = ("", 0)
        self.is_proven = True
        self.user: ServerUser | None = None
        is_invite = request.method == "INVITE"
        self.table: Table = INVITE_SERVER if is_invite else OTHER_SERVER
        self.state = State.PROCEEDING if is_invite else State.TRYING
        self.packet = b""
        self.interval = core.timers.t1
        self.retry: Alarm | None = None
        self.expiry: Alarm | None = None

    @property
    def is_final(self) -> bool:
        """Whether a final response has been sent."""
        return self.state not in (State.TRYING, State.PROCEEDING)

    def respond(self, status: int, to_tag: str, lines: str, body: bytes, now: float) -> None:
        """Send a response built from what the request said. Raises: KeyError after the final one."""
        if self.echo is None:
            raise KeyError(f"{status} after the final response")
        head = f"{self.core.server_line()}{lines}"
        self.send(status, self.echo.response(status, to_tag, head, body), now)

    def refuse(self, status: int, reason: str, to_tag: str, lines: str, now: float) -> None:
        """Send a 3xx–6xx with a phrase of the user's. Raises: KeyError after the final response."""
        if self.echo is None:
            raise KeyError(f"{status} after the final response")
        head = f"{self.core.server_line()}{lines}"
        self.send(status, self.echo.response(status, to_tag, head, reason=reason), now)

    def trying(self, now: float) -> None:
        """Send 100, which has no To-tag."""
        if self.echo is not None:
            self.send(100, self.echo.trying(), now)

    def send(self, status: int, packet: bytes, now: float) -> None:
        """Send `packet`, a response of `status`."""
        if status < 200:
            kind = Input.SEND_1XX
        elif status < 300:
            kind = Input.SEND_2XX
        else:
            kind = Input.SEND_FAILURE
        self.packet = packet
        self.step(kind, None, now)

    def on_alarm(self, name: str, now: float) -> None:
        """Take a timer of this transaction that is due."""
        self.step(Input(name), None, now)

    def step(self, happened: Input, request: Request | None, now: float) -> None:
        """Make one transition. Raises: KeyError for an input that cannot occur in this state."""
        self.state, effects = self.table[self.state, happened]
        for effect in effects:
            if effect is Effect.SEND or effect is Effect.RESEND:
                if self.packet:
                    self.core.send(self.packet, self.destination)
            elif effect is Effect.TELL_ACK:
                if self.user is not None and request is not None:
                    self.user.on_ack(request, now)
            elif effect is Effect.START_G_H:
                self._await_ack(now)
            elif effect is Effect.RESTART:
                self._repeat_later(now)
            elif effect is Effect.STOP:
                self.core.alarms.stop(self.retry)
                self.core.alarms.stop(self.expiry)
            else:
                self._await_end(effect, now)
        if self.state is State.TERMINATED:
            self._end()

    def _await_ack(self, now: float) -> None:
        if not self.is_proven:
            self._end()
            return
        alarms, timers = self.core.alarms, self.core.timers
        self.echo = None
        self.expiry = alarms.start(now + timers.timer_h, self, Input.TIMER_H)
        if not isinstance(self.destination, Flow):
            self.retry = alarms.start(now + self.interval, self, Input.TIMER_G)

    def _repeat_later(self, now: float) -> None:
        self.interval = min(2 * self.interval, self.core.timers.t2)
        self.retry = self.core.alarms.start(now + self.interval, self, Input.TIMER_G)

    def _await_end(self, effect: Effect, now: float) -> None:
        is_over = isinstance(self.destination, Flow) and effect in _AT_ONCE_OVER_STREAMS
        if is_over or (effect is Effect.START_J and not self.is_proven):
            self._end()
            return
        field, name = _EXPIRIES[effect]
        self.echo = None
        self.expiry = self.core.alarms.start(now + getattr(self.core.timers, field), self, name)

    def _end(self) -> None:
        self.core.alarms.stop(self.retry)
        self.core.alarms.stop(self.expiry)
        self.echo = None
        self.user = None
        self.packet = b""
        self.core.servers.pop(self.key, None)
        if self.merge_key is not None:
            self.core.merging.pop(self.merge_key, None)
