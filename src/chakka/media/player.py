"""Streams: what each sends in a tick of 20 ms, and what becomes of the call plane's commands.

The clock and the control socket are `server.py`'s; RTP leaves from here.
"""

import logging
import secrets
import socket
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import assert_never

from chakka.errors import InputError
from chakka.media.control import (
    Bridge,
    Close,
    Command,
    Event,
    Finished,
    Join,
    Law,
    Move,
    Open,
    Opened,
    Play,
    Refused,
)
from chakka.media.g711 import to_alaw
from chakka.media.ports import RtpPorts
from chakka.media.prompts import SILENCE, compose, silence
from chakka.media.rtp import FRAME_MS, FRAME_SAMPLES, HEADER, MARKER, VERSION

_log = logging.getLogger(__name__)

# A port that is neither played on nor closed for this long belongs to nobody: seconds.
IDLE_S = 60.0
# No announcement is longer; whoever asks for more is mistaken: seconds.
LONGEST_PLAY_S = 300
# Composed announcements kept: 15 s of off-hours text are 120 kB.
_COMPOSED_KEPT = 256

_FRAMES_PER_S = 1_000 // FRAME_MS


@dataclass(slots=True, kw_only=True)
class _Stream:
    """One RTP sender. `position` and `end` count bytes over all repetitions of `sound`."""

    owner: str
    id: str
    socket: socket.socket
    port: int
    ssrc: int
    sequence: int
    first_timestamp: int
    idle_since: float
    sound: bytes = b""
    position: int = 0
    end: int = 0
    payload_type: int = 0
    marker: int = 0
    lost: int = 0


class Player:
    """All streams of a media process.

    clips: µ-law sounds by name. ports: where streams send from.
    """

    def __init__(self, clips: Mapping[str, bytes], ports: RtpPorts) -> None:
        self._clips = clips
        self._ports = ports
        self._streams: dict[tuple[str, str], _Stream] = {}
        self._playing: dict[tuple[str, str], _Stream] = {}
        self._composed: OrderedDict[tuple[tuple[str, ...], Law], bytes] = OrderedDict()
        self._ticks = 0

    def handle(self, command: Command, owner: str, now: float) -> Event | None:
        """Return the answer to a command, or None when there is none yet."""
        match command:
            case Open():
                return self._open(command, owner, now)
            case Play():
                return self._play(command, owner)
            case Join() | Move() | Bridge():
                return Refused(id=command.id, error="this media process does not relay")
            case Close():
                self.close(owner, command.id)
                return None
            case _:
                assert_never(command)

    def tick(self, now: float) -> list[tuple[str, Event]]:
        """Send one packet of each playing stream; return what has finished, with the owners."""
        timestamp = self._ticks * FRAME_SAMPLES
        self._ticks += 1
        finished: list[tuple[str, Event]] = []
        for key, stream in list(self._playing.items()):
            _send_frame(stream, timestamp)
            if stream.position >= stream.end:
                del self._playing[key]
                stream.idle_since = now
                _log_lost(stream)
                finished.append((stream.owner, Finished(id=stream.id)))
        return finished

    def expire(self, now: float) -> None:
        """Close streams that nobody has played on for a minute."""
        for key, stream in list(self._streams.items()):
            if key not in self._playing and now - stream.idle_since >= IDLE_S:
                self.close(*key)

    def close(self, owner: str, stream_id: str) -> None:
        """End one stream, if it exists, and free its port."""
        stream = self._streams.pop((owner, stream_id), None)
        self._playing.pop((owner, stream_id), None)
        if stream is not None:
            stream.socket.close()
            self._ports.give_back(stream.port)

    def close_all(self) -> None:
        """End every stream."""
        for key in list(self._streams):
            self.close(*key)

    def __len__(self) -> int:
        """Return how many streams are open."""
        return len(self._streams)

    def _open(self, command: Open, owner: str, now: float) -> Event:
        key = (owner, command.id)
        if key in self._streams:
            return Refused(id=command.id, error="stream is already open")
        taken = self._ports.take()
        if taken is None:
            return Refused(id=command.id, error="no RTP port is free")
        rtp, port = taken
        # RFC 3550 §5.1: sequence, timestamp and SSRC begin at random.
        self._streams[key] = _Stream(
            owner=owner,
            id=command.id,
            socket=rtp,
            port=port,
            ssrc=secrets.randbits(32),
            sequence=secrets.randbits(16),
            first_timestamp=secrets.randbits(32),
            idle_since=now,
        )
        return Opened(id=command.id, host=self._ports.host, port=port)

    def _play(self, command: Play, owner: str) -> Event | None:
        key = (owner, command.id)
        stream = self._streams.get(key)
        if stream is None:
            return Refused(id=command.id, error="stream is not open")
        if key in self._playing:
            return Refused(id=command.id, error="stream is already playing")
        try:
            self._prepare(stream, command)
        except InputError as error:
            return Refused(id=command.id, error=str(error))
        self._playing[key] = stream
        return None

    def _prepare(self, stream: _Stream, command: Play) -> None:
        """Set a stream up to play, or raise InputError and leave it as it is."""
        sound = self._sound(command.clips, command.law)
        pause = _in_law(_whole_frames(silence(command.pause_ms)), command.law)
        end = command.repeat * (len(sound) + len(pause)) - len(pause)
        if end > LONGEST_PLAY_S * _FRAMES_PER_S * FRAME_SAMPLES:
            raise InputError(f"playing would last longer than {LONGEST_PLAY_S} s")
        # A connected socket also keeps strangers' packets out of its buffer.
        destination = _destination(command.host, command.port, self._ports.version)
        try:
            stream.socket.connect((str(destination), command.port))
        except OSError as error:
            raise InputError(f"{command.host} cannot be reached: {error.strerror}") from None
        stream.sound = sound + pause
        stream.position, stream.end, stream.lost = 0, end, 0
        stream.payload_type, stream.marker = command.payload_type, MARKER

    def _sound(self, names: tuple[str, ...], law: Law) -> bytes:
        """Return composed clips in whole frames, from memory when they were played before."""
        key = (names, law)
        sound = self._composed.get(key)
        if sound is None:
            sound = _in_law(_whole_frames(compose(self._clips, names)), law)
            if not sound:
                raise InputError("there is nothing to play")
            self._composed[key] = sound
            if len(self._composed) > _COMPOSED_KEPT:
                self._composed.popitem(last=False)
        else:
            self._composed.move_to_end(key)
        return sound


def _send_frame(stream: _Stream, timestamp: int) -> None:
    """Send the next 20 ms. A destination that cannot take it loses it; its neighbours must not suffer."""
    start = stream.position % len(stream.sound)
    header = HEADER.pack(
        VERSION,
        stream.payload_type | stream.marker,
        stream.sequence,
        (stream.first_timestamp + timestamp) & 0xFFFF_FFFF,
        stream.ssrc,
    )
    try:
        stream.socket.send(header + stream.sound[start : start + FRAME_SAMPLES])
    except OSError:
        stream.lost += 1
    stream.position += FRAME_SAMPLES
    stream.sequence = (stream.sequence + 1) & 0xFFFF
    # RFC 3551 §4.1: the marker shows the first packet of a talkspurt.
    stream.marker = 0


def _log_lost(stream: _Stream) -> None:
    if stream.lost:
        packets = stream.end // FRAME_SAMPLES
        _log.warning("port %d: %d of %d packets could not be sent", stream.port, stream.lost, packets)


def _destination(host: str, port: int, version: int) -> IPv4Address | IPv6Address:
    """Return a destination that RTP may be sent to; names are never resolved here."""
    try:
        address = ip_address(host)
    except ValueError:
        raise InputError(f"host {host!r} is not an IP address") from None
    if address.version != version:
        raise InputError(f"host {host!r} is not an IPv{version} address")
    if address.is_multicast or address.is_unspecified:
        raise InputError(f"host {host!r} is not one receiver's address")
    if not 1 <= port <= 65_535:
        raise InputError(f"port {port} is not within 1-65535")
    return address


def _whole_frames(sound: bytes) -> bytes:
    return sound + SILENCE * (-len(sound) % FRAME_SAMPLES)


def _in_law(ulaw: bytes, law: Law) -> bytes:
    return to_alaw(ulaw) if law == "PCMA" else ulaw
