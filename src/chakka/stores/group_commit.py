"""Group commit: entries of many calls share one sync, and the event loop never waits for the disk."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable

import msgspec

from chakka.stores.journal import Journal, JournalError

log = logging.getLogger(__name__)

OnDurable = Callable[[bool], None]

# How long the first entry of a batch waits for others (reliability.md §1: at most 2 ms).
WINDOW_S = 0.001
# How often room for the next segment is looked for while the disk is full, and how long entries that must
# not be lost wait until they are tried again.
RETRY_S = 0.5


class Waiting(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One appended entry and whom to tell."""

    payload: bytes
    on_durable: OnDurable | None


class GroupCommit:
    """A thread that writes a journal for one event loop. `start` begins it, `close` ends it."""

    def __init__(self, journal: Journal, loop: asyncio.AbstractEventLoop, window_s: float = WINDOW_S) -> None:
        self._journal = journal
        self._loop = loop
        self._window_s = window_s
        self._waiting: list[Waiting] = []
        self._wake = threading.Condition()
        self._closing = False
        self._has_room = journal.has_room()
        self._is_full = False
        # When the oldest entry that waits, and the oldest of the batch being written, was appended.
        self._waiting_since = 0.0
        self._writing_since: float | None = None
        self._last_sync_s = 0.0
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    @property
    def boot(self) -> int:
        """Return the boot number of the journal that is written."""
        return self._journal.boot

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def append(self, payload: bytes, on_durable: OnDurable | None = None) -> None:
        """Take one entry; never waits.

        on_durable: called in the event loop with True once the entry is on the disk, with False once it is
                    certain that it is not in the journal. An entry without it is tried until it is written.
        """
        with self._wake:
            if not self._waiting:
                self._waiting_since = time.monotonic()
                self._wake.notify()
            self._waiting.append(Waiting(payload=payload, on_durable=on_durable))

    def has_room(self) -> bool:
        """Return whether new calls may come; False = the disk is full, answer them 503."""
        return self._has_room

    @property
    def waiting(self) -> int:
        """Return how many entries wait to be written, those of the batch in hand not counted."""
        return len(self._waiting)

    @property
    def last_sync_s(self) -> float:
        """Return how long writing the last batch took."""
        return self._last_sync_s

    def lag_s(self, now: float) -> float:
        """Return how long the oldest entry that is not on the disk has waited; now: monotonic."""
        with self._wake:
            since = self._writing_since
            if since is None:
                since = self._waiting_since if self._waiting else now
        return max(now - since, 0.0)

    def close(self) -> None:
        """Write what is waiting, tell those concerned, and close the journal."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        while self._await_entries():
            if not self._closing:
                time.sleep(self._window_s)
            self._commit(self._take())
            self._writing_since = None
            self._look_for_room()
        self._journal.close()

    def _look_for_room(self) -> None:
        has_room = self._journal.prepare()
        if not has_room and not self._is_full:
            log.error("no room on the disk for another journal segment: new calls are refused")
        elif has_room and self._is_full:
            log.info("there is room on the disk for the journal again")
        self._is_full, self._has_room = not has_room, has_room

    def _await_entries(self) -> bool:
        """Wait for entries or, while the disk is full, for the next look; return False when it is over."""
        with self._wake:
            while not self._waiting and not self._closing:
                if not self._wake.wait(None if self._has_room else RETRY_S):
                    return True
            return bool(self._waiting)

    def _take(self) -> list[Waiting]:
        with self._wake:
            batch, self._waiting = self._waiting, []
            self._writing_since = self._waiting_since
        return batch

    def _commit(self, batch: list[Waiting]) -> None:
        began = time.monotonic()
        for entry in batch:
            self._journal.append(entry.payload)
        try:
            self._journal.commit()
            self._last_sync_s = time.monotonic() - began
        except JournalError as fault:
            log.error("%s", fault)
            self._refuse(batch)
        else:
            self._tell([entry.on_durable for entry in batch if entry.on_durable], True)

    def _refuse(self, batch: list[Waiting]) -> None:
        """Tell those who asked that their entries are not recorded; keep the others for the next try."""
        self._has_room = False
        self._tell([entry.on_durable for entry in batch if entry.on_durable], False)
        kept = [entry for entry in batch if entry.on_durable is None]
        with self._wake:
            if self._closing:
                log.error("the journal ends without %d entries", len(kept))
            elif kept:
                self._waiting = kept + self._waiting
                self._waiting_since = self._writing_since or self._waiting_since
                self._wake.wait(RETRY_S)

    def _tell(self, callbacks: list[OnDurable], is_durable: bool) -> None:
        if callbacks and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_call_all, callbacks, is_durable)


def _call_all(callbacks: list[OnDurable], is_durable: bool) -> None:
    for callback in callbacks:
        callback(is_durable)
