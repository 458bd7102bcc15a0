"""The two clocks, read at the edges only; everything below takes instants as arguments."""

import time


def utc_ms() -> int:
    """Return the wall clock: milliseconds since 1970-01-01T00:00Z. It may step; never subtract two."""
    return time.time_ns() // 1_000_000


def monotonic_s() -> float:
    """Return seconds on a clock that never steps: protocol timers and durations."""
    return time.monotonic()
