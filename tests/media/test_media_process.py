"""The media process as it runs in production, on real time and real sockets."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chakka.media.control import (
    Bridge,
    Close,
    Event,
    Finished,
    Join,
    Open,
    Opened,
    Play,
    Refused,
    read_event,
    write,
)
from chakka.media.mailbox import Mailbox
from chakka.media.rtp import RtpPacket, build

HOST = "127.0.0.1"
# Tests that run side by side need ports of their own.
FIRST_PORT = 31_100 + 200 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])


class Process:
    """A media process, and the box of a call plane that speaks to it."""

    def __init__(self, directory: Path, prompts: Path) -> None:
        self.path = directory / "media.sock"
        command = [sys.executable, "-m", "chakka.media", "--socket", str(self.path)]
        command += ["--prompts", str(prompts), "--rtp-ports", f"{FIRST_PORT}-{FIRST_PORT + 7}"]
        self.child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.box = Mailbox(directory / "plane.sock")
        self.box.open()
        for _ in range(500):
            # An empty datagram is passed over, so it may be asked with.
            if self.box.send(str(self.path), b"") or self.child.poll() is not None:
                break
            time.sleep(0.01)

    def tell(self, datagram: bytes) -> None:
        assert self.box.send(str(self.path), datagram)

    def event(self, patience: float = 2.0) -> Event | None:
        """Return the next event, or None when none comes in time."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            for datagram, _ in self.box.receive(1):
                return read_event(datagram)
            time.sleep(0.002)
        return None

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> int:
        self.box.close()
        self.child.send_signal(sign)
        code = self.child.wait(5)
        assert self.child.stderr is not None
        self.child.stderr.close()
        return code


@pytest.fixture
def media(tmp_path: Path, rendered: Path) -> Iterator[Process]:
    process = Process(tmp_path, rendered)
    yield process
    process.stop()


@pytest.fixture
def ear() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind((HOST, 0))
        ear.settimeout(0.2)
        yield ear


def play(ear: socket.socket, stream: str, *clips: str, repeat: int = 1) -> bytes:
    port = ear.getsockname()[1]
    wanted = Play(id=stream, host=HOST, port=port, law="PCMU", payload_type=0, clips=clips, repeat=repeat)
    return write(wanted)


def arrivals(ear: socket.socket) -> list[float]:
    """Return when packets came, until none has come for 0.2 s."""
    times = []
    while True:
        try:
            ear.recv(2_048)
        except TimeoutError:
            return times
        times.append(time.monotonic())


def test_a_text_is_heard_twice_every_20_ms_and_then_there_is_silence(
    media: Process, ear: socket.socket
) -> None:
    media.tell(write(Open(id="a")))
    assert media.event() == Opened(id="a", host=HOST, port=FIRST_PORT)
    media.tell(play(ear, "a", "pause_300", "pause_200", repeat=2))
    times = arrivals(ear)
    assert len(times) == 50
    assert (times[-1] - times[0]) / 49 == pytest.approx(0.020, abs=0.002)
    assert media.event() == Finished(id="a")


def test_two_telephones_hear_their_texts_then_each_other_at_once(media: Process, ear: socket.socket) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth:
        mouth.bind((HOST, 0))
        for name, peer in (("a", mouth), ("b", ear)):
            media.tell(write(Open(id=name)))
            opened = media.event()
            assert isinstance(opened, Opened)
            port = peer.getsockname()[1]
            media.tell(write(Join(id=name, host=HOST, port=port, law="PCMU", payload_type=0)))
            media.tell(write(Play(id=name, clips=("pause_60",))))
            mouth.connect((HOST, opened.port if name == "a" else mouth.getpeername()[1]))
        assert {media.event(), media.event()} == {Finished(id="a"), Finished(id="b")}
        media.tell(write(Bridge(id="a", other="b")))
        assert [len(ear.recv(2_048)) for _ in range(3)] == [172] * 3
        time.sleep(0.05)
        delays = []
        for number in range(20):
            sent = time.monotonic()
            mouth.send(build(RtpPacket(payload_type=0, sequence=number, timestamp=0, ssrc=1, payload=b"now")))
            assert ear.recv(2_048)[12:] == b"now"
            delays.append(time.monotonic() - sent)
    assert sorted(delays)[10] < 0.010


def test_hostile_datagrams_are_passed_over(media: Process, ear: socket.socket) -> None:
    for datagram in (b"", b"\x00", b"\xc1" * 1_000, b"\x91" * 50_000, write(Finished(id="a"))):
        media.tell(datagram)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as unbound:
        unbound.sendto(write(Open(id="nobody could be answered")), str(media.path))
    media.tell(write(Close(id="unknown")))
    media.tell(play(ear, "unknown", "this_is"))
    assert media.event() == Refused(id="unknown", error="stream is not open")
    media.tell(write(Open(id="a")))
    assert media.event() == Opened(id="a", host=HOST, port=FIRST_PORT)


def test_streams_of_a_call_plane_that_vanished_give_their_ports_back(
    media: Process, ear: socket.socket, tmp_path: Path
) -> None:
    gone = Mailbox(tmp_path / "gone.sock")
    gone.open()
    for stream in "abcd":
        gone.send(str(media.path), write(Open(id=stream)))
        gone.send(str(media.path), play(ear, stream, "pause_100"))
    media.tell(write(Open(id="fifth")))
    assert media.event() == Refused(id="fifth", error="no RTP port is free")
    gone.close()
    arrivals(ear)
    media.tell(write(Open(id="fifth")))
    assert isinstance(media.event(), Opened)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(tmp_path: Path, rendered: Path, sign: signal.Signals) -> None:
    process = Process(tmp_path, rendered)
    assert process.stop(sign) == 0
    assert not process.path.exists()


def test_it_takes_over_after_kill_9(tmp_path: Path, rendered: Path) -> None:
    killed = Process(tmp_path, rendered)
    killed.stop(signal.SIGKILL)
    after = Process(tmp_path, rendered)
    after.tell(write(Open(id="a")))
    assert isinstance(after.event(), Opened)
    after.stop()


def test_a_second_process_leaves_the_first_alone(media: Process, rendered: Path) -> None:
    command = [sys.executable, "-m", "chakka.media", "--socket", str(media.path), "--prompts", str(rendered)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    assert second.returncode == 1
    assert "another process listens" in second.stderr
    media.tell(write(Open(id="a")))
    assert isinstance(media.event(), Opened)


def test_without_clips_it_says_what_to_do(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "chakka.media",
        "--socket",
        str(tmp_path / "s"),
        "--prompts",
        str(tmp_path),
    ]
    alone = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    assert alone.returncode == 1
    assert "render the clips first" in alone.stderr
