"""A real softphone registers as a subscriber's line and is rung (signalling.md §3, RFC 3261 §10)."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from peer_baresip import Baresip
from peer_ear import loudest_hz
from peer_node import PASSWORD, REGISTERING, SIP_PORT, USER, Line, Node, wait_until
from peer_plans import plan
from peer_steps import FIXED_CALLER

Telephone = Callable[[str, str, int], Baresip]


@pytest.fixture
def telephone(tmp_path: Path) -> Iterator[Telephone]:
    """Make telephones of a number, a host and the tone that they say."""
    made: list[Baresip] = []

    def make(user: str, host: str, tone_hz: int) -> Baresip:
        made.append(Baresip(tmp_path / f"baresip{len(made)}", user, host, tone_hz))
        return made[-1]

    yield make
    for each in made:
        each.end()


def shop(node: Node, line: str) -> str:
    """Return a freephone number that leads to a line where telephones register."""
    number = node.new_number()
    node.publish(plan(number, [Line(line, "")]))
    return number


def test_a_softphone_registers_is_rung_and_heard(node: Node, telephone: Telephone) -> None:
    line = REGISTERING[0]
    number = shop(node, line)
    callee = telephone(line, node.new_line().host, 600)
    callee.registers_at(node.network.chakka, USER, PASSWORD).start()
    callee.wait_for("200 OK")
    caller = telephone(FIXED_CALLER, node.network.carrier, 1000)
    caller.start(dial=f"sip:{number}@{node.network.chakka}:{SIP_PORT}")
    caller.wait_for("Call established")
    wait_until(lambda: caller.has_heard(1.0), "the caller hears a second")
    caller.end()
    call = node.the_call(number)
    assert loudest_hz(caller.heard()) == pytest.approx(600, abs=5)
    assert (call.record.destination, call.record.is_confirmed) == (line, True)


def test_a_registration_outlives_kill_9(new_node: Callable[[], Node], telephone: Telephone) -> None:
    node = new_node()
    line = REGISTERING[0]
    number = shop(node, line)
    callee = telephone(line, node.new_line().host, 600)
    callee.registers_at(node.network.chakka, USER, PASSWORD).start()
    callee.wait_for("200 OK")
    # The 200 does not wait for the disk: give the thread that writes a moment.
    wait_until((node.config.live / "data.mdb").exists, "the live store exists")
    caller = telephone(FIXED_CALLER, node.network.carrier, 1000)
    caller.start(dial=f"sip:{number}@{node.network.chakka}:{SIP_PORT}")
    caller.wait_for("Call established")
    caller.end()
    node.the_call(number)
    node.kill("callplane")
    node.start_one("callplane")
    node.wait_until_it_serves()
    again = telephone(FIXED_CALLER, node.network.plain_carrier, 1000)
    again.start(dial=f"sip:{number}@{node.network.chakka}:{SIP_PORT}")
    again.wait_for("Call established")
    again.end()
    assert [call.record.destination for call in node.ended_calls(number, 2)] == [line, line]


def test_a_softphone_with_a_wrong_password_is_not_rung(node: Node, telephone: Telephone) -> None:
    line = REGISTERING[1]
    number = shop(node, line)
    callee = telephone(line, node.new_line().host, 600)
    callee.registers_at(node.network.chakka, USER, "wrong").start()
    callee.wait_for("401 Unauthorized")
    caller = telephone(FIXED_CALLER, node.network.carrier, 1000)
    caller.start(dial=f"sip:{number}@{node.network.chakka}:{SIP_PORT}")
    caller.wait_for("session closed: 480")
    record = node.the_call(number).record
    assert (record.reason, record.status, record.cause) == ("unreachable", 480, 20)


def test_a_softphone_may_not_register_for_a_number_that_is_not_its_own(
    node: Node, telephone: Telephone
) -> None:
    callee = telephone(node.new_line().number, node.new_line().host, 600)
    callee.registers_at(node.network.chakka, USER, PASSWORD).start()
    callee.wait_for("403 Forbidden")
