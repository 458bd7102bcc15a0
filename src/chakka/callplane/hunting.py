"""Trying lines one after another: branches, early media, overflow (service.md R4.2, signalling.md §3)."""

from chakka.callplane import guiding, way_out
from chakka.callplane.answering import release_branch, store
from chakka.callplane.branch import Branch
from chakka.callplane.branches import (
    BranchEnd,
    branch_end,
    exhausted,
    goes_elsewhere,
    goes_on,
    refused_by_trunk,
)
from chakka.callplane.call import Call, On, State
from chakka.callplane.cause import q850_cause
from chakka.callplane.finals import INTERNAL_FAULT, REFUSALS, reason_header, rejected_by_line
from chakka.callplane.instant import Instant
from chakka.callplane.ladders import Leg
from chakka.callplane.session import answered, described, g711, through_relay
from chakka.routing.decision import Reason
from chakka.sip import events
from chakka.sip.message import Response
from chakka.sip.sdp import offer

# Early dialogs of one line that are passed on: a forking PBX has a few telephones, not hundreds.
_MOST_EARLY = 16
# The status that our own CANCEL brings about.
_CANCELLED = 487


def begin(call: Call, now: Instant) -> None:
    """Try the first target."""
    call.state = State.HUNTING
    _next_target(call, now)


def _next_target(call: Call, now: Instant) -> None:
    """Try the next target that can be tried; none left: the call ends."""
    targets = call.known.decision.targets
    while call.tried < len(targets):
        call.tried += 1
        if _try(call, targets[call.tried - 1], now):
            return
    _refuse_as_lines_did(call, now)


def _refuse_as_lines_did(call: Call, now: Instant) -> None:
    reason, final = exhausted(branch.end for branch in call.branches if branch.end is not None)
    call.refuse(now, reason, final)


def _try(call: Call, number: str, now: Instant) -> bool:
    """Start a branch; False when it ended at once, for want of a route or of a free channel."""
    world = call.world
    call.ways = way_out.ways(call, number, now)
    if not call.ways:
        _pass_over(call, number, now, BranchEnd.UNREACHABLE, 404)
        return False
    if call.known.plan and number in world.occupancy.busy(call.known.plan):
        _pass_over(call, number, now, BranchEnd.BUSY, 486)
        return False
    if not world.lines.is_reachable(number, now) and _another_is_reachable(call, now):
        _pass_over(call, number, now, BranchEnd.UNREACHABLE, 480)
        return False
    _invite(call, number, now)
    return True


def _pass_over(call: Call, number: str, now: Instant, end: BranchEnd, status: int) -> None:
    """Write down that a target was not tried: no address, no channel, or silent while another is there."""
    branch = Branch(number, call.ways[0].uri if call.ways else "", now)
    branch.close(end, status)
    call.branches.append(branch)


def _another_is_reachable(call: Call, now: Instant) -> bool:
    later = call.known.decision.targets[call.tried :]
    return any(call.world.lines.is_reachable(number, now) for number in later)


def _invite(call: Call, number: str, now: Instant) -> None:
    """Try the next way to a line, as a branch of its own."""
    world, setup = call.world, call.known
    way = call.ways.pop(0)
    branch = Branch(number, way.uri, now)
    call.branches.append(branch)
    if setup.outbound is None:
        branch.holds_channel = True
        world.occupancy.seize(number)
    invite = way_out.invite(call, way, _offer_to_line(call))
    branch.leg = world.agent.invite(invite, now.monotonic)
    branch.leg.owner = call
    leg = Leg(call.id, branch.leg.call_id, call.destination_shown)
    world.ladders.add_line(leg, way.destination, now.monotonic)
    _await_reply(call, now)
    call.wait(On.RING_TIMER, now.monotonic + _ring_time(call))


def _await_reply(call: Call, now: Instant) -> None:
    call.wait(On.NO_REPLY_TIMER, now.monotonic + way_out.answer_within(call))


def _offer_to_line(call: Call) -> bytes:
    """The caller's offer with G.711 alone; through a relay the line sends its sound to us."""
    offered = call.known.offer
    here = call.relay.towards_callee if call.relay else None
    if here is None:
        return g711(offered)
    return through_relay(offered, here) if offered else offer(*here)


def _ring_time(call: Call) -> float:
    """Seconds that the current target may ring: the last of an overflow list rings on (plan-format.md)."""
    longest = call.world.config.calls.ring
    decision = call.known.decision
    is_last_of_several = call.tried == len(decision.targets) > 1
    if decision.ring_seconds is None or is_last_of_several:
        return longest
    return min(float(decision.ring_seconds), longest)


def on_provisional(call: Call, now: Instant, event: events.Provisional) -> None:
    """The line is there: stop waiting for a sign of life; pass ringing and its early media on."""
    call.unwait(On.NO_REPLY_TIMER)
    status = event.response.status
    if status == 100:
        return
    branch = call.current
    if not branch.has_rung:
        branch.ringing_at_ms = now.utc_ms
        call.world.outbox.show("ringing", call_id=call.id, destination=call.destination_shown)
    _pass_ringing(call, now, event.response, event.tag)


def _pass_ringing(call: Call, now: Instant, response: Response, line_tag: str | None) -> None:
    branch = call.current
    if line_tag not in branch.early and len(branch.early) >= _MOST_EARLY:
        return
    session = branch.early[line_tag] = branch.early.get(line_tag) or _session(call, response)
    if call.known.trunk.single_early_dialog:
        if not call.has_rung_out:
            call.has_rung_out = True
            call.caller.progress(now.monotonic, 180)
        return
    body = session if _passes_early_media(call) else b""
    status = 183 if response.status == 183 and body else 180
    tag = call.dialog_label(line_tag)
    call.caller.progress(now.monotonic, status, tag=tag, body=body, reliable=bool(body))


def _passes_early_media(call: Call) -> bool:
    """Through a relay nothing of the line is heard before the bridge (R5.1): the caller hears it ring.

    To a caller without an offer the line's is passed on in the 200 alone: its answer would come too early.
    """
    return call.relay is None and not call.is_offerless and not call.known.trunk.single_early_dialog


def _session(call: Call, response: Response) -> bytes:
    """What a line's response describes; through a relay it answers our offer, not the caller's."""
    return answered(b"" if call.relay else call.known.offer, described(response))


def on_no_reply(call: Call, now: Instant) -> None:
    """No sign of life within the line's time: unreachable (R4.2)."""
    _give_up(call, now, BranchEnd.UNREACHABLE, 408)


def on_ring_time(call: Call, now: Instant) -> None:
    """The ring time is over."""
    _give_up(call, now, BranchEnd.NOT_ANSWERED, _CANCELLED)


def _give_up(call: Call, now: Instant, end: BranchEnd, status: int) -> None:
    branch = call.current
    if branch.leg is not None:
        branch.leg.cancel(now.monotonic)
    _branch_over(call, now, end, status, None)


def on_failed(call: Call, now: Instant, event: events.Failed) -> None:
    """The line gave a final response, or none could be had."""
    if _gives_credentials(call, now, event):
        return
    cause = q850_cause(event.response) if event.response else None
    if event.cause == "transport":
        end = BranchEnd.NETWORK
    elif event.cause == "timeout" and not call.current.has_rung:
        end = BranchEnd.UNREACHABLE
    else:
        end = branch_end(event.status, has_rung=call.current.has_rung)
    _branch_over(call, now, end, event.status, cause)


def _gives_credentials(call: Call, now: Instant, event: events.Failed) -> bool:
    """Answer a challenge of the line's server once, if we are known in its realm (reliability.md §1)."""
    branch = call.current
    if branch.leg is None or branch.has_credentials or event.response is None:
        return False
    headers = way_out.answer_to_challenge(call, event)
    if not headers:
        return False
    branch.has_credentials = True
    branch.leg.again(now.monotonic, headers)
    _await_reply(call, now)
    return True


def _branch_over(call: Call, now: Instant, end: BranchEnd, status: int, cause: int | None) -> None:
    branch = call.current
    release_branch(call, branch)
    branch.close(end, status, cause)
    if goes_elsewhere(end, status, is_outgoing=call.known.outbound is not None) and call.ways:
        _invite(call, branch.number, now)
    elif call.known.outbound is not None:
        call.refuse(now, *refused_by_trunk(end, status, cause))
    elif goes_on(end, ring_seconds=call.known.decision.ring_seconds):
        _next_target(call, now)
    elif end is BranchEnd.NOT_ANSWERED:
        _refuse_as_lines_did(call, now)
    else:
        call.refuse(now, Reason.REJECTED, rejected_by_line(status, cause))


def on_given_up(call: Call, now: Instant) -> None:
    """The caller gave up before an answer: the line stops ringing."""
    _stop_ringing(call, now)
    call.refuse(now, Reason.ABANDONED, REFUSALS[Reason.ABANDONED])


def on_stopping(call: Call, now: Instant) -> None:
    """This node stops: the carrier may try another."""
    _stop_ringing(call, now)
    call.refuse(now, Reason.OVERLOAD, REFUSALS[Reason.OVERLOAD], (("Retry-After", "10"),))


def on_fault(call: Call, now: Instant) -> None:
    """A bug of ours: the line stops ringing, or is hung up, and the caller gets 500."""
    leg = call.current.leg if call.branches else None
    if leg is not None and leg.dialog is not None:
        leg.bye(now.monotonic)
        release_branch(call, call.current)
    elif leg is not None:
        _stop_ringing(call, now)
    call.refuse(now, Reason.OVERLOAD, INTERNAL_FAULT)


def _stop_ringing(call: Call, now: Instant) -> None:
    branch = call.branches[-1] if call.branches else None
    if branch is not None and branch.leg is not None:
        branch.leg.cancel(now.monotonic)
        branch.close(BranchEnd.NOT_ANSWERED, _CANCELLED)
        release_branch(call, branch)


def on_answered(call: Call, now: Instant, event: events.Answered) -> None:
    """A line answered: with a relay both sides hear their guidance first."""
    branch = call.current
    assert branch.leg is not None, "an answer comes on a leg"
    early, last = branch.early.get(event.tag, b""), _session(call, event.response)
    # What the caller has is repeated byte for byte; a line that was acknowledged a session in its 18x
    # (RFC 3262 §5) need not repeat it.
    session = early or last if _passes_early_media(call) else last or early
    if call.relay or not call.is_offerless:
        branch.leg.ack(now.monotonic)
    if not session:
        _answered_without_session(call, now)
        return
    branch.status = event.response.status
    branch.early = {event.tag: session}
    if call.relay:
        guiding.begin(call, now)
    else:
        store(call, now)


def _answered_without_session(call: Call, now: Instant) -> None:
    """A 200 whose SDP has no G.711 that we offered is no answer that can be talked on."""
    branch = call.current
    if branch.leg is not None:
        branch.leg.bye(now.monotonic, (reason_header(88),))
    _branch_over(call, now, BranchEnd.UNREACHABLE, 488, None)
