"""Sender and receiver reports, written and read (RFC 3550 §6.4). Pure."""

import struct
from dataclasses import dataclass

from chakka.media.reception import Loss

SENDER_REPORT = 200
RECEIVER_REPORT = 201
_SOURCE_DESCRIPTION = 202
_CNAME = 1

_VERSION = 0x80
_HEADER = struct.Struct("!BBH")
_SENDER = struct.Struct("!QIII")
_BLOCK = struct.Struct("!IIIIII")
_WORD = struct.Struct("!I")
# The last sender report is named by the middle 32 bits of its 64-bit time.
_MIDDLE_SHIFT = 16
_LONGEST = 1_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What we have sent (§6.4.1). at_s: now, on the clock of our reports; timestamp: RTP's at that moment."""

    at_s: float
    timestamp: int
    packets: int
    octets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What we have heard. last_report: of the peer's last sender report, 0 for none; age_s: since then."""

    loss: Loss
    last_report: int = 0
    age_s: float = 0.0


def report(ssrc: int, cname: str, sent: Sent | None, heard: Heard | None) -> bytes:
    """Return a compound packet: a sender report, or a receiver report when nothing is sent, and our name.

    Source: RFC 3550 §6.1: a report first, and always a CNAME.
    """
    blocks = b"" if heard is None else _block(heard)
    count = 0 if heard is None else 1
    if sent is None:
        return _packet(RECEIVER_REPORT, count, _WORD.pack(ssrc) + blocks) + _name(ssrc, cname)
    # §6.4.1 lets a sender that knows no wall-clock time give elapsed time.
    clock = int(sent.at_s * (1 << 32)) & 0xFFFF_FFFF_FFFF_FFFF
    figures = _SENDER.pack(clock, sent.timestamp, sent.packets & 0xFFFF_FFFF, sent.octets & 0xFFFF_FFFF)
    return _packet(SENDER_REPORT, count, _WORD.pack(ssrc) + figures + blocks) + _name(ssrc, cname)


def last_sender_report(datagram: bytes) -> int | None:
    """Return how a report block names the sender report in a compound packet; None without a whole one."""
    if not _HEADER.size <= len(datagram) <= _LONGEST:
        return None
    first, kind, words = _HEADER.unpack_from(datagram)
    # §6.1: the report is the first packet of a compound one.
    if first & 0xC0 != _VERSION or kind != SENDER_REPORT or len(datagram) < 4 * (words + 1) or words < 6:
        return None
    (clock,) = struct.unpack_from("!Q", datagram, 8)
    return int(clock >> _MIDDLE_SHIFT) & 0xFFFF_FFFF


def _block(heard: Heard) -> bytes:
    loss = heard.loss
    lost = loss.fraction << 24 | loss.lost & 0xFF_FFFF
    age = int(heard.age_s * 65_536) & 0xFFFF_FFFF if heard.last_report else 0
    return _BLOCK.pack(loss.ssrc, lost, loss.highest, loss.jitter, heard.last_report, age)


def _name(ssrc: int, cname: str) -> bytes:
    name = cname.encode("ascii")
    item = bytes((_CNAME, len(name))) + name
    # §6.5: a null octet ends the items, more fill the word.
    return _packet(_SOURCE_DESCRIPTION, 1, _WORD.pack(ssrc) + item + bytes(4 - len(item) % 4))


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return _HEADER.pack(_VERSION | count, kind, len(body) // 4) + body
