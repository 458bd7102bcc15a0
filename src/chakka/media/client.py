"""The call plane's end of the control channel, on an asyncio loop."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from chakka.media.control import EVERY_STREAM, Close, Command, Event, Open, Refused, read_event, write
from chakka.media.mailbox import Mailbox

# Events read per wake-up, so that a burst of them does not hold up SIP.
_EVENTS_PER_WAKE = 64
# How soon a command is tried again for which the media process had no room, in seconds.
_RETRY_S = 0.005
# How often a look is taken at whether the media process still lives, in seconds.
_LOOK_S = 0.5
# Unknown to the media process, and so without effect but for being delivered.
_PROBE = Close(id="alive")

_Birth = tuple[int, int] | None


class MediaClient:
    """Sends commands to the media process and hands its events to a callback.

    media:    path on which the media process listens.
    own:      path to bind here; one per call plane.
    on_event: called on the loop for each event, in order.

    Streams that an earlier run on the same path has left open are closed at the start. While the media
    process is away `send` returns False. When it has died, started again or not, each stream that it had open
    is Refused: it will never finish, nor say that a peer is silent.
    """

    def __init__(self, media: Path, own: Path, on_event: Callable[[Event], None]) -> None:
        self._media = str(media)
        self._mailbox = Mailbox(own)
        self._on_event = on_event
        self._loop: asyncio.AbstractEventLoop | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._look_again: asyncio.TimerHandle | None = None
        self._streams: dict[str, _Birth] = {}

    def start(self) -> None:
        """Bind the own path and listen on the running loop."""
        self._mailbox.open()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._mailbox.fileno(), self._read)
        self.send(Close(id=EVERY_STREAM))
        self._look()

    def close(self) -> None:
        """Stop listening and remove the own path."""
        if self._loop is None:
            return
        self._loop.remove_reader(self._mailbox.fileno())
        if self._retry is not None:
            self._retry.cancel()
        if self._look_again is not None:
            self._look_again.cancel()
        self._mailbox.close()
        self._loop = None

    def send(self, command: Command) -> bool:
        """Return False when the media process is away; True promises an answer unless it dies."""
        sent = self._mailbox.send(self._media, write(command))
        self._retry_later()
        if isinstance(command, Open) and sent:
            self._streams[command.id] = self._birth()
        elif isinstance(command, Close):
            self._streams.pop(command.id, None)
        return sent

    def _birth(self) -> _Birth:
        """Return what tells one run of the media process from another: each binds its path anew."""
        try:
            found = os.stat(self._media)
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_ctime_ns

    def _look(self) -> None:
        """Tell of streams whose media process has died."""
        assert self._loop is not None, "looking begins with `start` and ends with `close`"
        self._look_again = self._loop.call_later(_LOOK_S, self._look)
        if not self._streams:
            return
        birth = self._birth() if self._mailbox.send(self._media, write(_PROBE)) else None
        lost = [stream for stream, born in self._streams.items() if born is None or born != birth]
        for stream in lost:
            self._streams.pop(stream, None)
            self._on_event(Refused(id=stream, error="the media process has died"))

    def _read(self) -> None:
        for datagram, _ in self._mailbox.receive(_EVENTS_PER_WAKE):
            event = read_event(datagram)
            if event is not None:
                self._on_event(event)

    def _retry_later(self) -> None:
        if self._loop is not None and self._retry is None and self._mailbox.has_waiting:
            self._retry = self._loop.call_later(_RETRY_S, self._flush)

    def _flush(self) -> None:
        self._retry = None
        self._mailbox.flush()
        self._retry_later()
