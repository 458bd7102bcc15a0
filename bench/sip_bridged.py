"""Calls that one CPU second bridges: our call plane against sippy's B2BUA, same SIPp on both sides.

Ours decides each call by a published plan and journals it durably; sippy follows a static route, with one
worker, a null logger, no accounting and no media proxy; both strip the offer to G.711.

Each is loaded near the rate at which a call costs it least, found by stepping the rate up until calls
fail: ours cost less when several datagrams share one turn of the loop and several entries one sync, while
sippy's cost hardly depends on the rate. A rate that suits one side alone would compare nothing; so both get
their best, and the ratio is of these. Target: at least 6 times sippy's calls.
"""

import statistics
import tempfile
from pathlib import Path

from sipp import load, node

TARGET = 6.0
# Calls per second; the steps stay below what a core can do, for SIPp needs the other one.
RATES = (500, 700, 900, 1_050)
SIPPY_RATES = (60, 100, 140, 180)
LOWEST_RATE = 40
STEP_S, ROUND_S, ROUNDS = 1.5, 3, 3
# Finished transactions linger 64·T1: short enough that what their timers cost falls into the round.
T1_S = 0.05
WARM_UP_CALLS, WARM_UP_RATE = 200, 100


class Side:
    """One server under load. figures: calls per CPU second in each round at `rate`, its best."""

    def __init__(self, name: str, pid: int, port: int) -> None:
        self.name = name
        self.pid = pid
        self.port = port
        self.rate = 0
        self.figures: list[float] = []

    def calls_per_cpu_second(self, rate: int, seconds: float) -> float:
        """Return how many calls one CPU second bridged in a round; 0.0 if calls failed."""
        before, calls = load.cpu_seconds(self.pid), int(rate * seconds)
        try:
            load.call(self.port, node.NUMBER, calls, rate)
        except RuntimeError:
            return 0.0
        return calls / (load.cpu_seconds(self.pid) - before)

    def find_best_rate(self, rates: tuple[int, ...]) -> None:
        """Step the rate up while calls succeed; keep the best. Raises: RuntimeError if none does."""
        load.call(self.port, node.NUMBER, WARM_UP_CALLS, WARM_UP_RATE)
        best = 0.0
        for rate in rates:
            figure = self.calls_per_cpu_second(rate, STEP_S)
            if figure == 0.0:
                break
            if figure > best:
                best, self.rate = figure, rate
        if not self.rate:
            raise RuntimeError(f"{self.name}: calls fail even at {rates[0]} a second")

    def measure(self) -> None:
        """Add one round at the best rate, a lower one if calls fail because the machine has become busy."""
        figure = self.calls_per_cpu_second(self.rate, ROUND_S)
        while figure == 0.0 and self.rate > LOWEST_RATE:
            self.rate = self.rate * 3 // 4
            figure = self.calls_per_cpu_second(self.rate, ROUND_S)
        self.figures.append(figure)


def measured(directory: Path, line_port: int) -> tuple[Side, Side]:
    """Return both sides, ours first, after all rounds, which alternate."""
    port, sippy_port = load.free_port(), load.free_port()
    file = node.prepared(directory, port, line_port, T1_S)
    callplane = load.module("chakka.callplane", "--config", file)
    b2bua = load.module("sipp.sippy_b2bua", sippy_port, line_port, directory)
    with load.server(callplane, port) as pid, load.server(b2bua, sippy_port) as sippy_pid:
        ours, sippy = Side("chakka call plane", pid, port), Side("sippy b2bua", sippy_pid, sippy_port)
        ours.find_best_rate(RATES)
        sippy.find_best_rate(SIPPY_RATES)
        for _ in range(ROUNDS):
            sippy.measure()
            ours.measure()
    return ours, sippy


def main() -> None:
    """Print both figures and their ratio."""
    with tempfile.TemporaryDirectory() as directory, load.line() as line_port:
        ours, sippy = measured(Path(directory), line_port)
    print(f"call plane {'compiled' if load.is_compiled() else 'NOT compiled (make compile)'}")
    for side in (sippy, ours):
        figure, rounds = statistics.median(side.figures), ", ".join(f"{one:.0f}" for one in side.figures)
        print(f"{side.name:18}{side.rate:5} calls/s {figure:8.0f} bridged calls per CPU second ({rounds})")
    ratio = statistics.median(ours.figures) / max(statistics.median(sippy.figures), 1.0)
    print(f"ratio {ratio:.2f} (target: at least {TARGET:g})")


if __name__ == "__main__":
    main()
