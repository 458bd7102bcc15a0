"""G.711: µ-law and A-law, to and from 16-bit linear samples, and from one law to the other.

Tables are computed at import from the segments of ITU-T G.711 tables 1a and 2a. Sixteen-bit samples are
taken as those tables' values scaled by 4 (µ-law, 14 bits) and 8 (A-law, 13 bits); a sample on a decision
value belongs to the interval that begins there, on both sides of zero.
"""

import numpy as np
import numpy.typing as npt

from chakka.media.control import Law

Samples = npt.NDArray[np.int16]

SAMPLE_RATE = 8_000

_SEGMENTS = range(8)
_STEPS = range(16)
_MAGNITUDES = np.abs(np.arange(-32_768, 32_768, dtype=np.int32))
_NEGATIVE = np.arange(-32_768, 32_768) < 0


def _ulaw_intervals() -> tuple[list[int], list[int]]:
    """Return lower decision values and outputs of the 128 µ-law magnitudes (G.711 table 2a), times 4."""
    lower = [max(((32 + 2 * step) << segment) - 33, 0) * 4 for segment in _SEGMENTS for step in _STEPS]
    output = [(((33 + 2 * step) << segment) - 33) * 4 for segment in _SEGMENTS for step in _STEPS]
    return lower, output


def _alaw_intervals() -> tuple[list[int], list[int]]:
    """Return lower decision values and outputs of the 128 A-law magnitudes (G.711 table 1a), times 8."""
    # The lowest two segments share one step size: segment 0 is segment 1 without its offset.
    lower = [2 * step * 8 for step in _STEPS]
    output = [(2 * step + 1) * 8 for step in _STEPS]
    lower += [((32 + 2 * step) << segment) * 8 for segment in range(7) for step in _STEPS]
    output += [((33 + 2 * step) << segment) * 8 for segment in range(7) for step in _STEPS]
    return lower, output


def _encoder(lower: list[int], mask: int) -> npt.NDArray[np.uint8]:
    """Return the code of every 16-bit sample, at index sample + 32768."""
    magnitude = np.searchsorted(lower, _MAGNITUDES, side="right") - 1
    codes: npt.NDArray[np.uint8] = ((magnitude | np.where(_NEGATIVE, 0, 0x80)) ^ mask).astype(np.uint8)
    return codes


def _decoder(output: list[int], mask: int) -> Samples:
    """Return the sample of every code; under the mask, bit 8 set is a positive sample."""
    plain = np.arange(256) ^ mask
    magnitude = np.array(output, dtype=np.int32)[plain & 0x7F]
    samples: Samples = np.where(plain & 0x80, magnitude, -magnitude).astype(np.int16)
    return samples


# µ-law sends its magnitude bits inverted and the sign bit plain; A-law inverts every other bit.
_ULAW_MASK, _ALAW_MASK = 0x7F, 0x55
_ulaw_lower, _ulaw_output = _ulaw_intervals()
_alaw_lower, _alaw_output = _alaw_intervals()
_ENCODERS = {"PCMU": _encoder(_ulaw_lower, _ULAW_MASK), "PCMA": _encoder(_alaw_lower, _ALAW_MASK)}
_DECODERS = {"PCMU": _decoder(_ulaw_output, _ULAW_MASK), "PCMA": _decoder(_alaw_output, _ALAW_MASK)}


def encode(samples: Samples, law: Law) -> bytes:
    """Return one code a sample."""
    return _ENCODERS[law][samples.astype(np.int32) + 32_768].tobytes()


def decode(codes: bytes, law: Law) -> Samples:
    """Return the samples of a payload."""
    return _DECODERS[law][np.frombuffer(codes, dtype=np.uint8)]


# For bytes.translate.
ULAW_TO_ALAW = encode(_DECODERS["PCMU"], "PCMA")
ALAW_TO_ULAW = encode(_DECODERS["PCMA"], "PCMU")


def to_alaw(ulaw: bytes) -> bytes:
    """Return a µ-law payload in A-law."""
    return ulaw.translate(ULAW_TO_ALAW)
