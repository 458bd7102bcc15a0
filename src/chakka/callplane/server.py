"""The call plane's edge: one UDP socket, journal thread, media socket and timers on one asyncio loop."""

import asyncio
import errno
import gc
import logging
import socket
import struct
import time
from collections.abc import Callable
from functools import partial
from math import ceil
from typing import Any

from chakka import __version__, clock
from chakka.callplane.feed import Feed
from chakka.callplane.instant import Instant
from chakka.callplane.live_writer import LiveWriter
from chakka.callplane.plane import CallPlane
from chakka.callplane.sealing import TURN_S, Sealing
from chakka.callplane.transport import Peers, Streams
from chakka.callplane.watch import Watch
from chakka.config import Address, Config
from chakka.media.client import MediaClient
from chakka.media.control import Event, Refused
from chakka.records.entries import encode
from chakka.records.left_open import OpenCall, calls_left_open, close
from chakka.records.model import Boot, Entry
from chakka.sip.address import Flow
from chakka.stores.group_commit import GroupCommit
from chakka.stores.last_boots import entries_before
from chakka.stores.live_store import LiveStore

log = logging.getLogger("chakka.callplane")

# Datagrams taken in one turn of the loop, so that timers and media are never starved.
_PER_TURN = 64
_LARGEST = 65_535
_RECEIVE_BUFFER = 4 << 20
# When datagrams come thick, a turn waits a little, as network cards do before they interrupt: what comes
# meanwhile, from the network and from the disk, and all that is then sent share it; fewer turns, less CPU a
# call. A call has at most three such turns before its answer: 9 ms.
_BUSY_S, _MODERATION_S = 0.005, 0.003
# Timers are due in steps of so much, so that many share a turn: SIP's are hundreds of ms and more.
_TIMER_STEP_S = 0.01
# Calls go by reference counts; the collector is for rare cycles. At its usual 700 new objects it would walk
# the young ones several times a call, for 5 % of the CPU.
_COLLECT_AT = (50_000, 20, 100)
# Linux: not in the socket module. The kernel's receive time tells how long a datagram has waited.
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@ll")
_ANCILLARY = socket.CMSG_SPACE(_TIMESPEC.size)


def now() -> Instant:
    """Return the moment."""
    return Instant(clock.monotonic_s(), clock.utc_ms())


def sip_socket(address: Address) -> socket.socket:
    """Return a bound UDP socket that never blocks and stamps what it receives."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    sip = socket.socket(family, socket.SOCK_DGRAM)
    sip.setblocking(False)
    sip.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    sip.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    sip.bind(address)
    return sip


class Server:
    """Carries what the call plane says to the network, the disk, the media process and the watchers."""

    def __init__(self, config: Config, plane: CallPlane, sip: socket.socket, journal: GroupCommit) -> None:
        self._config = config
        self._plane = plane
        self._sip = sip
        self._journal = journal
        self._media = MediaClient(config.media_socket, config.directory / "callplane.sock", self._on_media)
        self._feed = Feed(config.feed_socket)
        self._loop = asyncio.get_running_loop()
        peers = Peers(is_known=config.is_peer, tls_name=config.tls_name)
        self._streams = Streams(self, peers, config.tls, config.listen[0])
        self._live = LiveWriter(LiveStore.open(config.live), self._loop)
        self._sealing = Sealing(config.keys, config.privacy.retention_months, plane.counts)
        plane.caller_tag = self._sealing.caller_tag
        self._timer: asyncio.TimerHandle | None = None
        self._last_read = 0.0
        self._will_flush = False
        self._watch = Watch(config, plane, sip, journal, self._media)

    async def run(self, stopping: asyncio.Event) -> None:
        """Serve until told to stop; then release every call and write everything down."""
        self._media.start()
        self._journal.start()
        self._begin()
        if self._config.listen_tcp is not None:
            await self._streams.listen("tcp", *self._config.listen_tcp)
        if self._config.listen_tls is not None:
            await self._streams.listen("tls", *self._config.listen_tls)
        self._loop.add_reader(self._sip.fileno(), self._readable)
        self._flush()
        await self._watch.start()
        turning_keys = self._loop.create_task(self._turn_keys())
        # What exists now lives as long as the process: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_COLLECT_AT)
        await stopping.wait()
        turning_keys.cancel()
        self._plane.stop(now())
        self._flush()
        # Long enough for what is lost once to be sent again, short enough for whoever waits at Ctrl-C.
        if self._plane.agent.next_timer() is not None:
            await asyncio.sleep(2 * self._config.timers.t1)
        self._loop.remove_reader(self._sip.fileno())
        await self._streams.close()
        self._plane.end(now())
        self._flush()
        await self._loop.run_in_executor(None, self._journal.close)
        await self._loop.run_in_executor(None, self._live.close)
        await self._watch.close()
        self._feed.close()
        self._media.close()

    def _begin(self) -> None:
        """Close what a crash left open, then begin this boot (reliability.md §1)."""
        started = now()
        self._sealing.turn(started.utc_ms)
        earlier = entries_before(self._config.journal, self._config.node, self._journal.boot)
        for left_open in calls_left_open(earlier):
            end = close(left_open)
            log.warning(
                "call %s was cut by a crash, last seen at %d ms", left_open.call_id(), end.released_at_ms
            )
            self._journal.append(encode(end))
            if isinstance(left_open, OpenCall):
                self._plane.release_both(self._sealing.unsealed(left_open.answered), started)
        self._plane.load(self._live.registrations(since=earlier), started)
        self._plane.load_notification(self._live.notifying(since=earlier))
        boot = Boot(at_ms=started.utc_ms, monotonic_ms=started.monotonic_ms, version=__version__)
        self._journal.append(encode(boot))

    async def _turn_keys(self) -> None:
        """Have keys looked after by a thread: a disk may take its time."""
        while True:
            await asyncio.sleep(TURN_S)
            await self._loop.run_in_executor(None, self._sealing.turn, clock.utc_ms())

    # -- in

    def _readable(self) -> None:
        arrived = now()
        if arrived.monotonic - self._last_read < _BUSY_S:
            time.sleep(_MODERATION_S)
            arrived = now()
        self._last_read = arrived.monotonic
        try:
            data, source, delay = self._receive_first()
            self._plane.counts.queued.observe(delay)
            full = not self._journal.has_room()
            self._plane.shed_new_calls(full or delay > self._config.calls.shed_delay)
            self._take(data, source, arrived)
            for _ in range(_PER_TURN - 1):
                data, source = self._sip.recvfrom(_LARGEST)
                self._take(data, source[:2], arrived)
        except BlockingIOError:
            pass
        except OSError as fault:
            log.warning("receiving failed: %s", fault)
        self._flush()

    def _receive_first(self) -> tuple[bytes, Address, float]:
        """Return a datagram, its source, and how many seconds it had waited in the kernel."""
        data, ancillary, _, source = self._sip.recvmsg(_LARGEST, _ANCILLARY)
        for _, kind, stamp in ancillary:
            if kind == _SO_TIMESTAMPNS:
                seconds, nanoseconds = _TIMESPEC.unpack(stamp[: _TIMESPEC.size])
                return data, source[:2], time.time() - float(seconds) - float(nanoseconds) / 1e9
        return data, source[:2], 0.0

    def _take(self, data: bytes, source: Address, arrived: Instant) -> None:
        self._guarded(self._plane.datagram, data, source, arrived)
        self._watch.look(data, source)

    def on_stream_message(self, message: bytes, source: Flow) -> None:
        """Take one message of a TCP or TLS connection."""
        self._plane.shed_new_calls(not self._journal.has_room())
        self._guarded(self._plane.message, message, source, now())
        self._watch.look(message, source)

    def on_stream_turn(self) -> None:
        """Carry out what a connection's messages asked for."""
        self._flush()

    def on_stream_failed(self, destination: Flow) -> None:
        """Take it that a connection is gone, or could not be opened."""
        self._guarded(self._plane.unreachable, destination, b"", now())
        self._flush()

    def _on_timer(self) -> None:
        self._timer = None
        self._guarded(self._plane.handle_timer, now())
        self._flush()

    def _on_media(self, event: Event) -> None:
        self._guarded(self._plane.media, event, now())
        self._flush()

    def _on_durable(self, call_id: str, since: float, is_durable: bool) -> None:
        moment = now()
        self._plane.counts.durable.observe(moment.monotonic - since)
        self._guarded(self._plane.stored, call_id, is_durable, moment)
        # Those that shared a sync share what follows.
        if not self._will_flush:
            self._will_flush = True
            self._loop.call_soon(self._flush)

    def _guarded(self, handle: Callable[..., None], *arguments: object) -> None:
        """The edge where our own bugs end: logged once, the call in hand released, all others unharmed."""
        try:
            handle(*arguments)
        except Exception:
            log.exception("%s failed", handle.__name__)
            self._plane.give_up(now())

    # -- out

    def _flush(self) -> None:
        """Carry out what the call plane asked for; what comes of it at once may ask for more.

        What nobody waits for comes last: the thread that writes the journal then wakes when we have done.
        """
        self._will_flush = False
        outbox = self._plane.outbox
        while True:
            unheard = [command.id for command in outbox.take_media() if not self._media.send(command)]
            monotonic = clock.monotonic_s()
            unreachable = self._send(self._plane.take_datagrams(monotonic))
            for message, flow in self._plane.take_stream_messages(monotonic):
                self._streams.send(message, flow)
            self._show(self._plane.take_feed(monotonic), monotonic)
            self._write(outbox.take_entries())
            self._live.write(outbox.take_live())
            if not unheard and not unreachable:
                break
            for stream in unheard:
                away = Refused(id=stream, error="the media process is away")
                self._guarded(self._plane.media, away, now())
            for destination, packet in unreachable:
                self._guarded(self._plane.unreachable, destination, packet, now())
        self._schedule()

    def _write(self, entries: list[tuple[Entry, str | None]]) -> None:
        for entry, waiting in entries:
            told = None if waiting is None else partial(self._on_durable, waiting, clock.monotonic_s())
            self._journal.append(encode(self._sealing.sealed(entry)), told)

    def _send(self, datagrams: list[tuple[bytes, Address]]) -> list[tuple[Address, bytes]]:
        """Send; return the destinations that the network refused, with the packet if that alone is why."""
        refused = []
        for data, destination in datagrams:
            try:
                self._sip.sendto(data, destination)
            except BlockingIOError:
                # The send buffer is full: as good as lost on the way; SIP repeats what matters.
                continue
            except (OSError, OverflowError, ValueError) as fault:
                log.info("cannot send to %s port %s: %s", *destination, fault)
                is_too_long = isinstance(fault, OSError) and fault.errno == errno.EMSGSIZE
                refused.append((destination, data if is_too_long else b""))
        return refused

    def _show(self, feed: list[dict[str, Any]], monotonic: float) -> None:
        for event in feed:
            self._watch.show(event)
            self._feed.show(event, monotonic)

    def _schedule(self) -> None:
        """Have the loop wake us when the next timer is due, or a little later; too early is harmless."""
        due = ceil(self._plane.next_timer() / _TIMER_STEP_S) * _TIMER_STEP_S
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._on_timer)
