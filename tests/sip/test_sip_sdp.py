"""Session descriptions: what is stripped, answered, read and put together again."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chakka.sip.grammar import Malformed
from chakka.sip.sdp import (
    Direction,
    Law,
    Media,
    RemoteAudio,
    Sdp,
    Session,
    answer,
    narrowband,
    offer,
    parse_sdp,
    relayed,
    remote_media,
    restore_answer,
    sdp_in,
)


def description(*media: str, session: tuple[str, ...] = ("c=IN IP4 192.0.2.1",)) -> bytes:
    """A body of `media` lines under a usual head."""
    lines = ("v=0", "o=caller 29739 7272939 IN IP4 192.0.2.1", "s=Call", *session, "t=0 0", *media)
    return "\r\n".join((*lines, "")).encode()


VOICE = description("m=audio 4000 RTP/AVP 0 8 101", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16")
VIDEO_CALL = description(
    "m=audio 4000 RTP/AVP 9 96 8 97 0 101 13",
    "a=rtpmap:96 opus/48000/2",
    "a=fmtp:96 useinbandfec=1",
    "a=rtpmap:97 AMR-WB/16000",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-15",
    "a=ptime:20",
    "a=candidate:1 1 UDP 2130706431 10.0.0.1 4000 typ host",
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:secret",
    "m=video 4002 RTP/AVP 31",
    "a=rtpmap:31 H261/90000",
    session=("c=IN IP4 192.0.2.1", "b=AS:384", "a=group:BUNDLE 1 2"),
)


def lines(body: bytes | None) -> list[str]:
    assert body is not None
    assert body.endswith(b"\r\n")
    return body.decode("ascii").split("\r\n")[:-1]


def test_r2_1_an_offer_is_stripped_to_g711_and_telephone_event() -> None:
    assert lines(narrowband(VIDEO_CALL)) == [
        "v=0",
        "o=caller 29739 7272939 IN IP4 192.0.2.1",
        "s=-",
        "c=IN IP4 192.0.2.1",
        "t=0 0",
        "m=audio 4000 RTP/AVP 8 0 101",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=ptime:20",
        "a=sendrecv",
        "m=video 0 RTP/AVP 31",
    ]


@pytest.mark.parametrize(
    "media",
    [
        ("m=audio 4000 RTP/AVP 9",),
        ("m=audio 4000 RTP/AVP 96", "a=rtpmap:96 opus/48000/2"),
        ("m=audio 4000 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"),
        ("m=audio 0 RTP/AVP 0",),
        ("m=audio 4000 RTP/SAVP 0",),
        ("m=video 4000 RTP/AVP 0",),
        ("m=image 4000 udptl t38",),
        ("m=audio 4000 RTP/AVP 0", "a=rtpmap:0 L16/8000"),
        ("m=audio 4000 RTP/AVP 96", "a=rtpmap:96 PCMU/16000"),
        ("m=audio 4000 RTP/AVP 200", "a=rtpmap:200 PCMU/8000"),
        (),
    ],
    ids=" ".join,
)
def test_r2_1_nothing_is_left_of_an_offer_without_g711(media: tuple[str, ...]) -> None:
    body = description(*media)
    assert narrowband(body) is None
    assert answer(body, "192.0.2.9", 4000) is None
    assert relayed(body, "192.0.2.9", 4000) is None
    assert remote_media(body) is None


@pytest.mark.parametrize(
    ("name", "law"), [("PCMU/8000", Law.PCMU), ("pcma/8000", Law.PCMA), ("PCMA/8000/1", Law.PCMA)]
)
def test_g711_is_known_under_a_dynamic_payload_type(name: str, law: Law) -> None:
    body = description("m=audio 4000 RTP/AVP 18 98", f"a=rtpmap:98 {name}")
    audio = remote_media(body)
    assert audio is not None
    assert (audio.law, audio.payload_type) == (law, 98)
    assert f"a=rtpmap:98 {name}" in lines(narrowband(body))
    assert f"a=rtpmap:98 {name}" in lines(answer(body, "192.0.2.9", 4000))


def test_only_the_first_audio_line_with_g711_is_kept() -> None:
    body = description("m=audio 4000 RTP/AVP 9", "m=audio 4002 RTP/AVP 0", "m=audio 4004 RTP/AVP 8")
    assert [line for line in lines(narrowband(body)) if line.startswith("m=")] == [
        "m=audio 0 RTP/AVP 9",
        "m=audio 4002 RTP/AVP 0",
        "m=audio 0 RTP/AVP 8",
    ]


def test_stripping_twice_changes_nothing_more() -> None:
    once = narrowband(VIDEO_CALL)
    assert once is not None
    assert narrowband(once) == once


def test_our_answer_takes_the_first_law_of_the_offer_and_refuses_the_video() -> None:
    body = answer(VIDEO_CALL, "198.51.100.1", 30000, session=Session(5, 2))
    assert lines(body) == [
        "v=0",
        "o=- 5 2 IN IP4 198.51.100.1",
        "s=-",
        "c=IN IP4 198.51.100.1",
        "t=0 0",
        "m=audio 30000 RTP/AVP 8 101",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=ptime:20",
        "a=sendrecv",
        "m=video 0 RTP/AVP 31",
    ]


def test_our_answer_takes_the_law_that_we_ask_for() -> None:
    assert "m=audio 30000 RTP/AVP 8 101" in lines(answer(VOICE, "192.0.2.9", 30000, law=Law.PCMA))
    only_mu = description("m=audio 4000 RTP/AVP 0")
    assert answer(only_mu, "192.0.2.9", 30000, law=Law.PCMA) is None
    assert "m=audio 30000 RTP/AVP 0" in lines(answer(only_mu, "192.0.2.9", 30000))


def test_the_answer_keeps_the_times_of_the_offer() -> None:
    body = VOICE.replace(b"t=0 0", b"t=3149328700 0")
    assert "t=3149328700 0" in lines(answer(body, "192.0.2.9", 30000))


@pytest.mark.parametrize(
    ("offered", "answered"),
    [
        ("sendrecv", "sendrecv"),
        ("sendonly", "recvonly"),
        ("recvonly", "sendonly"),
        ("inactive", "inactive"),
    ],
)
@pytest.mark.parametrize("of_session", [True, False])
def test_the_answer_mirrors_the_direction_of_the_offer(offered: str, answered: str, of_session: bool) -> None:
    attribute = f"a={offered}"
    if of_session:
        body = description("m=audio 4000 RTP/AVP 0", session=("c=IN IP4 192.0.2.1", attribute))
    else:
        body = description("m=audio 4000 RTP/AVP 0", attribute)
    assert f"a={answered}" in lines(answer(body, "192.0.2.9", 30000))
    assert attribute in lines(narrowband(body))


def test_the_direction_of_a_media_line_wins_over_that_of_the_session() -> None:
    body = description("m=audio 4000 RTP/AVP 0", "a=sendrecv", session=("c=IN IP4 192.0.2.1", "a=inactive"))
    audio = remote_media(body)
    assert audio is not None
    assert audio.direction is Direction.SENDRECV


def test_the_remote_audio_is_where_the_peer_listens() -> None:
    assert remote_media(VOICE) == RemoteAudio(
        host="192.0.2.1",
        port=4000,
        law=Law.PCMU,
        payload_type=0,
        direction=Direction.SENDRECV,
        telephone_event_pt=101,
    )
    own = description("m=audio 4000/2 RTP/AVP 8", "c=IN IP6 2001:DB8::5")
    assert remote_media(own) == RemoteAudio(
        host="2001:db8::5", port=4000, law=Law.PCMA, payload_type=8, direction=Direction.SENDRECV
    )


@pytest.mark.parametrize(
    ("address", "direction", "listening"),
    [
        ("192.0.2.1", "sendrecv", True),
        ("192.0.2.1", "recvonly", True),
        ("192.0.2.1", "sendonly", False),
        ("192.0.2.1", "inactive", False),
        ("0.0.0.0", "sendrecv", False),
    ],
)
def test_a_peer_on_hold_does_not_listen(address: str, direction: str, listening: bool) -> None:
    body = description("m=audio 4000 RTP/AVP 0", f"a={direction}", session=(f"c=IN IP4 {address}",))
    audio = remote_media(body)
    assert audio is not None
    assert audio.is_listening is listening


def test_our_offer_has_both_laws_and_events_and_can_be_answered() -> None:
    body = offer("192.0.2.9", 30000, session=Session(7, 1))
    assert lines(body)[1] == "o=- 7 1 IN IP4 192.0.2.9"
    assert "m=audio 30000 RTP/AVP 0 8 101" in lines(body)
    assert narrowband(body) is not None
    mine = remote_media(answer(body, "192.0.2.1", 4000) or b"")
    assert mine is not None
    assert (mine.law, mine.telephone_event_pt) == (Law.PCMU, 101)


def test_our_offer_can_prefer_a_law_and_a_direction() -> None:
    body = offer("2001:db8::9", 30000, laws=[Law.PCMA], direction=Direction.SENDONLY)
    assert "c=IN IP6 2001:db8::9" in lines(body)
    assert "m=audio 30000 RTP/AVP 8 101" in lines(body)
    assert "a=sendonly" in lines(body)


def test_a_relayed_description_speaks_of_the_relay_alone() -> None:
    body = VIDEO_CALL.replace(b"a=ptime:20", b"a=rtcp:4001 IN IP4 192.0.2.1")
    written = lines(relayed(body, "198.51.100.1", 30000, session=Session(1, 3)))
    assert "o=- 1 3 IN IP4 198.51.100.1" in written
    assert "m=audio 30000 RTP/AVP 8 0 101" in written
    assert "m=video 0 RTP/AVP 31" in written
    assert not any("192.0.2.1" in line or "caller" in line for line in written)


@pytest.mark.parametrize(
    ("offered", "wanted"),
    [("0 101", "0 8 101"), ("8 101", "8 0 101"), ("8 0 101", "8 0 101"), ("98", "98 0")],
)
def test_a_relay_takes_both_laws_and_prefers_the_callers(offered: str, wanted: str) -> None:
    more = ("a=rtpmap:101 telephone-event/8000", "a=rtpmap:98 PCMA/8000")
    body = description(f"m=audio 4000 RTP/AVP {offered}", *more)
    assert f"m=audio 30000 RTP/AVP {wanted}" in lines(relayed(body, "198.51.100.1", 30000))


def test_the_answer_of_the_line_fits_the_offer_of_the_caller() -> None:
    stripped = narrowband(VIDEO_CALL)
    assert stripped is not None
    theirs = answer(stripped, "203.0.113.5", 6000)
    assert theirs is not None
    restored = lines(restore_answer(VIDEO_CALL, theirs))
    assert [line for line in restored if line.startswith("m=")] == [
        "m=audio 6000 RTP/AVP 8 101",
        "m=video 0 RTP/AVP 31",
    ]


def test_an_answer_with_fewer_media_lines_is_filled_up() -> None:
    three = description("m=audio 4000 RTP/AVP 0", "m=video 4002 RTP/AVP 31", "m=text 4004 RTP/AVP 98")
    short = description("m=audio 6000 RTP/AVP 0", session=("c=IN IP4 203.0.113.5",))
    assert [line for line in lines(restore_answer(three, short)) if line.startswith("m=")] == [
        "m=audio 6000 RTP/AVP 0",
        "m=video 0 RTP/AVP 31",
        "m=text 0 RTP/AVP 98",
    ]


def test_an_answer_with_more_media_lines_than_the_offer_is_cut() -> None:
    long = description("m=audio 6000 RTP/AVP 0 9", "m=video 6002 RTP/AVP 31")
    restored = lines(restore_answer(VOICE, long))
    assert [line for line in restored if line.startswith("m=")] == ["m=audio 6000 RTP/AVP 0"]


@pytest.mark.parametrize(
    "media",
    [
        ("m=audio 0 RTP/AVP 0",),
        ("m=audio 6000 RTP/AVP 9",),
        ("m=video 0 RTP/AVP 31", "m=audio 6000 RTP/AVP 0"),
        (),
    ],
    ids=" ".join,
)
def test_an_answer_without_g711_in_its_place_is_no_answer(media: tuple[str, ...]) -> None:
    assert restore_answer(VOICE, description(*media)) is None


def test_reading_forgives_what_does_not_matter() -> None:
    body = (
        b"v=0\no=broken\ns=\n\nx=unknown\nnonsense\nc=IN IP4 192.0.2.1/127\nt=\n"
        b"m=audio  4000   RTP/AVP\t0\na=\na=ptime:20 \na=note:\xff\n"
    )
    session = parse_sdp(body)
    assert session.origin == "- 0 0 IN IP4 0.0.0.0"
    assert session.timing == "0 0"
    assert session.media == (
        Media(
            kind="audio",
            port=4000,
            protocol="RTP/AVP",
            formats=("0",),
            address="192.0.2.1",
            attributes=(("", ""), ("ptime", "20")),
        ),
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"o=- 1 1 IN IP4 192.0.2.1\r\n",
        description("m=audio"),
        description("m=audio 4000 RTP/AVP"),
        description("m=audio x RTP/AVP 0"),
        description("m=audio 65536 RTP/AVP 0"),
        description("m=audio -1 RTP/AVP 0"),
        description("m=音声 4000 RTP/AVP 0"),
        description("m=audio 4000 RTP/AVP 0", session=()),
        description("m=audio 4000 RTP/AVP 0", session=("c=IN IP4",)),
        description("m=audio 4000 RTP/AVP 0", session=("c=IN IP4 300.0.0.1",)),
        description("m=audio 4000 RTP/AVP 0", session=("c=IN IP6 2001:::1",)),
        description("m=audio 4000 RTP/AVP 0", session=("c=TN RFC2543 1234",)),
    ],
)
def test_what_is_no_description_is_malformed(body: bytes) -> None:
    for read in (parse_sdp, narrowband, remote_media):
        with pytest.raises(Malformed):
            read(body)


@pytest.mark.parametrize(
    "session",
    [
        Sdp(origin="- 0 0 IN IP4 192.0.2.1\r\na=x"),
        Sdp(origin="- 0 0 IN IP4 192.0.2.1", timing="0 0\r\nm=x"),
        Sdp(
            origin="- 0 0 IN IP4 h",
            media=(Media(kind="a b", port=1, protocol="p", formats=("0",), address="h"),),
        ),
        Sdp(
            origin="- 0 0 IN IP4 h",
            media=(Media(kind="a", port=1, protocol="p", formats=("0",), address="h\n"),),
        ),
        Sdp(
            origin="- 0 0 IN IP4 h",
            media=(
                Media(
                    kind="a",
                    port=1,
                    protocol="p",
                    formats=("0",),
                    address="h",
                    attributes=(("x", "y\r\nm=z"),),
                ),
            ),
        ),
    ],
)
def test_a_description_that_would_break_a_line_is_not_written(session: Sdp) -> None:
    with pytest.raises(ValueError, match="cannot stand"):
        session.to_bytes()


def test_a_description_survives_writing_and_reading() -> None:
    session = parse_sdp(VIDEO_CALL)
    again = parse_sdp(session.to_bytes())
    assert again.media[0] == session.media[0]
    assert again.origin == session.origin


def test_a_description_is_found_alone_and_within_parts() -> None:
    assert sdp_in("application/sdp", VOICE) == VOICE
    assert sdp_in("Application/SDP;charset=utf-8", VOICE) == VOICE
    assert sdp_in(None, VOICE) is None
    assert sdp_in("text/plain", VOICE) is None
    assert sdp_in("nonsense", VOICE) is None


def multipart(boundary: str, *parts: tuple[str, bytes]) -> bytes:
    delimiter = f"--{boundary}\r\n".encode()
    written = [delimiter + f"Content-Type: {kind}\r\n\r\n".encode() + body + b"\r\n" for kind, body in parts]
    return b"preamble\r\n" + b"".join(written) + f"--{boundary}--\r\n".encode() + VIDEO_CALL


def test_the_first_description_of_a_multipart_is_taken_byte_for_byte() -> None:
    body = multipart(
        "b1", ("text/plain", b"Hello"), ("application/sdp", VOICE), ("application/sdp", VIDEO_CALL)
    )
    assert sdp_in('multipart/mixed;boundary="b1"', body) == VOICE
    assert sdp_in("multipart/mixed;boundary=b1", body) == VOICE
    assert sdp_in("multipart/mixed;boundary=other", body) is None
    assert sdp_in("multipart/mixed", body) is None


def test_a_multipart_within_a_multipart_is_looked_into_but_not_for_ever() -> None:
    body = VOICE
    kind = "application/sdp"
    for depth in range(3):
        body, kind = multipart(f"b{depth}", (kind, body)), f"multipart/mixed;boundary=b{depth}"
    assert sdp_in(kind, body) == VOICE
    assert sdp_in("multipart/mixed;boundary=b3", multipart("b3", (kind, body))) is None


def test_a_part_without_a_type_is_plain_text() -> None:
    body = b"--b\r\n\r\n" + VOICE + b"\r\n--b--\r\n"
    assert sdp_in("multipart/mixed;boundary=b", body) is None


ORDINARY_PARTS = st.sampled_from(
    [
        *(
            "v=0\r\n",
            "v=0 \r\n",
            "o=- 1 1 IN IP4 192.0.2.1\r\n",
            "o=- 1 1 IN IP4\r\n",
            "s=-\r\n",
            "s=\u7740\r\n",
        ),
        *(
            "c=IN IP4 192.0.2.1\r\n",
            "c=IN IP4 192.0.2.999\r\n",
            "c=IN IP6 ::1\r\n",
            "t=0 0\r\n",
            "t= 1 2 \r\n",
        ),
        *("b=AS:64\r\n", "m=audio 4000 RTP/AVP 0 8 101\r\n", "m=audio 0 RTP/AVP 8\r\n", "m=a 70000 b 0\r\n"),
        *("m=audio 4000/2 RTP/AVP 0\r\n", "m=video 9 RTP/AVP  31\r\n", "a=sendonly\r\n", "a= recvonly \r\n"),
        *("a=rtpmap:101 telephone-event/8000\r\n", "a=ptime : 20\r\n", "a=\r\n", "a=:\r\n", "a=x:y:z\r\n"),
        *("a=\tx\r\n", "a=\u7740\r\n", "a=\x7f\r\n", "a=x\r", "\r\n", "x"),
    ]
)
HEAD = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
DESCRIPTIONS = st.one_of(
    st.lists(ORDINARY_PARTS, max_size=12).map("".join),
    st.lists(ORDINARY_PARTS, max_size=6).map(lambda parts: HEAD + "".join(parts)),
    st.lists(ORDINARY_PARTS, max_size=6).map(
        lambda parts: HEAD + "m=audio 4000 RTP/AVP 0 8 101\r\n" + "".join(parts)
    ),
)


@given(DESCRIPTIONS)
def test_a_usual_description_is_read_as_any_other(text: str) -> None:
    """Bare line ends are not usual, so they are read by the rules for every form; they mean the same."""
    # A stray CR before a line end would become part of one.
    assume("\r\r\n" not in text)
    try:
        expected = parse_sdp(text.replace("\r\n", "\n").encode())
    except Malformed as fault:
        with pytest.raises(Malformed, match=fault.reason):
            parse_sdp(text.encode())
    else:
        assert parse_sdp(text.encode()) == expected
