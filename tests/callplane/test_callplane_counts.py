"""What is counted of calls, and how it is written for Prometheus."""

import re

from exchange import FIRST_LINE, STRANGER, Exchange, Telephone
from routing_contracts import OSAKA, TOKYO, contract, overflow
from sip_datagrams import invite_from

from chakka.callplane.call import State
from chakka.callplane.counts import Counts, Histogram
from chakka.callplane.exposition import Family, exposition
from chakka.callplane.metrics import Gauges, families

GAUGES = Gauges(
    started_utc_s=1_795_000_000.5,
    journal_waiting=3,
    journal_lag=0.25,
    journal_sync=0.002,
    journal_has_room=True,
    is_shedding=False,
)


def figures(exchange: Exchange) -> dict[str, str]:
    plane = exchange.plane.plane
    text = exposition(families(plane.counts, plane.agent.counts, plane.calls, GAUGES))
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return dict(line.rsplit(" ", 1) for line in lines)


def busy_overflow() -> Exchange:
    return Exchange(contract(overflow(TOKYO, OSAKA)))


def test_a_call_that_is_talked_on_is_counted_from_decision_to_end() -> None:
    exchange = busy_overflow()
    call = exchange.dial()
    exchange.run(3.0)
    up = figures(exchange)
    assert up['chakka_calls_decided_total{outcome="connect",reason="ok"}'] == "1"
    assert up[f'chakka_calls{{state="{State.UP}"}}'] == "1"
    assert 'chakka_calls_ended_total{reason="answered"}' not in up
    call.bye(exchange.network.now)
    exchange.run(1.0)
    over = figures(exchange)
    assert over[f'chakka_calls{{state="{State.UP}"}}'] == "0"
    assert over['chakka_calls_ended_total{reason="answered"}'] == "1"
    assert over['chakka_branches_total{end="answered"}'] == "1"


def test_set_up_delays_end_with_the_first_sign_and_with_the_answer() -> None:
    exchange = busy_overflow()
    exchange.dial()
    exchange.run(3.0)
    counted = figures(exchange)
    assert counted["chakka_first_sign_seconds_count"] == "1"
    assert float(counted["chakka_first_sign_seconds_sum"]) < 0.1
    assert counted["chakka_answer_seconds_count"] == "1"
    assert 0.9 < float(counted["chakka_answer_seconds_sum"]) < 1.3


def test_r4_2_branches_are_counted_by_how_they_ended() -> None:
    exchange = busy_overflow()
    exchange.telephones[FIRST_LINE] = Telephone(rings=False, refuses=486)
    call = exchange.dial()
    exchange.run(3.0)
    call.bye(exchange.network.now)
    exchange.run(1.0)
    counted = figures(exchange)
    assert counted['chakka_branches_total{end="busy"}'] == "1"
    assert counted['chakka_branches_total{end="answered"}'] == "1"


def test_a_call_that_is_refused_is_counted_by_its_reason_and_leaves_no_timing_behind() -> None:
    exchange = busy_overflow()
    for _ in range(3):
        exchange.dial("0120999999")
    exchange.run(30.0)
    counted = figures(exchange)
    reason = "number_not_in_service"
    assert counted[f'chakka_calls_decided_total{{outcome="refuse",reason="{reason}"}}'] == "3"
    assert counted[f'chakka_calls_ended_total{{reason="{reason}"}}'] == "3"
    assert counted["chakka_first_sign_seconds_count"] == "3"
    assert not exchange.plane.plane.counts._arrived


def test_streams_of_announcements_are_counted_while_they_are_open() -> None:
    exchange = busy_overflow()
    exchange.dial("0120999999")
    assert figures(exchange)["chakka_media_streams"] == "1"
    exchange.run(30.0)
    assert figures(exchange)["chakka_media_streams"] == "0"


def test_strangers_and_malformed_messages_are_counted() -> None:
    exchange = busy_overflow()
    plane = exchange.plane
    plane.receive(invite_from(STRANGER), STRANGER, exchange.network.now)
    plane.receive(b"INVITE nonsense\r\n\r\n", STRANGER, exchange.network.now)
    counted = figures(exchange)
    assert counted["chakka_sip_strangers_total"] == "1"
    assert counted['chakka_sip_refused_total{what="malformed 400"}'] == "1"


def test_calls_not_let_in_are_counted() -> None:
    counts = Counts()
    counts.see({"kind": "shed", "minute_ms": 0, "number": "0120123456", "calls": 7}, 0.0)
    assert counts.shed == 7


def test_a_histogram_counts_up_to_and_with_its_bounds_and_takes_no_negative_time() -> None:
    histogram = Histogram((0.1, 1.0))
    for seconds in (-5.0, 0.1, 0.11, 1.0, 90.0):
        histogram.observe(seconds)
    assert histogram.counts == [2, 2, 1]
    text = exposition([Family("x_seconds", "histogram", "Some time.", histogram)])
    assert text.splitlines() == [
        "# HELP x_seconds Some time.",
        "# TYPE x_seconds histogram",
        'x_seconds_bucket{le="0.1"} 2',
        'x_seconds_bucket{le="1"} 4',
        'x_seconds_bucket{le="+Inf"} 5',
        "x_seconds_sum 91.21",
        "x_seconds_count 5",
    ]


def test_label_values_cannot_end_their_line() -> None:
    text = exposition([Family("x", "counter", "X.", [({"what": 'a"b\\c\nd'}, 1)])])
    assert text.splitlines()[-1] == 'x{what="a\\"b\\\\c\\nd"} 1'


def test_every_line_is_prometheus_text_and_every_metric_has_help_and_type_once() -> None:
    exchange = busy_overflow()
    exchange.dial()
    exchange.run(3.0)
    plane = exchange.plane.plane
    text = exposition(families(plane.counts, plane.agent.counts, plane.calls, GAUGES))
    sample = re.compile(
        r'[a-z_]+(\{[a-z_]+="[^"\n]*"(,[a-z_]+="[^"\n]*")*\})? [0-9.e+-]+|# (HELP|TYPE) [a-z_]+ .+'
    )
    assert all(sample.fullmatch(line) for line in text.splitlines())
    helped = re.findall(r"# HELP (\S+)", text)
    assert len(helped) == len(set(helped)) == text.count("# TYPE ")
    assert text.endswith("\n")
