"""Connection guidance and whisper: both sides hear their text from us before they are bridged (R5.1, §9.11).

Two streams of the media process stand between the legs: their addresses are in the SDP from the start, so
that bridging needs no change of either session. The 200 to the caller, and charging, come at bridging.
"""

from chakka.callplane.answering import release_branch, store
from chakka.callplane.branch import Branch
from chakka.callplane.call import Call, On, State
from chakka.callplane.finals import CALLEE_LEFT, NETWORK_FAILED, REFUSALS, reason_header
from chakka.callplane.instant import Instant
from chakka.callplane.session import listener
from chakka.media import prompts
from chakka.media.control import Bridge, Finished, Join, Play
from chakka.routing.decision import Reason
from chakka.sip import events
from chakka.sip.sdp import RemoteAudio, answer, offer

# A telephone that has just been picked up is not at the ear yet.
_LEAD = "pause_100"


def begin(call: Call, now: Instant) -> None:
    """The line answered: it hears us now, and so does the caller."""
    ((line_tag, session),) = call.current.early.items()
    reached = listener(session)
    plan, trunk = call.known.plan, call.known.trunk
    assert reached is not None and plan is not None, "the session was checked, the plan wants guidance"
    call.unwait_all()
    call.state = State.GUIDING
    call.current.early = {line_tag: _session_for_caller(call, reached)}
    call.wait(On.MEDIA_TIMER, now.monotonic + call.world.config.calls.announcement)
    _join(call, call.callee_stream, reached)
    _play(call, call.callee_stream, _callee_script(call))
    if plan.guidance:
        call.the_relay.playing.add(call.caller_stream)
        _show_caller(call, now, line_tag, early_media=trunk.early_media)


def _session_for_caller(call: Call, line: RemoteAudio) -> bytes:
    """The caller gets the law that the line chose, if it offered that one, so that nothing is transcoded."""
    here = call.the_relay.towards_caller
    assert here is not None, "both streams are open before a line is tried"
    if call.is_offerless:
        return offer(*here)
    return answer(call.known.offer, *here, law=line.law) or answer(call.known.offer, *here) or b""


def _callee_script(call: Call) -> tuple[str, ...]:
    plan, attempt = call.known.plan, call.known.attempt
    clips: tuple[str, ...] = (_LEAD,)
    if plan is not None and plan.guidance:
        clips += prompts.script("guidance_callee")
    if plan is not None and plan.whisper:
        clips += prompts.script("whisper", variant=attempt.rating_class, prefecture=attempt.prefecture)
    return clips


def _show_caller(call: Call, now: Instant, line_tag: str | None, *, early_media: bool) -> None:
    """Let the caller hear its text: as early media, or answered for trunks that carry none (R5.3)."""
    ((_, session),) = call.current.early.items()
    label = call.dialog_label(line_tag)
    if early_media:
        call.caller.progress(now.monotonic, 183, tag=label, body=session, reliable=True)
        reached = listener(call.known.offer)
        if reached is not None:
            _guide_caller(call, reached)
    else:
        call.answered_by = "guidance"
        call.caller.answer(now.monotonic, session, tag=label)


def on_pracked(call: Call, now: Instant, event: events.Pracked) -> None:
    """The PRACK of an offerless caller says where it listens; those for mere ringing say nothing."""
    if call.is_offerless and not call.the_relay.caller_joined and not call.caller.awaits_answer:
        _guide_or_end(call, now, listener(event.body))


def on_acked(call: Call, now: Instant, event: events.Acked) -> None:
    """A caller that was answered first is there now: its text can begin."""
    _guide_or_end(call, now, listener(event.body if call.is_offerless else call.known.offer))


def _guide_or_end(call: Call, now: Instant, reached: RemoteAudio | None) -> None:
    """A caller that does not say where it listens can be talked with no more than it can be guided."""
    if reached is None:
        _hang_up_line(call, now)
        call.refuse(now, Reason.MEDIA_NOT_ACCEPTED, REFUSALS[Reason.MEDIA_NOT_ACCEPTED])
    else:
        _guide_caller(call, reached)


def _guide_caller(call: Call, reached: RemoteAudio) -> None:
    _join_caller(call, reached)
    _play(call, call.caller_stream, (_LEAD, *prompts.script("guidance_caller")))


def _join_caller(call: Call, reached: RemoteAudio) -> None:
    _join(call, call.caller_stream, reached)
    call.the_relay.caller_joined = True


def _join(call: Call, stream: str, peer: RemoteAudio) -> None:
    join = Join(
        id=stream,
        host=peer.host,
        port=peer.port,
        law=peer.law.value,
        payload_type=peer.payload_type,
        telephone_event=peer.telephone_event_pt,
    )
    call.world.outbox.media.append(join)


def _play(call: Call, stream: str, clips: tuple[str, ...]) -> None:
    call.the_relay.playing.add(stream)
    call.world.outbox.media.append(Play(id=stream, clips=clips))


def on_finished(call: Call, now: Instant, event: Finished) -> None:
    """A text is over; when both are, the call is written down and then bridged."""
    playing = call.the_relay.playing
    playing.discard(event.id)
    if not playing:
        store(call, now)


def bridge(call: Call, described: bytes) -> bool:
    """Let both sides hear each other; a caller that was told nothing is heard from now on.

    described: the caller's session. Result: False as long as that says nowhere where it listens.
    """
    if not call.the_relay.caller_joined:
        reached = listener(described)
        if reached is None:
            return False
        _join_caller(call, reached)
    call.world.outbox.media.append(Bridge(id=call.caller_stream, other=call.callee_stream))
    return True


def on_given_up(call: Call, now: Instant) -> None:
    """The caller left during its text: nothing is charged."""
    _hang_up_line(call, now)
    call.refuse(now, Reason.ABANDONED, REFUSALS[Reason.ABANDONED])


def on_bye(call: Call, now: Instant, event: events.Bye | events.SessionExpired) -> None:
    """One side hung up during the guidance: no overflow, nothing is charged (signalling.md §2)."""
    if event.call is call.caller:
        on_given_up(call, now)
        return
    release_branch(call, call.current)
    call.refuse(now, Reason.REJECTED, CALLEE_LEFT)


def on_no_media(call: Call, now: Instant) -> None:
    """The streams are lost: the call cannot be bridged any more."""
    _hang_up_line(call, now)
    call.refuse(now, Reason.UNREACHABLE, NETWORK_FAILED)


def on_stopping(call: Call, now: Instant) -> None:
    """This node stops, or a bug of ours broke the call off."""
    _hang_up_line(call, now)
    call.refuse(now, Reason.OVERLOAD, REFUSALS[Reason.OVERLOAD])


def _hang_up_line(call: Call, now: Instant) -> None:
    branch: Branch = call.current
    if branch.leg is not None:
        branch.leg.bye(now.monotonic, (reason_header(31),))
    release_branch(call, branch)


def on_reinvite(call: Call, now: Instant, event: events.Reinvite) -> None:
    """No change of the session before the bridge."""
    event.call.refuse(event.transaction, 491, now.monotonic)
