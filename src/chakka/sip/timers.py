"""The timers of RFC 3261 Table 4, RFC 6026 and RFC 3262, and the queue that says which is due next."""

from dataclasses import dataclass, fields
from heapq import heapify, heappop, heappush
from typing import Protocol

DERIVED = -1.0
"""Stands for "computed from T1, T2 and T4" in a field of Timers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """Every duration of the protocol in seconds; those left at DERIVED follow from T1 and T4.

    Source: RFC 3261 Table 4; RFC 6026 §7.1 (L), §7.2 (M); RFC 3262 §3; signalling.md §3 (repeats);
            reliability.md §2 (orphans) and RFC 4028 §4 (the two of sessions).
    """

    t1: float = 0.5  # estimate of the round trip
    t2: float = 4.0  # longest interval between retransmissions
    t4: float = 5.0  # how long a message may stay in the network
    timer_b: float = DERIVED  # an INVITE without any response is given up
    timer_d: float = 32.0  # repeated failures of our INVITE are still ACKed
    timer_f: float = DERIVED  # another request without a final response is given up
    timer_h: float = DERIVED  # a failure that we sent is not repeated any more without its ACK
    timer_i: float = DERIVED  # repeated ACKs are absorbed
    timer_j: float = DERIVED  # a repeated request still gets the same response
    timer_k: float = DERIVED  # repeated responses are absorbed
    timer_l: float = DERIVED  # repeated INVITEs are absorbed after our 2xx
    timer_m: float = DERIVED  # 2xx of other branches are still taken
    answer: float = DERIVED  # a 2xx is repeated until its ACK (§13.3.1.4)
    reliable: float = DERIVED  # a reliable provisional is repeated until its PRACK
    cancelled: float = DERIVED  # a cancelled INVITE that gets no final response is given up (§9.1)
    provisional_repeats: tuple[float, ...] = (0.5, 1.0, 2.0)  # after the first sending, when not reliable
    session: int = 300  # a session not refreshed for so long is over, unless the peer wants it shorter
    session_minimum: int = 90  # the shortest session that we agree to
    provisional_refresh: float = 60.0  # §13.3.1.1: every minute, so that no proxy's timer C ends the call

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.default == DERIVED and getattr(self, field.name) == DERIVED:
                by_t4 = field.name in ("timer_i", "timer_k")
                object.__setattr__(self, field.name, self.t4 if by_t4 else 64 * self.t1)


class AlarmOwner(Protocol):
    """Whoever set an alarm and is called when it is due."""

    def on_alarm(self, name: str, now: float) -> None: ...


class Alarm:
    """One timer that runs; without an owner it has been stopped."""

    __slots__ = ("name", "owner")

    def __init__(self, owner: AlarmOwner, name: str) -> None:
        self.owner: AlarmOwner | None = owner
        self.name = name


class Alarms:
    """All timers that run, the earliest first. Stopped ones stay in the heap until due or swept out."""

    __slots__ = ("_heap", "_order", "_stopped")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Alarm]] = []
        self._order = 0
        self._stopped = 0

    def start(self, due: float, owner: AlarmOwner, name: str) -> Alarm:
        """Return a new alarm that calls `owner.on_alarm(name, now)` once, at `due` or later."""
        alarm = Alarm(owner, name)
        self._order += 1
        heappush(self._heap, (due, self._order, alarm))
        return alarm

    def stop(self, alarm: Alarm | None) -> None:
        """Stop `alarm`; one that has rung or was stopped before is left alone."""
        if alarm is None or alarm.owner is None:
            return
        alarm.owner = None
        self._stopped += 1
        # Sweeping when more than half are stopped keeps both the memory and the mean cost constant.
        if self._stopped > 64 and self._stopped * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].owner is not None]
            heapify(self._heap)
            self._stopped = 0

    def earliest(self) -> float | None:
        """Return when the earliest alarm is due, None when none runs."""
        heap = self._heap
        while heap and heap[0][2].owner is None:
            heappop(heap)
            self._stopped -= 1
        return heap[0][0] if heap else None

    def ring(self, now: float) -> None:
        """Call the owners of all alarms due at `now`, in the order in which they are due."""
        due = self.earliest()
        while due is not None and due <= now:
            alarm = heappop(self._heap)[2]
            owner, alarm.owner = alarm.owner, None
            if owner is not None:
                owner.on_alarm(alarm.name, now)
            due = self.earliest()

    def __len__(self) -> int:
        return len(self._heap) - self._stopped
