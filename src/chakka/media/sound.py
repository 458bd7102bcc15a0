"""From a synthesiser's samples to telephone clips: band, cuts, level. Pure.

Signals are float arrays with full scale at 1; levels are dBFS, 0 dB being a square wave of full scale.
"""

import math

import numpy as np
import numpy.typing as npt

from chakka.errors import InputError
from chakka.media.g711 import SAMPLE_RATE, Samples

Signal = npt.NDArray[np.float64]

# What a telephone channel carries, kept clear of hum and of the edge at 4 kHz.
LOW_HZ, HIGH_HZ = 200.0, 3_500.0
SPEECH_LEVEL_DB = -19.0
PEAK_DB = -3.0

# A Hamming window's transition is 3.3 / length: 33 ms give one of 100 Hz.
_FILTER_S = 0.033
_FRAME = SAMPLE_RATE // 100
# Softer than the loudest 10 ms by this much is no speech.
_SILENCE_DB = -38.0
# Kept around what is heard, so that no consonant is cut.
_MARGIN = SAMPLE_RATE * 25 // 1_000
_FADE = SAMPLE_RATE * 5 // 1_000
# Peaks are rounded off between this and PEAK_DB.
_KNEE_DB = -8.0
_LEVELLING_ROUNDS = 8


def telephone_band(signal: Signal, rate: int) -> Signal:
    """Return a signal at 8 kHz, limited to 200–3,500 Hz by a linear-phase filter.

    Raises: InputError when `rate` is not a multiple of 8,000.
    """
    if rate % SAMPLE_RATE:
        raise InputError(f"sample rate {rate} is not a multiple of {SAMPLE_RATE}")
    half = int(rate * _FILTER_S / 2)
    at = np.arange(-half, half + 1)
    taps = (_low_pass(at, HIGH_HZ / rate) - _low_pass(at, LOW_HZ / rate)) * np.hamming(len(at))
    size = 1 << (len(signal) + len(at) - 1).bit_length()
    filtered = np.fft.irfft(np.fft.rfft(signal, size) * np.fft.rfft(taps, size), size)
    banded: Signal = filtered[half : half + len(signal) : rate // SAMPLE_RATE]
    return banded


def trimmed(signal: Signal) -> Signal:
    """Return a signal without the silence before and after, its ends faded over 5 ms."""
    heard = np.flatnonzero(_is_heard(signal))
    if not len(heard):
        raise InputError("there is nothing to be heard")
    first = max(heard[0] * _FRAME - _MARGIN, 0)
    last = min((heard[-1] + 1) * _FRAME + _MARGIN, len(signal))
    cut = signal[first:last].copy()
    ramp = np.linspace(0.0, 1.0, _FADE)
    cut[:_FADE] *= ramp
    cut[-_FADE:] *= ramp[::-1]
    return cut


def parts(signal: Signal, count: int) -> list[Signal]:
    """Return `count` pieces of a signal, cut in the middle of its longest silences and trimmed.

    Raises: InputError when it has not enough silences.
    """
    heard = np.flatnonzero(_is_heard(signal))
    gaps = np.diff(heard)
    longest = np.sort(np.argsort(gaps, kind="stable")[::-1][: count - 1])
    if len(longest) < count - 1 or gaps[longest].min(initial=2) < 2:
        raise InputError(f"there are not {count} pieces with silence between them")
    cuts = [int(heard[gap] + heard[gap + 1] + 1) * _FRAME // 2 for gap in longest]
    return [trimmed(piece) for piece in np.split(signal, cuts)]


def speech_level(signal: Signal) -> float:
    """Return the level of the frames in which something is heard, in dBFS."""
    frames: Signal = _frames(signal)[_is_heard(signal)]
    return 10 * math.log10(float(np.mean(frames**2)))


def levelled(signal: Signal) -> Signal:
    """Return a signal at −19 dBFS with peaks rounded off to stay under −3 dBFS."""
    out = signal
    gain_db = 0.0
    # Rounding peaks off takes a little of the level; each round gives that back.
    for _ in range(_LEVELLING_ROUNDS):
        gain_db += SPEECH_LEVEL_DB - speech_level(out)
        out = _rounded_off(signal * 10 ** (gain_db / 20))
    return out


def tone(frequency_hz: float, duration_ms: int) -> Signal:
    """Return a sine tone at −19 dBFS with soft ends."""
    at = np.arange(duration_ms * SAMPLE_RATE // 1_000) / SAMPLE_RATE
    return levelled(trimmed(np.sin(2 * np.pi * frequency_hz * at)))


def linear(signal: Signal) -> Samples:
    """Return 16-bit samples."""
    return np.round(signal * 32_767).astype(np.int16)


def _low_pass(at: npt.NDArray[np.int_], cutoff: float) -> Signal:
    response: Signal = 2 * cutoff * np.sinc(2 * cutoff * at)
    return response


def _frames(signal: Signal) -> Signal:
    whole = len(signal) // _FRAME * _FRAME
    return signal[:whole].reshape(-1, _FRAME)


def _is_heard(signal: Signal) -> npt.NDArray[np.bool_]:
    """Return for each 10 ms whether it is louder than silence."""
    power = np.mean(_frames(signal) ** 2, axis=1)
    heard: npt.NDArray[np.bool_] = power > power.max(initial=0.0) * 10 ** (_SILENCE_DB / 10)
    return heard


def _rounded_off(signal: Signal) -> Signal:
    knee, peak = 10 ** (_KNEE_DB / 20), 10 ** (PEAK_DB / 20)
    size = np.abs(signal)
    above = np.maximum(size - knee, 0.0) / (peak - knee)
    return np.copysign(np.minimum(size, knee) + (peak - knee) * np.tanh(above), signal)
