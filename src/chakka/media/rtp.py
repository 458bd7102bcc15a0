"""RTP packets as values (RFC 3550 §5.1). Pure."""

import struct

import msgspec

# G.711 at the 20 ms of signalling.md §3.
FRAME_MS = 20
FRAME_SAMPLES = 160

VERSION = 0x80
MARKER = 0x80

# V=2 without padding, extension and contributors; marker and type; sequence; timestamp; SSRC.
HEADER = struct.Struct("!BBHII")

# What fits an Ethernet frame; longer RTP is no telephony.
LONGEST_PACKET = 1_500
# RFC 5761 §4: with the marker bit these types would be RTCP (200–204).
_RTCP_TYPES = range(72, 77)


class RtpPacket(msgspec.Struct, frozen=True, kw_only=True):
    """One packet. sequence: 16 bits; timestamp: samples, 32 bits; ssrc: 32 bits."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False


def build(packet: RtpPacket) -> bytes:
    """Return the datagram of a packet."""
    second = packet.payload_type | (MARKER if packet.marker else 0)
    return HEADER.pack(VERSION, second, packet.sequence, packet.timestamp, packet.ssrc) + packet.payload


def parse(datagram: bytes) -> RtpPacket | None:
    """Return the packet in a datagram, or None when it is not RTP.

    Contributors and header extension are skipped, padding is removed.
    """
    payload = payload_of(datagram)
    if payload is None:
        return None
    _, second, sequence, timestamp, ssrc = HEADER.unpack_from(datagram)
    return RtpPacket(
        payload_type=second & 0x7F,
        sequence=sequence,
        timestamp=timestamp,
        ssrc=ssrc,
        payload=payload,
        marker=bool(second & MARKER),
    )


def payload_of(datagram: bytes) -> bytes | None:
    """Return what lies between header and padding; None when the datagram is not RTP or they overlap."""
    if not HEADER.size <= len(datagram) <= LONGEST_PACKET:
        return None
    first, second = datagram[0], datagram[1]
    if first & 0xC0 != VERSION or (second & MARKER and second & 0x7F in _RTCP_TYPES):
        return None
    start = HEADER.size + 4 * (first & 0x0F)
    if first & 0x10:
        if len(datagram) < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(datagram[start + 2 : start + 4])
    end = len(datagram)
    if first & 0x20:
        padding = datagram[-1]
        if padding == 0:
            return None
        end -= padding
    return datagram[start:end] if start <= end else None
