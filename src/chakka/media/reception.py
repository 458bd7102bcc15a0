"""What has come from one RTP peer: places in its order, and the figures of receiver reports. Pure."""

from dataclasses import dataclass

# RFC 3550 appendix A.1: farther ahead or behind than this, the sender has begun anew.
_LONGEST_GAP = 3_000
_LATEST = 100

_TIMESTAMP_MASK = 0xFFFF_FFFF
_MOST_LOST = 0x7F_FFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """One report block's figures (RFC 3550 §6.4.1).

    fraction: of those since the last report, in 256ths. highest: sequence with its cycles, 32 bits.
    jitter:   in samples.
    """

    ssrc: int
    fraction: int
    lost: int
    highest: int
    jitter: int


class Reception:
    """The packets of one peer as they come.

    beginning: another object each time the peer begins anew: another SSRC, or a jump in its sequence numbers.
    """

    __slots__ = (
        "_first",
        "_highest",
        "_jitter",
        "_reported_expected",
        "_reported_received",
        "_transit",
        "beginning",
        "received",
        "ssrc",
    )

    def __init__(self) -> None:
        self._first = self._highest = self._transit = 0
        self._jitter = self._reported_expected = self._reported_received = 0
        self.restart()

    def restart(self) -> None:
        """Forget the peer's order: what comes next is a beginning."""
        self.ssrc = -1
        self.received = 0
        self.beginning = object()

    def place(self, sequence: int, timestamp: int, ssrc: int, arrival: int) -> int:
        """Return a packet's place in the order of its sender: its sequence number without wrapping.

        arrival: on any clock of 8,000 a second.
        Result:  −1 for one that was sent before the first that came.
        Source:  RFC 3550 appendices A.1, A.8.
        """
        if ssrc != self.ssrc:
            return self._begin(sequence, timestamp, ssrc, arrival)
        step = ((sequence - self._highest + 0x8000) & 0xFFFF) - 0x8000
        if not -_LATEST <= step <= _LONGEST_GAP:
            return self._begin(sequence, timestamp, ssrc, arrival)
        place = self._highest + step
        if place < self._first:
            return -1
        if step > 0:
            self._highest = place
        self.received += 1
        transit = (arrival - timestamp) & _TIMESTAMP_MASK
        difference = ((transit - self._transit + 0x8000_0000) & _TIMESTAMP_MASK) - 0x8000_0000
        self._transit = transit
        # Sixteen times the estimate is kept, as in A.8.
        self._jitter += abs(difference) - ((self._jitter + 8) >> 4)
        return place

    def loss(self) -> Loss | None:
        """Return the figures for a report and begin the next interval; None before the first packet.

        Source: RFC 3550 appendix A.3.
        """
        if self.ssrc < 0:
            return None
        expected = self._highest - self._first + 1
        expected_now = expected - self._reported_expected
        lost_now = expected_now - (self.received - self._reported_received)
        self._reported_expected, self._reported_received = expected, self.received
        fraction = min((lost_now << 8) // expected_now, 255) if expected_now and lost_now > 0 else 0
        return Loss(
            ssrc=self.ssrc,
            fraction=fraction,
            lost=max(-_MOST_LOST - 1, min(expected - self.received, _MOST_LOST)),
            highest=self._highest & 0xFFFF_FFFF,
            jitter=self._jitter >> 4,
        )

    def _begin(self, sequence: int, timestamp: int, ssrc: int, arrival: int) -> int:
        self.beginning = object()
        self.ssrc = ssrc
        self._first = self._highest = sequence
        self.received = 1
        self._transit = (arrival - timestamp) & _TIMESTAMP_MASK
        self._jitter = self._reported_expected = self._reported_received = 0
        return sequence
