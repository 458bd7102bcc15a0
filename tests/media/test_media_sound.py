"""Signals that are easier to judge than speech."""

import numpy as np
import pytest

from chakka.errors import InputError
from chakka.media.sound import (
    Signal,
    levelled,
    linear,
    parts,
    speech_level,
    telephone_band,
    tone,
    trimmed,
)


def sine(frequency: float, seconds: float, rate: int = 8_000, size: float = 0.5) -> Signal:
    return size * np.sin(2 * np.pi * frequency * np.arange(int(seconds * rate)) / rate)


def gain_db(frequency: float) -> float:
    """Return what the band filter does to a steady tone at 48 kHz, away from its ends."""
    out = telephone_band(sine(frequency, 0.5, rate=48_000), 48_000)[800:3200]
    return 10 * np.log10(np.mean(out**2) / np.mean(sine(frequency, 0.5, rate=48_000) ** 2))


@pytest.mark.parametrize("frequency", [300, 1_000, 2_000, 3_400])
def test_the_telephone_band_passes(frequency: float) -> None:
    assert abs(gain_db(frequency)) < 0.5


@pytest.mark.parametrize("frequency", [50, 100, 3_900, 4_500, 7_000, 12_000])
def test_what_lies_outside_is_gone_and_does_not_fold_back(frequency: float) -> None:
    assert gain_db(frequency) < -35


def test_a_second_stays_a_second() -> None:
    assert len(telephone_band(sine(1_000, 1.0, rate=48_000), 48_000)) == 8_000


def test_a_rate_that_is_no_multiple_of_8000_is_refused() -> None:
    with pytest.raises(InputError, match="44100"):
        telephone_band(sine(1_000, 0.1), 44_100)


def test_silence_at_both_ends_is_cut_to_a_margin_of_25_ms() -> None:
    signal = np.concatenate([np.zeros(4_000), sine(500, 0.5), np.zeros(8_000)])
    assert len(trimmed(signal)) == 4_000 + 2 * 200


def test_the_ends_of_a_clip_do_not_click() -> None:
    cut = trimmed(sine(500, 0.5))
    assert cut[0] == 0.0
    assert cut[-1] == 0.0


def test_nothing_but_silence_is_refused() -> None:
    with pytest.raises(InputError, match="nothing"):
        trimmed(np.zeros(8_000))


def test_parts_are_cut_at_the_longest_silences_and_not_at_the_stops_within_words() -> None:
    stop, pause = np.zeros(640), np.zeros(2_000)
    word = np.concatenate([sine(500, 0.1), stop, sine(700, 0.1)])
    pieces = parts(np.concatenate([pause, word, pause, word, pause, word, pause]), 3)
    # Cuts fall where they fall within a frame of 10 ms.
    assert [len(piece) for piece in pieces] == [pytest.approx(len(word) + 400, abs=80)] * 3


def test_a_signal_with_too_few_silences_is_refused() -> None:
    two = np.concatenate([sine(500, 0.2), np.zeros(1_600), sine(500, 0.2)])
    assert len(parts(two, 2)) == 2
    with pytest.raises(InputError, match="not 3 pieces"):
        parts(two, 3)


@pytest.mark.parametrize("size", [0.001, 0.05, 0.9])
def test_any_input_is_brought_to_19_db_below_full_scale(size: float) -> None:
    assert speech_level(levelled(sine(500, 0.5, size=size))) == pytest.approx(-19, abs=0.1)


def test_peaks_stay_3_db_below_full_scale() -> None:
    clicks = sine(500, 0.5, size=0.05)
    clicks[::400] = 1.0
    assert 20 * np.log10(np.abs(levelled(clicks)).max()) <= -3


def test_a_tone_has_its_pitch_and_length() -> None:
    signal = tone(400, 1_000)
    assert len(signal) == 8_000
    assert np.argmax(np.abs(np.fft.rfft(signal))) == 400


def test_full_scale_fits_16_bits() -> None:
    assert linear(np.array([-1.0, 0.0, 1.0])).tolist() == [-32_767, 0, 32_767]
