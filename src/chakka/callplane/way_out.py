"""Where a call goes out, and how: to a line of ours, or by the outbound trunk (signalling.md §3, §4)."""

from chakka.callplane.bindings import LineTarget
from chakka.callplane.call import Call
from chakka.callplane.instant import Instant
from chakka.callplane.line_invite import line_invite
from chakka.callplane.outbound import trunk_invite
from chakka.sip import events
from chakka.sip.agent import Outgoing
from chakka.sip.transaction_message import HeaderPairs

# A trunk gives a sign of life as fast as a line does (R4.2), or its next host is asked.
_TRUNK_ANSWERS_WITHIN = 4.0


def ways(call: Call, number: str, now: Instant) -> list[LineTarget]:
    """Return where a target is tried, in order."""
    lines, outbound = call.world.lines, call.known.outbound
    return lines.ways(number, now) if outbound is None else lines.trunk_ways(outbound.trunk, number)


def invite(call: Call, way: LineTarget, offer: bytes) -> Outgoing:
    """Return the INVITE for one way. offer: G.711 alone, or empty."""
    config, setup = call.world.config, call.known
    if setup.outbound is None:
        return line_invite(config, way, setup.attempt, offer, setup.hops - 1)
    return trunk_invite(config, way, setup.outbound, offer, setup.hops - 1)


def answer_within(call: Call) -> float:
    """Return the seconds within which the current branch must give a sign of life."""
    if call.known.outbound is not None:
        return _TRUNK_ANSWERS_WITHIN
    return call.world.config.lines[call.current.number].answer_within


def answer_to_challenge(call: Call, failed: events.Failed) -> HeaderPairs:
    """Return the headers for a 401 or 407 of the current branch; () if its realm is none of ours there."""
    lines, branch, outbound = call.world.lines, call.current, call.known.outbound
    if outbound is None:
        return lines.answer_to_challenge(failed, branch.number, branch.address)
    return lines.answer_to_trunk(failed, outbound.trunk, branch.address)
