"""One number is flooded, the others do not notice: reliability.md §2, with real sockets."""

import contextlib
import socket
import threading
import time

from peer_node import SIP_PORT, Network, Node
from peer_plans import business
from peer_sipp import Sipps
from peer_steps import answers, talks_and_hangs_up

from chakka.config import CallTimers

FLOOD_S = 6.0
ORDINARY_CALLS = 100
ORDINARY_RATE = 20
# What one number may get in a second, five times over.
FLOOD_RATE = 5 * CallTimers().per_number_per_second


class Flood:
    """INVITEs to one number from a trunk, at an even pace; nobody there ever acknowledges."""

    def __init__(self, network: Network, number: str) -> None:
        self.sent = 0
        self.statuses: list[int] = []
        self._network = network
        self._number = number
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Flood":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()

    def _run(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sip:
            sip.bind((self._network.carrier, 0))
            sip.setblocking(False)
            started = time.monotonic()
            while (elapsed := time.monotonic() - started) < FLOOD_S:
                while self.sent < elapsed * FLOOD_RATE:
                    self.sent += 1
                    with contextlib.suppress(BlockingIOError):
                        sip.sendto(self._invite(sip.getsockname()), (self._network.chakka, SIP_PORT))
                with contextlib.suppress(BlockingIOError):
                    while True:
                        self.statuses.append(int(sip.recv(4096)[8:11]))
                time.sleep(0.01)

    def _invite(self, source: tuple[str, int]) -> bytes:
        host, port = source
        return (
            f"INVITE sip:{self._number}@{self._network.chakka} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bKflood{self.sent}\r\n"
            f"From: <sip:09012345678@{host}>;tag={self.sent}\r\nTo: <sip:{self._number}@{host}>\r\n"
            f"Call-ID: flood{self.sent}@{host}\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n"
            f"Contact: <sip:{host}:{port}>\r\nContent-Length: 0\r\n\r\n"
        ).encode()


def test_one_number_flooded_at_five_times_its_cap_leaves_others_unharmed(node: Node, sipp: Sipps) -> None:
    victim, _ = business(node, limits={"calls": 5})
    number, (line,) = business(node, channels=100)
    callee = sipp.line(line, answers(), calls=ORDINARY_CALLS)
    with Flood(node.network, victim) as flood:
        # SIPp fails unless every one of its calls goes as it should.
        sipp.caller(number, talks_and_hangs_up(500), calls=ORDINARY_CALLS, rate=ORDINARY_RATE).finish()
    callee.finish()
    calls = node.ended_calls(number, ORDINARY_CALLS)
    assert all(call.record.is_confirmed and call.rated is not None for call in calls)
    let_in = len(node.calls(victim))
    assert flood.sent > 0.9 * FLOOD_S * FLOOD_RATE
    assert let_in <= (FLOOD_S + 1) * CallTimers().per_number_per_second
    assert flood.statuses.count(503) > 0.7 * (flood.sent - let_in)
