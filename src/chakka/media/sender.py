"""One RTP stream of ours: whatever it carries, its SSRC, sequence and timestamps go on. Pure."""

from chakka.media.rtp import FRAME_SAMPLES, HEADER, VERSION

_MASK = 0xFFFF_FFFF
_HALF = 0x8000_0000


class Sender:
    """Numbers for what is sent to one peer: announcements, and what another peer says (RFC 3550 §5.1).

    ssrc, sequence, timestamp: where to begin; random.
    following: the beginning of the peer that is being relayed; None while there is none.
    packets, octets: sent so far, headers not counted. sent_at: when the last one was, in seconds.
    """

    __slots__ = (
        "_offset",
        "_sequence",
        "_sequence_shift",
        "_timestamp",
        "_timestamp_shift",
        "following",
        "octets",
        "packets",
        "sent_at",
        "ssrc",
    )

    def __init__(self, *, ssrc: int, sequence: int, timestamp: int) -> None:
        self.ssrc = ssrc
        self.packets = 0
        self.octets = 0
        self.sent_at = 0.0
        self._sequence = sequence
        self._offset = timestamp
        self._timestamp = (timestamp - FRAME_SAMPLES) & _MASK
        self.following: object = None
        self._sequence_shift = 0
        self._timestamp_shift = 0

    @property
    def timestamp(self) -> int:
        """The timestamp last sent."""
        return self._timestamp

    def resume(self, clock: int) -> None:
        """Begin something new at `clock`, in samples: timestamps follow it, but never go back."""
        self.following = None
        behind = (self._timestamp + FRAME_SAMPLES - self._offset - clock) & _MASK
        if behind < _HALF:
            self._offset = (self._offset + behind) & _MASK

    def spoken(self, kind: int, clock: int) -> bytes:
        """Return the header of 20 ms of our own. kind: payload type, with the marker bit if it is set."""
        sequence = self._sequence
        self._sequence = sequence + 1
        self.packets += 1
        self.octets += FRAME_SAMPLES
        self._timestamp = (self._offset + clock) & _MASK
        return HEADER.pack(VERSION, kind, sequence & 0xFFFF, self._timestamp, self.ssrc)

    def follow(self, beginning: object, place: int, timestamp: int, clock: int) -> None:
        """Relay a peer from here on: its packet at `place` comes next, later ones keep their distance.

        beginning: see `Reception`; place, timestamp: those of the first packet.
        """
        self.resume(clock)
        self.following = beginning
        self._sequence_shift = self._sequence - place
        self._timestamp_shift = self._offset + clock - timestamp

    def relayed(self, kind: int, place: int, timestamp: int, octets: int) -> bytes:
        """Return the header of a packet of the peer that is followed; gaps stay gaps."""
        self.packets += 1
        self.octets += octets
        sequence = place + self._sequence_shift
        timestamp = (timestamp + self._timestamp_shift) & _MASK
        if sequence >= self._sequence:
            self._sequence = sequence + 1
            self._timestamp = timestamp
        return HEADER.pack(VERSION, kind, sequence & 0xFFFF, timestamp, self.ssrc)
