"""Entries as bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journalled_calls import answered, confirmed, refused, released, seized, tick

from chakka.errors import InputError
from chakka.records.entries import decode, encode
from chakka.records.model import Boot, Counted, NotificationSet, RegistrationSet, Shed

ENTRIES = [
    Boot(at_ms=1, monotonic_ms=2, version="0.1.0"),
    seized("c1"),
    refused("c1"),
    answered("c1"),
    confirmed("c1"),
    tick(5_000, "c1", "c2"),
    released("c1"),
    NotificationSet(call_id="c1", line="0352001234", freephone="0120123456", at_ms=1),
    RegistrationSet(number="0352001234", octets=b"\x91", at_ms=1),
    Counted(minute_ms=60_000, calls=3, answered=2),
    Shed(minute_ms=60_000, number="0120123456", calls=7),
]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: type(entry).__name__)
def test_every_kind_of_entry_is_read_as_it_was_written(entry) -> None:
    assert decode(encode(entry)) == entry


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: type(entry).__name__)
def test_an_entry_cut_at_any_byte_is_refused(entry) -> None:
    payload = encode(entry)
    for length in range(len(payload)):
        with pytest.raises(InputError, match="journal entry of"):
            decode(payload[:length])


def test_an_entry_of_a_later_version_with_more_fields_is_read() -> None:
    payload = encode(confirmed("c1"))
    longer = bytes([payload[0] + 1]) + payload[1:] + b"\xa3new\x01"
    assert decode(longer) == confirmed("c1")


def test_text_that_is_no_utf_8_is_refused() -> None:
    with pytest.raises(InputError):
        decode(encode(refused("c1")).replace(b"c1", b"\xff\xff"))


@given(st.binary(max_size=200))
def test_junk_is_refused_and_never_crashes(junk: bytes) -> None:
    with pytest.raises(InputError):
        decode(junk)
