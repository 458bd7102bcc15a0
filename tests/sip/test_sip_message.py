"""Messages: reading, building, answering; and what becomes of those that are broken."""

import pytest
import sipmessage

from chakka.sip.message import (
    LONGEST_LINE,
    LONGEST_MESSAGE,
    MOST_HEADER_LINES,
    Headers,
    Malformed,
    Request,
    Response,
    parse,
    respond,
)
from chakka.sip.uri import SipUri

INVITE = (
    b"INVITE sip:0120123456@192.0.2.10 SIP/2.0\r\n"
    b"v: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK1;rport\r\n"
    b"Via: SIP/2.0/TCP 192.0.2.30;branch=z9hG4bK0, SIP/2.0/UDP 192.0.2.40;branch=z9hG4bKa\r\n"
    b"Max-Forwards: 70\r\n"
    b'f: "Taro, Yamada" <sip:0312345678@192.0.2.20>;tag=ours\r\n'
    b"t: <sip:0120123456@192.0.2.10>\r\n"
    b"i: 1@192.0.2.20\r\n"
    b"CSeq: 7 INVITE\r\n"
    b"m: <sip:0312345678@192.0.2.20:5060>\r\n"
    b"Record-Route: <sip:p2.example.com;lr>, <sip:p1.example.com;lr>\r\n"
    b"Timestamp: 54\r\n"
    b"k: 100rel, timer\r\n"
    b"Supported: replaces\r\n"
    b"c: application/sdp\r\n"
    b"l: 5\r\n"
    b"\r\n"
    b"v=0\r\n"
)
NEEDED = (
    b"Via: SIP/2.0/UDP a;branch=z9hG4bK1\r\n"
    b"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n"
)


def invite() -> Request:
    message = parse(INVITE)
    assert isinstance(message, Request)
    return message


def options(more: bytes = b"", needed: bytes = NEEDED, uri: bytes = b"sip:c@d") -> bytes:
    return b"OPTIONS " + uri + b" SIP/2.0\r\n" + needed + more + b"\r\n"


def fault_of(octets: bytes) -> Malformed:
    with pytest.raises(Malformed) as caught:
        parse(octets)
    return caught.value


def test_an_invite_is_read_into_its_parts() -> None:
    request = invite()
    assert (request.method, request.uri) == ("INVITE", "sip:0120123456@192.0.2.10")
    assert request.request_uri == SipUri("sip", "0120123456", "192.0.2.10")
    assert request.via.branch == "z9hG4bK1"
    assert [via.host for via in request.vias] == ["192.0.2.20", "192.0.2.30", "192.0.2.40"]
    assert (request.from_.display, request.from_.tag) == ("Taro, Yamada", "ours")
    assert request.to.tag is None
    assert request.call_id == "1@192.0.2.20"
    assert (request.cseq.number, request.cseq.method) == (7, "INVITE")
    assert request.contact is not None
    assert request.contact.uri == "sip:0312345678@192.0.2.20:5060"
    assert request.max_forwards == 70
    assert request.content_type == "application/sdp"
    assert request.body == b"v=0\r\n"


def test_a_response_is_read_into_its_parts() -> None:
    response = parse(b"SIP/2.0 183 Session  Progress\r\n" + NEEDED + b"\r\n")
    assert isinstance(response, Response)
    assert (response.status, response.reason, response.body) == (183, "Session  Progress", b"")
    assert response.cseq.method == "OPTIONS"
    assert (response.contact, response.max_forwards, response.content_type) == (None, None, None)


def test_headers_are_found_by_any_spelling_of_their_name() -> None:
    headers = invite().headers
    assert headers.get("VIA") == headers.get("v") == headers.get("Via")
    assert headers.get_all("supported") == ["100rel, timer", "replaces"]
    assert headers.values("k") == ["100rel", "timer", "replaces"]
    assert "call-id" in headers
    assert "Route" not in headers
    assert headers.get("Route") is None
    assert headers.values("Record-Route") == ["<sip:p2.example.com;lr>", "<sip:p1.example.com;lr>"]
    assert len(headers) == 14


def test_an_unknown_header_keeps_its_value_under_one_spelling() -> None:
    request = parse(options(b"x-ChAkKa-note: kept  as is \r\nX-CHAKKA-NOTE: twice\r\n"))
    assert request.headers.get_all("X-Chakka-Note") == ["kept  as is", "twice"]


def test_headers_can_be_put_changed_and_taken_away() -> None:
    headers = Headers([("Via", "b"), ("To", "t")])
    headers.add("v", "c")
    assert headers.items() == [("Via", "b"), ("Via", "c"), ("To", "t")]
    headers.set("via", "d")
    assert headers.get_all("Via") == ["d"]
    headers.remove("Via")
    headers.remove("Via")
    assert headers.items() == [("To", "t")]


def test_the_topmost_value_of_a_list_is_replaced_alone() -> None:
    headers = Headers([("Via", "a, b"), ("Via", "c")])
    headers.replace_first("Via", "A")
    assert headers.get_all("Via") == ["A", "b", "c"]


def test_a_copy_of_headers_is_changed_on_its_own() -> None:
    first = Headers([("Via", "a")])
    second = first.copy()
    assert first == second
    second.add("Via", "b")
    assert first.get_all("Via") == ["a"]


def test_what_we_build_cannot_hold_a_line_break() -> None:
    headers = Headers()
    for put in (headers.add, headers.set):
        with pytest.raises(ValueError, match="line break"):
            put("Subject", "x\r\nVia: forged")
    with pytest.raises(ValueError, match="request line"):
        Request("INVITE", "sip:a@b SIP/2.0\r\nVia: x", headers).to_bytes()
    with pytest.raises(ValueError, match="request line"):
        Request("IN VITE", "sip:a@b", headers).to_bytes()
    with pytest.raises(ValueError, match="line break"):
        Response(200, "OK\r\nVia: x", headers).to_bytes()


def test_a_message_is_written_with_the_length_of_its_body() -> None:
    request = Request("MESSAGE", "sip:a@b", Headers([("To", "<sip:a@b>"), ("l", "999")]), "着信".encode())
    head = b"MESSAGE sip:a@b SIP/2.0\r\nTo: <sip:a@b>\r\nContent-Length: 6\r\n\r\n"
    assert request.to_bytes() == head + "着信".encode()


def test_a_message_survives_writing_and_reading() -> None:
    request = invite()
    again = parse(request.to_bytes())
    assert isinstance(again, Request)
    again.headers.set("l", "5")
    assert (again.method, again.uri, again.headers, again.body) == (
        request.method,
        request.uri,
        request.headers,
        request.body,
    )


def test_octets_that_are_not_utf8_are_sent_back_as_they_came() -> None:
    request = parse(options(needed=NEEDED.replace(b"<sip:a@b>", b'"\x92\x85" <sip:a@b>')))
    assert b'From: "\x92\x85" <sip:a@b>;tag=1\r\n' in request.to_bytes()
    assert request.from_.display == "\ufffd\ufffd"


def test_a_response_repeats_what_the_client_needs() -> None:
    response = respond(invite(), 486, to_tag="theirs", headers=[("Reason", "Q.850;cause=17")])
    assert (response.status, response.reason) == (486, "Busy Here")
    assert response.headers.get_all("Via") == invite().headers.get_all("Via")
    assert response.to.tag == "theirs"
    assert response.from_ == invite().from_
    assert response.cseq == invite().cseq
    assert response.headers.get("Reason") == "Q.850;cause=17"
    assert "Record-Route" not in response.headers
    assert "Max-Forwards" not in response.headers


@pytest.mark.parametrize(("status", "routed"), [(100, False), (180, True), (200, True), (302, False)])
def test_record_route_is_in_the_responses_that_form_a_dialog(status: int, routed: bool) -> None:
    assert ("Record-Route" in respond(invite(), status, to_tag="t").headers) is routed


def test_a_100_has_the_timestamp_and_no_tag() -> None:
    trying = respond(invite(), 100, to_tag="t")
    assert trying.headers.get("Timestamp") == "54"
    assert trying.to.tag is None
    assert "Timestamp" not in respond(invite(), 180).headers


def test_a_to_with_a_tag_keeps_it() -> None:
    request = parse(options(needed=NEEDED.replace(b"<sip:c@d>", b"<sip:c@d>;tag=mine")))
    assert isinstance(request, Request)
    assert respond(request, 200, to_tag="other").to.tag == "mine"


def test_a_response_carries_body_and_phrase_of_the_caller() -> None:
    request = invite()
    response = respond(request, 200, "Fine", headers=[("Content-Type", "application/sdp")], body=b"v=0\r\n")
    again = parse(response.to_bytes())
    assert isinstance(again, Response)
    assert (again.reason, again.content_type, again.body) == ("Fine", "application/sdp", b"v=0\r\n")
    assert respond(request, 299).reason == ""
    request.headers.add("Via", "SIP/2.0/UDP later")
    assert len(response.vias) == 3


def test_what_follows_the_content_length_is_cut_off() -> None:
    assert parse(INVITE + b"junk after it\r\n\r\n").body == b"v=0\r\n"
    assert parse(options(b"l: 0\r\n") + b"x").body == b""
    assert parse(options() + b"to the end").body == b"to the end"


def test_a_datagram_may_begin_with_line_ends() -> None:
    assert parse(b"\r\n\r\n" + INVITE).call_id == "1@192.0.2.20"


def test_folded_lines_are_one_line() -> None:
    request = parse(options(b"Subject: one\r\n two\r\n\t \tthree\r\n"))
    assert request.headers.get("Subject") == "one two three"


@pytest.mark.parametrize("end", range(len(INVITE)))
def test_a_message_cut_short_anywhere_is_malformed(end: int) -> None:
    assert fault_of(INVITE[:end]).status == 400


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\r\n\r\n",
        b"\0\0\0\0",
        b"\r\n" * 1000,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"SIP/2.0 200 OK\r\n\r\n",
        b"SIP/2.0 99 Low\r\n" + NEEDED + b"\r\n",
        b"SIP/2.0 700 High\r\n" + NEEDED + b"\r\n",
        b"SIP/2.0 2000 Long\r\n" + NEEDED + b"\r\n",
        b"SIP/2.0 \xef\xbc\x92\xef\xbc\x90\xef\xbc\x90 OK\r\n" + NEEDED + b"\r\n",
        b"SIP/3.0 200 OK\r\n" + NEEDED + b"\r\n",
        b"OPTIONS sip:c@d SIP/2.0\r\n\r\n",
        options(needed=NEEDED.replace(b"a;branch=z9hG4bK1", b"")),
        options(needed=NEEDED.replace(b"a;branch", b"a:99999;branch")),
        b"ACK sip:c@d SIP/2.0\r\n" + NEEDED + b"\r\n",
    ],
)
def test_what_nobody_could_answer_has_no_request(octets: bytes) -> None:
    assert fault_of(octets).request is None


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (options(needed=NEEDED.replace(b"Call-ID: 1\r\n", b"")), "Missing or repeated Call-ID"),
        (options(b"Call-ID: 2\r\n"), "Missing or repeated Call-ID"),
        (options(b"t: <sip:x@y>\r\n"), "Missing or repeated To"),
        (options(b"Max-Forwards: 1\r\nMax-Forwards: 1\r\n"), "Repeated Max-Forwards"),
        (options(b"Max-Forwards: 256\r\n"), "Bad Max-Forwards"),
        (options(b"Max-Forwards: -1\r\n"), "Bad Max-Forwards"),
        (options(b"Max-Forwards:\r\n"), "Bad Max-Forwards"),
        (options(b"l: 1\r\n"), "Bad Content-Length: the body is shorter"),
        (options(b"l: 1x\r\n"), "Bad Content-Length"),
        (options(b"l: " + b"9" * 5000 + b"\r\n"), "Bad Content-Length"),
        (options(b"Content-Type: sdp\r\n"), "Bad Content-Type"),
        (options(b"no colon\r\n"), "Bad header line"),
        (options(b": no name\r\n"), "Bad header name"),
        (options(b"two words: x\r\n"), "Bad header name"),
        (options("名前: x\r\n".encode()), "Bad header name"),
        (options(b"Subject: a\rb\r\n"), "Bad line end"),
        (options(b"Subject: a\nVia: b\r\n"), "Bad line end"),
        (options(b"Subject: a\0b\r\n"), "Bad octet: NUL"),
        (options(b"Via: SIP/2.0/UDP b:70000;branch=z9hG4bK2\r\n"), "Bad port"),
        (options(b"Route: <sip:a@b:70000>\r\n"), "Bad port"),
        (options(b"Record-Route: sip:a@b, c\r\n"), "Bad address"),
        (options(b"Contact: <sip:a@[1::2::3]>\r\n"), "Bad host"),
        (options(b"Route: *\r\n"), "Bad address"),
        (options(needed=NEEDED.replace(b"Call-ID: 1", b"Call-ID: a b")), "Bad Call-ID"),
        (options(needed=NEEDED.replace(b"Call-ID: 1", b"Call-ID:")), "Bad Call-ID"),
        (options(needed=NEEDED.replace(b"1 OPTIONS", b"1 options")), "Bad CSeq: it names another method"),
        (
            options(b"Contact: <sip:a@b>" + b"".join(b";p%d" % n for n in range(65)) + b"\r\n"),
            "Bad parameters: too many",
        ),
        (options(b"Route: <sip:a@b" + b";p" * 65 + b">\r\n"), "Bad URI: too many parameters"),
        (options(b"Route: <sip:a@b?x=" + b"&x=" * 64 + b">\r\n"), "Bad URI: too many headers"),
        (options(uri=b"sip:c@d:70000"), "Bad port"),
        (options(uri=b"nonsense"), "Bad URI"),
        (options(uri=b"sip:c@d?a=b"), "Bad Request-URI: it has headers"),
        (options("Subject: 着\r\n".encode() * (MOST_HEADER_LINES - 4)), "Too many header lines"),
        (options(b"Subject: " + b"x" * LONGEST_LINE + b"\r\n"), "Header line too long"),
        (options(b"Subject: " + b"\r\n x" * LONGEST_LINE + b"\r\n"), "Header line too long"),
    ],
)
def test_a_request_against_the_rules_can_be_answered_with_400(octets: bytes, reason: str) -> None:
    fault = fault_of(octets)
    assert (fault.status, fault.reason) == (400, reason)
    assert fault.request is not None
    assert fault.request.via.host == "a"
    answer = respond(fault.request, 400, reason, to_tag="t").to_bytes()
    assert answer.startswith(f"SIP/2.0 400 {reason}\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n".encode())


def test_the_largest_message_within_the_limits_is_read() -> None:
    lines = b"Subject: x\r\n" * (MOST_HEADER_LINES - 6) + b"X: " + b"y" * (LONGEST_LINE - 3) + b"\r\n"
    octets = options(lines)
    octets += b"z" * (LONGEST_MESSAGE - len(octets))
    assert len(parse(octets).headers) == MOST_HEADER_LINES


def test_a_longer_message_is_answered_with_513() -> None:
    fault = fault_of(INVITE + b"x" * LONGEST_MESSAGE)
    assert (fault.status, fault.reason) == (513, "Message Too Large")
    assert fault.request is not None


def test_another_version_is_answered_with_505() -> None:
    fault = fault_of(INVITE.replace(b"192.0.2.10 SIP/2.0", b"192.0.2.10 SIP/3.1"))
    assert (fault.status, fault.reason) == (505, "Version Not Supported")
    assert fault.request is not None
    assert fault.request.cseq.number == 7


def test_a_broken_via_is_answered_to_the_host_that_it_names() -> None:
    fault = fault_of(options(needed=NEEDED.replace(b";branch=z9hG4bK1", b":5070;;,;,,")))
    assert fault.request is not None
    assert (fault.request.via.host, fault.request.via.port) == ("a", 5070)


def test_a_repeated_header_is_answered_with_its_first_line() -> None:
    fault = fault_of(options(b"Call-ID: 2\r\n"))
    assert fault.request is not None
    assert fault.request.headers.get_all("Call-ID") == ["1"]


def test_the_answer_to_a_broken_message_carries_no_broken_line() -> None:
    fault = fault_of(options(b"no colon\r\n", needed=NEEDED.replace(b"Call-ID: 1", b"Call-ID: 1\nX: y")))
    assert fault.request is not None
    assert "Call-ID" not in fault.request.headers


@pytest.mark.parametrize(
    "contact",
    [
        b'"Quoted, name" <sip:0312345678@192.0.2.1:5060;transport=udp>;q=0.5;expires=3600',
        b"<sip:a@b>, <sip:c@d>;q=0.1",
        b"Plain Name <sips:a@b.example.com>",
        b"sip:a@b;expires=60",
    ],
)
def test_another_reader_of_sip_understands_the_same(contact: bytes) -> None:
    octets = INVITE.replace(b"<sip:0312345678@192.0.2.20:5060>", contact)
    ours, theirs = parse(octets), sipmessage.Message.parse(octets)
    assert isinstance(ours, Request)
    assert isinstance(theirs, sipmessage.Request)
    assert (ours.method, ours.uri, ours.body) == (theirs.method, str(theirs.uri), theirs.body)
    assert (ours.call_id, str(ours.cseq)) == (theirs.call_id, str(theirs.cseq))
    assert ours.max_forwards == theirs.max_forwards
    assert ours.content_type == str(theirs.content_type)
    for via, their_via in zip(ours.vias, theirs.via, strict=True):
        assert (via.transport, via.host, via.port) == (their_via.transport, their_via.host, their_via.port)
        assert dict(via.params) == dict(their_via.parameters)
    addresses = [(ours.from_, theirs.from_address), (ours.to, theirs.to_address)]
    assert ours.contact is not None
    addresses.append((ours.contact, theirs.contact[0]))
    for party, their_party in addresses:
        assert (party.display, party.uri) == (their_party.name, str(their_party.uri))
        assert dict(party.params) == dict(their_party.parameters)


def test_another_reader_of_sip_understands_what_we_build() -> None:
    response = respond(invite(), 180, to_tag="theirs", headers=[("Contact", "<sip:ours@192.0.2.10>")])
    theirs = sipmessage.Message.parse(response.to_bytes())
    assert isinstance(theirs, sipmessage.Response)
    assert (theirs.code, theirs.phrase) == (180, "Ringing")
    assert theirs.to_address.parameters["tag"] == "theirs"
    assert len(theirs.via) == 3
    assert [str(route.uri) for route in theirs.record_route] == [
        "sip:p2.example.com;lr",
        "sip:p1.example.com;lr",
    ]


def test_a_changed_header_is_read_again() -> None:
    request = invite()
    assert (request.via.host, request.to.tag, request.cseq.number) == ("192.0.2.20", None, 7)
    request.headers.replace_first("Via", "SIP/2.0/UDP 192.0.2.99;branch=z9hG4bK2")
    request.headers.set("t", "<sip:a@b>;tag=new")
    request.headers.remove("CSeq")
    request.headers.add("CSeq", "8 INVITE")
    assert (request.via.host, request.to.tag, request.cseq.number) == ("192.0.2.99", "new", 8)


@pytest.mark.parametrize("blank", [b"\r\n ", b"\r\n\t", b" \r\n \r\n\t"])
def test_a_message_means_the_same_with_every_line_folded(blank: bytes) -> None:
    start_line, end, rest = INVITE.partition(b"\r\n")
    head, blank_line, body = rest.partition(b"\r\n\r\n")
    folded = parse(start_line + end + head.replace(b": ", b":" + blank) + blank_line + body)
    assert isinstance(folded, Request)
    assert folded.headers == invite().headers
    assert folded.vias == invite().vias
