"""The sound of telephones: many RTP ports that speak every 20 ms and write down what they hear."""

import select
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from peer_ear import Packet, listening_socket, received

from chakka.media.control import Law
from chakka.media.g711 import SAMPLE_RATE, encode

FRAME_SAMPLES = 160
FRAME_S = 0.02
TONE_LEVEL_DB = -19.0

_HEADER = struct.Struct("!BBHII")

Frames = Callable[[int], bytes]


def tone(hz: int, law: Law = "PCMU") -> Frames:
    """Return the frames of a tone of a whole number of hertz, at the level of our announcements."""
    at = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    samples = np.sin(2 * np.pi * hz * at) * 2**0.5 * 10 ** (TONE_LEVEL_DB / 20)
    second = encode(np.round(samples * 32_767).astype(np.int16), law)
    frames = [second[start : start + FRAME_SAMPLES] for start in range(0, SAMPLE_RATE, FRAME_SAMPLES)]
    return lambda index: frames[index % len(frames)]


def numbered(index: int) -> bytes:
    """Return a frame that says which one it is: nobody listens, but it can be followed."""
    return index.to_bytes(4, "big") * (FRAME_SAMPLES // 4)


def number_of(sound: bytes) -> int:
    """Return which frame `numbered` has made this."""
    return int.from_bytes(sound[:4], "big")


@dataclass(frozen=True, slots=True)
class Said:
    """A packet. age: frames since the beginning of an RFC 4733 event, whose packets share one timestamp."""

    payload_type: int
    marker: bool
    sound: bytes
    age: int = 0


def key(digit: int, payload_type: int) -> list[Said]:
    """Return the packets of a key that is held for 100 ms: five and the end thrice (RFC 4733 §2.5.1.4)."""
    held = [(False, 160 * place) for place in range(1, 6)] + 3 * [(True, 800)]
    return [
        Said(payload_type, age == 0, bytes((digit, 0x8A if is_over else 0x0A)) + duration.to_bytes(2), age)
        for age, (is_over, duration) in enumerate(held)
    ]


def rtp(said: Said, index: int, ssrc: int) -> bytes:
    """Return the packet at a place of a stream (RFC 3550 §5.1)."""
    kind = said.payload_type | (0x80 if said.marker else 0)
    timestamp = (index - said.age) * FRAME_SAMPLES
    return _HEADER.pack(0x80, kind, index & 0xFFFF, timestamp & 0xFFFF_FFFF, ssrc) + said.sound


class Handset:
    """One RTP port. `sent`: when it said what, in seconds UTC; `packets`: what came."""

    def __init__(self, host: str, frames: Frames, payload_type: int) -> None:
        self.socket = listening_socket(host)
        self.host, self.port = host, int(self.socket.getsockname()[1])
        self.ssrc = 0x5EED0000 | self.port
        self.packets: list[Packet] = []
        self.sent: list[float] = []
        self._frames = frames
        self._payload_type = payload_type
        self._listeners: tuple[tuple[str, int], ...] = ()
        self._instead: deque[Said] = deque()

    def speak_to(self, *listeners: tuple[str, int]) -> None:
        """Say something from now on; to many listeners the same."""
        self._listeners = listeners

    def press(self, packets: Iterable[Said]) -> None:
        """Say this next, one packet every 20 ms, in place of sound."""
        self._instead.extend(packets)

    def speak(self) -> None:
        """Send the next 20 ms, if there is somebody to speak to."""
        if not self._listeners:
            return
        index = len(self.sent)
        if self._instead:
            said = self._instead.popleft()
        else:
            said = Said(self._payload_type, index == 0, self._frames(index))
        self.sent.append(time.time())
        packet = rtp(said, index, self.ssrc)
        for listener in self._listeners:
            self.socket.sendto(packet, listener)

    def listen(self) -> None:
        """Write down the packet that has come."""
        packet = received(self.socket)
        if packet is not None:
            self.packets.append(packet)


class Handsets:
    """Runs handsets, all in one thread, until it is closed."""

    def __init__(self) -> None:
        self._handsets: list[Handset] = []
        self._poll = select.epoll()
        self._by_number: dict[int, Handset] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def new(self, host: str, frames: Frames, payload_type: int = 0) -> Handset:
        """Return a handset that hears from now on, and speaks when it is told to."""
        made = Handset(host, frames, payload_type)
        self._by_number[made.socket.fileno()] = made
        self._handsets.append(made)
        self._poll.register(made.socket, select.EPOLLIN)
        return made

    def _run(self) -> None:
        due = time.monotonic()
        while not self._closing.is_set():
            wait = due - time.monotonic()
            if wait > 0:
                for number, _ in self._poll.poll(wait, 64):
                    self._by_number[number].listen()
                continue
            for handset in list(self._handsets):
                handset.speak()
            due += FRAME_S

    def close(self) -> None:
        """Hang everything up."""
        self._closing.set()
        self._thread.join()
        self._poll.close()
        for handset in self._handsets:
            handset.socket.close()
