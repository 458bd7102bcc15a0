"""How many calls the relay carries, beside a bare UDP relay in Python, in the same run.

Both run as processes of their own. This program sends the packets of many calls, 50 a second each way, and
reads none of them back; the processor time that each relay has used for them gives its calls per core. The
bare relay reads a socket that is ready and sends what has come to the other address: no RTP, no source
check, no numbers of its own.
"""

import argparse
import multiprocessing
import select
import socket
import statistics
import struct
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from chakka.media.control import Bridge, Join, Law, Open, Opened
from chakka.media.player import Player
from chakka.media.ports import RtpPorts

_HOST = "127.0.0.1"
_PACKETS_PER_S = 50
_TICK_S = 0.02
_HEADER = struct.Struct("!BBHII")
_PAYLOAD = b"\xd5" * 160

Addresses = list[tuple[str, int]]


def bare(peers: Addresses, ready: Connection) -> None:
    """Relay between each two peers, packet by packet."""
    poll = select.epoll()
    routes: dict[int, tuple[socket.socket, socket.socket, tuple[str, int]]] = {}
    ours: Addresses = []
    for index in range(0, len(peers), 2):
        sockets = []
        for _ in range(2):
            rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            rtp.setblocking(False)
            rtp.bind((_HOST, 0))
            sockets.append(rtp)
            ours.append(rtp.getsockname())
        for place in (0, 1):
            routes[sockets[place].fileno()] = (sockets[place], sockets[1 - place], peers[index + 1 - place])
            poll.register(sockets[place], select.EPOLLIN)
    ready.send(ours)
    while True:
        for descriptor, _ in poll.poll(_TICK_S, 64):
            source, other, destination = routes[descriptor]
            datagram, _address = source.recvfrom(2_048)
            other.sendto(datagram, destination)


def relayed(peers: Addresses, ready: Connection, other_law: Law = "PCMU") -> None:
    """Relay as the media process does, ticks and attendance included."""
    player = Player({}, RtpPorts(_HOST, 20_000, 29_999))
    ours: Addresses = []
    for index, (host, port) in enumerate(peers):
        opened = player.handle(Open(id=str(index)), "bench", 0.0)
        assert isinstance(opened, Opened)
        ours.append((opened.host, opened.port))
        law: Law = other_law if index % 2 else "PCMU"
        kind = 0 if law == "PCMU" else 8
        join = Join(id=str(index), host=host, port=port, law=law, payload_type=kind, telephone_event=101)
        player.handle(join, "bench", time.monotonic())
    for index in range(0, len(peers), 2):
        player.handle(Bridge(id=str(index), other=str(index + 1)), "bench", 0.0)
    ready.send(ours)
    deadline, ticks = time.monotonic(), 0
    while True:
        now = time.monotonic()
        if now >= deadline:
            player.tick(now)
            ticks += 1
            if ticks % 50 == 0:
                player.attend(now)
            deadline += _TICK_S
            continue
        packets = player.readiness.poll(deadline - now, 64)
        now = time.monotonic()
        for descriptor, _ in packets:
            player.receive(descriptor, now)


def transcoded(peers: Addresses, ready: Connection) -> None:
    """Relay between the two laws."""
    relayed(peers, ready, "PCMA")


def telephones(count: int) -> list[socket.socket]:
    """Return peers that send; all but the first keep few of the packets that come: nobody reads them."""
    sockets = []
    for index in range(count):
        peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000 if index == 0 else 1)
        peer.bind((_HOST, 0))
        sockets.append(peer)
    return sockets


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used; Linux counts it in nanoseconds here."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def talk(peers: list[socket.socket], ours: Addresses, seconds: float) -> None:
    """Send 20 ms of each peer every 20 ms."""
    frames = round(seconds * _PACKETS_PER_S)
    begun = time.monotonic()
    for frame in range(frames):
        for index, (peer, address) in enumerate(zip(peers, ours, strict=True)):
            peer.sendto(_HEADER.pack(0x80, 0, frame, frame * 160, index) + _PAYLOAD, address)
        wait = begun + (frame + 1) * _TICK_S - time.monotonic()
        if wait > 0:
            time.sleep(wait)


def arrived(peer: socket.socket) -> int:
    """Return how many packets wait at a peer."""
    count = 0
    while True:
        try:
            peer.recv(2_048, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return count
        count += 1


def calls_per_core(relay: Callable[[Addresses, Connection], None], calls: int, seconds: float) -> float:
    """Return how many calls would fill a core, from the processor time of `calls`."""
    peers = telephones(2 * calls)
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(
        target=relay, args=([peer.getsockname() for peer in peers], there), daemon=True
    )
    process.start()
    try:
        ours = here.recv()
        assert process.pid is not None
        used = cpu_seconds(process.pid)
        talk(peers, ours, seconds)
        used = cpu_seconds(process.pid) - used
        heard, sent = arrived(peers[0]), round(seconds * _PACKETS_PER_S)
        if heard < sent:
            print(f"{relay.__name__}: {sent - heard} of {sent} packets of a call were lost")
    finally:
        process.terminate()
        process.join()
        for peer in peers:
            peer.close()
    return calls * seconds / used


def main() -> None:
    """Measure all relays in turn, several times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=150)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    results: dict[str, list[float]] = {"bare": [], "relayed": [], "transcoded": []}
    for _ in range(arguments.rounds):
        for relay in (bare, relayed, transcoded):
            results[relay.__name__].append(calls_per_core(relay, arguments.calls, arguments.seconds))
    base = statistics.median(results["bare"])
    for name, figures in results.items():
        middle = statistics.median(figures)
        print(f"{name:10s} {middle:6.0f} calls a core, {middle / base:.2f} of the bare relay")


if __name__ == "__main__":
    main()
