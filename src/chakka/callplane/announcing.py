"""Refusals, with an announcement as early media where there is one (signalling.md §2; R5.2, R5.3)."""

from chakka.callplane.call import Call, On, State
from chakka.callplane.finals import NO_TRUNK, REFUSALS
from chakka.callplane.instant import Instant
from chakka.callplane.session import has_audio, listener
from chakka.media import prompts
from chakka.media.control import Open, Opened, Play
from chakka.routing.decision import Announcement, Reason
from chakka.sip import events
from chakka.sip.sdp import RemoteAudio, answer, offer

# Both sides agree on SDP a little before sound can pass: the first syllable must not be lost.
_LEAD = "pause_400"


def begin(call: Call, now: Instant) -> None:
    """Play the decision's announcement, or refuse at once when there is none that can be heard."""
    if call.known.decision.announcement is None or not _can_listen(call):
        refuse(call, now)
        return
    call.state = State.OPENING
    call.world.outbox.media.append(Open(id=call.id))
    call.wait(On.MEDIA_TIMER, now.monotonic + call.world.config.calls.media_open)


def _can_listen(call: Call) -> bool:
    """Without an offer ours goes in a 200, or in a reliable 183 if the caller can acknowledge it."""
    if call.is_offerless:
        return call.caller.supports_100rel or not call.known.trunk.early_media
    return listener(call.known.offer) is not None


def on_opened(call: Call, now: Instant, event: Opened) -> None:
    """The stream has a port: tell the caller by 183 (or 200, R5.3) and play, once it is known where to."""
    call.state = State.PLAYING
    call.wait(On.MEDIA_TIMER, now.monotonic + call.world.config.calls.announcement)
    here = (event.host, event.port)
    body = offer(*here) if call.is_offerless else answer(call.known.offer, *here) or b""
    if not call.known.trunk.early_media:
        call.answered_by = "announcement"
        call.caller.answer(now.monotonic, body)
        return
    call.caller.progress(now.monotonic, 183, body=body, reliable=True)
    reached = listener(call.known.offer)
    if reached is not None:
        _play(call, reached)


def on_pracked(call: Call, now: Instant, event: events.Pracked) -> None:
    """The caller has our 183; when we made the offer, its PRACK says where it listens."""
    if call.is_offerless:
        _play_or_end(call, now, listener(event.body))


def on_acked(call: Call, now: Instant, event: events.Acked) -> None:
    """A caller that was answered for the announcement is there: it can begin."""
    _play_or_end(call, now, listener(event.body if call.is_offerless else call.known.offer))


def _play_or_end(call: Call, now: Instant, reached: RemoteAudio | None) -> None:
    if reached is None:
        on_over(call, now)
    else:
        _play(call, reached)


def _play(call: Call, reached: RemoteAudio) -> None:
    announcement = call.known.decision.announcement
    assert announcement is not None, "only then a stream is opened"
    play = Play(
        id=call.id,
        host=reached.host,
        port=reached.port,
        law=reached.law.value,
        payload_type=reached.payload_type,
        clips=(_LEAD, *_clips(call, announcement)),
        repeat=prompts.repeats(announcement),
        pause_ms=prompts.REPEAT_PAUSE_MS,
    )
    call.world.outbox.media.append(play)
    call.world.outbox.show("announcing", call_id=call.id, announcement=announcement)


def _clips(call: Call, announcement: Announcement) -> tuple[str, ...]:
    return prompts.script(announcement, number=call.number, variant=call.known.attempt.caller_class)


def on_over(call: Call, now: Instant) -> None:
    """The text is over, or cannot be played: final response."""
    refuse(call, now)


def on_given_up(call: Call, now: Instant) -> None:
    """The caller hung up while listening: the call was refused all the same, for the decision's reason."""
    call.refuse(now, call.known.decision.reason, REFUSALS[Reason.ABANDONED])


def refuse(call: Call, now: Instant) -> None:
    """End the call as the decision says."""
    reason = call.known.decision.reason
    headers: tuple[tuple[str, str], ...] = ()
    final = REFUSALS[reason]
    if reason is Reason.MEDIA_NOT_ACCEPTED:
        # RFC 3261 §20.43: 304 media type not available, 305 incompatible media format.
        code = 305 if has_audio(call.known.offer) else 304
        headers = (("Warning", f'{code} chakka "Only narrow-band G.711 audio is accepted"'),)
    elif reason is Reason.UNREACHABLE:
        final = NO_TRUNK
        # RFC 3261 §20.43: 399 miscellaneous warning.
        headers = (("Warning", '399 chakka "No outbound trunk is configured"'),)
    call.refuse(now, reason, final, headers)
