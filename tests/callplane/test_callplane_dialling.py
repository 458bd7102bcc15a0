"""What a line dialled, as its Request-URI writes it (signalling.md §4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chakka.callplane.dialling import Dialled, Wish, dialled, is_service_code


@pytest.mark.parametrize(
    ("uri", "number", "wish"),
    [
        ("sip:0312345678@192.0.2.9", "0312345678", Wish.NONE),
        ("sip:03-1234-5678@192.0.2.9;user=phone", "0312345678", Wish.NONE),
        ("tel:+81-3-1234-5678", "0312345678", Wish.NONE),
        ("sip:1840312345678@192.0.2.9", "0312345678", Wish.WITHHOLD),
        ("sip:1860312345678@192.0.2.9", "0312345678", Wish.PRESENT),
        ("sip:184010442079460000@192.0.2.9", "+442079460000", Wish.WITHHOLD),
        ("sip:010442079460000@192.0.2.9", "+442079460000", Wish.NONE),
        ("sip:110@192.0.2.9", "110", Wish.NONE),
        ("sip:184110@192.0.2.9", "110", Wish.WITHHOLD),
        ("sip:1841351@192.0.2.9", "1351", Wish.WITHHOLD),
        ("sip:1351@192.0.2.9", "1351", Wish.NONE),
        ("sip:184@192.0.2.9", "184", Wish.NONE),
        ("sip:reception@192.0.2.9", "", Wish.NONE),
        ("sip:192.0.2.9", "", Wish.NONE),
        ("mailto:x", "", Wish.NONE),
    ],
)
def test_a_request_uri_says_number_and_wish(uri: str, number: str, wish: Wish) -> None:
    assert dialled(uri) == Dialled(number, wish)


@pytest.mark.parametrize("number", ["110", "118", "119", "104", "171", "189"])
def test_1xy_codes_are_service_codes(number: str) -> None:
    assert is_service_code(number)


@pytest.mark.parametrize("number", ["1351", "1350", "11", "210", "0110", "", "110 "])
def test_nothing_else_is_a_service_code(number: str) -> None:
    assert not is_service_code(number)


@given(st.text(max_size=80))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    assert isinstance(dialled(f"sip:{text}@192.0.2.9").number, str)
