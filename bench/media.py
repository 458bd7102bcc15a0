"""How many announcements the media process plays at once, and how late its packets leave.

The process runs as in production; this program opens streams, listens to some of them and compares each
arrival with the 20 ms grid on which that stream began. Sockets of the others are never read.
"""

import argparse
import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from chakka.media.client import MediaClient
from chakka.media.control import Event, Finished, Open, Opened, Play, Refused, Silent
from chakka.media.prompts import OFF_HOURS_REPEATS, REPEAT_PAUSE_MS, script
from chakka.media.speech import is_current, read_texts, render, source_of, speaker, write_library

_LISTENED = 40
_TICK_MS = 20.0
# asm-generic/socket.h; Python has no name for it.
_SO_TIMESTAMPNS = 35
# All streams are asked for within this time, as calls would come.
_RAMP_S = 2.0


def prompts(directory: Path) -> Path:
    """Return a directory with all clips, rendered when it has none."""
    source = source_of()
    if not is_current(directory, source):
        write_library(directory, render(read_texts(), speaker()), source)
    return directory


class Load:
    """Opens streams, plays to receivers, and waits for the ends."""

    def __init__(self, box: Path, receivers: list[socket.socket]) -> None:
        self._client = MediaClient(box / "media.sock", box / "bench.sock", self._on_event)
        self._receivers = receivers
        self.finished = 0
        self.refused: list[str] = []

    def _on_event(self, event: Event) -> None:
        match event:
            case Opened():
                index = int(event.id)
                clips = script("off_hours", number=f"0120{index % 200:06d}")
                receiver = self._receivers[index % len(self._receivers)].getsockname()
                self._client.send(
                    Play(
                        id=event.id,
                        host=receiver[0],
                        port=receiver[1],
                        law="PCMU",
                        payload_type=0,
                        clips=clips,
                        repeat=OFF_HOURS_REPEATS,
                        pause_ms=REPEAT_PAUSE_MS,
                    )
                )
            case Finished():
                self.finished += 1
            case Refused():
                self.refused.append(event.error)
            case Silent():
                pass

    async def run(self, streams: int, seconds: float) -> None:
        self._client.start()
        for index in range(streams):
            self._client.send(Open(id=str(index)))
            await asyncio.sleep(_RAMP_S / streams)
        await asyncio.sleep(seconds)
        self._client.close()


def receivers(count: int) -> list[socket.socket]:
    """Return bound sockets; all but the listened ones keep the least buffer and are never read."""
    sockets = []
    for index in range(count):
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000 if index < _LISTENED else 1)
        receiver.bind(("127.0.0.1", 0))
        # The kernel stamps arrivals, so that this program's own delays are not counted.
        receiver.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        receiver.setblocking(False)
        sockets.append(receiver)
    return sockets


def arrivals(receiver: socket.socket) -> list[float]:
    """Return the kernel's times of all packets that came, in milliseconds."""
    times = []
    while True:
        try:
            _, ancillary, _, _ = receiver.recvmsg(2_048, 64, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return times
        seconds, nanoseconds = memoryview(ancillary[0][2]).cast("q")
        times.append(seconds * 1_000 + nanoseconds / 1e6)


def lateness(times: list[float]) -> list[float]:
    """Return how much later than its place on the grid of its stream each packet came, in ms."""
    offsets = [at - index * _TICK_MS for index, at in enumerate(times)]
    return [offset - min(offsets) for offset in offsets]


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_for(path: Path) -> None:
    """Return when the media process listens."""
    for _ in range(200):
        if path.exists():
            return
        time.sleep(0.05)
    raise SystemExit("media process did not start")


def measure(streams: int, seconds: float, clips: Path) -> None:
    """Print what one run gave."""
    with tempfile.TemporaryDirectory() as name:
        box = Path(name)
        command = [sys.executable, "-m", "chakka.media", "--socket", str(box / "media.sock")]
        command += ["--prompts", str(clips), "--rtp-ports", "20000-29999"]
        process = subprocess.Popen(command)
        try:
            wait_for(box / "media.sock")
            sockets = receivers(streams)
            load = Load(box, sockets)
            begun, used = time.monotonic(), cpu_seconds(process.pid)
            asyncio.run(load.run(streams, seconds))
            share = (cpu_seconds(process.pid) - used) / (time.monotonic() - begun)
        finally:
            process.terminate()
            process.wait()
    heard = [arrivals(receiver) for receiver in sockets[:_LISTENED]]
    late = sorted(ms for times in heard for ms in lateness(times))
    least = min(len(times) for times in heard)
    for receiver in sockets:
        receiver.close()
    print(
        f"{streams:5d} streams: {share:4.0%} of a core, packets late by"
        f" p50 {statistics.median(late):.1f} p99 {late[len(late) * 99 // 100]:.1f} max {late[-1]:.1f} ms,"
        f" {least} packets at least, {len(load.refused)} refused"
    )


def main() -> None:
    """Measure each number of streams that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("streams", type=int, nargs="*", default=[500, 1_000])
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--prompts", type=Path, default=Path("var/prompts"))
    arguments = parser.parse_args()
    clips = prompts(arguments.prompts)
    for streams in arguments.streams:
        measure(streams, arguments.seconds, clips)


if __name__ == "__main__":
    main()
