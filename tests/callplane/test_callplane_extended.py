"""No-answer overflow and the extended rule set on live calls: service.md R3.6, R4.1, R4.2, §9.8."""

import pytest
from exchange import FIRST_LINE, SECOND_LINE, Exchange, Telephone
from routing_contracts import OSAKA, TOKYO, contract, overflow, ratio, to

from chakka.config import CallTimers
from chakka.contract.model import Group, Rules
from chakka.routing.decision import Reason


def ratio_then_overflow(**fields: object) -> Group:
    """The ratio draws Tokyo first; the overflow list is Tokyo, Osaka."""
    return ratio({TOKYO: 1, OSAKA: 0}, overflow=(TOKYO, OSAKA), **fields)


def hung_up(exchange: Exchange, after: float = 20.0) -> Exchange:
    """Dial, let it ring and talk, hang up."""
    call = exchange.dial()
    exchange.run(after)
    call.bye(exchange.network.now)
    exchange.run(1.0)
    return exchange


def tried(exchange: Exchange) -> list[tuple[str, int]]:
    return [(leg.destination, leg.status) for leg in exchange.record.facts.legs]


def test_no_answer_within_the_ring_time_overflows_and_stops_the_first_from_ringing() -> None:
    exchange = Exchange(contract(overflow(TOKYO, OSAKA, ring_seconds=5)))
    exchange.telephones[FIRST_LINE].answers_after = None
    hung_up(exchange)
    assert exchange.record.destination == OSAKA
    assert tried(exchange) == [(TOKYO, 487), (OSAKA, 200)]
    rang = exchange.network_moment_to(SECOND_LINE, b"INVITE") - exchange.network_moment_to(
        FIRST_LINE, b"INVITE"
    )
    assert rang == pytest.approx(5.0, abs=0.1)
    assert exchange.network_moment_to(FIRST_LINE, b"CANCEL") <= exchange.network_moment_to(
        SECOND_LINE, b"INVITE"
    )


def test_an_answer_within_the_ring_time_goes_nowhere_else() -> None:
    exchange = Exchange(contract(overflow(TOKYO, OSAKA, ring_seconds=5)))
    exchange.telephones[FIRST_LINE].answers_after = 4.5
    hung_up(exchange)
    assert exchange.record.destination == TOKYO
    assert not exchange.invites(SECOND_LINE)


def test_a_single_number_with_a_ring_time_ends_as_no_answer() -> None:
    exchange = Exchange(contract(to(TOKYO, ring_seconds=5)))
    exchange.telephones[FIRST_LINE].answers_after = None
    exchange.dial()
    exchange.run(6.0)
    assert [failed.status for failed in exchange.refusals] == [480]
    assert (exchange.record.reason, exchange.record.cause) == (Reason.NO_ANSWER, 19)


def test_nobody_answers_at_all() -> None:
    exchange = Exchange(contract(overflow(TOKYO, OSAKA, ring_seconds=5)), calls=CallTimers(ring=30.0))
    for telephone in exchange.telephones.values():
        telephone.answers_after = None
    exchange.dial()
    exchange.run(40.0)
    assert exchange.record.reason is Reason.NO_ANSWER
    assert [destination for destination, _ in tried(exchange)] == [TOKYO, OSAKA]


def test_one_unanswered_and_one_busy_is_busy() -> None:
    """signalling.md §2: at least one target busy and none answered gives 486."""
    exchange = Exchange(contract(overflow(TOKYO, OSAKA, ring_seconds=5)))
    exchange.telephones[FIRST_LINE].answers_after = None
    exchange.telephones[SECOND_LINE] = Telephone(rings=False, refuses=486)
    exchange.dial()
    exchange.run(10.0)
    assert [failed.status for failed in exchange.refusals] == [486]
    assert exchange.record.reason is Reason.ALL_BUSY


def test_a_caller_who_gives_up_after_an_overflow_stops_the_second_line() -> None:
    exchange = Exchange(contract(overflow(TOKYO, OSAKA, ring_seconds=5)))
    for telephone in exchange.telephones.values():
        telephone.answers_after = None
    call = exchange.dial()
    exchange.run(7.0)
    call.cancel(exchange.network.now)
    exchange.run(1.0)
    assert exchange.network_moment_to(SECOND_LINE, b"CANCEL")
    assert exchange.record.reason is Reason.ABANDONED


def test_the_channel_of_a_line_that_did_not_answer_is_free_again() -> None:
    exchange = Exchange(contract(overflow(OSAKA, TOKYO, ring_seconds=5)))
    exchange.telephones[SECOND_LINE].answers_after = None
    hung_up(exchange, after=8.0)
    exchange.telephones[SECOND_LINE].answers_after = 1.0
    call = exchange.dial()
    exchange.run(4.0)
    call.bye(exchange.network.now)
    exchange.run(1.0)
    assert [record.destination for record in exchange.records] == [TOKYO, OSAKA]


def test_r4_1_in_strict_rules_a_drawn_line_that_is_busy_ends_the_call() -> None:
    exchange = Exchange(contract(ratio({TOKYO: 1, OSAKA: 0}), rules=Rules.STRICT))
    exchange.telephones[FIRST_LINE] = Telephone(rings=False, refuses=486)
    exchange.dial()
    exchange.run(3.0)
    assert [failed.status for failed in exchange.refusals] == [486]
    assert not exchange.invites(SECOND_LINE)


def test_r3_6_in_extended_rules_a_drawn_line_that_is_busy_overflows() -> None:
    exchange = Exchange(contract(ratio_then_overflow()))
    exchange.telephones[FIRST_LINE] = Telephone(rings=False, refuses=486)
    hung_up(exchange)
    assert tried(exchange) == [(TOKYO, 486), (OSAKA, 200)]


def test_r3_6_in_extended_rules_a_drawn_line_without_free_channel_is_passed_over() -> None:
    """Tokyo has two channels; the third call finds them taken and is not even sent there."""
    exchange = Exchange(contract(ratio_then_overflow()))
    for _ in range(3):
        exchange.dial()
    exchange.run(3.0)
    assert (len(exchange.invites(FIRST_LINE)), len(exchange.invites(SECOND_LINE))) == (2, 1)


def test_r3_6_in_extended_rules_a_drawn_line_that_does_not_answer_overflows() -> None:
    exchange = Exchange(contract(ratio_then_overflow(ring_seconds=5)))
    exchange.telephones[FIRST_LINE].answers_after = None
    hung_up(exchange)
    assert tried(exchange) == [(TOKYO, 487), (OSAKA, 200)]


def test_r3_6_an_overflow_after_a_ratio_draws_once_only() -> None:
    """1:1 over four calls, each refused as busy by Tokyo: the draws alternate all the same."""
    exchange = Exchange(contract(ratio({TOKYO: 1, OSAKA: 1}, overflow=(TOKYO, OSAKA))))
    exchange.telephones[FIRST_LINE] = Telephone(rings=False, refuses=486)
    for _ in range(4):
        call = exchange.dial()
        exchange.run(3.0)
        call.bye(exchange.network.now)
        exchange.run(1.0)
    drawn = [step for record in exchange.records for step in record.facts.trace if step[0] == "drawn"]
    assert [step[2] for step in drawn] == ["0", "1", "2", "3"]
    assert sorted(step[1] for step in drawn) == sorted([TOKYO, OSAKA] * 2)
    assert [record.destination for record in exchange.records] == [OSAKA] * 4
