"""All sessions of an announcement server: datagrams, media events and time in, datagrams and commands out."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from chakka.announcer import session as machine
from chakka.announcer.asked import Unacceptable, asked
from chakka.announcer.session import Answer, Caller, Effect, HangUp, Progress, Reject, Session, Wait
from chakka.caller.offer import described
from chakka.media import control
from chakka.sip import events
from chakka.sip.address import Address
from chakka.sip.agent import UserAgent
from chakka.sip.call import Call
from chakka.sip.call_incoming import IncomingCall
from chakka.sip.message import respond

_log = logging.getLogger("chakka.announcer")


@dataclass(slots=True, eq=False)
class _Talk:
    """A session with the call that it belongs to. due: when what it waits for is late."""

    session: Session
    call: IncomingCall
    due: float


class Announcer:
    """Plays announcements to whoever sends an INVITE for them.

    agent: the user agent that it speaks by.
    peers: hosts that may ask for the early form, and for sound to be sent to another host than their own.
    token: returns a new word each time: the name of a stream.
    """

    def __init__(self, agent: UserAgent, peers: frozenset[str], token: Callable[[], str]) -> None:
        self._agent = agent
        self._peers = peers
        self._token = token
        self._talks: dict[str, _Talk] = {}
        self._commands: list[control.Command] = []

    # -- in

    def receive(self, data: bytes, source: Address, now: float) -> None:
        """Take one datagram."""
        self._agent.receive(data, source, now)
        self._settle(now)

    def media(self, event: control.Event, now: float) -> None:
        """Take what the media process says."""
        if event.id in self._talks:
            self._advance(self._talks[event.id], event, now)
        elif isinstance(event, control.Opened):
            # Too late: the call has gone.
            self._commands.append(control.Close(id=event.id))
        self._settle(now)

    def media_is_away(self, stream: str, now: float) -> None:
        """Take it that a command could not be sent to the media process."""
        if stream in self._talks:
            self._advance(self._talks[stream], machine.Expired(), now)
        self._settle(now)

    def handle_timer(self, now: float) -> None:
        """Do all that is due at `now`."""
        self._agent.handle_timer(now)
        for talk in [talk for talk in self._talks.values() if talk.due <= now]:
            self._advance(talk, machine.Expired(), now)
        self._settle(now)

    def stop(self, now: float) -> None:
        """End every session."""
        for talk in list(self._talks.values()):
            self._advance(talk, machine.Expired(), now)
        self._settle(now)

    # -- out

    def next_timer(self) -> float | None:
        """Return when `handle_timer` is wanted next, None if nothing is due."""
        dues: list[float] = [talk.due for talk in self._talks.values()]
        protocol = self._agent.next_timer()
        if protocol is not None:
            dues.append(protocol)
        return min(dues, default=None)

    def take_datagrams(self) -> list[tuple[bytes, tuple[str, int]]]:
        """Return what is to be sent, in order, and forget it."""
        return self._agent.take_datagrams()

    def take_commands(self) -> list[control.Command]:
        """Return what the media process is to be told, in order, and forget it."""
        taken, self._commands = self._commands, []
        return taken

    # -- events of the user agent

    def _settle(self, now: float) -> None:
        while happened := self._agent.take_events():
            for event in happened:
                self._on_event(event, now)

    def _on_event(self, event: events.Event, now: float) -> None:
        match event:
            case events.IncomingInvite():
                self._invited(event, now)
            case events.Acked() | events.Pracked():
                self._tell(event.call, machine.Acknowledged(event.body), now)
            case events.Cancelled():
                self._tell(event.call, machine.Cancelled(), now)
            case events.Bye():
                self._tell(event.call, machine.Ended(), now)
            case events.AckTimeout():
                self._tell(event.call, machine.Ended(), now)
                event.call.bye(now)
            case events.ReliableTimeout():
                self._tell(event.call, machine.Unacknowledged(), now)
            case events.Reinvite():
                # The announcement goes on to where it goes (RFC 3261 §14.2: the session stays).
                event.call.refuse(event.transaction, 488, now)
            case events.OtherRequest():
                status = 200 if event.request.method == "OPTIONS" else 405
                self._agent.respond(event.transaction, respond(event.request, status), now)
            case _:
                # Answers to requests: we make none but BYE.
                pass

    def _invited(self, event: events.IncomingInvite, now: float) -> None:
        wanted = asked(event.request.uri)
        if isinstance(wanted, Unacceptable):
            _log.info("refused with %d: %s", wanted.status, wanted.why)
            event.call.reject(now, wanted.status)
            return
        host = event.source[0]
        caller = Caller(
            offer=described(event.request),
            has_100rel=event.call.supports_100rel,
            only_host=None if host in self._peers else host,
        )
        session = machine.begin(self._token(), wanted, caller)
        if isinstance(session, Reject):
            _reject(event.call, session, now)
            return
        talk = self._talks[session.id] = _Talk(session, event.call, now)
        event.call.owner = talk
        self._carry_out(talk, machine.opening(session), now)

    def _tell(self, call: Call, event: machine.Event, now: float) -> None:
        if isinstance(call.owner, _Talk):
            self._advance(call.owner, event, now)

    # -- effects

    def _advance(self, talk: _Talk, event: machine.Event, now: float) -> None:
        talk.session, effects = machine.step(talk.session, event)
        self._carry_out(talk, effects, now)
        if talk.session.state is machine.State.OVER:
            talk.call.owner = None
            self._talks.pop(talk.session.id, None)

    def _carry_out(self, talk: _Talk, effects: list[Effect], now: float) -> None:
        for effect in effects:
            match effect:
                case Progress():
                    talk.call.progress(now, 183, body=effect.body, reliable=True)
                case Answer():
                    talk.call.answer(now, effect.body)
                case Reject():
                    _reject(talk.call, effect, now)
                case HangUp():
                    talk.call.bye(now)
                case Wait():
                    talk.due = now + effect.seconds
                case control.Open() | control.Play() | control.Close():
                    self._commands.append(effect)
                case _:
                    assert_never(effect)


def _reject(call: IncomingCall, effect: Reject, now: float) -> None:
    headers: list[tuple[str, str]] = []
    if effect.cause is not None:
        # RFC 3326.
        headers.append(("Reason", f"Q.850;cause={effect.cause}"))
    if effect.warning:
        headers.append(("Warning", effect.warning))
    call.reject(now, effect.status, headers=tuple(headers))
