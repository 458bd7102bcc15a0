"""One RTP port of ours, what it plays, and whom it is joined to."""

import socket
from collections.abc import Callable
from dataclasses import dataclass, field

from chakka.errors import InputError
from chakka.media.announcements import Announcement
from chakka.media.control import Peer
from chakka.media.reception import Reception
from chakka.media.rtp import FRAME_SAMPLES, MARKER
from chakka.media.sender import Sender

_NOTHING = Announcement(b"", 0)

# Payload type of a packet that comes → the type and table with which it goes on to the other side.
Passage = dict[int, tuple[int, bytes | None]]


@dataclass(slots=True, kw_only=True, eq=False)
class Link:
    """What a stream has beside its port once it is joined.

    heard_at:     when RTP last came, or when that was first to be expected.
    silent_since: the `heard_at` for which Silent has been said.
    latch_until:  the end of waiting for the first packet from behind a NAT; None when the peer's port counts.
    passage:      empty while there is no other side.
    """

    peer: Peer
    rtcp: socket.socket | None
    heard_at: float
    next_report_at: float
    reception: Reception = field(default_factory=Reception)
    latch_until: float | None = None
    silent_since: float | None = None
    reported_packets: int = 0
    last_report: int = 0
    last_report_at: float = 0.0
    other: "Stream | None" = None
    passage: Passage = field(default_factory=dict)


@dataclass(slots=True, kw_only=True, eq=False)
class Stream:
    """One RTP port. `position` counts bytes over all repetitions of what is played.

    is_playing: True until the last packet of it has been sent.
    """

    owner: str
    id: str
    socket: socket.socket
    port: int
    sender: Sender
    idle_since: float
    idle_s: int
    link: Link | None = None
    is_playing: bool = False
    playing: Announcement = _NOTHING
    position: int = 0
    kind: int = 0
    lost: int = 0
    send: Callable[[bytes], int] = field(init=False)

    def __post_init__(self) -> None:
        """Sending needs `connect` first."""
        self.send = self.socket.send

    def connect(self, host: str, port: int) -> None:
        """Send to, and hear, this address alone: the kernel keeps strangers' packets out.

        Raises: InputError when it cannot be sent to.
        """
        try:
            self.socket.connect((host, port))
        except OSError as error:
            raise InputError(f"{host} cannot be reached: {error.strerror}") from None

    def play(self, announcement: Announcement, payload_type: int, clock: int) -> None:
        """Begin to play."""
        self.sender.resume(clock)
        self.is_playing = True
        self.playing, self.position, self.lost = announcement, 0, 0
        # RFC 3551 §4.1: the marker shows the first packet of a talkspurt.
        self.kind = payload_type | MARKER

    def send_frame(self, clock: int) -> None:
        """Send the next 20 ms. A destination that cannot take it loses it; its neighbours must not suffer."""
        sound = self.playing.sound
        start = self.position % len(sound)
        self.position += FRAME_SAMPLES
        self.is_playing = self.position < self.playing.end
        if self.link is not None and not self.link.peer.is_listening:
            return
        header = self.sender.spoken(self.kind, clock)
        self.kind &= ~MARKER
        try:
            self.send(header + sound[start : start + FRAME_SAMPLES])
        except OSError:
            self.lost += 1
