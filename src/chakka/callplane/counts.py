"""What the call plane counts for its operator: calls by what became of them, and how long things took."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from typing import Any

from chakka.callplane.branch import Branch

# Upper bounds in seconds. Queues and disks are fast or in trouble; people take their time.
_MACHINE_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_PEOPLE_S = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 180.0)


class Histogram:
    """How often something took how long. bounds: upper bounds in seconds; one more count is for the rest."""

    __slots__ = ("bounds", "counts", "total_s")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total_s = 0.0

    def observe(self, seconds: float) -> None:
        """Count one; clocks that disagree do not make it less than nothing."""
        seconds = max(seconds, 0.0)
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total_s += seconds


class Counts:
    """Running totals since the process started.

    decided:  calls by (outcome, reason) of the decision. ended: calls by what became of them; `answered`
              for those that were talked on. branches: attempts to reach a line, by how they ended.
    shed:     calls that were not let in. strangers: INVITEs that no trunk of ours sent.
    numbers_lost: callers' numbers not recorded, since there was no key to seal them with.
    shown_after, answered_after: from the INVITE to the first sign (ringing or announcement), to the answer.
    queued:   how long the first datagram of each turn had waited in the kernel.
    durable:  from an answer to its entry on the disk.
    """

    def __init__(self) -> None:
        self.decided: Counter[tuple[str, str]] = Counter()
        self.ended: Counter[str] = Counter()
        self.branches: Counter[str] = Counter()
        self.shed = 0
        self.strangers = 0
        self.numbers_lost = 0
        self.shown_after = Histogram(_PEOPLE_S)
        self.answered_after = Histogram(_PEOPLE_S)
        self.queued = Histogram(_MACHINE_S)
        self.durable = Histogram(_MACHINE_S)
        self._arrived: dict[str, float] = {}
        self._unshown: set[str] = set()

    def see(self, event: Mapping[str, Any], monotonic: float) -> None:
        """Count an event of the feed. monotonic: when it happened, in seconds."""
        kind, call_id = event["kind"], event.get("call_id", "")
        if kind == "decided":
            self.decided[event["outcome"], event["reason"]] += 1
            self._arrived[call_id] = monotonic
            self._unshown.add(call_id)
        elif kind == "ringing" or kind == "announcing":
            self._first_sign(call_id, monotonic)
        elif kind == "answered":
            self.answered_after.observe(monotonic - self._arrived.get(call_id, monotonic))
            self._settle(call_id)
        elif kind == "released":
            self.ended[event.get("reason", "answered")] += 1
            self._settle(call_id)
        elif kind == "shed":
            self.shed += event["calls"]

    def see_branch(self, branch: Branch) -> None:
        """Count a branch of a call that is over."""
        self.branches["answered" if branch.end is None else branch.end] += 1

    def _first_sign(self, call_id: str, monotonic: float) -> None:
        if call_id in self._unshown:
            self._unshown.discard(call_id)
            self.shown_after.observe(monotonic - self._arrived[call_id])

    def _settle(self, call_id: str) -> None:
        """Nothing more is timed for the call."""
        self._arrived.pop(call_id, None)
        self._unshown.discard(call_id)
