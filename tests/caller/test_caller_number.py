"""Numbers in URIs, whichever way they are written (RFC 3966, RFC 3261 §19.1.6)."""

import pytest
from caller_corpus import TRUNKS, invite
from hypothesis import given
from hypothesis import strategies as st

from chakka.caller.number import calling_number, dialled_number, number_in, parties
from chakka.sip.grammar import Malformed


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("sip:0120123456@h", "0120123456"),
        ("sip:0120-123-456@h;user=phone", "0120123456"),
        ("sip:+81120123456@h", "0120123456"),
        ("tel:+81-120-123-456", "0120123456"),
        ("tel:0120123456;phone-context=+81", "0120123456"),
        ("sip:08001234567;npdi@h", "08001234567"),
        # RFC 3261 §19.1.4: an escaped digit is the digit.
        ("sip:%30120123456@h", "0120123456"),
        ("sip:shop@h", ""),
        ("sip:192.0.2.9", ""),
        ("urn:service:sos", ""),
    ],
)
def test_the_dialled_number_is_read_from_every_spelling(uri: str, number: str) -> None:
    assert dialled_number(uri) == number


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("tel:511234;phone-context=+81422", "0422511234"),
        ("tel:0422511234;phone-context=+81422", "0422511234"),
        ("tel:422511234;phone-context=+81", "0422511234"),
        ("tel:9012345678;phone-context=+81", "09012345678"),
        ("tel:110;phone-context=+81", "110"),
        ("tel:2079460000;phone-context=+44", "+442079460000"),
        ("tel:+442079460000;phone-context=+81", "+442079460000"),
        ("tel:0422511234;phone-context=+", "0422511234"),
        ("sip:2079460000;PHONE-CONTEXT=+44@h", "+442079460000"),
        ("tel:0422511234;phone-context=example.jp", "0422511234"),
    ],
)
def test_a_phone_context_completes_a_local_number(uri: str, number: str) -> None:
    assert number_in(uri) == number


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "0422511234",
        "sip:",
        "sip:@h",
        "tel:*#",
        "tel:12ab",
        "sip:0422511234@h:99999",
        "sip:%ff%fe@h",
        "sip:0@h",
    ],
)
def test_what_is_no_number_is_none(uri: str) -> None:
    assert number_in(uri) is None


# 010 begins a number abroad.
@given(st.integers(min_value=200_000_000, max_value=999_999_999), st.sampled_from(["-", ".", "(", ")", ""]))
def test_all_spellings_of_a_number_are_one_number(significant: int, mark: str) -> None:
    written = mark.join(str(significant))
    uris = [
        f"tel:+81{mark}{written}",
        f"sip:0{written}@h",
        f"sips:+81{written};isub=1@h;user=phone",
        f"tel:0{written};phone-context=h",
    ]
    assert {number_in(uri) for uri in uris} == {f"0{significant}"}


@pytest.mark.parametrize(
    "identity", ["<<>>", '"', "tel:+", "<sip:@>", "<sip:0422511234@h:99999>", ";;;;", ","]
)
def test_a_broken_identity_is_passed_over(identity: str) -> None:
    request = invite(f"P-Asserted-Identity: {identity}", from_="<sip:0662001234@h>")
    assert calling_number(parties(request, TRUNKS["carrier"])) == ("0662001234", "from")


def test_an_untrusted_trunk_has_no_party_but_from() -> None:
    request = invite("P-Asserted-Identity: <tel:+81422511234>", "Remote-Party-ID: <tel:+81422511234>")
    assert [party.source for party in parties(request, TRUNKS["stranger"])] == ["from"]


def test_two_from_headers_are_refused_before_any_fact_is_read() -> None:
    with pytest.raises(Malformed, match="From"):
        invite("From: <sip:0312345678@h>;tag=2")
