"""From the return of a publish to the first call that is decided by it, in a call plane that runs.

Two plans are published in turn, each with a line of its own, while calls are on their way; the line that is
called shows which plan decided. Target: at most 50 ms. No call that is sent after a publish has returned may
be decided by the plan before it: that ends the benchmark.
"""

import itertools
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from chakka.contract.model import Contract, Group, Line, Origin
from chakka.stores.plan_store import PlanStore
from sipp import load, node, text

TARGET_MS = 50.0
PUBLISHES, BEFORE, AFTER = 100, 5, 5


class Caller:
    """Calls from a new number each time, and is the lines too, all of them busy."""

    def __init__(self) -> None:
        self._caller, self._line = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for one in (self._caller, self._line):
            one.bind((load.HOST, 0))
            one.settimeout(1.0)
        self._numbers = (f"0422{place:06}" for place in itertools.count())
        self.line_port: int = self._line.getsockname()[1]

    def call(self, node_port: int) -> str:
        """Send an INVITE; return the calling number."""
        number = next(self._numbers)
        self._caller.sendto(text.invite(number, number), (load.HOST, node_port))
        return number

    def decided(self, count: int) -> Iterator[tuple[str, str]]:
        """Take `count` calls at the lines, refuse them; yield calling number and line number of each."""
        for _ in range(count):
            request, source = self._next_invite()
            self._line.sendto(text.busy(request), source)
            from_ = request.decode().partition("From: <sip:")[2]
            yield from_[:10], request.decode().removeprefix("INVITE sip:")[:10]

    def acknowledge(self, count: int) -> None:
        """Take the final responses of `count` calls and acknowledge them."""
        while count:
            response, source = self._caller.recvfrom(65_535)
            if not response.startswith(b"SIP/2.0 1"):
                self._caller.sendto(text.acknowledgement(response), source)
                count -= 1

    def _next_invite(self) -> tuple[bytes, tuple[str, int]]:
        while True:
            request, source = self._line.recvfrom(65_535)
            if request.startswith(b"INVITE "):
                return request, source


def plan_to(line: str) -> Contract:
    """Return a contract that sends every call to one line."""
    return Contract(
        number=node.NUMBER,
        lines=(Line(id="office", channels=1_000, numbers=(line,)),),
        groups=(Group(name="japan", origin=Origin(nationwide=True), mobile=True, to=line),),
    )


def ms_to_next_call(caller: Caller, store: PlanStore, port: int, line: str) -> float:
    """Publish while calls are on their way; return the milliseconds until a call of afterwards is decided."""
    for _ in range(BEFORE):
        caller.call(port)
    node.publish(store, plan_to(line))
    returned = time.perf_counter()
    later = {caller.call(port) for _ in range(AFTER)}
    first = 0.0
    for number, called in caller.decided(BEFORE + AFTER):
        if number in later:
            first = first or (time.perf_counter() - returned) * 1e3
            assert called == line, f"{number} went to {called} after a publish for {line} had returned"
    caller.acknowledge(BEFORE + AFTER)
    return first


def main() -> None:
    """Print the median and the longest."""
    caller, port = Caller(), load.free_port()
    with tempfile.TemporaryDirectory() as directory:
        file = node.prepared(Path(directory), port, caller.line_port)
        with (
            PlanStore.open(Path(directory) / "plans", readonly=False) as store,
            load.server(load.module("chakka.callplane", "--config", file), port),
        ):
            lines = itertools.cycle(node.LINES[:2])
            # The first call also waits until the call plane, which has its port already, has started.
            ms_to_next_call(caller, store, port, next(lines))
            taken = [ms_to_next_call(caller, store, port, next(lines)) for _ in range(PUBLISHES)]
    for what, figure in (("median", statistics.median(taken)), ("longest", max(taken))):
        target = f"target: at most {TARGET_MS:g}; {figure / TARGET_MS:.2f} of it"
        print(f"publish to next call, {what:8}{figure:8.2f} ms ({target})")
    print(f"{PUBLISHES} publishes, {PUBLISHES * AFTER} calls after them, none decided by an older plan")


if __name__ == "__main__":
    main()
