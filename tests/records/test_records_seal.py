"""Sealing with a month's key (charging.md §6)."""

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given
from hypothesis import strategies as st

from chakka.errors import InputError
from chakka.records.seal import MonthKey, month_key, seal, tag, unseal

NOVEMBER, DECEMBER = month_key(bytes(range(32))), month_key(bytes(range(1, 33)))
CALL, OTHER_CALL = "01JDEXAMPLE", "01JDANOTHER"


@given(text=st.binary(max_size=2_000), call_id=st.text("abcdefgh01234567", max_size=30))
def test_what_is_sealed_can_be_read_with_its_key_and_call_alone(text: bytes, call_id: str) -> None:
    sealed = seal(NOVEMBER, text, call_id)
    assert unseal(NOVEMBER, sealed, call_id) == text
    for key, call in ((DECEMBER, call_id), (NOVEMBER, call_id + "x")):
        with pytest.raises(InputError, match="another key"):
            unseal(key, sealed, call)


def test_the_same_words_of_the_same_call_are_sealed_alike_and_others_never() -> None:
    first = seal(NOVEMBER, b"0422511234", CALL)
    assert first == seal(NOVEMBER, b"0422511234", CALL)
    others = [
        seal(NOVEMBER, b"0422511234", OTHER_CALL),
        seal(NOVEMBER, b"0422511235", CALL),
        seal(DECEMBER, b"0422511234", CALL),
    ]
    # Version, then the nonce: one that came twice with different words would open both.
    assert len({sealed[1:13] for sealed in (first, *others)}) == 4


def test_a_text_cannot_pass_for_part_of_the_call_id() -> None:
    assert seal(NOVEMBER, b"bc", "a")[1:13] != seal(NOVEMBER, b"c", "ab")[1:13]


def test_nothing_of_the_number_is_in_what_is_sealed() -> None:
    assert b"0422" not in seal(NOVEMBER, b"0422511234" * 20, CALL)


def test_every_changed_octet_and_every_lost_end_is_found() -> None:
    sealed = seal(NOVEMBER, b"0422511234", CALL)
    spoilt = [
        sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :] for place in range(len(sealed))
    ]
    cut = [sealed[:length] for length in range(len(sealed))]
    for octets in (*spoilt, *cut, sealed + b"\0"):
        with pytest.raises(InputError, match=CALL):
            unseal(NOVEMBER, octets, CALL)


def test_a_tag_knows_a_number_again_within_its_month_and_no_longer() -> None:
    assert tag(NOVEMBER, "0422511234") == tag(NOVEMBER, "0422511234")
    tags = {tag(NOVEMBER, "0422511234"), tag(NOVEMBER, "0422511235"), tag(DECEMBER, "0422511234")}
    assert {len(one) for one in tags} == {16}
    assert len(tags) == 3


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_secret_of_another_length_is_none(length: int) -> None:
    with pytest.raises(InputError, match=f"32 octets, not {length}"):
        month_key(bytes(length))


def test_the_keys_of_a_month_differ_by_use_and_are_not_shown() -> None:
    key: MonthKey = month_key(bytes(32))
    assert key.nonce != key.tag
    assert key.nonce.hex() not in repr(key)
    assert repr(key.nonce) not in repr(key)


def test_what_was_sealed_by_an_earlier_version_stays_readable() -> None:
    """A known answer: neither labels nor layout may ever change for what is version 1."""
    assert (
        seal(NOVEMBER, b"0422511234", CALL).hex()
        == "016d509e6733c85779534f1133a311fb64a1f49c9a76a8afbb07fd9ae4f669d370170d0dc95be0"
    )
    assert tag(NOVEMBER, "0422511234").hex() == "a7f34484e7a09bb157ece40b6159f289"


def test_keys_are_expanded_as_rfc_5869_says() -> None:
    secret = bytes(range(32))
    expanded = HKDFExpand(SHA256(), 32, b"chakka nonce").derive(secret)
    assert NOVEMBER.nonce == expanded
