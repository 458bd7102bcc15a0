"""What the SIP layer costs: CPU for one bridged call, memory for one that is up.

A node between a caller and a callee, all three user agents; only the node's work is timed: 14 datagrams
(INVITE, 100, 183, 200, ACK, BYE, 200 on either leg), parsing, transactions, dialogs and a bridge.
"""

import gc
import statistics
import time
import tracemalloc
from collections.abc import Iterable
from itertools import count

from chakka.sip.agent import Address, Outgoing, UserAgent
from chakka.sip.call import Call
from chakka.sip.events import Acked, Answered, Bye, Event, IncomingInvite, Provisional
from chakka.sip.timers import Timers

CALLER: Address = ("192.0.2.1", 5060)
NODE: Address = ("192.0.2.9", 5060)
CALLEE: Address = ("192.0.2.2", 5060)
SDP = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    b"m=audio 40000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
)
HEADERS = (
    ("P-Asserted-Identity", "<sip:0312345678@192.0.2.9>"),
    ("History-Info", "<sip:0120000000@192.0.2.9>;index=1"),
)


def user_agent(name: str, address: Address) -> UserAgent:
    numbers = count(1)
    return UserAgent(
        contact=f"sip:{address[0]}:{address[1]}",
        via_host=f"{address[0]}:{address[1]}",
        timers=Timers(),
        token=lambda: f"{name}{next(numbers):012d}",
        product="chakka",
    )


def outgoing(destination: Address) -> Outgoing:
    host = destination[0]
    return Outgoing(
        request_uri=f"sip:0120000000@{host}",
        destination=destination,
        from_="<sip:0312345678@192.0.2.9>",
        to=f"<sip:0120000000@{host}>",
        headers=HEADERS,
        body=SDP,
    )


class Network:
    """Three agents; `spent` is the node's time in seconds."""

    def __init__(self) -> None:
        self.ends = {CALLER: user_agent("a", CALLER), CALLEE: user_agent("b", CALLEE)}
        self.node = user_agent("n", NODE)
        self.spent = 0.0
        self.now = 0.0
        self.calls: list[Call] = []

    def call(self) -> None:
        """Bring one call up through the node."""
        self.calls.append(self.ends[CALLER].invite(outgoing(NODE), self.now))
        self.carry()

    def hang_up(self) -> None:
        """End the last call from the caller's side."""
        self.calls.pop().bye(self.now)
        self.carry()

    def carry(self) -> None:
        """Carry datagrams until nobody has any."""
        moved = True
        while moved:
            moved = False
            for address, end in self.ends.items():
                answer_all(end.take_events(), self.now)
                for data, _ in end.take_datagrams():
                    moved = True
                    started = time.perf_counter()
                    self.node.receive(data, address, self.now)
                    self.bridge_all(self.node.take_events())
                    self.spent += time.perf_counter() - started
            for data, to in self.node.take_datagrams():
                moved = True
                self.ends[to].receive(data, NODE, self.now)

    def bridge_all(self, events: Iterable[Event]) -> None:
        """Do what a back-to-back user agent does, and no more; `owner` is the other leg."""
        for event in events:
            if isinstance(event, IncomingInvite):
                other = self.node.invite(outgoing(CALLEE), self.now)
                event.call.owner, other.owner = other, event.call
            elif isinstance(event, Provisional) and event.response.status > 100:
                event.call.owner.progress(self.now, 183, tag=event.tag, body=event.response.body)  # type: ignore
            elif isinstance(event, Answered):
                event.call.owner.answer(self.now, event.response.body, tag=event.tag)  # type: ignore
            elif isinstance(event, Acked):
                event.call.owner.ack(self.now)  # type: ignore
            elif isinstance(event, Bye):
                event.call.owner.bye(self.now)  # type: ignore


def answer_all(events: Iterable[Event], now: float) -> None:
    """Be the callee that answers and the caller that acknowledges."""
    for event in events:
        if isinstance(event, IncomingInvite):
            event.call.progress(now, 183, body=SDP)
            event.call.answer(now, SDP)
        elif isinstance(event, Answered):
            event.call.ack(now)


def microseconds_per_call(calls: int) -> float:
    """Return the node's time for one bridged call from INVITE to BYE."""
    network = Network()
    for _ in range(calls):
        network.call()
        network.hang_up()
    return network.spent / calls * 1e6


def bytes_per_live_call(calls: int) -> tuple[float, float]:
    """Return what the node keeps of a call just up, and after its transactions have ended."""
    warm = Network()
    for _ in range(200):
        warm.call()
    tracemalloc.start()
    network = Network()
    for _ in range(calls):
        network.call()
    network.calls.clear()
    network.ends.clear()
    gc.collect()
    fresh = tracemalloc.get_traced_memory()[0]
    network.node.handle_timer(40.0)
    gc.collect()
    steady = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return fresh / calls, steady / calls


def main() -> None:
    runs = [microseconds_per_call(1000) for _ in range(5)]
    print(f"bridged call, 14 datagrams: {statistics.median(runs):.0f} µs (median of 5 runs of 1,000)")
    fresh, steady = bytes_per_live_call(1000)
    print(f"live call of two legs: {fresh / 1024:.1f} KiB just up, {steady / 1024:.1f} KiB after 40 s")


if __name__ == "__main__":
    main()
