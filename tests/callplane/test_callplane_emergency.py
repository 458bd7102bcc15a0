"""The emergency switch on live calls: a prepared plan, one tap, timed return (service.md §9.7)."""

import msgspec
import pytest
from exchange import FREEPHONE, TUESDAY_10_MS, Exchange
from routing_contracts import HOLIDAYS, OSAKA, TABLE, TOKYO, contract, ratio, to

from chakka.contract.model import Contract
from chakka.routing.compile import compile_plan
from chakka.routing.live_facts import EmergencyRun, LiveFacts, encode
from chakka.routing.plan import encode as encode_plan

STORM = contract(to(OSAKA))


def switch_on(exchange: Exchange, until_ms: int, **facts: object) -> None:
    run = EmergencyRun(plan="storm", until_ms=until_ms)
    exchange.live[FREEPHONE] = encode(LiveFacts(emergency=run, **facts))  # type: ignore[arg-type]


def prepare(exchange: Exchange, plan: Contract = STORM) -> None:
    exchange.plans[f"{FREEPHONE}/storm"] = encode_plan(compile_plan(plan, TABLE, HOLIDAYS))


def targets(exchange: Exchange) -> list[str]:
    """Where each call was sent first, in the order in which the calls came."""
    shown = [one for one in exchange.plane.shown if one["kind"] == "decided"]
    return [(*one["targets"], "nowhere")[0] for one in shown]  # type: ignore[misc]


def test_while_it_is_on_the_prepared_plan_answers_and_the_trace_says_so() -> None:
    exchange = Exchange(contract(to(TOKYO)))
    prepare(exchange)
    switch_on(exchange, TUESDAY_10_MS + 3_600_000)
    call = exchange.dial()
    exchange.run(3.0)
    call.bye(exchange.network.now)
    exchange.run(1.0)
    record = exchange.record
    assert record.destination == OSAKA
    assert record.facts.trace[0] == ("emergency", "storm")
    assert record.facts.plan == compile_plan(STORM, TABLE, HOLIDAYS).hash


@pytest.mark.parametrize(("ahead_ms", "target"), [(1, OSAKA), (0, TOKYO), (-1, TOKYO)])
def test_the_ordinary_plan_returns_at_the_very_millisecond(ahead_ms: int, target: str) -> None:
    exchange = Exchange(contract(to(TOKYO)))
    prepare(exchange)
    exchange.dial()
    before = exchange.plane.at(exchange.network.now).utc_ms
    # The network takes its time: what counts is when the INVITE arrives.
    arrival = before + 10
    switch_on(exchange, arrival + ahead_ms)
    exchange.dial()
    assert targets(exchange) == [TOKYO, target]


def test_calls_that_are_up_are_left_alone() -> None:
    exchange = Exchange(contract(to(TOKYO)))
    prepare(exchange)
    call = exchange.dial()
    exchange.run(3.0)
    switch_on(exchange, TUESDAY_10_MS + 3_600_000)
    exchange.run(10.0)
    assert not exchange.byes
    call.bye(exchange.network.now)
    exchange.run(1.0)
    assert exchange.record.destination == TOKYO


def test_switched_off_the_ordinary_plan_answers_the_next_call() -> None:
    exchange = Exchange(contract(to(TOKYO)))
    prepare(exchange)
    switch_on(exchange, TUESDAY_10_MS + 3_600_000)
    exchange.dial()
    exchange.live[FREEPHONE] = encode(LiveFacts())
    exchange.dial()
    assert targets(exchange) == [OSAKA, TOKYO]


@pytest.mark.parametrize("stored", [None, b"\xc1"])
def test_without_a_plan_that_can_be_read_the_ordinary_one_goes_on(
    stored: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    exchange = Exchange(contract(to(TOKYO)))
    if stored:
        exchange.plans[f"{FREEPHONE}/storm"] = stored
    switch_on(exchange, TUESDAY_10_MS + 3_600_000)
    exchange.dial()
    exchange.dial()
    assert targets(exchange) == [TOKYO, TOKYO]
    assert len(caplog.records) == 1
    assert f"{FREEPHONE}/storm" in caplog.text


def test_a_number_out_of_service_stays_so_in_an_emergency() -> None:
    exchange = Exchange()
    prepare(exchange)
    switch_on(exchange, TUESDAY_10_MS + 3_600_000)
    exchange.dial()
    exchange.run(10.0)
    assert [failed.status for failed in exchange.refusals] == [404]


def test_a_suspended_contract_stays_so_in_an_emergency() -> None:
    exchange = Exchange(contract(to(TOKYO)))
    prepare(exchange)
    switch_on(exchange, TUESDAY_10_MS + 3_600_000, suspended=True)
    exchange.dial()
    assert targets(exchange) == ["nowhere"]


def test_r4_1_a_ratio_goes_on_after_an_emergency_where_it_was_before() -> None:
    ordinary = Exchange(contract(ratio({TOKYO: 1, OSAKA: 1})))
    disturbed = Exchange(contract(ratio({TOKYO: 1, OSAKA: 1})))
    prepare(disturbed, contract(ratio({OSAKA: 1})))
    for exchange in (ordinary, disturbed):
        exchange.dial().cancel(exchange.network.now)
    switch_on(disturbed, TUESDAY_10_MS + 3_600_000)
    disturbed.dial().cancel(disturbed.network.now)
    disturbed.live.clear()
    for exchange in (ordinary, disturbed):
        exchange.dial()
    assert (targets(disturbed)[0], targets(disturbed)[2]) == tuple(targets(ordinary))


def test_limits_of_the_contract_count_on_across_the_switch() -> None:
    limits = {"limits": msgspec.convert({"per_second": 1}, type(STORM.limits))}
    exchange = Exchange(contract(to(TOKYO), **limits))
    prepare(exchange, contract(to(OSAKA), **limits))
    exchange.dial()
    switch_on(exchange, TUESDAY_10_MS + 3_600_000)
    exchange.dial()
    assert targets(exchange) == [TOKYO, "nowhere"]
