"""The timers that run, in a queue that says which is due next."""

from heapq import heapify, heappop, heappush
from typing import Protocol


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
