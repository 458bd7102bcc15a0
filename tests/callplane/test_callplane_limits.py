"""Limits, shields and live facts on live calls: service.md §9.5–9.7, signalling.md §2."""

import msgspec
import pytest
from exchange import FIRST_LINE, FREEPHONE, SECOND_LINE, TUESDAY_10_MS, Exchange
from routing_contracts import FROM_MITAKA, FROM_OSAKA, OSAKA, TOKYO, closed, contract, every_day, overflow, to

from chakka.contract.model import Blocked, Contract, Limits, Line, Withheld
from chakka.media import control
from chakka.routing.attempt import Presentation
from chakka.routing.decision import Reason
from chakka.routing.live_facts import Block, LiveFacts, MoneyStop, encode

WIDE_LINES = (
    Line(id="tokyo", channels=50, numbers=(TOKYO,)),
    Line(id="osaka", channels=50, numbers=(OSAKA,)),
)
OTHER = "0120999999"
ANONYMOUS = {
    "from_": '"Anonymous" <sip:anonymous@anonymous.invalid>',
    "headers": (("P-Asserted-Identity", f"<tel:+81{FROM_MITAKA[1:]}>"), ("Privacy", "id")),
}
NUMBERLESS = {"from_": '"Anonymous" <sip:anonymous@anonymous.invalid>'}


def limited(**limits: object) -> Contract:
    return contract(to(TOKYO), lines=WIDE_LINES, limits=Limits(**limits))  # type: ignore[arg-type]


def other(plan: Contract) -> Contract:
    return msgspec.structs.replace(plan, number=OTHER)


def with_facts(facts: LiveFacts, plan: Contract | None = None) -> Exchange:
    exchange = Exchange(plan or contract(to(TOKYO)))
    exchange.live[FREEPHONE] = encode(facts)
    return exchange


def reasons(exchange: Exchange) -> list[Reason]:
    """Every call so far, in the order in which they came; those that are still up count as ok."""
    shown = [one for one in exchange.plane.shown if one["kind"] == "decided"]
    return [Reason(str(one["reason"])) for one in shown]


# -- limits


def test_the_contracts_limit_of_calls_gives_486_with_cause_17() -> None:
    exchange = Exchange(limited(calls=2))
    for _ in range(3):
        exchange.dial()
    exchange.run(1.0)
    assert reasons(exchange) == [Reason.OK, Reason.OK, Reason.LIMIT]
    assert [failed.status for failed in exchange.refusals] == [486]
    assert [record.cause for record in exchange.records if record.reason is Reason.LIMIT] == [17]


def test_a_call_that_ends_makes_room_under_the_limit_of_calls() -> None:
    exchange = Exchange(limited(calls=1))
    first = exchange.dial()
    exchange.run(2.0)
    exchange.dial()
    first.bye(exchange.network.now)
    exchange.run(1.0)
    exchange.dial()
    assert reasons(exchange) == [Reason.OK, Reason.LIMIT, Reason.OK]


def test_callers_who_only_hear_an_announcement_take_no_place_under_the_limit_of_calls() -> None:
    exchange = Exchange(limited(calls=1))
    exchange.live[FREEPHONE] = encode(LiveFacts(blocks={FROM_MITAKA: Block()}))
    for _ in range(3):
        exchange.dial(calling=FROM_MITAKA)
    for _ in range(2):
        exchange.dial(calling=FROM_OSAKA)
    exchange.run(20.0)
    exchange.dial(calling=FROM_OSAKA)
    assert reasons(exchange) == [Reason.BLOCKED] * 3 + [Reason.OK, Reason.LIMIT, Reason.LIMIT]


def test_a_line_number_at_its_own_limit_is_busy_and_overflows() -> None:
    plan = contract(overflow(TOKYO, OSAKA), lines=WIDE_LINES, limits=Limits(per_number={TOKYO: 1}))
    exchange = Exchange(plan)
    exchange.dial()
    exchange.dial()
    exchange.run(2.0)
    assert (len(exchange.invites(FIRST_LINE)), len(exchange.invites(SECOND_LINE))) == (1, 1)


def test_gapping_lets_so_many_calls_through_in_any_second() -> None:
    exchange = Exchange(limited(per_second=2))
    for _ in range(23):
        exchange.dial()
        exchange.run(0.05)
    passed = [place for place, reason in enumerate(reasons(exchange)) if reason is Reason.OK]
    assert passed == [0, 1, 7, 8, 14, 15, 21, 22]


def test_gapping_of_one_contract_leaves_others_alone() -> None:
    exchange = Exchange(limited(per_second=1), other(limited(per_second=1)))
    exchange.dial()
    exchange.dial(OTHER)
    assert reasons(exchange) == [Reason.OK, Reason.OK]


def test_a_call_that_hears_an_announcement_uses_up_no_gap() -> None:
    plan = contract(
        to(TOKYO),
        limits=Limits(per_second=1),
        schedules={"morning": every_day("00:00-10:00")},
        hours={TOKYO: closed("morning")},
    )
    exchange = Exchange(plan, wall_ms=TUESDAY_10_MS - 50)
    exchange.dial()
    exchange.dial()
    assert reasons(exchange) == [Reason.OFF_HOURS, Reason.OK]


def test_a_caller_gets_through_so_often_in_any_minute_and_others_do_too() -> None:
    exchange = Exchange(limited(per_caller_per_minute=2))
    for _ in range(3):
        exchange.dial(calling=FROM_MITAKA)
    exchange.dial(calling=FROM_OSAKA)
    exchange.run(59.8)
    exchange.dial(calling=FROM_MITAKA)
    assert reasons(exchange) == [Reason.OK, Reason.OK, Reason.LIMIT, Reason.OK, Reason.OK]


def test_a_caller_who_hides_the_number_is_counted_by_it() -> None:
    exchange = Exchange(limited(per_caller_per_minute=1))
    exchange.dial(calling=FROM_MITAKA)
    exchange.dial(**ANONYMOUS)
    assert reasons(exchange) == [Reason.OK, Reason.LIMIT]


def test_callers_without_any_number_count_together() -> None:
    exchange = Exchange(limited(per_caller_per_minute=1))
    exchange.dial(**NUMBERLESS)
    exchange.dial(**NUMBERLESS)
    exchange.dial(calling=FROM_OSAKA)
    assert reasons(exchange) == [Reason.OK, Reason.LIMIT, Reason.OK]


def test_a_flooded_contract_is_capped_and_its_neighbour_is_unharmed() -> None:
    exchange = Exchange(limited(calls=3, per_second=5), other(contract(to(OSAKA), lines=WIDE_LINES)))
    for _ in range(20):
        for _ in range(4):
            exchange.dial()
        exchange.dial(OTHER)
    exchange.run(3.0)
    assert len(exchange.invites(FIRST_LINE)) == 3
    assert len(exchange.invites(SECOND_LINE)) == 20


# -- shields


def test_a_blocked_caller_hears_why_and_gets_603_with_cause_21() -> None:
    exchange = with_facts(LiveFacts(blocks={FROM_MITAKA: Block(why="迷惑")}))
    exchange.dial(calling=FROM_MITAKA)
    exchange.run(10.0)
    (play,) = exchange.plane.said(control.Play)
    assert isinstance(play, control.Play)
    assert "blocked" in play.clips
    assert [failed.status for failed in exchange.refusals] == [603]
    assert (exchange.record.reason, exchange.record.cause) == (Reason.BLOCKED, 21)
    assert not exchange.line_calls


def test_a_block_list_stops_nobody_else() -> None:
    exchange = with_facts(LiveFacts(blocks={FROM_MITAKA: Block()}))
    exchange.dial(calling=FROM_OSAKA)
    assert reasons(exchange) == [Reason.OK]


def test_a_block_matches_a_caller_who_hides_the_number_and_shows_it_to_nobody() -> None:
    exchange = with_facts(LiveFacts(blocks={FROM_MITAKA: Block(is_withheld=True)}))
    exchange.dial(**ANONYMOUS)
    exchange.run(10.0)
    record = exchange.record
    assert (record.reason, record.facts.attempt.presentation) == (Reason.BLOCKED, Presentation.WITHHELD)
    assert FROM_MITAKA not in str(exchange.plane.shown)
    assert FROM_MITAKA not in str(record.facts.trace)


def test_a_block_ends_at_its_very_millisecond() -> None:
    exchange = with_facts(LiveFacts(blocks={FROM_MITAKA: Block(until_ms=TUESDAY_10_MS + 500)}))
    for _ in range(5):
        exchange.dial(calling=FROM_MITAKA)
    exchange.run(0.5)
    exchange.dial(calling=FROM_MITAKA)
    assert reasons(exchange)[0] is Reason.BLOCKED
    assert reasons(exchange)[-1] is Reason.OK


def test_a_caller_blocked_in_mid_traffic_is_stopped_from_the_next_call_on() -> None:
    exchange = Exchange(contract(to(TOKYO)))
    exchange.dial(calling=FROM_MITAKA)
    exchange.live[FREEPHONE] = encode(LiveFacts(blocks={FROM_MITAKA: Block()}))
    exchange.dial(calling=FROM_MITAKA)
    del exchange.live[FREEPHONE]
    exchange.dial(calling=FROM_MITAKA)
    assert reasons(exchange) == [Reason.OK, Reason.BLOCKED, Reason.OK]


def test_withheld_numbers_are_refused_if_the_plan_says_so() -> None:
    exchange = Exchange(contract(to(TOKYO), withheld=Withheld.REFUSE))
    exchange.dial(**ANONYMOUS)
    exchange.run(10.0)
    assert [failed.status for failed in exchange.refusals] == [603]
    assert ("withheld",) in exchange.record.facts.trace


@pytest.mark.parametrize("early_media", [True, False])
@pytest.mark.parametrize(
    ("facts", "status"),
    [(LiveFacts(blocks={FROM_MITAKA: Block()}), 603), (LiveFacts(money_stop=MoneyStop()), 403)],
)
def test_a_contract_that_wants_silence_refuses_at_once_and_without_sound(
    facts: LiveFacts, status: int, early_media: bool
) -> None:
    exchange = Exchange(contract(to(TOKYO), blocked=Blocked.SILENCE), early_media=early_media)
    exchange.live[FREEPHONE] = encode(facts)
    exchange.dial(calling=FROM_MITAKA)
    (refusal,) = exchange.refusals
    assert refusal.status == status
    assert refusal.response is not None
    assert "cause=21" in (refusal.response.headers.get("Reason") or "")
    assert [event.response.status for event in exchange.ringing if event.response.status > 100] == []
    assert not exchange.plane.commands
    assert (exchange.record.announcement, exchange.record.status) == (None, status)


def test_a_reached_cap_in_yen_stops_calls_before_they_cost_anything() -> None:
    exchange = with_facts(LiveFacts(money_stop=MoneyStop()))
    exchange.dial()
    exchange.run(10.0)
    assert [failed.status for failed in exchange.refusals] == [403]
    assert (exchange.record.reason, exchange.record.cause) == (Reason.MONEY_GUARD, 21)
    assert not exchange.line_calls


def test_a_suspended_contract_gives_480_with_cause_31() -> None:
    exchange = with_facts(LiveFacts(suspended=True))
    exchange.dial()
    exchange.run(10.0)
    assert [failed.status for failed in exchange.refusals] == [480]
    assert (exchange.record.reason, exchange.record.cause) == (Reason.SUSPENDED, 31)


def test_live_facts_that_cannot_be_read_lose_no_call_and_are_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    exchange = Exchange(contract(to(TOKYO)))
    exchange.live[FREEPHONE] = b"\xc1 from the future"
    exchange.dial()
    exchange.dial()
    assert reasons(exchange) == [Reason.OK, Reason.OK]
    assert len(caplog.records) == 1
    assert FREEPHONE in caplog.text
