"""Messages made to hurt: mutated, of random octets, or long where a careless reader takes square time."""

import random
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chakka.sip.message import LONGEST_MESSAGE, Malformed, Request, Response, parse, respond
from chakka.sip.sdp import answer, narrowband, parse_sdp, remote_media, sdp_in
from chakka.sip.uri import parse_uri

BODY = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
)
INVITE = (
    b"INVITE sip:0120123456;x=y@192.0.2.10:5060;transport=udp SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK1;rport, SIP/2.0/UDP [2001:db8::1]\r\n"
    b'From: "Yamada \\"Taro\\"" <sip:0312345678@192.0.2.20>;tag=ours\r\n'
    b"To: sip:0120123456@192.0.2.10\r\n"
    b"Call-ID: 1@192.0.2.20\r\n"
    b"CSeq: 7 INVITE\r\n"
    b"Max-Forwards: 70\r\n"
    b"Contact: <sip:0312345678@192.0.2.20:5060>;expires=60\r\n"
    b"Record-Route: <sip:p2.example.com;lr>,\r\n <sip:p1.example.com;lr>\r\n"
    b"Content-Type: application/sdp\r\n\r\n"
) + BODY
OK = b"SIP/2.0 200 OK\r\n" + INVITE.partition(b"\r\n")[2]

PIECES = st.sampled_from(
    [
        *(bytes([octet]) for octet in b'\r\n\0\t ,;:=<>"\\@%[]/?#*09azAZ\x7f\x80\xff'),
        *(b"\r\n", b"\r\n ", b"\r\n\r\n", b"SIP/2.0", b"sip:", b"tel:", b"Via:", b"z9hG4bK", b"99999"),
        *(b"\xe7\x9d\x80", b"%00", b"::", b"ACK", b"-1", b"4294967296", b"m=audio 0 RTP/AVP 0\r\n", b"a="),
    ]
)
MUTATIONS = st.lists(st.tuples(st.integers(0, len(INVITE)), st.integers(0, 40), PIECES), max_size=6)


def mutated(octets: bytes, mutations: list[tuple[int, int, bytes]]) -> bytes:
    for place, cut, piece in mutations:
        octets = octets[:place] + piece + octets[place + cut :]
    return octets


def read_all(message: Request | Response) -> None:
    """Everything a call plane asks of a message that was accepted; nothing of it may fail."""
    assert message.vias[0] == message.via
    for party in (message.from_, message.to, message.contact):
        str(party).encode("utf-8", "surrogateescape")
    if message.contact:
        parse_uri(message.contact.uri)
    assert message.cseq.number < 2**31
    assert message.call_id.isascii()
    assert message.max_forwards is None or message.max_forwards <= 255
    if isinstance(message, Request):
        assert str(message.request_uri)
        parse(respond(message, 200, to_tag="t").to_bytes())


def assert_it_lives(octets: bytes) -> None:
    try:
        message = parse(octets)
    except Malformed as fault:
        assert fault.status in (400, 505, 513)
        if fault.request is not None:
            assert fault.request.via.host
            respond(fault.request, fault.status, fault.reason, to_tag="t").to_bytes()
        return
    read_all(message)
    again = parse(message.to_bytes())
    assert type(again) is type(message)
    assert again.body == message.body
    again.headers.remove("Content-Length")
    message.headers.remove("Content-Length")
    assert again.headers == message.headers


@given(st.sampled_from([INVITE, OK]), MUTATIONS)
@settings(max_examples=400)
def test_a_mutated_message_is_read_whole_or_refused(
    octets: bytes, mutations: list[tuple[int, int, bytes]]
) -> None:
    assert_it_lives(mutated(octets, mutations))


@given(st.binary(max_size=400))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    assert_it_lives(octets)
    assert_it_lives(INVITE.replace(b"To: ", octets))


@given(st.binary(max_size=300), st.integers(0, len(BODY)))
@settings(max_examples=300)
def test_any_body_is_a_description_or_malformed(octets: bytes, place: int) -> None:
    for body in (octets, b"v=0" + octets, BODY[:place] + octets + BODY[place:], BODY + octets):
        try:
            session = parse_sdp(body)
        except Malformed:
            continue
        again = parse_sdp(session.to_bytes())
        assert [line.kind for line in again.media] == [line.kind for line in session.media]
        stripped = narrowband(body)
        if stripped is None:
            assert answer(body, "192.0.2.9", 4000) is None
            assert remote_media(body) is None
        else:
            assert narrowband(stripped) == stripped
            assert remote_media(stripped) == remote_media(body)


@given(st.text(), st.binary(max_size=200))
def test_any_content_type_and_body_have_a_description_or_none(content_type: str, body: bytes) -> None:
    sdp_in(content_type, body)
    sdp_in("multipart/mixed;boundary=b", b"--b\r\n" + body + b"\r\n--b--")


HOSTILE_VALUES = {
    "commas": b",",
    "semicolons": b";",
    "quotes": b'"',
    "escaped quotes": b'\\"',
    "open quotes": b'"a\\',
    "nested quotes": b'"<"',
    "brackets": b"<",
    "closed brackets": b"<>",
    "spaces": b" ",
    "tabs and commas": b"\t,",
    "folds": b"\r\n ",
    "parameters": b";a",
    "zeros": b"0",
    "escapes": b"%41",
    "at signs": b"@",
    "colons": b":",
    "equals": b"=",
}


def seconds_to_refuse(octets: bytes) -> float:
    started = time.process_time()
    assert_it_lives(octets)
    return time.process_time() - started


@pytest.mark.parametrize(
    "header", [b"Via", b"From", b"Contact", b"Route", b"CSeq", b"Content-Type", b"Max-Forwards"]
)
@pytest.mark.parametrize("filling", HOSTILE_VALUES.values(), ids=HOSTILE_VALUES)
def test_a_long_hostile_line_takes_linear_time(header: bytes, filling: bytes) -> None:
    """Eight lines just under the limit; square time would be seconds, linear is some milliseconds."""
    line = (
        header + b": " + b"SIP/2.0/UDP a" * (header == b"Via") + filling * (8_000 // len(filling)) + b"\r\n"
    )
    assert seconds_to_refuse(INVITE.replace(b"Max-Forwards: 70\r\n", line * 8)) < 0.5


@pytest.mark.parametrize("filling", HOSTILE_VALUES.values(), ids=HOSTILE_VALUES)
def test_64_kb_of_one_thing_takes_linear_time(filling: bytes) -> None:
    octets = filling * (LONGEST_MESSAGE // len(filling))
    assert seconds_to_refuse(octets) < 0.5
    assert seconds_to_refuse(INVITE.replace(b"7 INVITE", octets[:60_000])) < 0.5
    assert seconds_to_refuse(b"INVITE sip:" + octets[:60_000] + b" SIP/2.0\r\n\r\n") < 0.5


def test_a_hundred_thousand_semicolons_are_refused_at_once() -> None:
    assert seconds_to_refuse(INVITE.replace(b";tag=ours", b";" * 100_000)) < 0.5


@pytest.mark.parametrize(
    "line", [b"m=audio 4000 RTP/AVP 0\r\n", b"a=rtpmap:0 PCMU/8000\r\n", b"\r\n", b"=", b"m="]
)
def test_64_kb_of_description_takes_linear_time(line: bytes) -> None:
    body = BODY + line * (60_000 // len(line))
    started = time.process_time()
    try:
        narrowband(body)
    except Malformed as fault:
        assert fault.status == 400
    assert time.process_time() - started < 0.5


@pytest.mark.slow
def test_a_hundred_thousand_mutated_messages_leave_no_trace() -> None:
    """Seeded, so that a failure can be repeated; five of the pieces above at random places."""
    chance = random.Random(4475)
    pieces = [bytes([octet]) for octet in range(256)] + [b"\r\n", b"\r\n ", b";", b",", b"99999", b"z9hG4bK"]
    for _ in range(100_000):
        places = [
            (chance.randrange(len(INVITE)), chance.randrange(8), chance.choice(pieces)) for _ in range(5)
        ]
        assert_it_lives(mutated(chance.choice((INVITE, OK)), places))


@pytest.mark.slow
def test_what_is_remembered_of_the_largest_messages_stays_small() -> None:
    """Distinct headers as long and as rich in parameters as the limits allow."""
    tracemalloc.start()
    for n in range(300):
        params = b"".join(b";p%d=%d" % (k, n) for k in range(60)) + b";x=" + b"y" * 3_000
        octets = INVITE.replace(b";tag=ours", b";tag=%d" % n + params)
        octets = octets.replace(b";rport", params).replace(b";expires=60", params)
        octets = octets.replace(b";x=y@", params + b"@").replace(b";lr", params)
        parse(octets)
        parse_sdp(BODY + b"a=x\r\n" * 900 + b"a=n:%d" % n)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 50_000_000
