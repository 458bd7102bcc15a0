"""Suspension, block list, withheld numbers, money guard and limits (service.md §9.5–§9.7)."""

import pytest
from routing_contracts import FROM_050, TOKYO, call, closed, contract, decided, every_day, to

from chakka.contract.model import Blocked, Limits, Withheld
from chakka.routing.attempt import Live, Presentation
from chakka.routing.decision import Announcement, Outcome, Reason

PLAIN = contract(to(TOKYO))
LIMITED = contract(to(TOKYO), limits=Limits(calls=2, per_second=3, per_caller_per_minute=4))
REFUSES_WITHHELD = contract(to(TOKYO), withheld=Withheld.REFUSE)
CLOSED = contract(
    to(TOKYO),
    schedules={"s": every_day("00:00-24:00")},
    hours={TOKYO: closed("s")},
    limits=Limits(calls=1),
)


def test_a_suspended_contract_says_so_to_every_caller() -> None:
    decision = decided(PLAIN, call(FROM_050), Live(suspended=True))
    assert (decision.outcome, decision.reason) == (Outcome.REFUSE, Reason.SUSPENDED)
    assert decision.announcement is Announcement.SUSPENDED


@pytest.mark.parametrize(
    ("live", "reason"),
    [(Live(blocked=True), Reason.BLOCKED), (Live(money_guard=True), Reason.MONEY_GUARD)],
)
def test_a_shield_stops_the_call_before_anything_rings(live: Live, reason: Reason) -> None:
    decision = decided(PLAIN, call(), live)
    assert (decision.outcome, decision.reason, decision.targets) == (Outcome.REFUSE, reason, ())
    assert (decision.announcement, decision.group) == (Announcement.BLOCKED, "all")


def test_a_shield_still_speaks_when_restriction_guidance_is_off() -> None:
    silent = contract(to(TOKYO), restriction_guidance=False)
    assert decided(silent, call(), Live(blocked=True)).announcement is Announcement.BLOCKED


@pytest.mark.parametrize(
    ("live", "reason"),
    [(Live(blocked=True), Reason.BLOCKED), (Live(money_guard=True), Reason.MONEY_GUARD)],
)
def test_a_shield_says_nothing_if_the_contract_wants_silence(live: Live, reason: Reason) -> None:
    decision = decided(contract(to(TOKYO), blocked=Blocked.SILENCE), call(), live)
    assert (decision.outcome, decision.reason, decision.announcement) == (Outcome.REFUSE, reason, None)


def test_silence_is_for_shields_alone() -> None:
    silent = contract(to(TOKYO), blocked=Blocked.SILENCE)
    assert decided(silent, call(FROM_050)).announcement is Announcement.RESTRICTED_CLASS
    assert decided(silent, call(), Live(suspended=True)).announcement is Announcement.SUSPENDED


def test_a_caller_who_hides_the_number_is_refused_if_the_contract_says_so() -> None:
    decision = decided(REFUSES_WITHHELD, call(presentation=Presentation.WITHHELD))
    assert (decision.outcome, decision.reason) == (Outcome.REFUSE, Reason.BLOCKED)
    assert ("withheld",) in decision.trace


@pytest.mark.parametrize("presentation", [Presentation.ALLOWED, Presentation.UNAVAILABLE])
def test_a_caller_who_does_not_hide_the_number_is_accepted(presentation: Presentation) -> None:
    assert decided(REFUSES_WITHHELD, call(presentation=presentation)).outcome is Outcome.CONNECT


def test_withheld_numbers_are_accepted_by_default() -> None:
    assert decided(PLAIN, call(presentation=Presentation.WITHHELD)).outcome is Outcome.CONNECT


@pytest.mark.parametrize(
    ("below", "at", "name"),
    [
        (Live(calls_up=1), Live(calls_up=2), "calls"),
        (Live(calls_this_second=2), Live(calls_this_second=3), "per_second"),
        (Live(caller_calls_this_minute=3), Live(caller_calls_this_minute=4), "per_caller_per_minute"),
    ],
)
def test_a_limit_reached_means_busy_with_its_own_reason(below: Live, at: Live, name: str) -> None:
    assert decided(LIMITED, call(), below).outcome is Outcome.CONNECT
    decision = decided(LIMITED, call(), at)
    assert (decision.outcome, decision.reason, decision.targets) == (Outcome.BUSY, Reason.LIMIT, ())
    assert decision.announcement is None
    assert decision.trace[-1][:2] == ("limit", name)


def test_a_limit_that_is_left_out_does_not_hold() -> None:
    crowd = Live(calls_up=10_000, calls_this_second=10_000, caller_calls_this_minute=10_000)
    assert decided(PLAIN, call(), crowd).outcome is Outcome.CONNECT


def test_off_hours_come_before_limits_for_the_announcement_seizes_no_line() -> None:
    assert decided(CLOSED, call(), Live(calls_up=1)).reason is Reason.OFF_HOURS


def test_shields_come_before_off_hours() -> None:
    assert decided(CLOSED, call(), Live(blocked=True)).reason is Reason.BLOCKED
    assert decided(CLOSED, call(), Live(money_guard=True)).reason is Reason.MONEY_GUARD


def test_the_services_own_refusals_come_before_the_subscribers_shields() -> None:
    assert decided(PLAIN, call(FROM_050), Live(blocked=True)).reason is Reason.CLASS_NOT_ACCEPTED


def test_what_cannot_be_spoken_to_is_refused_before_anything_would_be_said() -> None:
    decision = decided(PLAIN, call(FROM_050, has_g711=False), Live(blocked=True))
    assert (decision.reason, decision.announcement) == (Reason.MEDIA_NOT_ACCEPTED, None)
