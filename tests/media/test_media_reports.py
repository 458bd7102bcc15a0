"""The order of what comes, the numbers of what goes, and the reports on both (RFC 3550)."""

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chakka.media.reception import Loss, Reception
from chakka.media.rtcp import Heard, Sent, last_sender_report, report
from chakka.media.rtp import HEADER
from chakka.media.sender import Sender

SSRC = 7
LOSS = Loss(ssrc=SSRC, fraction=64, lost=1, highest=70_000, jitter=12)


def hear(reception: Reception, *sequences: int) -> list[int]:
    return [
        reception.place(number % 65_536, number * 160 % 2**32, SSRC, number * 160) for number in sequences
    ]


@given(st.integers(0, 65_535), st.integers(1, 400))
def test_places_go_on_where_sequence_numbers_wrap(first: int, count: int) -> None:
    places = hear(Reception(), *range(first, first + count))
    assert places == list(range(first, first + count))


@given(st.lists(st.integers(0, 90), min_size=1, max_size=60))
def test_packets_out_of_order_keep_their_places(order: list[int]) -> None:
    reception = Reception()
    hear(reception, 65_500)
    assert hear(reception, *(65_500 + number for number in order)) == [65_500 + number for number in order]


def test_what_was_sent_before_the_first_has_no_place() -> None:
    reception = Reception()
    assert hear(reception, 500, 499, 501, 401) == [500, -1, 501, -1]


@pytest.mark.parametrize("number", [3_501, 40_000, 399])
def test_rfc_3550_a_1_a_jump_is_a_beginning(number: int) -> None:
    reception = Reception()
    hear(reception, 500)
    before = reception.beginning
    assert hear(reception, number) == [number]
    assert reception.beginning is not before


def test_another_source_is_a_beginning() -> None:
    reception = Reception()
    hear(reception, 500, 501)
    before = reception.beginning
    reception.place(502, 0, SSRC + 1, 0)
    assert reception.beginning is not before
    assert reception.received == 1


def test_rfc_3550_a_3_loss_is_counted_in_all_and_since_the_last_report() -> None:
    reception = Reception()
    hear(reception, *range(100, 150))
    assert reception.loss() == Loss(ssrc=SSRC, fraction=0, lost=0, highest=149, jitter=0)
    hear(reception, *range(150, 200, 2))
    loss = reception.loss()
    assert loss is not None
    assert (loss.lost, loss.fraction) == (24, (24 << 8) // 49)
    hear(reception, 199)
    loss = reception.loss()
    assert loss is not None
    assert (loss.lost, loss.fraction) == (24, 0)


def test_nothing_is_reported_of_a_peer_that_has_sent_nothing() -> None:
    assert Reception().loss() is None


def test_rfc_3550_a_8_jitter_nears_the_mean_deviation() -> None:
    reception = Reception()
    for number in range(500):
        late = 40 * (number % 2)
        reception.place(number, number * 160, SSRC, number * 160 + late)
    loss = reception.loss()
    assert loss is not None
    assert loss.jitter == pytest.approx(40, abs=3)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**31))
def test_jitter_of_a_steady_peer_is_nothing_wherever_its_timestamps_wrap(first: int, arrival: int) -> None:
    reception = Reception()
    for number in range(50):
        reception.place(number, (first + 160 * number) % 2**32, SSRC, arrival + 160 * number)
    loss = reception.loss()
    assert loss is not None
    assert loss.jitter == 0


def numbers(headers: list[bytes]) -> list[tuple[int, int]]:
    """Return sequence and timestamp of each header."""
    return [HEADER.unpack(header)[2:4] for header in headers]


@given(
    st.integers(0, 65_535),
    st.integers(0, 2**32 - 1),
    st.lists(st.tuples(st.booleans(), st.integers(0, 2**32 - 1), st.integers(1, 20)), max_size=12),
)
def test_whatever_is_sent_sequence_grows_by_one_and_time_goes_forward(
    sequence: int, timestamp: int, turns: list[tuple[bool, int, int]]
) -> None:
    """Turns of our own texts and of peers with any numbers, each as long as its packets last."""
    sender = Sender(ssrc=1, sequence=sequence, timestamp=timestamp)
    headers, clock = [], 0
    for is_ours, theirs, length in turns:
        if is_ours:
            sender.resume(clock)
            headers += [sender.spoken(0, clock + 160 * frame) for frame in range(length)]
        else:
            sender.follow(object(), theirs, theirs, clock)
            headers += [
                sender.relayed(0, theirs + frame, (theirs + 160 * frame) % 2**32, 160)
                for frame in range(length)
            ]
        clock += 160 * length
    for (before, earlier), (after, later) in pairwise(numbers(headers)):
        assert (after - before) % 65_536 == 1
        assert (later - earlier) % 2**32 == 160
    assert sender.packets == len(headers)
    assert sender.octets == 160 * len(headers)


def test_a_late_packet_does_not_set_the_numbers_back() -> None:
    sender = Sender(ssrc=1, sequence=0, timestamp=0)
    sender.follow(object(), 100, 0, 0)
    for place in (100, 102, 101):
        sender.relayed(0, place, place * 160, 160)
    assert HEADER.unpack(sender.spoken(0, 10_000))[2] == 3


def test_a_sender_report_has_the_form_of_rfc_3550_6_4_1() -> None:
    sent = Sent(at_s=1.5, timestamp=160, packets=2**32 + 5, octets=800)
    packet = report(9, "name", sent, Heard(loss=LOSS, last_report=0x01020304, age_s=2.0))
    assert struct.unpack("!BBH", packet[:4]) == (0x81, 200, 12)
    assert struct.unpack("!IQIII", packet[4:28]) == (9, 3 << 31, 160, 5, 800)
    assert struct.unpack("!IIIIII", packet[28:52]) == (7, 64 << 24 | 1, 70_000, 12, 0x01020304, 131_072)
    assert packet[52:] == b"\x81\xca\x00\x03" + struct.pack("!I", 9) + b"\x01\x04name\x00\x00"


def test_a_receiver_report_alone_when_nothing_was_sent_and_empty_when_nothing_was_heard() -> None:
    assert report(9, "n", None, None)[:8] == b"\x80\xc9\x00\x01\x00\x00\x00\x09"
    assert report(9, "n", None, Heard(loss=LOSS))[:4] == b"\x81\xc9\x00\x07"


@given(st.text("abcdefgh-0123456789", min_size=1, max_size=30))
def test_every_report_is_made_of_whole_words_and_its_name_ends_in_nulls(name: str) -> None:
    packet = report(9, name, None, None)
    assert len(packet) % 4 == 0
    assert struct.unpack("!H", packet[10:12])[0] * 4 + 4 == len(packet) - 8
    assert packet.endswith(b"\0")


def test_more_duplicates_than_losses_are_a_negative_count() -> None:
    reception = Reception()
    hear(reception, 1, 1, 1)
    loss = reception.loss()
    assert loss is not None
    assert loss.lost == -2
    assert report(9, "n", None, Heard(loss=loss))[13:16] == b"\xff\xff\xfe"


def test_a_sender_report_is_named_by_the_middle_of_its_time() -> None:
    packet = report(9, "name", Sent(at_s=0x1234 + 0.5, timestamp=0, packets=0, octets=0), None)
    assert last_sender_report(packet) == 0x1234_8000


@given(st.binary(max_size=80))
def test_junk_is_no_sender_report_unless_it_has_its_form(datagram: bytes) -> None:
    has_form = len(datagram) >= 28 and datagram[0] >> 6 == 2 and datagram[1] == 200
    assert last_sender_report(datagram) is None or has_form


@pytest.mark.parametrize("length", range(28))
def test_a_sender_report_that_is_cut_short_is_none(length: int) -> None:
    packet = report(9, "name", Sent(at_s=1.0, timestamp=0, packets=0, octets=0), None)
    assert last_sender_report(packet[:length]) is None
