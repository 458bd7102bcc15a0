"""URIs: reading, writing, comparing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chakka.sip.grammar import Malformed
from chakka.sip.uri import OtherUri, SipUri, TelUri, equivalent, parse_uri


def test_a_sip_uri_is_read_into_its_parts() -> None:
    uri = parse_uri("sip:alice:secret@Example.COM:5080;transport=tcp;lr?subject=x&priority=urgent")
    assert uri == SipUri(
        scheme="sip",
        user="alice",
        host="example.com",
        port=5080,
        params=(("transport", "tcp"), ("lr", None)),
        headers=(("subject", "x"), ("priority", "urgent")),
        password="secret",
    )


@pytest.mark.parametrize(
    "text",
    [
        "sip:example.com",
        "sips:0312345678@192.0.2.1:5061;user=phone",
        "sip:+81312345678@[2001:db8::1]:5060;transport=udp",
        "sip:a:b@host?Route=%3Csip:x%3E",
        "sip:#1351@gateway_1",
        "sip:0312345678;npdi;rn=0398@carrier.example",
        "tel:+81312345678;phone-context=example.com",
        "tel:1351;phone-context=+81",
        "urn:service:sos",
        "http://www.example.com/a?b=c",
    ],
)
def test_a_uri_is_written_as_it_was_read(text: str) -> None:
    assert str(parse_uri(text)) == text


def test_a_tel_uri_loses_its_visual_separators() -> None:
    assert parse_uri("tel:+81-(3)-1234.5678") == TelUri("+81312345678")


def test_the_user_of_a_sip_uri_keeps_tel_parameters() -> None:
    uri = parse_uri("sip:+81312345678;cpc=payphone@carrier.example;user=phone")
    assert isinstance(uri, SipUri)
    assert uri.user == "+81312345678;cpc=payphone"
    assert uri.param("user") == "phone"
    assert uri.param("cpc") is None


def test_a_parameter_is_found_escaped_and_in_any_case() -> None:
    uri = parse_uri("sip:a@b;%4cR;NAME=%41")
    assert isinstance(uri, SipUri)
    assert (uri.param("lr"), uri.param("name")) == ("", "A")
    tel = parse_uri("tel:0312345678;CPC=ordinary")
    assert isinstance(tel, TelUri)
    assert tel.param("cpc") == "ordinary"


@pytest.mark.parametrize("port", ["0", "5060", "65535", "00005060"])
def test_a_port_may_be_0_to_65535(port: str) -> None:
    uri = parse_uri(f"sip:a@b:{port}")
    assert isinstance(uri, SipUri)
    assert uri.port == int(port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip",
        "sip:",
        "sip:@",
        "sip:@b",
        "sip:a@",
        "sip:a@b:",
        "sip:a@b:65536",
        "sip:a@b:99999999999999999999",
        "sip:a@b:-1",
        "sip:a@b:５０６０",
        "sip:a b@c",
        "sip:a@b c",
        "sip:a@b\r\nVia: x",
        "sip:a\0@b",
        "sip:%zz@b",
        "sip:%4@b",
        "sip:a@b;",
        "sip:a@b;;lr",
        "sip:a@b;=x",
        "sip:a@b;x=",
        "sip:a@b?",
        "sip:a@b?x",
        "sip:a@b@c",
        "sip:a@-b",
        "sip:a@.b",
        "sip:a@256.1.1.1",
        "sip:a@1.2.3",
        "sip:a@[2001:db8::1",
        "sip:a@[2001:db8:::1:::2]",
        "sip:a@[fe80::1%25eth0]",
        "sip:a@[192.0.2.1]",
        "sip:2001:db8::10",
        "sip:ａ@b",
        "ſip:a@b",
        "sip:a@\u212aelvin",
        "tel:",
        "tel:+",
        "tel:-",
        "tel:abc xyz",
        "tel:+81%zz",
        "1x:y",
        ":x",
        "<sip:a@b>",
        "a<b:c",
    ],
)
def test_what_is_no_uri_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parse_uri(text)


# RFC 3261 §19.1.4, the examples.
@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
        ("tel:+81-3-1234-5678", "tel:+81312345678"),
        ("tel:1351;a=1;phone-context=+81", "tel:1351;Phone-Context=+81;a=1"),
        ("urn:service:sos", "URN:service:sos"),
    ],
)
def test_uris_are_equivalent(a: str, b: str) -> None:
    assert equivalent(parse_uri(a), parse_uri(b))
    assert equivalent(parse_uri(b), parse_uri(a))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
        ("sip:a@b", "sips:a@b"),
        ("sip:a@b", "sip:a:pw@b"),
        ("sip:a%40c@b", "sip:a%3ac@b"),
        ("sip:0312345678@b", "tel:0312345678"),
        ("tel:+81312345678", "tel:0312345678"),
        ("tel:1351;phone-context=+81", "tel:1351"),
        ("urn:service:sos", "urn:service:SOS"),
    ],
)
def test_uris_are_not_equivalent(a: str, b: str) -> None:
    assert not equivalent(parse_uri(a), parse_uri(b))
    assert not equivalent(parse_uri(b), parse_uri(a))


@pytest.mark.parametrize(
    "uri",
    [
        SipUri("sip", "a\r\nVia: x", "b"),
        SipUri("sip", "a>", "b"),
        SipUri("sip", None, "b c"),
        SipUri("sip", "a", "b", params=(("x", "<y"),)),
        TelUri("0312345678\n"),
        OtherUri("urn", 'x"'),
    ],
)
def test_a_uri_that_would_break_its_line_is_not_written(uri: SipUri | TelUri | OtherUri) -> None:
    with pytest.raises(ValueError, match="cannot stand"):
        str(uri)


@given(st.text())
def test_any_text_is_a_uri_or_malformed(text: str) -> None:
    for candidate in (text, f"sip:{text}", f"sip:a@b;{text}", f"tel:{text}"):
        try:
            uri = parse_uri(candidate)
        except Malformed:
            continue
        assert equivalent(parse_uri(str(uri)), uri)


users = st.text("abcXYZ0123456789-_.!~*'()&=+$,;?/#", min_size=1)
words = st.text("abcXYZ019-_.!~*'()[]/:&+$", min_size=1)


@given(
    st.sampled_from(["sip", "sips"]),
    st.none() | users,
    st.sampled_from(["example.com", "192.0.2.1", "[2001:db8::1]", "a_b"]),
    st.none() | st.integers(0, 65535),
    st.lists(st.tuples(words, st.none() | words)),
)
def test_a_sip_uri_survives_writing_and_reading(
    scheme: str, user: str | None, host: str, port: int | None, params: list[tuple[str, str | None]]
) -> None:
    uri = SipUri(scheme, user, host, port, tuple(params))
    assert parse_uri(str(uri)) == uri
