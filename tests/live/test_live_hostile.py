"""A call plane that runs, and datagrams that nobody should send: it lives, answers, and fills no log."""

import os
import random
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from peer_node import SIP_PORT, Node, options

pytestmark = pytest.mark.slow

SEED = 4475
MESSAGES = 3_000
# One example a second of each kind of bad message, and a few more.
MOST_LOG_LINES = 40

METHODS = ("INVITE", "ACK", "CANCEL", "BYE", "PRACK", "UPDATE", "OPTIONS", "REGISTER", "REFER")
SCRAPS = (
    b"\r\n",
    b"\r\n\r\n",
    b"\0",
    b"\xff\xfe",
    b";lr=",
    b"%00",
    b'"',
    b"<",
    b",",
    b"\r\n ",
    b"[::1",
    b"99999",
)
SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[Node]:
    """A node of which only the call plane runs."""
    node = Node(tmp_path, tmp_path / "prompts")
    node.start_one("callplane")
    try:
        node.wait_until_it_serves()
        yield node
    finally:
        node.stop()


def message(chance: random.Random, place: int, host: str, port: int) -> bytes:
    """Return a message that is right, or a response to nothing."""
    method = chance.choice(METHODS)
    first = f"{method} sip:{chance.choice(('0120123456', 'alice', ''))}@127.0.0.1 SIP/2.0"
    lines = (
        chance.choice((first, first, first, "SIP/2.0 200 OK")),
        f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{place}",
        f'From: "caller" <sip:0422511234@{host}>;tag=f{place}',
        "To: <sip:0120123456@127.0.0.1>",
        f"Call-ID: {place}@{host}",
        f"CSeq: 1 {method}",
        f"Contact: <sip:caller@{host}:{port}>",
        "Max-Forwards: 70",
        "Supported: 100rel, timer",
        "Content-Type: application/sdp",
        f"Content-Length: {len(SDP)}",
    )
    return "\r\n".join((*lines, "", "")).encode() + SDP


def spoilt(chance: random.Random, octets: bytes) -> bytes:
    """Return a message with a few things broken."""
    data = bytearray(octets)
    for _ in range(chance.choice((1, 2, 5))):
        place = chance.randrange(len(data) + 1)
        kind = chance.randrange(5)
        if kind == 0:
            data[place : place + 1] = chance.randbytes(1)
        elif kind == 1:
            del data[place : place + chance.choice((1, 10, 100))]
        elif kind == 2:
            data[place:place] = chance.choice(SCRAPS)
        elif kind == 3:
            data[place:place] = b"a" * chance.choice((9_000, 50_000))
        else:
            lines = bytes(data).split(b"\r\n")
            lines.insert(chance.randrange(len(lines)), chance.choice(lines))
            data = bytearray(b"\r\n".join(lines))
    return bytes(data[:65_507])


def open_files(node: Node) -> int:
    return len(os.listdir(f"/proc/{node.pid('callplane')}/fd"))


def answers(node: Node, sender: socket.socket) -> bool:
    """Return whether a right OPTIONS is answered, behind whatever else still comes."""
    sender.settimeout(5.0)
    sender.sendto(options(node.network, sender.getsockname()), (node.network.chakka, SIP_PORT))
    while True:
        data = sender.recv(65_535)
        if data.startswith(b"SIP/2.0 200 ") and b" OPTIONS\r\n" in data and b"From: <sip:probe@" in data:
            return True


def test_spoilt_messages_leave_a_call_plane_that_answers(plane: Node) -> None:
    chance = random.Random(SEED)
    before = open_files(plane)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((plane.network.carrier, 0))
        host, port = sender.getsockname()
        for place in range(MESSAGES):
            octets = spoilt(chance, message(chance, place, host, port))
            sender.sendto(octets, (plane.network.chakka, SIP_PORT))
            if place % 100 == 0:
                assert answers(plane, sender)
        assert answers(plane, sender)
    assert plane.complaints() == []
    assert open_files(plane) == before
    about_calls = ('"kind":"decided"', '"kind":"released"')
    lines = plane.log("callplane").read_text().splitlines()
    assert len([line for line in lines if not any(kind in line for kind in about_calls)]) <= MOST_LOG_LINES


@pytest.mark.parametrize("octets", [b"", b"\r\n\r\n", b"\0" * 1000, b"A" * 65_507, bytes(range(256)) * 200])
def test_datagrams_that_are_no_sip_are_dropped_in_silence(plane: Node, octets: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((plane.network.stranger, 0))
        sender.sendto(octets, (plane.network.chakka, SIP_PORT))
        assert answers(plane, sender)
    assert plane.log("callplane").read_text() == ""
