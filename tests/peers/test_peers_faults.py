"""What goes wrong outside and inside: strangers, rubbish, crashes, a full disk (reliability.md)."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from peer_node import SIP_PORT, Network, Node, wait_until
from peer_plans import business
from peer_sipp import Sipps
from peer_steps import ANSWERED, answers, await_request, invite, is_refused, ok, talks_and_hangs_up

from chakka.stores.journal import SEGMENT_BYTES

NewNode = Callable[[], Node]
WAITS_FOR_BYE = [invite(), *ANSWERED, await_request("BYE"), ok()]


def a_good_call(node: Node, sipp: Sipps) -> None:
    """Call once, from ringing to record."""
    number, (line,) = business(node)
    callee = sipp.line(line, answers())
    sipp.caller(number, talks_and_hangs_up(0)).finish()
    callee.finish()
    assert node.the_call(number).record.is_confirmed


def test_a_stranger_is_not_served_but_asked_who_it_is(node: Node, sipp: Sipps) -> None:
    """The node has lines that register, and a registered telephone may call out from anywhere."""
    number, (line,) = business(node)
    untouched = sipp.line(line, answers())
    sipp.caller(number, is_refused(401), host=node.network.stranger).finish()
    assert untouched.was_never_called()
    assert not node.calls(number)


def rubbish(network: Network, number: str, port: int) -> list[bytes]:
    """Return datagrams that no sane peer sends."""
    good = (
        f"INVITE sip:{number}@{network.chakka} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {network.carrier}:{port};branch=z9hG4bKrubbish\r\n"
        f"From: <sip:0422511234@{network.carrier}>;tag=1\r\nTo: <sip:{number}@{network.chakka}>\r\n"
        f"Call-ID: rubbish@{network.carrier}\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n"
        f"Contact: <sip:a@{network.carrier}:{port}>\r\nContent-Length: 0\r\n\r\n"
    ).encode()
    return [
        good.replace(f":{port};branch".encode(), b":99999;branch"),
        good.replace(f":{port};branch".encode(), b":0;branch"),
        good.replace(b"SIP/2.0/UDP", b"SIP/2.0/\xff\x00"),
        good.replace(b"CSeq: 1 INVITE", b"CSeq: 99999999999999999999 INVITE"),
        good.replace(b"CSeq: 1 INVITE", b"CSeq: 1 BYE"),
        good.replace(b"Content-Length: 0", b"Content-Length: 9999"),
        good.replace(b"Content-Length: 0", b"Content-Length: -1"),
        good.replace(b"Max-Forwards: 70", b"Max-Forwards: many"),
        good.replace(b"Call-ID: ", b"X-Call: "),
        good.replace(b"sip:0422511234@", b"sip:%00%ff@"),
        good.replace(
            b"\r\n\r\n", b"\r\nContent-Type: application/sdp\r\n\r\nv=0\r\nm=audio 99999 RTP/AVP 0\r\n"
        ),
        good.replace(b"Max-Forwards", b"X-Long: " + 60_000 * b"a" + b"\r\nMax-Forwards"),
        good.replace(b"Max-Forwards", 300 * b"Via: SIP/2.0/UDP 127.0.0.1\r\n" + b"Max-Forwards"),
        good + 60_000 * b"\x00",
        *(good[:length] for length in range(0, len(good), 37)),
        *(
            b"",
            b"\r\n\r\n",
            b"\x00" * 500,
            os.urandom(1000),
            b"SIP/2.0 200 OK\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
        ),
    ]


def test_rubbish_disturbs_no_call(node: Node, sipp: Sipps) -> None:
    network = node.network
    memory = resident_kib(node)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind((network.carrier, 0))
        for datagram in rubbish(network, node.new_number(), peer.getsockname()[1]):
            peer.sendto(datagram, (network.chakka, SIP_PORT))
        node.wait_until_it_serves()
        # Trunks get an answer, where there is one: never 200, never our own fault.
        answers_to_rubbish = datagrams_waiting(peer)
    assert all(b" 500 " not in answer.split(b"\r\n")[0] for answer in answers_to_rubbish)
    a_good_call(node, sipp)
    assert resident_kib(node) - memory < 20_000


def test_a_stranger_gets_at_most_two_answers_and_three_times_the_bytes(node: Node) -> None:
    network = node.network
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind((network.stranger, 0))
        port = peer.getsockname()[1]
        for datagram in rubbish(network, node.new_number(), port)[:12]:
            peer.sendto(datagram, (network.chakka, SIP_PORT))
            time.sleep(0.02)
            received = datagrams_waiting(peer)
            assert len(received) <= 2, received
            assert sum(map(len, received)) <= 3 * len(datagram), (datagram, received)


def datagrams_waiting(peer: socket.socket) -> list[bytes]:
    """Return what has arrived on a socket."""
    peer.setblocking(False)
    found = []
    while True:
        try:
            found.append(peer.recv(65_535))
        except BlockingIOError:
            return found


def resident_kib(node: Node) -> int:
    """Return the memory of the call plane."""
    status = Path(f"/proc/{node.pid('callplane')}/status").read_text(encoding="ascii")
    return int(next(row for row in status.splitlines() if row.startswith("VmRSS")).split()[1])


def test_stopping_releases_both_sides_and_writes_the_record(
    new_node: NewNode, sipp_on: Callable[[Node], Sipps]
) -> None:
    node = new_node()
    sipp = sipp_on(node)
    number, (line,) = business(node)
    callee = sipp.line(line, answers())
    caller = sipp.caller(number, WAITS_FOR_BYE)
    wait_until(lambda: _is_up(node, number), "the call is up")
    node.terminate("callplane")
    caller.finish()
    callee.finish()
    record = node.the_call(number).record
    assert (record.released_by, record.fault, record.estimated) == ("us", True, False)
    assert node.the_call(number).rated.amount_uy == 0


def test_a_crash_closes_the_call_once_and_releases_both_sides(
    new_node: NewNode, sipp_on: Callable[[Node], Sipps]
) -> None:
    node = new_node()
    sipp = sipp_on(node)
    number, (line,) = business(node)
    callee = sipp.line(line, answers())
    began = time.monotonic()
    caller = sipp.caller(number, WAITS_FOR_BYE)
    wait_until(lambda: _is_up(node, number), "the call is up")
    # Two ticks: the proof of life that the estimate rests on.
    wait_until(lambda: time.monotonic() - began > 1.2, "people talk")
    killed = crash(node)
    call = node.the_call(number)
    assert (call.record.estimated, call.record.fault, call.record.is_confirmed) == (True, True, True)
    assert 0 < call.record.conversation_ms <= (killed - began) * 1000
    assert call.rated.amount_uy == 0
    caller.finish()
    callee.finish()
    a_good_call(node, sipp)


def crash(node: Node) -> float:
    """Kill the call plane and start it again; return when it was killed."""
    node.kill("callplane")
    killed = time.monotonic()
    node.start_one("callplane")
    # reliability.md §2, restart.
    node.wait_until_it_serves(within_s=3.0)
    return killed


def _is_up(node: Node, number: str) -> bool:
    return any(call.record.is_confirmed for call in node.calls(number))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that has room for three journal segments of 16 MiB and little more."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("a small disk needs root: the full-disk test did NOT run")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ("mount", "-t", "tmpfs", "-o", "size=56m", "tmpfs", disk), capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted, the full-disk test did NOT run: {mounted.stderr!r}")
    yield disk
    subprocess.run(("umount", "-l", disk), check=True)


def test_a_full_disk_keeps_calls_that_are_up_and_refuses_new_ones(
    small_disk: Path, tmp_path: Path, prompts: Path, sipp_on: Callable[[Node], Sipps]
) -> None:
    node = Node(tmp_path, prompts)
    (tmp_path / "journal").symlink_to(small_disk)
    sipp = sipp_on(node)
    try:
        node.start()
        number, (line,) = business(node)
        callee = sipp.line(line, answers())
        caller = sipp.caller(number, WAITS_FOR_BYE)
        wait_until(lambda: _is_up(node, number), "the call is up")
        ballast = fill(small_disk)
        # The next boot needs a segment of its own and takes the room that was kept for it.
        crash(node)
        assert node.the_call(number).record.estimated
        caller.finish()
        callee.finish()
        _is_full(node, sipp)
        ballast.unlink()
        spare = small_disk / "peers.spare"
        wait_until(lambda: size_of(spare) >= SEGMENT_BYTES, "the journal has room again")
        node.wait_until_it_serves()
        a_good_call(node, sipp)
        # A full disk is an error that the log may well tell.
        assert not node.complaints("Traceback")
    finally:
        node.stop()


def size_of(path: Path) -> int:
    """Return the size of a file that may come and go."""
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_size
    return 0


def fill(disk: Path) -> Path:
    """Return a file that takes all the room that is left."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass
    return ballast


def _is_full(node: Node, sipp: Sipps) -> None:
    number, (line,) = business(node)
    untouched = sipp.line(line, answers())
    refused = sipp.caller(number, is_refused(503)).finish()
    assert 1 <= int(refused.final()["Retry-After"]) <= 10
    assert "Q.850;cause=42" in refused.final()["Reason"]
    assert untouched.was_never_called()
