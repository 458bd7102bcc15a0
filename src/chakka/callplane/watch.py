"""What an operator sees of a running call plane: lines of log, /metrics, /healthz, ladders."""

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from itertools import count
from typing import Any

import msgspec

from chakka import clock
from chakka.callplane.call_log import BadMessages, CallLog
from chakka.callplane.exposition import CONTENT_TYPE, exposition
from chakka.callplane.ladders import document
from chakka.callplane.metrics import Gauges, families
from chakka.callplane.plane import CallPlane
from chakka.callplane.status_server import Page, StatusServer, plain
from chakka.config import Config
from chakka.errors import InputError
from chakka.localtime import usage_month
from chakka.media.client import MediaClient
from chakka.media.control import Close
from chakka.sip.address import Address
from chakka.stores.group_commit import GroupCommit
from chakka.stores.keys import KeyStore

log = logging.getLogger("chakka.callplane")

# Lines are written in batches, bad messages told of once a second.
_BATCH_S = 0.2
_BATCHES_A_SECOND = 5
# The disk of a healthy node takes milliseconds.
_WORRYING_LAG_S = 5.0
# Metrics are computed once a second at most, however often they are asked for.
_METRICS_AGE_S = 1.0
_LADDERS = "/ladders/"


class Watch:
    """Looks on; nothing of it is needed for a call.

    Over TCP there are figures only; ladders, which name parties, are on a Unix socket of this user's.
    """

    def __init__(
        self, config: Config, plane: CallPlane, sip: socket.socket, journal: GroupCommit, media: MediaClient
    ) -> None:
        self._config = config
        self._plane = plane
        self._sip = sip
        self._journal = journal
        self._media = media
        self._started_ms = clock.utc_ms()
        self._log = CallLog(config.node)
        self._bad = BadMessages(plane.agent.counts)
        self._local = StatusServer(self._local_page)
        self._figures = StatusServer(self._page)
        self._metrics = (-_METRICS_AGE_S, b"")
        self._reading = asyncio.Lock()
        self._writing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to answer and to write. An address that cannot be had is logged; calls go on without it."""
        self._writing = asyncio.create_task(self._write_on())
        listeners = ((self._local, self._config.status_socket), (self._figures, self._config.http))
        for server, where in listeners:
            if where is None:
                continue
            try:
                await server.listen(where)
            except OSError as fault:
                log.error("nothing is shown at %s: %s", where, fault)

    async def close(self) -> None:
        """Write the last lines, answer nobody any more."""
        await self._local.close()
        await self._figures.close()
        if self._writing is not None:
            self._writing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._writing
            await self._write()

    # -- what is seen

    def look(self, message: bytes, source: Address) -> None:
        """Look at a message that has been taken: was it bad?"""
        self._bad.look(message, source)

    def show(self, event: Mapping[str, Any]) -> None:
        """Log an event of the feed."""
        if self._config.watch.log_calls:
            self._log.append(clock.utc_ms(), event)

    # -- log

    async def _write_on(self) -> None:
        for batch in count():
            await asyncio.sleep(_BATCH_S)
            if batch % _BATCHES_A_SECOND == 0:
                self._tell_of_bad_messages()
            await self._write()

    def _tell_of_bad_messages(self) -> None:
        for event in self._bad.take():
            self._log.append(clock.utc_ms(), event)

    async def _write(self) -> None:
        events = self._log.take()
        if events:
            # A reader that does not read must not hold up calls.
            await asyncio.get_running_loop().run_in_executor(None, self._print, events)

    def _print(self, events: list[tuple[int, Mapping[str, Any]]]) -> None:
        try:
            sys.stdout.write(self._log.text(events))
            sys.stdout.flush()
        except OSError as fault:
            log.error("%d lines of the call log are lost: %s", len(events), fault)

    # -- pages

    async def _local_page(self, path: str) -> Page | None:
        if not path.startswith(_LADDERS):
            return await self._page(path)
        async with self._reading:
            # Some 50 ms of searching for the largest ring: not in the way of SIP, and one at a time.
            entries, call_id = self._plane.ladders.entries(), path.removeprefix(_LADDERS)
            ladder = await asyncio.get_running_loop().run_in_executor(None, document, entries, call_id)
        if ladder is None:
            return None
        return Page(HTTPStatus.OK, "application/json", msgspec.json.encode(ladder))

    async def _page(self, path: str) -> Page | None:
        if path == "/metrics":
            return Page(HTTPStatus.OK, CONTENT_TYPE, self._metrics_text())
        if path == "/healthz":
            return self._health()
        return None

    def _health(self) -> Page:
        faults = list(self._faults())
        if faults:
            return plain(HTTPStatus.SERVICE_UNAVAILABLE, "".join(f"{fault}\n" for fault in faults))
        return plain(HTTPStatus.OK, "ok\n")

    def _faults(self) -> Iterator[str]:
        if self._sip.fileno() < 0:
            yield "sip: the socket is closed"
        if not self._journal.has_room():
            yield "journal: it cannot be written; new calls get 503"
        if (lag := self._journal.lag_s(clock.monotonic_s())) > _WORRYING_LAG_S:
            yield f"journal: entries have waited {lag:.0f} s for the disk"
        # Unknown to the media process, and so without effect but for being delivered.
        if not self._media.send(Close(id="health")):
            yield "media: the process is away; callers hear no announcements"
        yield from self._key_faults()
        try:
            self._plane.check_plans()
        except InputError as fault:
            yield f"plans: {fault}"

    def _key_faults(self) -> Iterator[str]:
        now_ms = clock.utc_ms()
        try:
            if KeyStore(self._config.keys).key_at(now_ms) is None:
                yield f"keys: none of {usage_month(now_ms)}; callers' numbers are not recorded"
        except InputError as fault:
            yield f"keys: {fault}"

    def _metrics_text(self) -> bytes:
        now = clock.monotonic_s()
        if now - self._metrics[0] >= _METRICS_AGE_S:
            gauges = Gauges(
                started_utc_s=self._started_ms / 1000,
                journal_waiting=self._journal.waiting,
                journal_lag=self._journal.lag_s(now),
                journal_sync=self._journal.last_sync_s,
                journal_has_room=self._journal.has_room(),
                is_shedding=self._plane.is_shedding,
            )
            plane = self._plane
            text = exposition(families(plane.counts, plane.agent.counts, plane.calls, gauges))
            self._metrics = now, text.encode()
        return self._metrics[1]
