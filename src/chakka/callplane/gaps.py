"""How many calls a limit let through lately: call gapping and the rates of callers (service.md §9.6–7)."""

from collections import Counter, deque
from collections.abc import Hashable


class Window:
    """Counts of what was let through in the last `seconds`, by key.

    A sliding window: in no span of `seconds` does a limit let more calls through than it says; one that was
    let through at t counts in [t, t + seconds). What is refused does not count, or callers who keep trying
    would shut the number for everybody. Only what counts is held, so that memory is bounded by the limits.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._counts: Counter[Hashable] = Counter()
        self._passed: deque[tuple[float, Hashable]] = deque()

    def __len__(self) -> int:
        """Return how many entries are held."""
        return len(self._passed)

    def count(self, key: Hashable, now: float) -> int:
        """Return how many were let through under a key in the window that ends now."""
        self._forget(now)
        return self._counts[key]

    def add(self, key: Hashable, now: float) -> None:
        """Count one that is let through."""
        self._forget(now)
        self._counts[key] += 1
        self._passed.append((now + self._seconds, key))

    def _forget(self, now: float) -> None:
        passed, counts = self._passed, self._counts
        while passed and passed[0][0] <= now:
            key = passed.popleft()[1]
            counts[key] -= 1
            if not counts[key]:
                del counts[key]
