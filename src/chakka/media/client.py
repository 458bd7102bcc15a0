"""The call plane's end of the control channel, on an asyncio loop."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from chakka.media.control import EVERY_STREAM, Close, Command, Event, read_event, write
from chakka.media.mailbox import Mailbox

# Events read per wake-up, so that a burst of them does not hold up SIP.
_EVENTS_PER_WAKE = 64
# How soon a command is tried again for which the media process had no room, in seconds.
_RETRY_S = 0.005


class MediaClient:
    """Sends commands to the media process and hands its events to a callback.

    media:    path on which the media process listens.
    own:      path to bind here; one per call plane.
    on_event: called on the loop for each event, in order.

    Streams that an earlier run on the same path has left open are closed at the start. A restart of the media
    process needs nothing here: while it is away `send` returns False; the streams
    of its last run are gone and will not finish.
    """

    def __init__(self, media: Path, own: Path, on_event: Callable[[Event], None]) -> None:
        self._media = str(media)
        self._mailbox = Mailbox(own)
        self._on_event = on_event
        self._loop: asyncio.AbstractEventLoop | None = None
        self._retry: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Bind the own path and listen on the running loop."""
        self._mailbox.open()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._mailbox.fileno(), self._read)
        self.send(Close(id=EVERY_STREAM))

    def close(self) -> None:
        """Stop listening and remove the own path."""
        if self._loop is None:
            return
        self._loop.remove_reader(self._mailbox.fileno())
        if self._retry is not None:
            self._retry.cancel()
        self._mailbox.close()
        self._loop = None

    def send(self, command: Command) -> bool:
        """Return False when the media process is away; True promises an answer unless it dies."""
        sent = self._mailbox.send(self._media, write(command))
        self._retry_later()
        return sent

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
