"""The media process: one loop, one tick of 20 ms for all streams, one control socket."""

import gc
import resource
import select
import signal
from collections.abc import Callable
from types import FrameType

from chakka.clock import monotonic_s
from chakka.media.control import Event, read_command, write
from chakka.media.mailbox import Mailbox
from chakka.media.player import Player
from chakka.media.rtp import FRAME_MS

TICK_S = FRAME_MS / 1_000
# Commands handled between two looks at the clock, so that a burst of calls cannot hold up a tick.
_COMMANDS_PER_LOOK = 8
# RTP packets likewise.
_PACKETS_PER_LOOK = 64
# Ticks missed by more than this are not made up for: a listener would hear a burst.
_LONGEST_CATCH_UP_S = 0.2
_TICKS_PER_ATTENDANCE = 50


class Server:
    """Runs a player until `stop` is called or a signal comes."""

    def __init__(self, player: Player, mailbox: Mailbox, clock: Callable[[], float] = monotonic_s) -> None:
        self._player = player
        self._mailbox = mailbox
        self._clock = clock
        self._is_stopping = False

    def stop(self) -> None:
        """End `run` within one tick, or before it begins. Safe to call from a signal handler."""
        self._is_stopping = True

    def run(self) -> None:
        """Answer commands and play until stopped; then close every stream and the control socket."""
        self._mailbox.open()
        try:
            self._player.readiness.register(self._mailbox, select.EPOLLIN)
            self._loop()
        finally:
            self._player.close_all()
            self._mailbox.close()

    def _loop(self) -> None:
        # Absolute deadlines: a late tick does not move those after it.
        deadline = self._clock() + TICK_S
        ticks = 0
        while not self._is_stopping:
            now = self._clock()
            if now < deadline:
                self._wait(deadline - now)
                continue
            self._tick(now)
            ticks += 1
            if ticks % _TICKS_PER_ATTENDANCE == 0:
                self._tell_all(self._player.attend(now))
            deadline += TICK_S
            if now - deadline > _LONGEST_CATCH_UP_S:
                deadline = now + TICK_S

    def _wait(self, timeout: float) -> None:
        """Take what comes, at most for a tick's length: RTP goes on at once, not with the tick."""
        control = self._mailbox.fileno()
        ready = self._player.readiness.poll(timeout, _PACKETS_PER_LOOK)
        now = self._clock()
        for descriptor, _ in ready:
            if descriptor == control:
                self._answer()
            else:
                self._player.receive(descriptor, now)

    def _tick(self, now: float) -> None:
        self._tell_all(self._player.tick(now))
        self._mailbox.flush()

    def _tell_all(self, events: list[tuple[str, Event]]) -> None:
        for owner, event in events:
            self._tell(owner, event)

    def _answer(self) -> None:
        for datagram, sender in self._mailbox.receive(_COMMANDS_PER_LOOK):
            command = read_command(datagram)
            # Without a path to answer to, nobody would ever learn the port or close it.
            if command is None or not sender:
                continue
            event = self._player.handle(command, sender, self._clock())
            if event is not None:
                self._tell(sender, event)

    def _tell(self, owner: str, event: Event) -> None:
        if not self._mailbox.send(owner, write(event)):
            # The call plane that owned the stream is gone.
            self._player.close(owner, event.id)


def stop_on_signals(server: Server) -> None:
    """Let SIGTERM and SIGINT stop the server."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        server.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def settle() -> None:
    """Allow as many open sockets as the system grants, and spare collections what never dies."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    gc.freeze()
