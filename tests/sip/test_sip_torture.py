"""The torture messages of RFC 4475 and the IPv6 messages of RFC 5118, judged by the text of the RFCs."""

from pathlib import Path

import pytest

from chakka.sip.message import Malformed, Request, Response, parse, respond
from chakka.sip.sdp import parse_sdp, sdp_in
from chakka.sip.uri import OtherUri, SipUri, parse_uri

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "vectors"

# name, section, what reading must give: `accept`, the status of the refusal, or `drop` (no answer at all).
# What only the transaction user can refuse (416, 420, 415, 406, 483 …) is accepted here.
RFC4475 = (
    ("wsinv", "3.1.1.1", "accept"),
    ("intmeth", "3.1.1.2", "accept"),
    ("esc01", "3.1.1.3", "accept"),
    ("escnull", "3.1.1.4", "accept"),
    ("esc02", "3.1.1.5", "accept"),
    ("lwsdisp", "3.1.1.6", "accept"),
    ("longreq", "3.1.1.7", "accept"),
    ("dblreq", "3.1.1.8", "accept"),
    ("semiuri", "3.1.1.9", "accept"),
    ("transports", "3.1.1.10", "accept"),
    ("mpart01", "3.1.1.11", "accept"),
    ("unreason", "3.1.1.12", "accept"),
    ("noreason", "3.1.1.13", "accept"),
    ("badinv01", "3.1.2.1", "400"),
    ("clerr", "3.1.2.2", "400"),
    ("ncl", "3.1.2.3", "400"),
    ("scalar02", "3.1.2.4", "400"),
    ("scalarlg", "3.1.2.5", "drop"),
    ("quotbal", "3.1.2.6", "400"),
    ("ltgtruri", "3.1.2.7", "400"),
    ("lwsruri", "3.1.2.8", "400"),
    ("lwsstart", "3.1.2.9", "400"),
    ("trws", "3.1.2.10", "400"),
    ("escruri", "3.1.2.11", "400"),
    ("baddate", "3.1.2.12", "accept"),
    ("regbadct", "3.1.2.13", "400"),
    ("badaspec", "3.1.2.14", "400"),
    ("baddn", "3.1.2.15", "accept"),
    ("badvers", "3.1.2.16", "505"),
    ("mismatch01", "3.1.2.17", "400"),
    ("mismatch02", "3.1.2.18", "400"),
    ("bigcode", "3.1.2.19", "drop"),
    ("badbranch", "3.2.1", "400"),
    ("insuf", "3.3.1", "400"),
    ("unkscm", "3.3.2", "accept"),
    ("novelsc", "3.3.3", "accept"),
    ("unksm2", "3.3.4", "accept"),
    ("bext01", "3.3.5", "accept"),
    ("invut", "3.3.6", "accept"),
    ("regaut01", "3.3.7", "accept"),
    ("multi01", "3.3.8", "400"),
    ("mcl01", "3.3.9", "400"),
    ("bcast", "3.3.10", "accept"),
    ("zeromf", "3.3.11", "accept"),
    ("cparam01", "3.3.12", "accept"),
    ("cparam02", "3.3.13", "accept"),
    ("regescrt", "3.3.14", "accept"),
    ("sdp01", "3.3.15", "accept"),
    ("inv2543", "3.4.1", "accept"),
)
RFC5118 = (
    ("ipv6-good", "4.1", "accept"),
    ("ipv6-bad", "4.2", "400"),
    ("port-ambiguous", "4.3", "accept"),
    ("port-unambiguous", "4.4", "accept"),
    ("via-received-param-with-delim", "4.5", "accept"),
    ("via-received-param-no-delim", "4.5", "accept"),
    ("ipv6-in-sdp", "4.6", "accept"),
    ("mult-ip-in-header", "4.7", "accept"),
    ("mult-ip-in-sdp", "4.8", "accept"),
    ("ipv4-mapped-ipv6", "4.9", "accept"),
    ("ipv6-bug-abnf-3-colons", "4.10", "accept"),
    ("ipv6-correct-abnf-2-colons", "4.10", "accept"),
)
ROWS = [("rfc4475", *row) for row in RFC4475] + [("rfc5118", *row) for row in RFC5118]


def vector(folder: str, name: str) -> bytes:
    path = VECTORS / folder / f"{name}.dat"
    if not path.exists():
        pytest.skip(f"the messages of {folder} are not beside the repository ({path.parent})")
    return path.read_bytes()


def request(name: str) -> Request:
    message = parse(vector("rfc4475", name))
    assert isinstance(message, Request)
    return message


def test_the_tables_hold_all_messages_of_both_rfcs() -> None:
    assert (len(RFC4475), len(RFC5118)) == (49, 12)
    for folder in ("rfc4475", "rfc5118"):
        present = {path.stem for path in (VECTORS / folder).glob("*.dat")}
        assert present <= {row[1] for row in ROWS if row[0] == folder}


@pytest.mark.parametrize(("folder", "name", "section", "verdict"), ROWS, ids=[row[1] for row in ROWS])
def test_it_is_read_as_the_rfc_says(folder: str, name: str, section: str, verdict: str) -> None:
    octets = vector(folder, name)
    if verdict == "accept":
        assert parse(octets).via.host, section
        return
    with pytest.raises(Malformed) as caught:
        parse(octets)
    fault = caught.value
    if verdict == "drop":
        assert fault.request is None
    else:
        assert fault.status == int(verdict)
        assert fault.request is not None
        assert fault.request.via.host


@pytest.mark.parametrize(
    ("folder", "name"), [row[:2] for row in ROWS if row[3].isdigit()], ids=lambda word: word
)
def test_its_refusal_is_a_message_that_can_be_read_again(folder: str, name: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse(vector(folder, name))
    fault = caught.value
    assert fault.request is not None
    octets = respond(fault.request, fault.status, fault.reason, to_tag="ours").to_bytes()
    assert octets.startswith(b"SIP/2.0 %d " % fault.status)
    assert octets.endswith(b"Content-Length: 0\r\n\r\n")


@pytest.mark.parametrize(
    ("folder", "name"), [row[:2] for row in ROWS if row[3] == "accept"], ids=lambda word: word
)
def test_what_was_accepted_is_written_and_read_to_the_same(folder: str, name: str) -> None:
    message = parse(vector(folder, name))
    again = parse(message.to_bytes())
    again.headers.remove("Content-Length")
    message.headers.remove("Content-Length")
    assert (again.headers, again.body) == (message.headers, message.body)


def test_wsinv_is_unfolded_and_its_odd_spacing_understood() -> None:
    invite = request("wsinv")
    assert invite.to.tag == "1918181833n"
    assert invite.from_.display == 'J Rosenberg \\"'
    assert invite.from_.tag == "98asjd8"
    assert invite.max_forwards == 68
    assert (invite.cseq.number, invite.cseq.method) == (9, "INVITE")
    assert [via.transport for via in invite.vias] == ["UDP", "TCP", "UDP"]
    assert [via.host for via in invite.vias] == ["192.0.2.2", "spindle.example.com", "192.168.255.111"]
    assert invite.vias[1].branch == "z9hG4bK9ikj8"
    assert invite.contact is not None
    assert invite.contact.params == {"newparam": "newvalue", "secondparam": None, "q": "0.33"}
    assert invite.headers.get("subject") == ""
    assert len(invite.body) == 150


def test_intmeth_keeps_its_unusual_method_user_and_names() -> None:
    odd = request("intmeth")
    assert odd.method == "!interesting-Method0123456789_*+`.%indeed'~"
    target = odd.request_uri
    assert isinstance(target, SipUri)
    assert target.user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    assert target.password == "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"
    assert odd.to.display == "BEL:\x07 NUL:? DEL:\x7f"
    assert odd.from_.tag == "_token~1'+`*%!-."
    assert odd.headers.get("extensionHeader-!.%*+_`'~") == "\ufeff大停電"


def test_esc01_is_decoded_only_where_it_is_compared() -> None:
    invite = request("esc01")
    target = invite.request_uri
    assert isinstance(target, SipUri)
    assert target.user == "sips%3Auser%40example.com"
    assert invite.contact is not None
    contact = parse_uri(invite.contact.uri)
    assert isinstance(contact, SipUri)
    assert contact.param("lr") == ""
    assert contact.param("name") == "value%41"


def test_esc02_does_not_take_an_escaped_header_name_for_a_contact() -> None:
    assert len(request("esc02").headers.get_all("Contact")) == 2


def test_dblreq_ends_where_its_content_length_says() -> None:
    first = request("dblreq")
    assert first.method == "REGISTER"
    assert first.body == b""


def test_semiuri_has_its_semicolon_in_the_user() -> None:
    target = request("semiuri").request_uri
    assert isinstance(target, SipUri)
    assert (target.user, target.host, target.params) == ("user;par=u%40example.net", "example.com", ())


def test_lwsdisp_needs_no_space_before_the_bracket() -> None:
    assert request("lwsdisp").from_.display == "caller"


def test_transports_names_those_we_do_not_know() -> None:
    names = [via.transport for via in request("transports").vias]
    assert names == ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]


def test_mpart01_has_no_session_description_among_its_parts() -> None:
    message = request("mpart01")
    assert message.content_type == "multipart/mixed"
    assert sdp_in(message.headers.get("Content-Type"), message.body) is None


def test_unreason_and_noreason_keep_what_phrase_there_is() -> None:
    one, none = parse(vector("rfc4475", "unreason")), parse(vector("rfc4475", "noreason"))
    assert isinstance(one, Response)
    assert isinstance(none, Response)
    assert one.reason.startswith("= 2**3 * 5**2 но сто")
    assert (none.status, none.reason) == (100, "")


def test_unknown_schemes_are_left_for_the_416() -> None:
    assert request("unkscm").request_uri == OtherUri("nobodyknowsthisscheme", "totallyopaquecontent")
    assert request("novelsc").request_uri == OtherUri("soap.beep", "//192.0.2.103:3002")


def test_cparam_belongs_to_header_or_uri_by_the_brackets() -> None:
    header, within = request("cparam01").contact, request("cparam02").contact
    assert header is not None
    assert within is not None
    assert (header.uri, header.params) == ("sip:+19725552222@gw1.example.net", {"unknownparam": None})
    assert (within.uri, within.params) == ("sip:+19725552222@gw1.example.net;unknownparam", {})


def test_regescrt_has_a_route_within_its_contact() -> None:
    contact = request("regescrt").contact
    assert contact is not None
    uri = parse_uri(contact.uri)
    assert isinstance(uri, SipUri)
    assert uri.headers == (("Route", "%3Csip:sip.example.com%3E"),)


def test_inv2543_has_neither_tag_nor_branch_nor_length() -> None:
    invite = request("inv2543")
    assert (invite.from_.tag, invite.via.branch, invite.max_forwards) == (None, None, None)
    assert invite.to.params == {"user": "phone"}
    assert parse_sdp(invite.body).media[0].formats == ("0",)


def test_zeromf_says_zero() -> None:
    assert request("zeromf").max_forwards == 0


def ipv6(name: str) -> Request:
    message = parse(vector("rfc5118", name))
    assert isinstance(message, Request)
    return message


def test_a_port_inside_the_brackets_is_part_of_the_address() -> None:
    ambiguous, plain = ipv6("port-ambiguous").request_uri, ipv6("port-unambiguous").request_uri
    assert isinstance(ambiguous, SipUri)
    assert isinstance(plain, SipUri)
    assert (ambiguous.host, ambiguous.port) == ("[2001:db8::10:5070]", None)
    assert (plain.host, plain.port) == ("[2001:db8::10]", 5070)


def test_received_is_read_with_and_without_brackets() -> None:
    assert ipv6("via-received-param-with-delim").via.params["received"] == "[2001:db8::9:255]"
    assert ipv6("via-received-param-no-delim").via.params["received"] == "2001:db8::9:255"


def test_a_third_colon_from_the_old_grammar_means_two() -> None:
    old, new = ipv6("ipv6-bug-abnf-3-colons").request_uri, ipv6("ipv6-correct-abnf-2-colons").request_uri
    assert old == new


def test_each_media_line_has_the_address_of_its_own_family() -> None:
    session = parse_sdp(ipv6("mult-ip-in-sdp").body)
    assert [line.address for line in session.media] == ["192.0.2.1", "2001:db8::1"]
    assert parse_sdp(ipv6("ipv6-in-sdp").body).media[0].address == "2001:db8::20"
    assert parse_sdp(ipv6("ipv4-mapped-ipv6").body).media[0].address == "::ffff:192.0.2.2"
