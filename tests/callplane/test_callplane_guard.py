"""What the money guard publishes holds on live calls: service.md §9.5, charging.md §6."""

from pathlib import Path

from exchange import FREEPHONE, TUESDAY_10_MS, Exchange
from routing_contracts import FROM_MITAKA, FROM_OSAKA, TOKYO, contract, to

from chakka.callplane.counts import Counts
from chakka.callplane.sealing import Sealing
from chakka.localtime import usage_month
from chakka.records.seal import tag
from chakka.routing.attempt import CallAttempt
from chakka.routing.decision import Reason
from chakka.routing.live_facts import LiveFacts, MoneyStop, encode
from chakka.stores.keys import KeyStore

NUMBERLESS = {"from_": '"Anonymous" <sip:anonymous@anonymous.invalid>'}
IN_A_MINUTE_MS = TUESDAY_10_MS + 60_000


def with_facts(facts: LiveFacts) -> Exchange:
    exchange = Exchange(contract(to(TOKYO)))
    exchange.live[FREEPHONE] = encode(facts)
    return exchange


def reasons(exchange: Exchange) -> list[Reason]:
    return [Reason(str(one["reason"])) for one in exchange.plane.shown if one["kind"] == "decided"]


def sealing(directory: Path) -> Sealing:
    made = Sealing(directory, 6, Counts())
    made.turn(TUESDAY_10_MS)
    return made


def attempt(calling_number: str | None) -> CallAttempt:
    return CallAttempt(called_number=FREEPHONE, calling_number=calling_number, at_ms=TUESDAY_10_MS)


def test_a_cap_that_is_reached_stops_calls_until_its_period_is_over() -> None:
    exchange = with_facts(LiveFacts(cap_stop=MoneyStop(until_ms=IN_A_MINUTE_MS)))
    exchange.dial()
    exchange.run(60.0)
    assert [failed.status for failed in exchange.refusals] == [403]
    assert not exchange.line_calls
    exchange.dial()
    assert reasons(exchange) == [Reason.MONEY_GUARD, Reason.OK]


def test_a_stop_by_hand_holds_when_the_guard_lifts_its_own() -> None:
    exchange = with_facts(LiveFacts(money_stop=MoneyStop(), cap_stop=MoneyStop(until_ms=TUESDAY_10_MS)))
    exchange.dial()
    assert reasons(exchange) == [Reason.MONEY_GUARD]


def test_only_the_caller_whose_cap_is_reached_is_stopped() -> None:
    exchange = with_facts(LiveFacts(caller_stops={"ab": IN_A_MINUTE_MS}))
    tags = {FROM_MITAKA: "ab", FROM_OSAKA: "cd"}
    exchange.plane.plane.caller_tag = lambda attempt: tags.get(attempt.calling_number or "")
    exchange.dial(calling=FROM_MITAKA)
    exchange.dial(calling=FROM_OSAKA)
    assert reasons(exchange) == [Reason.MONEY_GUARD, Reason.OK]
    assert ("money_guard",) in exchange.records[0].facts.trace


def test_callers_without_a_number_are_stopped_as_one(tmp_path: Path) -> None:
    exchange = with_facts(LiveFacts(caller_stops={"": IN_A_MINUTE_MS}))
    exchange.plane.plane.caller_tag = sealing(tmp_path).caller_tag
    exchange.dial(**NUMBERLESS)
    exchange.dial(calling=FROM_OSAKA)
    assert reasons(exchange) == [Reason.MONEY_GUARD, Reason.OK]


def test_the_tag_of_a_caller_is_that_of_the_records(tmp_path: Path) -> None:
    plane = sealing(tmp_path)
    key = KeyStore(tmp_path).key(usage_month(TUESDAY_10_MS))
    assert key is not None
    assert plane.caller_tag(attempt(FROM_MITAKA)) == tag(key, FROM_MITAKA).hex()
    assert plane.caller_tag(attempt(None)) == ""


def test_without_a_key_callers_cannot_be_told_apart_and_nobody_is_stopped(tmp_path: Path) -> None:
    keyless = Sealing(tmp_path, 6, Counts())
    assert keyless.caller_tag(attempt(FROM_MITAKA)) is None
    assert not LiveFacts(caller_stops={"": IN_A_MINUTE_MS}).is_caller_stopped(None, TUESDAY_10_MS)
