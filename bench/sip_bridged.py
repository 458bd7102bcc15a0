"""Calls that one CPU second bridges: our call plane against sippy's B2BUA, same SIPp on both sides.

Ours decides each call by a published plan and journals it durably; sippy follows a static route, with one
worker, a null logger, no accounting and no media proxy; both strip the offer to G.711. Each is loaded to
about half of a core, and ours also at sippy's rate: a call costs us more there, since fewer datagrams share
one turn of the loop and fewer entries one sync. Target: at least 6 times sippy's calls.
"""

import statistics
import tempfile
from pathlib import Path

from sipp import load, node

TARGET = 6.0
ROUNDS = 3
CALLS, RATE = 2_000, 500
SIPPY_CALLS, SIPPY_RATE = 500, 100
# Finished transactions linger 64·T1: short enough that what their timers cost falls into the round.
T1_S = 0.05


def calls_per_cpu_second(pid: int, port: int, calls: int, rate: int) -> float:
    """Return how many calls one CPU second of a server bridged, over one round."""
    before = load.cpu_seconds(pid)
    load.call(port, node.NUMBER, calls, rate)
    return calls / (load.cpu_seconds(pid) - before)


def measured(directory: Path, line_port: int) -> tuple[list[float], ...]:
    """Return the figures of all rounds: sippy, ours, ours at sippy's rate."""
    port, sippy_port = load.free_port(), load.free_port()
    file = node.prepared(directory, port, line_port, T1_S)
    callplane = load.module("chakka.callplane", "--config", file)
    b2bua = load.module("sipp.sippy_b2bua", sippy_port, line_port, directory)
    sippy, loaded, slow = [], [], []
    with load.server(callplane, port) as pid, load.server(b2bua, sippy_port) as sippy_pid:
        for _ in range(ROUNDS):
            sippy.append(calls_per_cpu_second(sippy_pid, sippy_port, SIPPY_CALLS, SIPPY_RATE))
            loaded.append(calls_per_cpu_second(pid, port, CALLS, RATE))
            slow.append(calls_per_cpu_second(pid, port, SIPPY_CALLS, SIPPY_RATE))
    return sippy, loaded, slow


def main() -> None:
    """Print all figures and the ratios."""
    with tempfile.TemporaryDirectory() as directory, load.line() as line_port:
        sippy, loaded, slow = map(statistics.median, measured(Path(directory), line_port))
    for what, rate, figure in (
        ("sippy b2bua", SIPPY_RATE, sippy),
        ("chakka call plane", RATE, loaded),
        ("chakka call plane", SIPPY_RATE, slow),
    ):
        print(f"{what:18}{rate:5} calls/s {figure:8.0f} bridged calls per CPU second", end="")
        print("" if figure == sippy else f", {figure / sippy:.2f} times (target: at least {TARGET:g})")


if __name__ == "__main__":
    main()
