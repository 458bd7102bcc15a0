"""Calls that one CPU second bridges: our call plane against sippy's simple B2BUA, same SIPp on both sides.

Ours decides each call by a published plan and journals it durably; sippy forwards to a fixed address, with
one worker, a null logger, no accounting and no media proxy. Target: at least 6 times sippy's calls.
"""

import statistics
import tempfile
from pathlib import Path

from sipp import load, node

TARGET = 6.0
ROUNDS, CALLS, RATE = 3, 400, 60
# Finished transactions linger 64·T1: short enough that what their timers cost falls into the round.
T1_S = 0.05


def calls_per_cpu_second(pid: int, port: int) -> float:
    """Return how many calls one CPU second of a server bridged, over one round."""
    before = load.cpu_seconds(pid)
    load.call(port, node.NUMBER, CALLS, RATE)
    return CALLS / (load.cpu_seconds(pid) - before)


def main() -> None:
    """Print both figures and their ratio."""
    ours_port, sippy_port = load.free_port(), load.free_port()
    ours, sippys = [], []
    with tempfile.TemporaryDirectory() as directory, load.line() as line_port:
        file = node.prepared(Path(directory), ours_port, line_port, T1_S)
        callplane = load.module("chakka.callplane", "--config", file)
        b2bua = load.module("sipp.sippy_b2bua", sippy_port, line_port)
        with load.server(callplane, ours_port) as ours_pid, load.server(b2bua, sippy_port) as sippy_pid:
            for _ in range(ROUNDS):
                sippys.append(calls_per_cpu_second(sippy_pid, sippy_port))
                ours.append(calls_per_cpu_second(ours_pid, ours_port))
    mine, peer = statistics.median(ours), statistics.median(sippys)
    print(f"sippy b2bua_simple   {peer:6.0f} bridged calls per CPU second")
    print(f"chakka call plane    {mine:6.0f} bridged calls per CPU second")
    print(f"ratio                {mine / peer:6.2f} times (target: at least {TARGET:g})")


if __name__ == "__main__":
    main()
