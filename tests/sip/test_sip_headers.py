"""Header values: Via, addresses, CSeq, RAck, Reason and the small words they are made of."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chakka.sip.grammar import (
    Malformed,
    format_params,
    parse_params,
    quote,
    readable,
    safe,
    split_list,
    unquote,
)
from chakka.sip.headers import (
    CSeq,
    NameAddr,
    RAck,
    Reason,
    Via,
    parse_cseq,
    parse_delta_seconds,
    parse_media_type,
    parse_name_addr,
    parse_rack,
    parse_reason,
    parse_retry_after,
    parse_rseq,
    parse_via,
)


def test_a_via_is_read_into_its_parts() -> None:
    via = parse_via("SIP/2.0/udp Pc33.example.com:5066;Branch=z9hG4bK776;rport;received=192.0.2.1")
    assert via == Via(
        "UDP", "pc33.example.com", 5066, {"branch": "z9hG4bK776", "rport": None, "received": "192.0.2.1"}
    )
    assert via.branch == "z9hG4bK776"
    assert str(via) == "SIP/2.0/UDP pc33.example.com:5066;branch=z9hG4bK776;rport;received=192.0.2.1"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SIP/2.0/UDP",
        "SIP/2.0/UDP ",
        "SIP/2.0/UDP ;branch=z9hG4bK1",
        "SIP/2.0/UDP :5060;branch=z9hG4bK1",
        "SIP/2.0 host;branch=z9hG4bK1",
        "HTTP/1.1/TCP host",
        "SIP/2.0/UDP host:99999;branch=z9hG4bK1",
        "SIP/2.0/UDP host:65536",
        "SIP/2.0/UDP host:-1",
        "SIP/2.0/UDP host:5060x",
        "SIP/2.0/UDP host:",
        "SIP/2.0/UDP host:" + "9" * 5000,
        "SIP/2.0/UDP host name",
        "SIP/2.0/UDP host;branch",
        "SIP/2.0/UDP host;branch=",
        "SIP/2.0/UDP host;branch=z9hG4bK",
        'SIP/2.0/UDP host;branch="z9hG4bK1"',
        "SIP/2.0/UDP host;branch=a b",
        "SIP/2.0/UDP host;branch=a;branch=b",
        "SIP/2.0/UDP host;;branch=a",
        "SIP/2.0/UDP host;branch=ブランチ",
        "SIP/2.0/UDP [2001:db8::1;branch=z9hG4bK1",
        "SIP/2.0/UDP [not-an-address];branch=z9hG4bK1",
        "SIP/2.0/UDP 300.1.1.1;branch=z9hG4bK1",
        "SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/UDP b;branch=z9hG4bK2",
        "SIP/2.0/UDP a;branch=z9hG4bK1 junk",
    ],
)
def test_a_broken_via_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parse_via(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sip:a@b", NameAddr("", "sip:a@b")),
        ("sip:a@b;tag=1", NameAddr("", "sip:a@b", {"tag": "1"})),
        ("<sip:a@b;lr>;tag=1", NameAddr("", "sip:a@b;lr", {"tag": "1"})),
        ("<sip:a@b?x=y>", NameAddr("", "sip:a@b?x=y")),
        ("Alice <sip:a@b>", NameAddr("Alice", "sip:a@b")),
        ('"Alice" <sip:a@b>;TAG=x', NameAddr("Alice", "sip:a@b", {"tag": "x"})),
        (r'"A \"quoted\" \\ name"<sip:a@b>', NameAddr('A "quoted" \\ name', "sip:a@b")),
        ('"<sip:trap@c>;tag=2" <sip:a@b>', NameAddr("<sip:trap@c>;tag=2", "sip:a@b")),
        ("コールセンター <sip:a@b>", NameAddr("コールセンター", "sip:a@b")),
        ("Bell, Alexander <sip:a@b>", NameAddr("Bell, Alexander", "sip:a@b")),
        ("<tel:+81312345678>", NameAddr("", "tel:+81312345678")),
        (
            "Anonymous <sip:anonymous@anonymous.invalid>",
            NameAddr("Anonymous", "sip:anonymous@anonymous.invalid"),
        ),
        (
            '<sip:a@b>;+sip.instance="<urn:uuid:1>"',
            NameAddr("", "sip:a@b", {"+sip.instance": '"<urn:uuid:1>"'}),
        ),
    ],
)
def test_an_address_is_read_into_its_parts(text: str, expected: NameAddr) -> None:
    assert parse_name_addr(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "*",
        "Alice",
        "<>",
        "<alice>",
        '"Alice <sip:a@b>',
        'Alice" <sip:a@b>',
        "<sip:a@b",
        "sip:a@b>",
        "<<sip:a@b>>",
        "< sip:a@b >",
        "<sip:a b@c>",
        "<sip:a@b>;",
        "<sip:a@b>;tag=",
        "<sip:a@b>;tag=1;tag=2",
        "<sip:a@b> junk",
        "sip:a@b?Route=x",
        "sip:a,b@c",
        "sip:a@b, sip:c@d",
        "<sip:ア@b>",
    ],
)
def test_a_broken_address_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parse_name_addr(text)


def test_the_tag_is_that_of_the_header_not_of_the_uri() -> None:
    assert parse_name_addr("<sip:a@b;tag=uri>").tag is None
    assert parse_name_addr("<sip:a@b;tag=uri>;tag=header").tag == "header"


def test_octets_that_are_not_utf8_are_shown_but_harm_nothing() -> None:
    name = b'"\x8a\xa9\x97p" <sip:a@b>'.decode("utf-8", "surrogateescape")
    display = parse_name_addr(name).display
    assert display.encode("utf-8").decode("utf-8") == display
    assert readable("着信") == "着信"


def test_a_cseq_is_a_number_and_a_method() -> None:
    assert parse_cseq("0009  INVITE") == CSeq(9, "INVITE")
    assert str(CSeq(314159, "INVITE")) == "314159 INVITE"
    assert parse_cseq("2147483647 BYE").number == 2**31 - 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "INVITE",
        "1INVITE",
        "-1 INVITE",
        "2147483648 INVITE",
        "1 IN VITE",
        "1.0 BYE",
        "１ BYE",
        "9" * 6000 + " A",
    ],
)
def test_a_broken_cseq_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parse_cseq(text)


def test_rack_and_rseq_follow_rfc_3262() -> None:
    assert parse_rack("776656 1 INVITE") == RAck(776656, 1, "INVITE")
    assert str(RAck(1, 2, "INVITE")) == "1 2 INVITE"
    assert parse_rseq("4294967295") == 2**32 - 1
    for text in ("0", "4294967296", "x", "", "-1"):
        with pytest.raises(Malformed):
            parse_rseq(text)
    for text in ("1 INVITE", "0 1 INVITE", "1 x INVITE", ""):
        with pytest.raises(Malformed):
            parse_rack(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('Q.850;cause=16;text="Terminated"', Reason("Q.850", 16, "Terminated")),
        ("Q.850 ;cause = 17", Reason("Q.850", 17)),
        ('SIP;cause=200;text="Call completed elsewhere"', Reason("SIP", 200, "Call completed elsewhere")),
        ("SIP;cause=480, Q.850;cause=19", Reason("SIP", 480)),
        ("preemption", Reason("preemption")),
    ],
)
def test_a_reason_is_read(text: str, expected: Reason) -> None:
    assert parse_reason(text) == expected


@pytest.mark.parametrize(
    "text", ["", ",", ";cause=1", "Q.850;cause=x", "Q.850;cause=1000", "Q.850;cause=1;cause=2"]
)
def test_a_broken_reason_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parse_reason(text)


def test_a_reason_is_written_and_cannot_smuggle_a_line() -> None:
    assert str(Reason("Q.850", 21)) == "Q.850;cause=21"
    assert parse_reason(str(Reason("Q.850", 17, 'busy "here", \\'))) == Reason("Q.850", 17, 'busy "here", \\')
    with pytest.raises(ValueError, match="line break"):
        str(Reason("Q.850", 17, "x\r\nVia: y"))


def test_seconds_are_read_and_bounded() -> None:
    assert parse_retry_after("120 (I'm in a meeting);duration=3600") == 120
    assert parse_retry_after("18000;duration=3600") == 18000
    assert parse_delta_seconds("3600") == 3600
    assert parse_delta_seconds("1" + "0" * 100) == 2**32 - 1
    assert parse_delta_seconds("0" * 5000) == 0
    for text in ("", "-1", "1.5", "soon", "949302838503028349304023988"):
        with pytest.raises(Malformed):
            parse_retry_after(text)
    for text in ("", "-1", "soon"):
        with pytest.raises(Malformed):
            parse_delta_seconds(text)


def test_a_media_type_is_read_without_case() -> None:
    assert parse_media_type("Application/SDP;charset=utf-8") == ("application/sdp", {"charset": "utf-8"})
    for text in ("", "application", "application/", "a/b junk", "a/b;"):
        with pytest.raises(Malformed):
            parse_media_type(text)


def test_a_list_is_divided_at_commas_that_stand_free() -> None:
    assert split_list('"Bell, A." <sip:a,b@c>;x="1,2", <sip:d@e> ,sip:f@g') == [
        '"Bell, A." <sip:a,b@c>;x="1,2"',
        "<sip:d@e>",
        "sip:f@g",
    ]
    assert split_list(" 100rel ,, timer,") == ["100rel", "timer"]
    assert split_list("") == []
    for text in ('"open, <sip:a@b>', "<sip:a@b, <sip:c@d", '"a\\", <sip:a@b>'):
        with pytest.raises(Malformed):
            split_list(text)


@given(st.text())
def test_any_text_survives_quoting(text: str) -> None:
    if any(mark in text for mark in "\r\n\0"):
        with pytest.raises(ValueError, match="line break"):
            quote(text)
    else:
        assert unquote(quote(text)) == text


def test_a_value_with_a_line_break_is_our_bug() -> None:
    assert safe("a value; with=marks") == "a value; with=marks"
    for value in ("a\r\nb", "a\nb", "a\rb", "a\0b"):
        with pytest.raises(ValueError, match="line break"):
            safe(value)


names = st.text("abcdefgh-.!%*_+`'~0123456789", min_size=1)
values = (
    st.none()
    | st.text("abcXYZ019:[]/@=?&+", min_size=1)
    | st.text().filter(lambda text: not any(mark in text for mark in "\r\n\0")).map(quote)
)


@given(st.dictionaries(names, values))
def test_parameters_survive_writing_and_reading(params: dict[str, str | None]) -> None:
    assert parse_params(format_params(params)) == params


@given(st.text())
def test_any_text_is_a_header_value_or_malformed(text: str) -> None:
    readers = (parse_via, parse_name_addr, parse_cseq, parse_rack, parse_reason, parse_media_type, split_list)
    for read in readers:
        for candidate in (text, f"SIP/2.0/UDP {text}", f"<sip:a@b>{text}", f'"{text}" <sip:a@b>'):
            try:
                read(candidate)
            except Malformed as fault:
                assert fault.status == 400


PIECES = st.sampled_from(
    [
        *("SIP/2.0/UDP ", "SIP/2.0/udp ", "192.0.2.1", "[2001:db8::1]", "a_b", ":5060", ":99999"),
        *(
            ";branch=z9hG4bK",
            ";branch=z9hG4bK1",
            ";Branch=z9hG4bK1",
            ';branch="z9hG4bK1"',
            ";branch=",
            ";rport",
        ),
        *(";rport=5060", ";received=192.0.2.9", ";tag=a", ";tag", ";TAG=b", ';x="y;z"', ";lr", " ", "\t"),
        *(
            '"A \\" B"',
            '"A"',
            "A B",
            "着信",
            "\udc92",
            "<sip:a@b>",
            "<sip:a@b;x>",
            "<a>",
            "<:>",
            "sip:a@b",
            ",",
        ),
    ]
)
VALUES = st.one_of(
    st.lists(PIECES, max_size=6).map("".join),
    st.lists(PIECES, max_size=4).map(lambda pieces: "SIP/2.0/UDP 192.0.2.1" + "".join(pieces)),
    st.lists(PIECES, max_size=4).map(lambda pieces: '"A" <sip:a@b>' + "".join(pieces)),
)


@given(VALUES, st.sampled_from([parse_via, parse_name_addr, parse_params]))
def test_a_usual_value_is_read_as_any_other(text: str, parse: Callable[[str], object]) -> None:
    """A blank at the end is not usual, so such a value is read by the rules for every form."""
    try:
        expected = parse(f"{text} ")
    except Malformed as fault:
        with pytest.raises(Malformed, match=fault.reason):
            parse(text)
    else:
        assert parse(text) == expected
