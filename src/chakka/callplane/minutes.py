"""What happened in each minute, counted apart from the records: from it follows that none is missing."""

from collections import Counter
from collections.abc import Iterator

from chakka.localtime import MINUTE_MS
from chakka.records.model import Counted


class Minutes:
    """Counts not yet journalled. All times in ms UTC; a wall clock that is stepped counts on where it is."""

    def __init__(self) -> None:
        self._calls: Counter[int] = Counter()
        self._answered: Counter[int] = Counter()

    def came(self, at_ms: int) -> None:
        """Count a call that was let in."""
        self._calls[at_ms // MINUTE_MS] += 1

    def answered(self, at_ms: int) -> None:
        """Count an answer."""
        self._answered[at_ms // MINUTE_MS] += 1

    def not_answered(self, at_ms: int) -> None:
        """Take an answer back: the disk did not take it, and the call was refused."""
        self._answered[at_ms // MINUTE_MS] -= 1

    def take(self, now_ms: int) -> Iterator[Counted]:
        """Remove and yield the counts of all minutes but the one that is running."""
        running = now_ms // MINUTE_MS
        for minute in sorted(self._calls.keys() | self._answered.keys()):
            if minute != running:
                yield self._counted(minute, is_last=False)

    def take_last(self, now_ms: int) -> Iterator[Counted]:
        """Remove and yield everything; nothing is counted after it."""
        yield from self.take(now_ms)
        yield self._counted(now_ms // MINUTE_MS, is_last=True)

    def _counted(self, minute: int, *, is_last: bool) -> Counted:
        return Counted(
            minute_ms=minute * MINUTE_MS,
            calls=self._calls.pop(minute, 0),
            answered=self._answered.pop(minute, 0),
            is_last=is_last,
        )
