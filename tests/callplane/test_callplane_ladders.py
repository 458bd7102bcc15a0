"""The messages of a call as a ladder: complete, in order, without numbers of callers."""

import json
from typing import Any

import pytest
from exchange import CALLER, FIRST_LINE, STRANGER, Exchange, Telephone
from hypothesis import given
from hypothesis import strategies as st
from routing_contracts import OSAKA, TOKYO, contract, overflow
from sip_datagrams import invite_from

from chakka.callplane.instant import Instant
from chakka.callplane.ladders import Ladders, Leg, Parties, document
from chakka.callplane.shown import printable, start_line

NOW = Instant(100.0, 1_795_000_000_000)


def busy_overflow() -> Exchange:
    return Exchange(contract(overflow(TOKYO, OSAKA)))


def ladder(exchange: Exchange) -> dict[str, Any]:
    call_id = str(exchange.plane.shown[0]["call_id"])
    found = document(exchange.plane.plane.ladders.entries(), call_id)
    assert found is not None
    return found


def short(found: dict[str, Any]) -> list[str]:
    """Return each message as `leg > start` (sent by us) or `leg < start`."""
    return [
        f"{one['leg']} {'>' if one['sent'] else '<'} {' '.join(one['start'].split()[:3])}"
        if one["start"].startswith("SIP/")
        else f"{one['leg']} {'>' if one['sent'] else '<'} {one['start'].split()[0]}"
        for one in found["messages"]
    ]


def test_a_ladder_holds_every_message_of_all_legs_also_after_the_call() -> None:
    exchange = busy_overflow()
    exchange.telephones[FIRST_LINE] = Telephone(rings=False, refuses=486)
    call = exchange.dial()
    exchange.run(3.0)
    call.bye(exchange.network.now)
    exchange.run(1.0)
    found = ladder(exchange)
    assert found["legs"] == ["caller", TOKYO, OSAKA]
    said = short(found)
    assert said[:3] == ["0 < INVITE", "0 > SIP/2.0 100 Trying", "1 > INVITE"]
    assert {"1 < SIP/2.0 486 Busy", "2 > INVITE", "2 < SIP/2.0 180 Ringing", "2 > ACK"} <= set(said)
    assert said[-4:] == ["0 < BYE", "0 > SIP/2.0 200 OK", "2 > BYE", "2 < SIP/2.0 200 OK"]
    assert [one["ms"] for one in found["messages"]] == sorted(one["ms"] for one in found["messages"])
    assert found["messages"][0]["body"]
    assert not found["messages"][1]["body"]


def test_every_message_on_the_wire_is_in_the_ladder() -> None:
    exchange = busy_overflow()
    call = exchange.dial()
    exchange.run(3.0)
    call.bye(exchange.network.now)
    exchange.run(1.0)
    assert len(ladder(exchange)["messages"]) == len(exchange.network.sent)


def test_the_number_of_the_caller_is_nowhere_in_its_ladder() -> None:
    exchange = busy_overflow()
    exchange.dial(calling="0422511234")
    exchange.run(3.0)
    bye = invite_from(CALLER, exchange.calls[0].call_id, number="0422511234").replace(b"INVITE", b"BYE")
    exchange.plane.plane.ladders.note(bye, CALLER, exchange.network.now, is_sent=True)
    found = ladder(exchange)
    assert found["messages"][-1]["start"] == "BYE sip:***@192.0.2.9 SIP/2.0"
    assert "422511234" not in json.dumps(found)
    assert found["calling_number"] == "0422****34"


def test_a_withheld_number_is_not_even_shown_in_part() -> None:
    exchange = busy_overflow()
    exchange.dial(from_='"Anonymous" <sip:anonymous@anonymous.invalid>')
    exchange.run(1.0)
    assert "*" not in ladder(exchange)["calling_number"]


def test_strangers_are_not_kept_however_many_they_send() -> None:
    exchange = busy_overflow()
    exchange.dial()
    exchange.run(1.0)
    ladders = exchange.plane.plane.ladders
    before = len(ladders.entries())
    for place in range(50):
        exchange.plane.receive(invite_from(STRANGER, f"flood{place}"), STRANGER, exchange.network.now)
    assert len(ladders.entries()) == before


def test_a_message_of_somebody_else_is_not_in_the_ladder() -> None:
    exchange = busy_overflow()
    exchange.dial()
    before = len(ladder(exchange)["messages"])
    exchange.plane.receive(invite_from(CALLER, "another"), CALLER, exchange.network.now)
    assert len(ladder(exchange)["messages"]) == before


def test_memory_is_bounded_and_the_oldest_goes_first() -> None:
    ladders = Ladders(20)
    for place in range(100):
        parties = Parties("0120123456", "0422****34", NOW.utc_ms)
        ladders.begin(Leg(f"call{place}", f"sip{place}", "caller"), parties, CALLER, NOW)
        invite = invite_from(CALLER, f"sip{place}") + b"x" * 60_000
        ladders.note(invite, CALLER, NOW.monotonic, is_sent=False)
    kept = ladders.entries()
    assert len(kept) == 20
    assert sum(len(entry[3]) if len(entry) == 4 else 0 for entry in kept) <= 20 * 2_000
    assert document(kept, "call0") is None
    newest = document(kept, "call99")
    assert newest is not None
    assert [one["body"] for one in newest["messages"]] == [True]


def test_without_memory_nothing_is_kept() -> None:
    ladders = Ladders(0)
    ladders.begin(Leg("call", "sip", "caller"), Parties("0120123456", "", 0), CALLER, NOW)
    ladders.note(invite_from(CALLER, "sip"), CALLER, NOW.monotonic, is_sent=False)
    assert not ladders.entries()


def test_one_who_repeats_himself_does_not_fill_the_page() -> None:
    ladders = Ladders(10_000_000)
    ladders.begin(Leg("call", "sip", "caller"), Parties("0120123456", "", 0), CALLER, NOW)
    for _ in range(600):
        ladders.note(invite_from(CALLER, "sip"), CALLER, NOW.monotonic, is_sent=False)
    found = document(ladders.entries(), "call")
    assert found is not None
    assert (len(found["messages"]), found["left_out"]) == (500, 100)


def test_headers_are_found_however_they_are_written() -> None:
    ladders = Ladders(100_000)
    ladders.begin(Leg("call", "sip", "caller"), Parties("0120123456", "", 0), CALLER, NOW)
    for written in (b"Call-ID: sip", b"call-id  :  sip", b"i:sip", b"CALL-ID:sip  "):
        message = invite_from(CALLER, "sip").replace(b"Call-ID: sip", written)
        ladders.note(message, CALLER, NOW.monotonic, is_sent=False)
    found = document(ladders.entries(), "call")
    assert found is not None
    assert [one["cseq"] for one in found["messages"]] == ["1 INVITE"] * 4


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"INVITE sip:0120123456@192.0.2.9 SIP/2.0", "INVITE sip:0120123456@192.0.2.9 SIP/2.0"),
        (b"BYE sip:0422511234@192.0.2.1:5060 SIP/2.0", "BYE sip:***@192.0.2.1:5060 SIP/2.0"),
        (b"BYE sips:+81-422-51-1234@192.0.2.1 SIP/2.0", "BYE sips:***@192.0.2.1 SIP/2.0"),
        (b"INVITE tel:+81-422-51-1234 SIP/2.0", "INVITE tel:*** SIP/2.0"),
        (b"BYE sip:192.0.2.1:5060;x=0422511234 SIP/2.0", "BYE sip:192.0.2.1:5060;x=*** SIP/2.0"),
        (b"SIP/2.0 486 Busy Here", "SIP/2.0 486 Busy Here"),
        (b"\r\n\r\nOPTIONS sip:192.0.2.9 SIP/2.0", "OPTIONS sip:192.0.2.9 SIP/2.0"),
    ],
)
def test_a_start_line_shows_no_user_but_the_services_own(line: bytes, shown: str) -> None:
    assert start_line(line + b"\r\nFrom: <sip:0422511234@x>\r\n", {"0120123456"}) == shown


@given(st.binary(max_size=400))
def test_no_message_can_break_a_line_or_move_a_cursor(octets: bytes) -> None:
    shown = start_line(octets)
    assert shown.isprintable()
    assert len(shown) < 2_000


@given(st.text(max_size=400))
def test_no_text_can_break_a_line_or_move_a_cursor(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    if text.isprintable() and len(text) <= 160:
        assert shown == text


def test_a_number_called_by_a_line_is_as_private_as_a_caller() -> None:
    ladders = Ladders(100_000)
    ladders.begin(Leg("call", "a", "caller"), Parties("0422****34", "0352****34", 0), CALLER, NOW)
    ladders.add_line(Leg("call", "b", "0422****34"), FIRST_LINE, NOW.monotonic)
    for sip_call_id, peer in (("a", CALLER), ("b", FIRST_LINE)):
        invite = invite_from(peer, sip_call_id, number="0422511234")
        ladders.note(invite, peer, NOW.monotonic, is_sent=False)
    found = document(ladders.entries(), "call")
    assert [one["start"] for one in (found or {})["messages"]] == ["INVITE sip:***@192.0.2.9 SIP/2.0"] * 2
