"""The relay between the legs: its streams before the first line is tried, and changes while it is up.

With a relay each leg has its session with us: a re-INVITE of one side is answered here, and the other side's
session stays as it is.
"""

from chakka.callplane import hunting
from chakka.callplane.call import Call, On, Reinviting, Relay, State
from chakka.callplane.instant import Instant
from chakka.callplane.session import described, g711, listener
from chakka.config import Address
from chakka.media.control import LONGEST_IDLE_S, Move, Open, Opened
from chakka.sip import events
from chakka.sip.sdp import Direction, RemoteAudio, Session, answer, offer

# Who holds says `sendonly` and may play music or nothing at all; silence then says nothing about being there.
_SPEAKING = Direction.SENDRECV


def is_wanted(call: Call) -> bool:
    """Return whether anything is to be said before the bridge, to a caller that we can reach with sound."""
    plan = call.known.plan
    if plan is None or not (plan.guidance or plan.whisper):
        return False
    if call.is_offerless:
        # Ours must go in a reliable 183 (signalling.md §3).
        return call.caller.supports_100rel
    reached = listener(call.known.offer)
    # Not for our streams: who says no address yet (RFC 3725 §4.2), or one of the other IP version.
    if reached is None or reached.host in ("0.0.0.0", "::"):
        return False
    return (":" in reached.host) == (":" in call.world.config.rtp_host)


def begin(call: Call, now: Instant) -> None:
    """Ask for the two streams, before the first line is tried."""
    call.state = State.PREPARING
    call.relay = Relay()
    # Every target may ring so long, one after another, before a stream is used.
    waiting = int(call.world.config.calls.ring) * len(call.known.decision.targets) + 60
    streams = (call.caller_stream, call.callee_stream)
    call.world.outbox.media += [Open(id=stream, idle_s=min(waiting, LONGEST_IDLE_S)) for stream in streams]
    call.wait(On.MEDIA_TIMER, now.monotonic + call.world.config.calls.media_open)


def on_opened(call: Call, now: Instant, event: Opened) -> None:
    """A stream has its port; with both of them the lines can be tried."""
    relay = call.the_relay
    if event.id == call.caller_stream:
        relay.towards_caller = (event.host, event.port)
    else:
        relay.towards_callee = (event.host, event.port)
    if relay.towards_caller and relay.towards_callee:
        call.unwait_all()
        hunting.begin(call, now)


def on_no_streams(call: Call, now: Instant) -> None:
    """The media process is away: a call without guidance is better than no call."""
    call.close_streams()
    call.unwait_all()
    call.world.outbox.show("guidance_skipped", call_id=call.id)
    hunting.begin(call, now)


def on_reinvite(call: Call, now: Instant, event: events.Reinvite) -> None:
    """One side changes its session: it is with us, so we answer."""
    stream, here = _side(call, event)
    asked = g711(described(event.request))
    if event.request.method == "UPDATE" and not event.request.body:
        event.call.accept(event.transaction, b"", now.monotonic)
    elif not event.request.body:
        call.reinviting = Reinviting(event.call, event.transaction, True)
        event.call.accept(event.transaction, offer(*here, session=_changed(call)), now.monotonic)
    elif not asked:
        event.call.refuse(event.transaction, 488, now.monotonic)
    else:
        _move(call, stream, listener(asked))
        ours = answer(asked, *here, session=_changed(call)) or b""
        event.call.accept(event.transaction, ours, now.monotonic)


def _changed(call: Call) -> Session:
    """Return what o= says of a description that may differ from ours so far (RFC 3264 §8).

    Both sides count together: a version may leave numbers out.
    """
    call.the_relay.version += 1
    return Session(version=call.the_relay.version)


def on_acked(call: Call, now: Instant, event: events.Acked) -> None:
    """The ACK of a re-INVITE without an offer carries the answer to ours."""
    if call.reinviting is not None and call.reinviting.asking is event.call:
        call.reinviting = None
        _move(call, _stream(call, is_caller=event.call is call.caller), listener(g711(event.body)))


def _side(call: Call, event: events.Reinvite) -> tuple[str, Address]:
    is_caller = event.call is call.caller
    relay = call.the_relay
    here = relay.towards_caller if is_caller else relay.towards_callee
    assert here is not None, "both streams are open while a relay is up"
    return _stream(call, is_caller=is_caller), here


def _stream(call: Call, *, is_caller: bool) -> str:
    return call.caller_stream if is_caller else call.callee_stream


def _move(call: Call, stream: str, peer: RemoteAudio | None) -> None:
    if peer is None:
        return
    move = Move(
        id=stream,
        host=peer.host,
        port=peer.port,
        law=peer.law.value,
        payload_type=peer.payload_type,
        telephone_event=peer.telephone_event_pt,
        is_listening=peer.is_listening,
        is_speaking=peer.is_listening and peer.direction is _SPEAKING,
    )
    call.world.outbox.media.append(move)
