"""G.711 against the decision values of its own tables, written out from the recommendation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chakka.media.control import Law
from chakka.media.g711 import ALAW_TO_ULAW, decode, encode, to_alaw

ALL_CODES = bytes(range(256))
ALL_SAMPLES = np.arange(-32_768, 32_768).astype(np.int16)

# G.711 tables 2a and 1a, column 4: the decision value at which each segment begins, and its step.
# µ-law on 14 bits, A-law on 13.
ULAW_SEGMENTS = [(31, 4), (95, 8), (223, 16), (479, 32), (991, 64), (2015, 128), (4063, 256)]
ALAW_SEGMENTS = [(0, 2), (32, 2), (64, 4), (128, 8), (256, 16), (512, 32), (1024, 64), (2048, 128)]


def decision_values(law: Law) -> list[int]:
    """Return the 128 lower decision values on the scale of 16 bits."""
    if law == "PCMU":
        # The first interval, around zero, is half as wide as its neighbours.
        values = [0, *range(1, 31, 2)]
        return [4 * v for v in values + [b + s * k for b, s in ULAW_SEGMENTS for k in range(16)]]
    return [8 * (b + s * k) for b, s in ALAW_SEGMENTS for k in range(16)]


def magnitudes(codes: bytes, law: Law) -> np.ndarray:
    """Return the number of the interval in which each code says the sample lies, without its sign."""
    plain = np.frombuffer(codes, dtype=np.uint8)
    return (plain ^ (0x7F if law == "PCMU" else 0x55)) & 0x7F


@pytest.mark.parametrize("law", ["PCMU", "PCMA"])
def test_every_sample_gets_the_code_of_its_interval(law: Law) -> None:
    codes = encode(ALL_SAMPLES, law)
    wanted = np.searchsorted(decision_values(law), np.abs(ALL_SAMPLES.astype(int)), side="right") - 1
    assert (magnitudes(codes, law) == wanted).all()


@pytest.mark.parametrize("law", ["PCMU", "PCMA"])
def test_bit_8_is_the_sign_of_every_sample(law: Law) -> None:
    codes = np.frombuffer(encode(ALL_SAMPLES, law), dtype=np.uint8)
    assert ((codes >= 0x80) == (ALL_SAMPLES >= 0)).all()


@pytest.mark.parametrize("law", ["PCMU", "PCMA"])
def test_every_code_is_heard_as_the_middle_of_its_interval(law: Law) -> None:
    bounds = np.array([*decision_values(law), 8159 * 4 if law == "PCMU" else 4096 * 8])
    middle = (bounds[:-1] + bounds[1:]) // 2
    if law == "PCMU":
        middle[0] = 0
    assert (np.abs(decode(ALL_CODES, law)) == middle[magnitudes(ALL_CODES, law)]).all()


@pytest.mark.parametrize(
    ("law", "code", "sample"),
    [
        ("PCMU", 0xFF, 0),
        ("PCMU", 0x7F, 0),
        ("PCMU", 0x80, 32_124),
        ("PCMU", 0x00, -32_124),
        ("PCMA", 0xD5, 8),
        ("PCMA", 0x55, -8),
        ("PCMA", 0xAA, 32_256),
        ("PCMA", 0x2A, -32_256),
    ],
)
def test_the_ends_of_the_tables_are_where_g711_puts_them(law: Law, code: int, sample: int) -> None:
    assert decode(bytes([code]), law)[0] == sample


def test_alaw_codes_survive_decoding_and_coding() -> None:
    assert encode(decode(ALL_CODES, "PCMA"), "PCMA") == ALL_CODES


def test_ulaw_codes_survive_too_but_negative_zero_which_becomes_positive() -> None:
    again = encode(decode(ALL_CODES, "PCMU"), "PCMU")
    assert again == ALL_CODES.replace(b"\x7f", b"\xff")


@given(st.binary(max_size=400))
def test_changing_the_law_is_decoding_and_coding(payload: bytes) -> None:
    assert to_alaw(payload) == encode(decode(payload, "PCMU"), "PCMA")
    assert payload.translate(ALAW_TO_ULAW) == encode(decode(payload, "PCMA"), "PCMU")


def test_changing_the_law_there_and_back_and_there_changes_nothing_more() -> None:
    once = to_alaw(ALL_CODES)
    assert to_alaw(once.translate(ALAW_TO_ULAW)) == once


def test_silence_stays_silence_in_the_other_law() -> None:
    assert to_alaw(b"\xff") == b"\xd5"
