"""The live store's edge: changes are written by a thread, so that a slow disk holds up no call."""

import asyncio
import logging
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from chakka.callplane.bindings import Binding, after_crash, decode, encode
from chakka.errors import InputError
from chakka.records.model import Entry, NotificationSet, RegistrationSet
from chakka.stores.live_store import Change, KeepNotification, KeepRegistration, LiveStore

log = logging.getLogger("chakka.callplane.live")


class LiveWriter:
    """Writes what the call plane wants kept; while the disk is busy, the last word on each line waits."""

    def __init__(self, store: LiveStore, loop: asyncio.AbstractEventLoop) -> None:
        self._store = store
        self._loop = loop
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="live")
        self._waiting: dict[tuple[type[Change], str], Change] = {}
        self._is_writing = False

    def registrations(self, since: Iterable[Entry]) -> list[Binding]:
        """Return the registrations of an earlier run, and keep them; those that cannot be read are left out.

        since: the journal's last entries; what a crash kept from the store stands in them.
        """
        found = {kept.number: _bindings(kept) for kept in self._store.registrations()}
        for entry in {one.number: one for one in since if isinstance(one, RegistrationSet)}.values():
            kept = found.get(entry.number, ())
            bindings = after_crash(kept, _bindings(entry), entry.at_ms)
            if bindings != kept:
                found[entry.number] = bindings
                self.write([KeepRegistration(number=entry.number, octets=encode(bindings))])
        return [binding for bindings in found.values() for binding in bindings]

    def notifying(self, since: Iterable[Entry]) -> dict[str, str]:
        """Return what each line number presents that has number notification on, and keep it.

        since: the journal's last entries; what a crash kept from the store stands in them.
        """
        journalled = [entry for entry in since if isinstance(entry, NotificationSet)]
        self.write(KeepNotification(number=one.line, freephone=one.freephone) for one in journalled)
        return self._store.notifying() | {one.line: one.freephone for one in journalled}

    def write(self, changes: Iterable[Change]) -> None:
        """Have changes written soon."""
        self._waiting |= {(type(change), change.number): change for change in changes}
        if self._waiting and not self._is_writing:
            self._is_writing = True
            self._thread.submit(self._store.apply, self._take()).add_done_callback(self._on_written)

    def close(self) -> None:
        """Write what waits, and let go of the store. Blocks."""
        self._thread.shutdown()
        try:
            self._store.apply(self._take())
        except InputError as fault:
            log.warning("%s", fault)
        self._store.close()

    def _take(self) -> list[Change]:
        taken, self._waiting = list(self._waiting.values()), {}
        return taken

    def _on_written(self, written: "Future[None]") -> None:
        self._loop.call_soon_threadsafe(self._go_on, written.exception())

    def _go_on(self, fault: BaseException | None) -> None:
        if fault is not None:
            # The telephone registers again; until then a restart would not know it.
            log.warning("changes of lines were not kept: %s", fault)
        self._is_writing = False
        self.write(())


def _bindings(kept: KeepRegistration | RegistrationSet) -> tuple[Binding, ...]:
    try:
        return decode(kept.octets)
    except InputError as fault:
        log.warning("registration of %s: %s", kept.number, fault)
        return ()
