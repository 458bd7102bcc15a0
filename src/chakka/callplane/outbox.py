"""What call control asks of the edge: entries to journal, media commands, events to show."""

from typing import Any

from chakka.media.control import Command
from chakka.records.model import Entry
from chakka.stores.live_store import Change


class Outbox:
    """Collects effects; the edge takes them away after each input.

    entries: (entry, id of the call to be told when it is durable, or None).
    feed:    events for whoever watches; losing them loses no fact.
    live:    what the next run of the call plane must know of lines.
    """

    def __init__(self) -> None:
        self.entries: list[tuple[Entry, str | None]] = []
        self.media: list[Command] = []
        self.feed: list[dict[str, Any]] = []
        self.live: list[Change] = []

    def append(self, entry: Entry, *, tell: str | None = None) -> None:
        """Journal an entry; `tell` names the call that waits until it is durable."""
        self.entries.append((entry, tell))

    def show(self, kind: str, **facts: Any) -> None:
        """Tell the watchers."""
        self.feed.append({"kind": kind, **facts})

    def take_entries(self) -> list[tuple[Entry, str | None]]:
        """Remove and return the entries."""
        taken, self.entries = self.entries, []
        return taken

    def take_media(self) -> list[Command]:
        """Remove and return the media commands."""
        taken, self.media = self.media, []
        return taken

    def take_feed(self) -> list[dict[str, Any]]:
        """Remove and return the events."""
        taken, self.feed = self.feed, []
        return taken

    def take_live(self) -> list[Change]:
        """Remove and return the changes of the live store."""
        taken, self.live = self.live, []
        return taken
