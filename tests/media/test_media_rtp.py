"""RTP packets, good and hostile (RFC 3550 §5.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chakka.media.rtp import LONGEST_PACKET, RtpPacket, build, parse

packets = st.builds(
    RtpPacket,
    payload_type=st.integers(0, 127).filter(lambda kind: kind not in range(72, 77)),
    sequence=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFF_FFFF),
    ssrc=st.integers(0, 0xFFFF_FFFF),
    payload=st.binary(max_size=200),
    marker=st.booleans(),
)

PLAIN = RtpPacket(payload_type=0, sequence=1, timestamp=160, ssrc=0xDECAF, payload=b"sound")


def test_a_packet_is_laid_out_as_the_rfc_draws_it() -> None:
    packet = RtpPacket(payload_type=8, sequence=2, timestamp=3, ssrc=4, payload=b"\xd5", marker=True)
    assert build(packet).hex(" ") == "80 88 00 02 00 00 00 03 00 00 00 04 d5"


@given(packets)
def test_what_was_built_is_parsed_again(packet: RtpPacket) -> None:
    assert parse(build(packet)) == packet


@given(st.binary(max_size=1_600))
def test_junk_never_raises(datagram: bytes) -> None:
    assert parse(datagram) is None or len(datagram) >= 12


@given(packets, st.integers(0, 12 * 8 - 1))
def test_a_flipped_bit_in_the_header_never_raises(packet: RtpPacket, bit: int) -> None:
    datagram = bytearray(build(packet))
    datagram[bit // 8] ^= 1 << bit % 8
    parsed = parse(bytes(datagram))
    assert parsed is None or len(parsed.payload) <= len(packet.payload)


@pytest.mark.parametrize("length", range(12))
def test_a_packet_cut_within_its_header_is_none(length: int) -> None:
    assert parse(build(PLAIN)[:length]) is None


def test_contributors_and_extension_are_skipped() -> None:
    header = bytes([0x80 | 0x10 | 2]) + build(PLAIN)[1:12]
    contributors = b"\0" * 8
    extension = b"\xbe\xde\x00\x01" + b"ext!"
    parsed = parse(header + contributors + extension + b"sound")
    assert parsed == PLAIN


def test_padding_is_removed() -> None:
    datagram = bytes([0x80 | 0x20]) + build(PLAIN)[1:] + b"\0\0\x03"
    assert parse(datagram) == PLAIN


@pytest.mark.parametrize("padding", [0, 6 + 1, 255])
def test_padding_that_is_nothing_or_longer_than_the_payload_is_no_packet(padding: int) -> None:
    datagram = bytes([0x80 | 0x20]) + build(PLAIN)[1:] + bytes([padding])
    assert parse(datagram) is None


@pytest.mark.parametrize("first", [0x00, 0x40, 0xC0])
def test_another_version_is_no_packet(first: int) -> None:
    assert parse(bytes([first]) + build(PLAIN)[1:]) is None


@pytest.mark.parametrize("kind", range(200, 205))
def test_rtcp_on_the_same_port_is_no_packet(kind: int) -> None:
    assert parse(bytes([0x80, kind]) + b"\0" * 20) is None


def test_an_extension_that_runs_past_the_end_is_no_packet() -> None:
    header = bytes([0x90]) + build(PLAIN)[1:12]
    assert parse(header + b"\xbe\xde\xff\xff") is None
    assert parse(header + b"\xbe") is None


def test_a_packet_longer_than_a_frame_is_no_packet() -> None:
    assert parse(build(PLAIN).ljust(LONGEST_PACKET, b"x")) is not None
    assert parse(build(PLAIN).ljust(LONGEST_PACKET + 1, b"x")) is None
