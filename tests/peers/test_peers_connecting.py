"""Calls that reach a line, or try to: ringing, answer, overflow, limits (service.md R4.2)."""

from peer_node import ANSWER_WITHIN_S, RING_S, Line, Node, wait_until
from peer_plans import business
from peer_sipp import Sipps
from peer_steps import (
    ANSWERED,
    HANGS_UP,
    MOBILE_CALLER,
    answers,
    invite,
    is_refused,
    refuses,
    rings_until_cancelled,
    talks_and_hangs_up,
)

from chakka.cli.seen_call import SeenCall


def legs(call: SeenCall) -> list[tuple[str, int]]:
    """Return (line number, final status) of each branch."""
    return [(leg.destination, leg.status) for leg in call.record.facts.legs]


def ending(call: SeenCall) -> tuple[str, int, int | None]:
    """Return what the caller got: reason, status, Q.850 cause."""
    return (call.record.reason, call.record.status, call.record.cause)


def test_an_answered_call_rings_talks_and_is_charged(node: Node, sipp: Sipps) -> None:
    number, (line,) = business(node)
    callee = sipp.line(line, answers())
    caller = sipp.caller(number, talks_and_hangs_up(1000)).finish()
    callee.finish()
    assert caller.statuses() == [100, 180, 200]
    call = node.the_call(number)
    record = call.record
    assert (record.reason, record.facts.outcome, record.destination) == ("ok", "connect", line.number)
    assert record.is_confirmed
    assert 900 <= record.conversation_ms <= 2500
    assert record.released_by == "caller"
    assert legs(call) == [(line.number, 200)]
    assert (call.rated.units, call.rated.amount_uy) == (1, 8_000_000)


def test_a_mobile_caller_costs_what_the_tariff_says(node: Node, sipp: Sipps) -> None:
    number, (line,) = business(node)
    callee = sipp.line(line, answers())
    sipp.caller(number, talks_and_hangs_up(100, MOBILE_CALLER)).finish()
    callee.finish()
    call = node.the_call(number)
    assert call.record.facts.attempt.rating_class == "mobile"
    assert call.rated.amount_uy == 16_000_000


def test_the_line_learns_who_calls_and_what_was_dialled(node: Node, sipp: Sipps) -> None:
    number, (line,) = business(node)
    callee = sipp.line(line, answers())
    hidden = ("X-Secret: 1", "Subject: copied?")
    steps = [invite(headers=hidden), *ANSWERED, *HANGS_UP]
    sipp.caller(number, steps).finish()
    received = callee.finish().requests("INVITE")[0]
    assert received.start_line == f"INVITE sip:{line.number}@{line.host}:5060 SIP/2.0"
    assert "0422511234@" in received["From"]
    assert f"sip:{number}@" in received["History-Info"]
    assert f"sip:{number}@" in received["P-Called-Party-ID"]
    assert received["Max-Forwards"] == "69"
    assert not received["X-Secret"] and not received["Subject"]


def test_a_withheld_number_is_never_shown_to_the_line(node: Node, sipp: Sipps) -> None:
    number, (line,) = business(node)
    callee = sipp.line(line, answers())
    withheld = ("P-Asserted-Identity: <sip:+81422511234@[local_ip]>", "Privacy: id")
    steps = [invite("anonymous", headers=withheld), *ANSWERED, *HANGS_UP]
    sipp.caller(number, steps).finish()
    received = callee.finish().requests("INVITE")[0]
    assert "422511234" not in str(received)
    assert "anonymous" in received["From"].lower()
    attempt = node.the_call(number).record.facts.attempt
    assert (attempt.calling_number, attempt.presentation) == ("0422511234", "withheld")


def test_r4_2_busy_overflows_to_the_second_line(node: Node, sipp: Sipps) -> None:
    number, (first, second) = business(node, 2, overflow=True)
    busy = sipp.line(first, refuses(486, "Busy Here"))
    callee = sipp.line(second, answers())
    sipp.caller(number, talks_and_hangs_up(100)).finish()
    busy.finish()
    callee.finish()
    call = node.the_call(number)
    assert legs(call) == [(first.number, 486), (second.number, 200)]
    assert call.record.destination == second.number
    assert call.rated.amount_uy == 8_000_000


def test_each_branch_is_an_early_dialog_of_its_own(node: Node, sipp: Sipps) -> None:
    number, (first, second) = business(node, 2, overflow=True)
    busy = sipp.line(first, refuses(486, "Busy Here", rings=True))
    callee = sipp.line(second, answers())
    caller = sipp.caller(number, talks_and_hangs_up(100)).finish()
    busy.finish()
    callee.finish()
    tags = list(dict.fromkeys(message["To"] for message in caller.received() if message.status == 180))
    assert len(tags) == 2
    assert caller.final()["To"] == tags[1]


def test_r4_2_all_busy_is_told_as_busy(node: Node, sipp: Sipps) -> None:
    number, lines = business(node, 2, overflow=True)
    busy = [sipp.line(line, refuses(486, "Busy Here")) for line in lines]
    caller = sipp.caller(number, is_refused(486)).finish()
    for each in busy:
        each.finish()
    assert "cause=17" in caller.final()["Reason"]
    call = node.the_call(number)
    assert ending(call) == ("all_busy", 486, 17)
    assert legs(call) == [(line.number, 486) for line in lines]
    assert call.rated is None


def test_r4_2_ring_time_over_tries_the_next_line(node: Node, sipp: Sipps) -> None:
    number, (first, second) = business(node, 2, overflow=True, ring_seconds=5)
    rings = sipp.line(first, rings_until_cancelled())
    callee = sipp.line(second, answers())
    sipp.caller(number, talks_and_hangs_up(100)).finish()
    rings.finish()
    callee.finish()
    call = node.the_call(number)
    assert [destination for destination, _ in legs(call)] == [first.number, second.number]
    assert call.record.destination == second.number
    rang, answered = call.record.facts.legs
    assert answered.seized_at_ms - rang.ringing_at_ms >= (RING_S - 0.5) * 1000


def test_nobody_answers_and_the_caller_is_told_so(node: Node, sipp: Sipps) -> None:
    number, lines = business(node, 2, overflow=True, ring_seconds=5)
    rings = [sipp.line(line, rings_until_cancelled()) for line in lines]
    caller = sipp.caller(number, is_refused(480)).finish()
    for each in rings:
        each.finish()
    assert "cause=19" in caller.final()["Reason"]
    assert ending(node.the_call(number)) == ("no_answer", 480, 19)


def test_r4_2_a_line_where_nothing_listens_overflows(node: Node, sipp: Sipps) -> None:
    number, (dead, second) = business(node, 2, overflow=True)
    callee = sipp.line(second, answers())
    sipp.caller(number, talks_and_hangs_up(100)).finish()
    callee.finish()
    call = node.the_call(number)
    unreachable, answered = call.record.facts.legs
    assert (unreachable.destination, unreachable.ringing_at_ms) == (dead.number, None)
    assert answered.seized_at_ms - unreachable.seized_at_ms >= ANSWER_WITHIN_S * 900


def test_when_no_line_can_be_reached_the_caller_is_told_so(node: Node, sipp: Sipps) -> None:
    number, _ = business(node)
    caller = sipp.caller(number, is_refused(480)).finish()
    assert "cause=20" in caller.final()["Reason"]
    assert ending(node.the_call(number)) == ("unreachable", 480, 20)


def test_r4_2_a_failing_line_overflows(node: Node, sipp: Sipps) -> None:
    number, (first, second) = business(node, 2, overflow=True)
    failing = sipp.line(first, refuses(503, "Service Unavailable"))
    callee = sipp.line(second, answers())
    sipp.caller(number, talks_and_hangs_up(100)).finish()
    failing.finish()
    callee.finish()
    assert legs(node.the_call(number)) == [(first.number, 503), (second.number, 200)]


def test_r4_2_decline_ends_the_call_without_overflow(node: Node, sipp: Sipps) -> None:
    number, (first, second) = business(node, 2, overflow=True)
    declines = sipp.line(first, refuses(603, "Decline", headers=("Reason: Q.850;cause=22",)))
    spare = sipp.line(second, answers())
    caller = sipp.caller(number, is_refused(603)).finish()
    declines.finish()
    assert "cause=22" in caller.final()["Reason"]
    call = node.the_call(number)
    assert (ending(call), legs(call)) == (("rejected", 603, 22), [(first.number, 603)])
    assert spare.was_never_called()


def test_one_channel_makes_the_second_caller_busy(node: Node, sipp: Sipps) -> None:
    number, (line,) = business(node, channels=1)
    assert _reason_of_the_second_of_two(node, sipp, number, line) == "all_busy"


def test_the_limit_of_the_contract_makes_the_second_caller_busy(node: Node, sipp: Sipps) -> None:
    number, (line,) = business(node, channels=2, limits={"calls": 1})
    assert _reason_of_the_second_of_two(node, sipp, number, line) == "limit"


def _reason_of_the_second_of_two(node: Node, sipp: Sipps, number: str, line: Line) -> str:
    """Return why the second caller was busy; the line is free again afterwards."""
    callee = sipp.line(line, answers(), calls=2)
    first = sipp.caller(number, talks_and_hangs_up(2000))
    wait_until(lambda: node.is_up(number), "the first call is up")
    second = sipp.caller(number, is_refused(486)).finish()
    assert "cause=17" in second.final()["Reason"]
    first.finish()
    sipp.caller(number, talks_and_hangs_up(0)).finish()
    callee.finish()
    busy = [call.record for call in node.ended_calls(number, 3) if call.record.status == 486]
    assert [(record.destination, record.cause) for record in busy] == [(None, 17)]
    return busy[0].reason
