"""Streams: what each sends in a tick of 20 ms, and what becomes of the call plane's commands.

The clock and the control socket are `server.py`'s; RTP leaves from here.
"""

import logging
import secrets
from collections.abc import Mapping
from typing import assert_never

from chakka.errors import InputError
from chakka.media.announcements import Announcements
from chakka.media.control import (
    EVERY_STREAM,
    Bridge,
    Close,
    Command,
    Event,
    Finished,
    Join,
    Move,
    Open,
    Opened,
    Play,
    Refused,
)
from chakka.media.ports import RtpPorts
from chakka.media.relay import Relay, check_destination
from chakka.media.rtp import FRAME_SAMPLES
from chakka.media.sender import Sender
from chakka.media.stream import Stream

_log = logging.getLogger(__name__)

# A peer that is not on hold and sends nothing for this long is gone (reliability.md §2): seconds.
SILENT_S = 60.0

_Key = tuple[str, str]
_Told = list[tuple[str, Event]]


class Player:
    """All streams of a media process.

    clips: µ-law sounds by name. ports: where streams send from. silent_s: when a silent peer is reported.
    """

    def __init__(self, clips: Mapping[str, bytes], ports: RtpPorts, silent_s: float = SILENT_S) -> None:
        self._announcements = Announcements(clips)
        self._ports = ports
        self._relay = Relay(ports, silent_s)
        self._streams: dict[_Key, Stream] = {}
        self._playing: dict[_Key, Stream] = {}
        # What can be read, and how: the server waits on the one and gives each descriptor to the other.
        self.readiness = self._relay.readiness
        self.receive = self._relay.receive

    def handle(self, command: Command, owner: str, now: float) -> Event | None:
        """Return the answer to a command, or None when there is none yet."""
        try:
            return self._carry_out(command, owner, now)
        except InputError as error:
            return Refused(id=command.id, error=str(error))

    def tick(self, now: float) -> _Told:
        """Send one packet of each playing stream; return what has finished, with the owners."""
        clock = self._relay.clock
        self._relay.clock += FRAME_SAMPLES
        finished: _Told = []
        for key, stream in list(self._playing.items()):
            stream.send_frame(clock)
            stream.sender.sent_at = now
            if not stream.is_playing:
                del self._playing[key]
                stream.idle_since = now
                _log_lost(stream)
                finished.append((stream.owner, Finished(id=stream.id)))
        return finished

    def attend(self, now: float) -> _Told:
        """Do what is due about once a second; return whose peer has fallen silent, with the owners.

        Streams that nobody has joined or played on for their time are closed; RTCP reports are sent.
        """
        for key, stream in list(self._streams.items()):
            is_used = key in self._playing or stream.link is not None
            if not is_used and now - stream.idle_since >= stream.idle_s:
                self.close(*key)
        return self._relay.attend(now)

    def close(self, owner: str, stream_id: str) -> None:
        """End one stream, if it exists, or every one of its owner, and free the ports."""
        if stream_id == EVERY_STREAM:
            for key in [key for key in self._streams if key[0] == owner]:
                self.close(*key)
            return
        stream = self._streams.pop((owner, stream_id), None)
        self._playing.pop((owner, stream_id), None)
        if stream is not None:
            self._relay.leave(stream)
            stream.socket.close()
            self._ports.give_back(stream.port)

    def close_all(self) -> None:
        """End every stream."""
        for key in list(self._streams):
            self.close(*key)

    def __len__(self) -> int:
        """Return how many streams are open."""
        return len(self._streams)

    def _carry_out(self, command: Command, owner: str, now: float) -> Event | None:
        match command:
            case Open():
                return self._open(command, owner, now)
            case Play():
                self._play(command, owner)
            case Join():
                stream = self._stream(owner, command.id)
                if stream.link is not None:
                    raise InputError("stream is already joined")
                self._relay.join(stream, command, now)
            case Move():
                self._relay.move(self._stream(owner, command.id), command, now)
            case Bridge():
                self._relay.bridge(self._stream(owner, command.id), self._stream(owner, command.other))
            case Close():
                self.close(owner, command.id)
            case _:
                assert_never(command)
        return None

    def _stream(self, owner: str, stream_id: str) -> Stream:
        stream = self._streams.get((owner, stream_id))
        if stream is None:
            raise InputError("stream is not open")
        return stream

    def _open(self, command: Open, owner: str, now: float) -> Event:
        key = (owner, command.id)
        if key in self._streams:
            raise InputError("stream is already open")
        if command.id == EVERY_STREAM:
            raise InputError(f"{EVERY_STREAM!r} names every stream")
        taken = self._ports.take()
        if taken is None:
            raise InputError("no RTP port is free")
        rtp, port = taken
        # RFC 3550 §5.1: sequence, timestamp and SSRC begin at random.
        sender = Sender(
            ssrc=secrets.randbits(32), sequence=secrets.randbits(16), timestamp=secrets.randbits(32)
        )
        self._streams[key] = Stream(
            owner=owner,
            id=command.id,
            socket=rtp,
            port=port,
            sender=sender,
            idle_since=now,
            idle_s=command.idle_s,
        )
        return Opened(id=command.id, host=self._ports.host, port=port)

    def _play(self, command: Play, owner: str) -> None:
        stream = self._stream(owner, command.id)
        if stream.is_playing:
            raise InputError("stream is already playing")
        link = stream.link
        listener = command if link is None else link.peer
        announcement = self._announcements.compose(command, listener.law)
        if link is None:
            check_destination(command.host, command.port, self._ports.version)
            # A connected socket also keeps strangers' packets out of its buffer.
            stream.connect(command.host, command.port)
        elif command.host and (command.host, command.port) != (link.peer.host, link.peer.port):
            raise InputError(f"the stream is joined to another peer than {command.host}:{command.port}")
        stream.play(announcement, listener.payload_type, self._relay.clock)
        self._playing[owner, command.id] = stream


def _log_lost(stream: Stream) -> None:
    if stream.lost:
        packets = stream.playing.end // FRAME_SAMPLES
        _log.warning("port %d: %d of %d packets could not be sent", stream.port, stream.lost, packets)
