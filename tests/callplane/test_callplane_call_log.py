"""The call log: one JSON object a line, nothing in it can break out; bad messages are sampled."""

import json
from collections import Counter

import pytest
from exchange import STRANGER, Exchange
from hypothesis import given
from hypothesis import strategies as st
from routing_contracts import TOKYO, contract, to

from chakka.callplane.call_log import BadMessages, CallLog


def lines(log: CallLog) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.text(log.take()).splitlines()]


def test_a_call_is_a_line_for_each_event_with_a_masked_number() -> None:
    exchange = Exchange(contract(to(TOKYO)))
    call = exchange.dial(calling="0422511234")
    exchange.run(3.0)
    call.bye(exchange.network.now)
    exchange.run(1.0)
    log = CallLog("node1")
    for event in exchange.plane.shown:
        log.append(1_795_000_000_000, event)
    text = log.text(log.take())
    assert [json.loads(line)["kind"] for line in text.splitlines()] == [
        "decided",
        "ringing",
        "answered",
        "released",
    ]
    assert len({json.loads(line)["call_id"] for line in text.splitlines()}) == 1
    assert "0422511234" not in text
    assert '"calling_number":"0422****34"' in text
    assert json.loads(text.splitlines()[0])["at"] == "2026-11-18T20:06:40.000+09:00"


@pytest.mark.parametrize(
    "hostile",
    ["a\r\nb", "\x1b[2Jgone", "\x9b31m", "a\u2028b", "\u202etxt", "\ud800", "nul\0", "x" * 100_000],
)
def test_a_hostile_value_stays_on_its_line_and_is_cut(hostile: str) -> None:
    log = CallLog("node1")
    log.append(0, {"kind": "decided", "called_number": hostile, "targets": [hostile]})
    text = log.text(log.take())
    assert text.count("\n") == 1
    assert text[:-1].isprintable()
    assert len(text) < 1_500
    json.loads(text)


@given(st.dictionaries(st.sampled_from(["reason", "number"]), st.text(max_size=50) | st.integers(0, 99)))
def test_any_event_is_one_printable_line(event: dict[str, object]) -> None:
    log = CallLog("node1")
    log.append(0, {"kind": "x", **event})
    text = log.text(log.take())
    assert text[:-1].isprintable()
    assert text.endswith("\n")


def test_what_cannot_be_written_in_time_is_dropped_and_counted() -> None:
    log = CallLog("node1")
    for _ in range(20_005):
        log.append(0, {"kind": "ringing"})
    taken = lines(log)
    assert len(taken) == 20_001
    assert (taken[-1]["kind"], taken[-1]["times"]) == ("log_lines_dropped", 5)
    assert not log.take()


def test_of_many_bad_messages_one_is_described_and_all_are_counted() -> None:
    counts: Counter[str] = Counter()
    bad = BadMessages(counts)
    for place in range(1_000):
        counts["malformed 400"] += 1
        bad.look(b"INVITE sip:0422511234@\x1b%d SIP/2.0\r\n" % place, STRANGER)
    counts["stray response"] += 1
    bad.look(b"SIP/2.0 200 OK\r\n", STRANGER)
    first, second = bad.take()
    assert (first["what"], first["times"], first["source"]) == (
        "malformed 400",
        1_000,
        "192.0.2.66 port 5060",
    )
    assert first["start"] == "INVITE sip:***@\\x1b0 SIP/2.0"
    assert (second["what"], second["times"]) == ("stray response", 1)
    assert bad.take() == []


def test_a_good_message_is_not_told_of() -> None:
    counts = Counter({"malformed 400": 3})
    bad = BadMessages(counts)
    bad.look(b"INVITE sip:0120123456@192.0.2.9 SIP/2.0\r\n", STRANGER)
    assert bad.take() == []


def test_bad_messages_that_come_again_are_counted_from_where_the_last_line_ended() -> None:
    counts: Counter[str] = Counter()
    bad = BadMessages(counts)
    for times in (2, 3):
        for _ in range(times):
            counts["malformed 400"] += 1
            bad.look(b"junk", STRANGER)
        assert [one["times"] for one in bad.take()] == [times]
