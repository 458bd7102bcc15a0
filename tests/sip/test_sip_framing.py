"""Streams cut into messages: whole, octet by octet, with keepalives, and with what is no SIP at all."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sip_peer import OFFER, request_text

from chakka.sip.framing import Framing
from chakka.sip.message import LONGEST_MESSAGE, Malformed, parse

INVITE = request_text(body=OFFER)
BYE = request_text("BYE", number=2)
VECTORS = Path(__file__).resolve().parents[3] / "shared" / "vectors"


def with_length(line: str) -> bytes:
    return BYE.replace(b"Content-Length: 0", line.encode())


def octet_by_octet(stream: bytes) -> tuple[list[bytes], int, Framing]:
    framing, messages, pings = Framing(), [], 0
    for place in range(len(stream)):
        messages += framing.feed(stream[place : place + 1])
        pings += framing.pings
    return messages, pings, framing


def test_messages_that_come_together_are_told_apart() -> None:
    framing = Framing()
    assert framing.feed(INVITE + BYE + INVITE) == [INVITE, BYE, INVITE]
    assert framing.fault is None
    assert not framing.is_amid


def test_messages_that_come_octet_by_octet_are_the_same() -> None:
    messages, pings, framing = octet_by_octet(INVITE + b"\r\n\r\n" + BYE)
    assert (messages, pings, framing.fault) == ([INVITE, BYE], 1, None)


@given(st.lists(st.integers(1, 60), max_size=60))
def test_where_the_network_cuts_makes_no_difference(cuts: list[int]) -> None:
    stream, framing, messages = INVITE + b"\r\n" + BYE + b"\r\n\r\n" + INVITE, Framing(), []
    for cut in cuts:
        messages += framing.feed(stream[:cut])
        stream = stream[cut:]
    messages += framing.feed(stream)
    assert messages == [INVITE, BYE, INVITE]


def test_a_double_line_end_is_a_keepalive_and_a_single_one_is_nothing() -> None:
    framing = Framing()
    assert framing.feed(b"\r\n\r\n\r\n\r\n\r\n") == []
    assert (framing.pings, framing.is_amid) == (2, False)
    assert framing.feed(INVITE) == [INVITE]
    assert framing.pings == 0


def test_a_message_that_has_begun_is_known() -> None:
    framing = Framing()
    framing.feed(INVITE[:-1])
    assert framing.is_amid
    assert framing.feed(INVITE[-1:]) == [INVITE]
    assert not framing.is_amid


@pytest.mark.parametrize(
    "line", ["l: 4", "L:4", "CONTENT-LENGTH \t: 4 ", "Content-Length:\r\n 4", "l:4\r\nContent-Length: 4"]
)
def test_content_length_is_read_in_every_spelling(line: str) -> None:
    assert Framing().feed(with_length(line) + b"v=0\n" + BYE)[1:] == [BYE]


@pytest.mark.parametrize(
    "line",
    [
        "Content-Length: -1",
        "Content-Length: 4x",
        "Content-Length: 0\r\nl: 4",
        "Content-Length:",
        "X-Length: 0",
    ],
)
def test_a_length_that_cannot_be_read_ends_the_stream_and_its_sender_is_told_400(line: str) -> None:
    framing = Framing()
    (message,) = framing.feed(with_length(line) + BYE)
    assert framing.fault is not None
    assert framing.feed(BYE) == []
    with pytest.raises(Malformed) as caught:
        parse(message)
    assert caught.value.status == 400
    assert caught.value.request is not None


def test_a_message_over_64_kb_is_not_waited_for() -> None:
    framing = Framing()
    framing.feed(with_length(f"Content-Length: {LONGEST_MESSAGE}"))
    assert framing.fault is not None


def test_a_head_without_end_is_given_up_at_64_kb() -> None:
    framing = Framing()
    for _ in range(LONGEST_MESSAGE // 1024):
        assert framing.fault is None
        assert framing.feed(b"x" * 1024) == []
    assert framing.fault is not None
    assert not framing.is_amid


@given(st.binary(max_size=400))
def test_junk_never_raises(junk: bytes) -> None:
    framing = Framing()
    for message in framing.feed(junk + INVITE):
        try:
            parse(message)
        except Malformed as fault:
            assert fault.status in (400, 505, 513)


def test_octet_by_octet_takes_time_in_proportion_to_the_length() -> None:
    def spent(lines: int) -> float:
        stream = INVITE.replace(b"Max-Forwards", b"X: y\r\n" * lines + b"Max-Forwards")
        began = time.perf_counter()
        octet_by_octet(stream)
        return (time.perf_counter() - began) / lines

    assert min(spent(8_000) for _ in range(3)) < 6 * min(spent(1_000) for _ in range(3))


@pytest.mark.parametrize("file", sorted(VECTORS.glob("rfc4475/*.dat")), ids=lambda file: file.stem)
def test_what_follows_a_torture_message_is_read_unless_its_length_is_the_torture(file: Path) -> None:
    torture = file.read_bytes()
    framing = Framing()
    messages = framing.feed(torture + BYE + BYE)
    assert framing.fault is not None or messages[-1:] == [BYE] or file.stem == "clerr"
