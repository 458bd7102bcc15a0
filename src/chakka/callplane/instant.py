"""Now, as both clocks show it; an argument of everything in the call plane that depends on time."""

from typing import NamedTuple


class Instant(NamedTuple):
    """monotonic: seconds, for timers and durations. utc_ms: wall clock, for what is written down."""

    monotonic: float
    utc_ms: int

    @property
    def monotonic_ms(self) -> int:
        """Return the monotonic clock in whole milliseconds."""
        return int(self.monotonic * 1000)
