"""Listening to RTP: what a caller really hears."""

import socket
import struct
import threading
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chakka.media.g711 import SAMPLE_RATE

Samples = npt.NDArray[np.float64]

FRAME_S = 0.02
# Linux, <asm-generic/socket.h>: the kernel writes down when a packet came, however late we are to read it.
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@ll")

# Below this nothing is heard: the quiet parts of a µ-law channel stay well under it.
QUIET_DB = -45.0


@dataclass(frozen=True, slots=True)
class Packet:
    """One RTP packet. at: seconds UTC of its arrival, by the kernel's clock."""

    at: float
    source: tuple[str, int]
    data: bytes

    @property
    def payload_type(self) -> int:
        """The 7 bits of RFC 3550 §5.1."""
        return self.data[1] & 0x7F

    @property
    def sequence(self) -> int:
        """The sequence number."""
        return int.from_bytes(self.data[2:4], "big")

    @property
    def timestamp(self) -> int:
        """The timestamp, in samples."""
        return int.from_bytes(self.data[4:8], "big")

    @property
    def ssrc(self) -> int:
        """The source."""
        return int.from_bytes(self.data[8:12], "big")

    @property
    def sound(self) -> bytes:
        """The payload; our peers send no CSRC and no extension."""
        return self.data[12:]


def listening_socket(host: str) -> socket.socket:
    """Return a socket on an even port, as RTP has it (RFC 3550 §11): the odd ones are RTCP's."""
    while True:
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.bind((host, 0))
        if opened.getsockname()[1] % 2 == 0:
            opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            # As much as the system grants: what we read late is not lost on the way.
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
            return opened
        opened.close()


def received(opened: socket.socket) -> Packet | None:
    """Return the next packet of a listening socket; None when none has come in time."""
    try:
        data, ancillary, _, source = opened.recvmsg(2048, 64)
    except OSError:
        # Too late, or the other side's host says that its port is closed.
        return None
    ((_, _, moment),) = ancillary
    seconds, nanoseconds = _TIMESPEC.unpack(moment)
    return Packet(seconds + nanoseconds / 1e9, source, data)


class Ear:
    """A UDP socket that writes down what arrives until it is closed."""

    def __init__(self, host: str) -> None:
        self._socket = listening_socket(host)
        self._socket.settimeout(0.05)
        self.port: int = self._socket.getsockname()[1]
        self.packets: list[Packet] = []
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while not self._closing.is_set():
            packet = received(self._socket)
            if packet is not None:
                self.packets.append(packet)

    def close(self) -> None:
        """Stop listening."""
        self._closing.set()
        self._thread.join()
        self._socket.close()

    def heard(self) -> Samples:
        """Return the sound of all packets, which must be µ-law, as they came."""
        return from_ulaw(b"".join(packet.sound for packet in self.packets))


def from_ulaw(sound: bytes) -> Samples:
    """Return µ-law as samples with full scale at 1 (ITU-T G.711 table 2a)."""
    code = ~np.frombuffer(sound, np.uint8)
    magnitude = ((2 * (code & 0x0F).astype(np.int32) + 33) << (code >> 4 & 0x07)) - 33
    return np.where(code & 0x80, -magnitude, magnitude) * 4 / 32_768


def from_alaw(sound: bytes) -> Samples:
    """Return A-law as samples with full scale at 1 (ITU-T G.711 table 1a)."""
    code = np.frombuffer(sound, np.uint8) ^ 0x55
    step, segment = (code & 0x0F).astype(np.int32), (code >> 4 & 0x07).astype(np.int32)
    magnitude = np.where(segment, (2 * step + 33) << np.maximum(segment - 1, 0), 2 * step + 1)
    return np.where(code & 0x80, magnitude, -magnitude) * 8 / 32_768


def tone_level(samples: Samples, hz: int) -> float:
    """Return the level of one frequency within a sound, in dBFS."""
    at = np.arange(len(samples)) / SAMPLE_RATE
    part = np.abs(np.mean(samples * np.exp(-2j * np.pi * hz * at)))
    return float(20 * np.log10(max(part * 2**0.5, 1e-5)))


def frame_levels(samples: Samples) -> Samples:
    """Return the level of each 20 ms in dBFS; 0 dB is a square wave of full scale."""
    size = int(SAMPLE_RATE * FRAME_S)
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    return 10 * np.log10(np.maximum(np.mean(frames**2, axis=1), 1e-10))


def speech_level(samples: Samples) -> float:
    """Return the level of those parts of a sound that are heard, in dBFS."""
    levels = frame_levels(samples)
    heard = levels[levels > QUIET_DB]
    assert len(heard), "nothing was heard"
    return float(10 * np.log10(np.mean(10 ** (heard / 10))))


def talkspurts(samples: Samples, gap_s: float) -> list[tuple[float, float]]:
    """Return (start, end) in seconds of everything heard between silences of at least `gap_s`."""
    heard = np.flatnonzero(frame_levels(samples) > QUIET_DB)
    if not len(heard):
        return []
    breaks = np.flatnonzero(np.diff(heard) >= gap_s / FRAME_S)
    starts = [heard[0], *heard[breaks + 1]]
    ends = [*heard[breaks], heard[-1]]
    return [(first * FRAME_S, (last + 1) * FRAME_S) for first, last in zip(starts, ends, strict=True)]


def loudest_hz(samples: Samples) -> float:
    """Return the frequency that is strongest in a sound."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * SAMPLE_RATE / len(samples))
