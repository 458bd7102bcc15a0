"""One announcement, from its INVITE to its end: (session, event) → (session, effects). Pure.

Plain, it is answered and played once the ACK has shown that the caller is where it says (RFC 4240 §3); early,
it is played as early media and refused with the status that was asked for (signalling.md §3).
"""

from dataclasses import dataclass, replace
from enum import Enum, auto

from chakka.announcer.asked import Asked
from chakka.media import control
from chakka.sip.grammar import Malformed
from chakka.sip.sdp import RemoteAudio, answer, offer, remote_media

# How long the media process may take to open a port: beyond, it is taken for lost.
_OPENING_S = 0.5
# Both sides agree on SDP a little before sound can pass: the first syllable must not be lost.
_LEAD = "pause_400"


class State(Enum):
    """What a session waits for."""

    OPENING = auto()
    OFFERED = auto()
    ANSWERED = auto()
    EARLY = auto()
    PLAYING = auto()
    OVER = auto()


# -- effects


@dataclass(frozen=True, slots=True)
class Progress:
    """183, reliably where the caller can."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """200."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Reject:
    """The final response. cause: Q.850, for a Reason header."""

    status: int
    cause: int | None = None
    warning: str = ""


@dataclass(frozen=True, slots=True)
class HangUp:
    """BYE."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Tell `Expired` after so many seconds, in place of what was to be waited for until now."""

    seconds: float


Effect = Progress | Answer | Reject | HangUp | Wait | control.Open | control.Play | control.Close

# -- events, beside those of the media process


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """ACK or PRACK. body: its SDP, empty unless ours was the offer."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The caller has given up before a final response."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The dialog is over: BYE, or an ACK that never came."""


@dataclass(frozen=True, slots=True)
class Unacknowledged:
    """The reliable 183 has got no PRACK."""


@dataclass(frozen=True, slots=True)
class Expired:
    """What was waited for has not happened in time."""


Event = Acknowledged | Cancelled | Ended | Unacknowledged | Expired | control.Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks. offer: the SDP of the INVITE, empty for none.

    has_100rel: it can acknowledge a provisional response; only so can it answer an early offer of ours.
    only_host:  a stranger's own address: nothing is played elsewhere, so that nobody is flooded by a third;
                None for a peer that is known.
    """

    offer: bytes
    has_100rel: bool
    only_host: str | None = None

    def listener(self, described: bytes) -> RemoteAudio | None:
        """Return where it hears by this SDP, None if nowhere or where it may not."""
        try:
            found = remote_media(described) if described else None
        except Malformed:
            return None
        return found if found is None or self.only_host in (None, found.host) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One announcement. id: names its stream. left: playings to come. listener: once it is known."""

    id: str
    asked: Asked
    caller: Caller
    listener: RemoteAudio | None
    left: int
    state: State = State.OPENING


Step = tuple[Session, list[Effect]]


def begin(identity: str, wanted: Asked, caller: Caller) -> Session | Reject:
    """Return a session whose first effects are `opening`, or the refusal. identity: new for each session."""
    if wanted.early is not None and caller.only_host is not None:
        return Reject(403, 21)
    listener = caller.listener(caller.offer)
    if caller.offer and listener is None:
        # RFC 3261 §20.43: 305 incompatible media format.
        return Reject(488, 88, '305 chakka "Only narrow-band G.711 audio to your own address is accepted"')
    if wanted.early is not None and not caller.offer and not caller.has_100rel:
        return Reject(wanted.early.status, wanted.early.cause)
    return Session(id=identity, asked=wanted, caller=caller, listener=listener, left=wanted.repeat)


def opening(session: Session) -> list[Effect]:
    """Return what a new session asks for."""
    return [control.Open(id=session.id), Wait(_OPENING_S)]


def step(session: Session, event: Event) -> Step:
    """Return what becomes of a session, and what is to be done.

    Events that cross on their way and come too late change nothing.
    """
    if session.state is State.OVER:
        # A port that was opened after all must not stay.
        late = isinstance(event, control.Opened)
        return session, [control.Close(id=session.id)] if late else []
    match event:
        case control.Opened():
            return _opened(session, event)
        case Acknowledged():
            return _acknowledged(session, event)
        case control.Finished():
            return _finished(session)
        case control.Refused() | Expired():
            return _over(session, _ending(session))
        case Cancelled():
            return _over(session, [Reject(487)] if _is_undecided(session) else [])
        case Unacknowledged():
            # RFC 3262 §3: rejected with 5xx.
            return _over(session, [Reject(504)] if _is_undecided(session) else [])
        case Ended():
            return _over(session, [])
        case control.Silent():
            return session, []


def _opened(session: Session, event: control.Opened) -> Step:
    if session.state is not State.OPENING:
        return session, []
    here = (event.host, event.port)
    body = answer(session.caller.offer, *here) if session.caller.offer else offer(*here)
    if body is None:
        return _over(session, [Reject(488, 88)])
    limit = Wait(session.asked.longest_s)
    if session.asked.early is None:
        return replace(session, state=State.ANSWERED), [Answer(body), limit]
    if session.listener is None:
        return replace(session, state=State.OFFERED), [Progress(body), limit]
    return _play(replace(session, state=State.EARLY), [Progress(body), limit])


def _acknowledged(session: Session, event: Acknowledged) -> Step:
    if session.state not in (State.ANSWERED, State.OFFERED):
        return session, []
    listener = session.listener or session.caller.listener(event.body)
    if listener is None:
        return _over(session, _ending(session))
    state = State.PLAYING if session.state is State.ANSWERED else State.EARLY
    return _play(replace(session, state=state, listener=listener), [Wait(session.asked.longest_s)])


def _finished(session: Session) -> Step:
    if session.state not in (State.EARLY, State.PLAYING):
        return session, []
    if session.left:
        return _play(session, [])
    return _over(session, _ending(session))


def _play(session: Session, before: list[Effect]) -> Step:
    """Play once; the pause between two playings stands before the later one."""
    listener = session.listener
    assert listener is not None, "whoever cannot listen is not played to"
    is_first = session.left == session.asked.repeat
    pause = _LEAD if is_first else f"pause_{session.asked.delay_ms}"
    play = control.Play(
        id=session.id,
        host=listener.host,
        port=listener.port,
        law=listener.law.value,
        payload_type=listener.payload_type,
        clips=(pause, *session.asked.clips),
    )
    return replace(session, left=session.left - 1), [*before, play]


def _over(session: Session, last: list[Effect]) -> Step:
    return replace(session, state=State.OVER), [control.Close(id=session.id), *last]


def _ending(session: Session) -> list[Effect]:
    """Return how a session ends that the caller has not ended."""
    early = session.asked.early
    if early is not None:
        return [Reject(early.status, early.cause)]
    if session.state is State.OPENING:
        # Q.850 41: temporary failure.
        return [Reject(503, 41)]
    return [HangUp()]


def _is_undecided(session: Session) -> bool:
    return session.state in (State.OPENING, State.OFFERED, State.EARLY)
