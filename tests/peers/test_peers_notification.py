"""A softphone switches number notification on and calls out; SIPp is the carrier (service.md R6.1, R6.2)."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from peer_baresip import Baresip
from peer_ear import Samples, speech_level
from peer_node import SIP_PORT, Line, Node, wait_until
from peer_plans import plan
from peer_sipp import Message, Sipps
from peer_steps import answers

FRIEND = "0312345678"


@pytest.fixture
def notifying(new_node: Callable[[], Node], tmp_path: Path) -> Iterator["Office"]:
    """A business with one line that may present its freephone number."""
    office = Office(new_node(), tmp_path)
    yield office
    office.close()


class Office:
    """A line with a softphone, whose calls out reach SIPp."""

    def __init__(self, node: Node, directory: Path) -> None:
        self.node = node
        self.line = node.new_line()
        self.number = node.new_number()
        own = {"options": ["number_notification"], "number_notification": [self.line.number]}
        node.publish(plan(self.number, [self.line], **own))
        self._directory = directory
        self._sipps = Sipps(node, directory)
        self._places = count()
        self._telephones: list[Baresip] = []

    def close(self) -> None:
        """Switch everything off."""
        for telephone in self._telephones:
            telephone.end()
        self._sipps.end()

    def dials(self, number: str) -> Baresip:
        """Return the line's telephone, which has dialled a number and was answered."""
        directory = self._directory / f"baresip{next(self._places)}"
        telephone = Baresip(directory, self.line.number, self.line.host, 1000)
        self._telephones.append(telephone)
        telephone.start(dial=f"sip:{number}@{self.node.network.chakka}:{SIP_PORT}")
        telephone.wait_for("Call established")
        return telephone

    def calls_out(self) -> Message:
        """Return the INVITE that reaches the carrier when the line calls a friend."""
        carrier = self._sipps.line(Line(FRIEND, self.node.network.carrier), answers())
        telephone = self.dials(FRIEND)
        wait_until(lambda: carrier.requests("ACK"), "the call is up")
        telephone.end()
        carrier.finish()
        return carrier.requests("INVITE")[0]

    def hears(self, number: str) -> Samples:
        """Return what the line's telephone hears when it dials a number and is released."""
        telephone = self.dials(number)
        telephone.wait_for("session closed")
        telephone.end()
        return telephone.heard()


def shown(invite: Message) -> list[str]:
    """Return the numbers in From, P-Asserted-Identity and P-Charge-Info."""
    headers = ("From", "P-Asserted-Identity", "P-Charge-Info")
    return [invite[name].partition("sip:")[2].partition("@")[0] for name in headers]


def test_r6_1_a_softphone_dials_1351_hears_it_and_presents_the_freephone_number(notifying: Office) -> None:
    line, number = notifying.line.number, notifying.number
    assert shown(notifying.calls_out()) == [line, line, ""]
    assert -26 <= speech_level(notifying.hears("1351")) <= -14
    assert shown(notifying.calls_out()) == [number, number, line]
    # Killed and back: it holds.
    notifying.node.kill("callplane")
    notifying.node.start_one("callplane")
    notifying.node.wait_until_it_serves()
    assert shown(notifying.calls_out()) == [number, number, line]
    assert -26 <= speech_level(notifying.hears("1350")) <= -14
    assert shown(notifying.calls_out()) == [line, line, ""]
    records = [call.record for call in notifying.node.ended_calls(FRIEND, 4)]
    assert [record.facts.presented for record in records] == [line, number, number, line]
    assert {(record.facts.kind, record.facts.line) for record in records} == {("outgoing", line)}
    assert all(call.rated is None for call in notifying.node.calls(FRIEND))
