"""Calls over TCP with SIPp: from a carrier, to a line, and from one transport to the other."""

import pytest
from peer_node import Line, Node
from peer_plans import plan
from peer_sipp import Sipps
from peer_steps import answers, talks_and_hangs_up

CALLS = 20


def in_service(node: Node, line: Line) -> str:
    """Return a freephone number that leads to a line."""
    number = node.new_number()
    node.publish(plan(number, [line], channels=CALLS))
    return number


@pytest.mark.parametrize(("caller_by", "place"), [("tcp", 0), ("udp", 1)])
def test_calls_reach_a_line_over_tcp(node: Node, sipp: Sipps, caller_by: str, place: int) -> None:
    line = node.stream_lines[place]
    number = in_service(node, line)
    callee = sipp.line(line, answers(), calls=CALLS)
    caller = sipp.caller(number, talks_and_hangs_up(200), calls=CALLS, transport=caller_by).finish()
    callee.finish()
    assert len(node.ended_calls(number, CALLS)) == CALLS
    assert {message["Via"].split()[0] for message in callee.requests("INVITE")} == {"SIP/2.0/TCP"}
    assert len(callee.requests("INVITE")) == len(callee.requests("BYE")) == CALLS
    assert caller.statuses() == [100, 180, 200]


def test_calls_that_come_by_tcp_reach_a_line_over_udp(node: Node, sipp: Sipps) -> None:
    line = node.new_line()
    number = in_service(node, line)
    callee = sipp.line(line, answers(), calls=CALLS)
    caller = sipp.caller(number, talks_and_hangs_up(200), calls=CALLS, transport="tcp").finish()
    callee.finish()
    assert len(node.ended_calls(number, CALLS)) == CALLS
    contacts = {
        message["Contact"] for message in caller.received() if message.status == 200 and message["Contact"]
    }
    assert contacts == {f"<sip:{node.network.chakka}:5060;transport=tcp>"}
