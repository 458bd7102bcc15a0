"""The operator's log of calls: one JSON object a line, written in batches by a thread.

What it says is what the feed says, with the time and the node. Bad messages are sampled: of each kind one a
second is described, the others are counted.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from chakka.callplane.shown import printable, start_line
from chakka.localtime import jst_iso
from chakka.sip.address import Address

# Lines waiting to be written; more are dropped and counted, for a full disk must not stop calls.
_MOST_WAITING = 20_000
# Kinds of bad messages are words of ours, so there are few.
_MOST_NUMBERS = 20


class CallLog:
    """Lines not yet written. `take` gives them to whoever writes."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._waiting: list[tuple[int, Mapping[str, Any]]] = []
        self._dropped = 0

    def append(self, utc_ms: int, event: Mapping[str, Any]) -> None:
        """Take an event; turned into text when it is written."""
        if len(self._waiting) < _MOST_WAITING:
            self._waiting.append((utc_ms, event))
        else:
            self._dropped += 1

    def take(self) -> list[tuple[int, Mapping[str, Any]]]:
        """Remove and return what waits, with a last word on what was dropped."""
        taken, self._waiting = self._waiting, []
        if self._dropped:
            taken.append((taken[-1][0], {"kind": "log_lines_dropped", "times": self._dropped}))
            self._dropped = 0
        return taken

    def text(self, events: list[tuple[int, Mapping[str, Any]]]) -> str:
        """Return events as lines; no value can end its line or move a cursor."""
        return "".join(f"{self._line(utc_ms, event)}\n" for utc_ms, event in events)

    def _line(self, utc_ms: int, event: Mapping[str, Any]) -> str:
        shown = {name: _shown(value) for name, value in event.items()}
        return msgspec.json.encode({"at": jst_iso(utc_ms), "node": self._node, **shown}).decode()


def _shown(value: object) -> object:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list | tuple):
        return [_shown(one) for one in value[:_MOST_NUMBERS]]
    return value


class BadMessages:
    """Finds out from the agent's counts which messages were bad, and keeps one example of each kind.

    counts: how often what was dropped or refused, by word; only ever growing.
    """

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts
        self._told = dict(counts)
        self._total = counts.total()
        self._examples: dict[str, tuple[str, Address]] = {}

    def look(self, message: bytes, source: Address) -> None:
        """Look whether a message just taken was bad."""
        total = self._counts.total()
        if total == self._total:
            return
        self._total = total
        for kind, times in self._counts.items():
            if times != self._told.get(kind, 0) and kind not in self._examples:
                self._examples[kind] = start_line(message), source

    def take(self) -> list[dict[str, Any]]:
        """Return one event for each kind of bad message since the last time."""
        taken = []
        for kind, (start, source) in self._examples.items():
            times = self._counts[kind] - self._told.get(kind, 0)
            self._told[kind] = self._counts[kind]
            example = {"source": f"{source[0]} port {source[1]}", "start": start}
            taken.append({"kind": "bad_messages", "what": kind, "times": times, **example})
        self._examples.clear()
        return taken
