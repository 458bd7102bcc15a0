"""From the stored answer to the release: 200, ACK, changes of the session, BYE (signalling.md §3)."""

from chakka.callplane import guiding, relaying
from chakka.callplane.answering import free_channel
from chakka.callplane.call import Call, On, Reinviting, State
from chakka.callplane.cause import q850_cause
from chakka.callplane.finals import CALLEE_LEFT, REFUSALS, reason_header
from chakka.callplane.instant import Instant
from chakka.callplane.session import described, g711
from chakka.records.model import Confirmed, Released, ReleasedBy
from chakka.routing.decision import Reason
from chakka.sip import events
from chakka.sip.call import Call as Leg
from chakka.sip.message import Request

_NORMAL = 16
_TEMPORARY_FAILURE = 41
_RECOVERY_ON_TIMER = 102


def on_stored(call: Call, now: Instant) -> None:
    """The answer is durable: the caller may have its 200."""
    ((line_tag, session),) = call.current.early.items()
    if call.callee_left is not None or call.caller.is_ended:
        _left_before_the_bridge(call, now)
        return
    is_bridged = call.relay is not None and guiding.bridge(call, call.known.offer)
    if call.answered_by is None:
        call.state = State.ANSWERED
        # RFC 3261 §13.2.1: whose PRACK has answered our offer gets no second one.
        body = b"" if is_bridged and call.is_offerless else session
        call.caller.answer(now.monotonic, body, tag=call.dialog_label(line_tag))
    else:
        _confirm(call, now)
    call.world.outbox.show("answered", call_id=call.id, destination=call.destination_shown)
    call.setup = None
    call.wait(On.LONGEST_TIMER, now.monotonic + call.world.config.calls.longest)


def _confirm(call: Call, now: Instant) -> None:
    """The caller's ACK is here: from now on the call is chargeable (charging.md P1)."""
    call.state = State.UP
    call.answered_by = None
    call.world.outbox.append(Confirmed(call_id=call.id, at_ms=now.utc_ms, monotonic_ms=now.monotonic_ms))
    call.current.early.clear()


def _left_before_the_bridge(call: Call, now: Instant) -> None:
    """One side hung up while the answer was being stored: nobody talked, nothing is charged."""
    by, cause = ReleasedBy.CALLEE, CALLEE_LEFT.cause
    if call.callee_left is None:
        by, cause = ReleasedBy.CALLER, _NORMAL
        if call.current.leg is not None:
            call.current.leg.bye(now.monotonic, (reason_header(cause),))
    call.release_caller(now, CALLEE_LEFT)
    _write_release(call, now, by, conversation_ms=0, cause=cause)


def on_not_stored(call: Call, now: Instant) -> None:
    """The disk did not take the answer: without a record there is no call (reliability.md §3)."""
    branch = call.current
    if branch.leg is not None and call.callee_left is None:
        branch.leg.bye(now.monotonic, (reason_header(REFUSALS[Reason.OVERLOAD].cause),))
    free_channel(call, branch)
    call.refuse(now, Reason.OVERLOAD, REFUSALS[Reason.OVERLOAD], (("Retry-After", "10"),))


def on_acked(call: Call, now: Instant, event: events.Acked) -> None:
    """The caller has our 200; without an offer of its own its answer comes now, for the line or for us."""
    leg, is_offerless = call.current.leg, call.is_offerless
    is_unheard = is_offerless and call.relay is not None and not call.relay.caller_joined
    if is_unheard and not guiding.bridge(call, event.body):
        _hang_up(call, now, ReleasedBy.US, REFUSALS[Reason.MEDIA_NOT_ACCEPTED].cause)
        return
    _confirm(call, now)
    if leg is not None and is_offerless and call.relay is None:
        leg.ack(now.monotonic, g711(event.body))
    if call.callee_left is not None:
        call.caller.bye(now.monotonic)
        _write_release(call, call.callee_left, ReleasedBy.CALLEE)


def on_ack_timeout(call: Call, now: Instant) -> None:
    """No ACK within 64·T1: both legs get BYE; the call was never confirmed and costs nothing."""
    _hang_up(call, now, ReleasedBy.US, _RECOVERY_ON_TIMER)


def on_silence(call: Call, now: Instant) -> None:
    """A side of a relayed call has sent no sound for a minute: it has vanished (reliability.md §2)."""
    _hang_up(call, now, ReleasedBy.US, _RECOVERY_ON_TIMER)


def on_no_media(call: Call, now: Instant) -> None:
    """The relay is lost, and with it every sound of this call: our fault, so units are counted by floor."""
    _hang_up(call, now, ReleasedBy.US, _TEMPORARY_FAILURE, is_fault=True)


def on_session_expired(call: Call, now: Instant) -> None:
    """One side has vanished: its leg has been hung up, the other is too (reliability.md §2, orphans)."""
    _hang_up(call, now, ReleasedBy.US, _RECOVERY_ON_TIMER)


def on_too_long(call: Call, now: Instant) -> None:
    """The longest call is over."""
    _hang_up(call, now, ReleasedBy.US, _RECOVERY_ON_TIMER)


def on_stopping(call: Call, now: Instant) -> None:
    """This node stops: what cuts a call is our fault, so units are counted by floor (charging.md P1)."""
    _hang_up(call, now, ReleasedBy.US, _TEMPORARY_FAILURE, is_fault=True)


def _hang_up(call: Call, now: Instant, by: ReleasedBy, cause: int, *, is_fault: bool = False) -> None:
    headers = (reason_header(cause),)
    call.caller.bye(now.monotonic, headers)
    if call.current.leg is not None and call.callee_left is None:
        call.current.leg.bye(now.monotonic, headers)
    _write_release(call, now, by, cause=cause, is_fault=is_fault)


def on_bye_while_storing(call: Call, now: Instant, event: events.Bye | events.SessionExpired) -> None:
    """A side hung up before the caller could be told; the answer that was issued stands."""
    if event.call is not call.caller:
        call.callee_left = now


def on_bye_before_ack(call: Call, now: Instant, event: events.Bye) -> None:
    """A BYE that overtook the caller's ACK; we may not send BYE before it (RFC 3261 §15)."""
    if event.call is call.caller:
        on_bye(call, now, event)
    else:
        call.callee_left = now


def on_bye(call: Call, now: Instant, event: events.Bye) -> None:
    """One side hung up: the other is released too."""
    cause = _cause_of(event.request)
    headers = (reason_header(cause),)
    if event.call is call.caller:
        if call.current.leg is not None and call.callee_left is None:
            call.current.leg.bye(now.monotonic, headers)
        _write_release(call, now, ReleasedBy.CALLER, cause=cause)
    else:
        call.caller.bye(now.monotonic, headers)
        _write_release(call, now, ReleasedBy.CALLEE, cause=cause)


def _cause_of(request: Request) -> int:
    return q850_cause(request) or _NORMAL


def _write_release(  # noqa: PLR0913 - the parts of one entry
    call: Call,
    end: Instant,
    by: ReleasedBy,
    *,
    conversation_ms: int | None = None,
    cause: int = _NORMAL,
    is_fault: bool = False,
) -> None:
    assert call.answered is not None, "only answered calls are released"
    lasted = end.monotonic_ms - call.answered.monotonic_ms if conversation_ms is None else conversation_ms
    entry = Released(
        call_id=call.id,
        released_at_ms=end.utc_ms,
        conversation_ms=lasted,
        released_by=by,
        cause=cause,
        fault=is_fault,
    )
    call.world.outbox.append(entry)
    free_channel(call, call.current)
    call.leave()
    call.world.outbox.show("released", call_id=call.id, by=by, conversation_ms=lasted)


def on_reinvite(call: Call, now: Instant, event: events.Reinvite) -> None:
    """One side wants to change the session (hold, new address): ask the other."""
    if call.relay is not None and call.state is State.UP:
        relaying.on_reinvite(call, now, event)
        return
    other = _other(call, event.call)
    offer = described(event.request)
    body = g711(offer)
    if other is None or call.reinviting is not None or call.state is not State.UP:
        event.call.refuse(event.transaction, 491, now.monotonic)
    elif offer and not body:
        event.call.refuse(event.transaction, 488, now.monotonic)
    elif not offer and event.request.method == "UPDATE":
        # RFC 3311 §5.1: no change of the session, only a sign of life; the other leg has its own.
        event.call.accept(event.transaction, b"", now.monotonic)
    else:
        call.reinviting = Reinviting(event.call, event.transaction, not offer)
        other.reinvite(now.monotonic, body)


def on_reinvite_answered(call: Call, now: Instant, event: events.ReinviteAnswered) -> None:
    """The other side agreed: its answer (or offer, if there was none) goes back."""
    change = call.reinviting
    body = g711(described(event.response))
    if change is None:
        event.call.ack(now.monotonic)
        return
    if not change.is_offerless:
        event.call.ack(now.monotonic)
        call.reinviting = None
    change.asking.accept(change.transaction, body, now.monotonic)


def on_reacked(call: Call, now: Instant, event: events.Acked) -> None:
    """ACK within an established call: the answer to an offer that the other side made, or nothing new."""
    if call.relay is not None:
        relaying.on_acked(call, now, event)
        return
    change = call.reinviting
    if change is None or change.asking is not event.call:
        return
    call.reinviting = None
    other = _other(call, event.call)
    if other is not None:
        other.ack(now.monotonic, g711(event.body))


def on_reinvite_failed(call: Call, now: Instant, event: events.ReinviteFailed) -> None:
    """The other side refused: the session stays as it was."""
    change, call.reinviting = call.reinviting, None
    if change is not None:
        change.asking.refuse(change.transaction, event.status, now.monotonic)


def _other(call: Call, leg: Leg) -> Leg | None:
    return call.current.leg if leg is call.caller else call.caller
