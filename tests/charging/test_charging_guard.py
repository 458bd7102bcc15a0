"""What follows from what is spent of caps in yen: service.md §9.5."""

from bisect import bisect_left
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chakka.charging.guard import (
    MOST_CALLER_STOPS,
    Scope,
    Spent,
    judge,
    period_at,
    with_open_calls,
)
from chakka.charging.rate import Charge, RatedCall, rate
from chakka.facts import shipped_tariff
from chakka.localtime import parse_instant_ms
from chakka.money import MICRO_YEN
from chakka.routing.live_facts import Caps

TARIFF = shipped_tariff("hikari-wide")
TUESDAY = period_at(parse_instant_ms("2026-11-24T10:00+09:00"))
YEN = MICRO_YEN


def spent(day: int = 0, month: int = 0, **callers: int) -> Spent:
    """In yen."""
    return Spent(
        day_uy=day * YEN, month_uy=month * YEN, callers={tag: yen * YEN for tag, yen in callers.items()}
    )


# -- periods


def test_days_and_months_are_those_of_japan() -> None:
    midnight = parse_instant_ms("2026-12-01T00:00+09:00")
    last = period_at(midnight - 1)
    assert last.month == "2026-11"
    assert (last.day_end_ms, last.month_end_ms) == (midnight, midnight)
    first = period_at(midnight)
    assert (first.day, first.month) == (last.day + 1, "2026-12")
    assert first.day_end_ms == parse_instant_ms("2026-12-02T00:00+09:00")
    assert first.month_end_ms == parse_instant_ms("2027-01-01T00:00+09:00")


# -- stops


@pytest.mark.parametrize(("amount_uy", "is_stopped"), [(100 * YEN - 1, False), (100 * YEN, True)])
def test_a_cap_is_reached_at_its_very_micro_yen(amount_uy: int, is_stopped: bool) -> None:
    verdict = judge(Caps(day_yen=100), Spent(day_uy=amount_uy, month_uy=amount_uy), TUESDAY)
    assert verdict.stop_until_ms == (TUESDAY.day_end_ms if is_stopped else None)


@pytest.mark.parametrize(
    ("day", "month", "until_ms"),
    [
        (100, 999, TUESDAY.day_end_ms),
        (99, 1000, TUESDAY.month_end_ms),
        (100, 1000, TUESDAY.month_end_ms),
        (99, 999, None),
    ],
)
def test_the_cap_of_a_day_stops_for_the_day_and_that_of_a_month_for_the_month(
    day: int, month: int, until_ms: int | None
) -> None:
    assert judge(Caps(day_yen=100, month_yen=1000), spent(day, month), TUESDAY).stop_until_ms == until_ms


def test_a_raised_cap_stops_nobody_any_more() -> None:
    assert judge(Caps(day_yen=100), spent(150, 150), TUESDAY).stop_until_ms is not None
    assert judge(Caps(day_yen=200), spent(150, 150), TUESDAY).stop_until_ms is None


def test_without_caps_nothing_follows() -> None:
    verdict = judge(Caps(), spent(10**6, 10**6, ab=10**6), TUESDAY)
    assert (verdict.stop_until_ms, verdict.caller_stops, verdict.reached) == (None, {}, ())


def test_a_caller_over_the_cap_is_stopped_for_the_day_and_no_other() -> None:
    verdict = judge(Caps(caller_day_yen=50), spent(150, 150, ab=50, cd=49), TUESDAY)
    assert verdict.caller_stops == {"ab": TUESDAY.day_end_ms}
    assert verdict.stop_until_ms is None


def test_of_too_many_callers_those_who_spent_most_are_stopped() -> None:
    callers = {f"{place:06}": 50 + place for place in range(MOST_CALLER_STOPS + 2)}
    stops = judge(Caps(caller_day_yen=50), spent(**callers), TUESDAY).caller_stops
    assert len(stops) == MOST_CALLER_STOPS
    assert set(callers) - set(stops) == {"000000", "000001"}


# -- warnings


def test_each_level_that_is_reached_is_named_with_cap_and_period() -> None:
    caps = Caps(day_yen=100, month_yen=1000, warn_percent=(90, 50))
    reached = judge(caps, spent(95, 500), TUESDAY).reached
    assert [(one.scope, one.period, one.percent, one.cap_yen, one.spent_uy) for one in reached] == [
        (Scope.DAY, "2026-11-24", 50, 100, 95 * YEN),
        (Scope.DAY, "2026-11-24", 90, 100, 95 * YEN),
        (Scope.MONTH, "2026-11", 50, 1000, 500 * YEN),
    ]


def test_who_wants_no_warnings_is_still_told_that_a_cap_is_reached() -> None:
    reached = judge(Caps(day_yen=100, warn_percent=()), spent(100, 100), TUESDAY).reached
    assert [one.percent for one in reached] == [100]


@pytest.mark.parametrize(("amount_uy", "is_warned"), [(80 * YEN - 1, False), (80 * YEN, True)])
def test_the_usual_warning_comes_at_80_percent_to_the_micro_yen(amount_uy: int, is_warned: bool) -> None:
    reached = judge(Caps(day_yen=100), Spent(day_uy=amount_uy), TUESDAY).reached
    assert [one.percent for one in reached] == ([80] if is_warned else [])


def test_a_caller_who_is_stopped_is_named_by_tag() -> None:
    (reached,) = judge(Caps(caller_day_yen=50), spent(60, 60, ab=60), TUESDAY).reached
    assert (reached.scope, reached.caller_tag, reached.spent_uy) == (Scope.CALLER_DAY, "ab", 60 * YEN)
    assert (reached.period, reached.percent, reached.cap_yen) == ("2026-11-24", 100, 50)


# -- calls that are up


def test_calls_that_are_up_count_for_the_day_on_which_they_were_answered() -> None:
    day = TUESDAY.day
    running = {(day, "ab"): 3 * YEN, (day, "ef"): 2 * YEN, (day - 1, "cd"): 5 * YEN}
    assert with_open_calls(spent(10, 20, ab=1), running, day) == spent(15, 30, ab=4, ef=2)


# Of each call: when it is answered, how long it lasts, who calls.
Calls = list[tuple[int, int, str]]
LOOK_MS, HOUR_MS = 250, 3_600_000
CALLS = st.lists(
    st.tuples(st.integers(0, HOUR_MS), st.integers(0, HOUR_MS), st.sampled_from(("ab", "cd"))),
    min_size=1,
    max_size=40,
)
NINE_MS = parse_instant_ms("2026-11-24T09:00+09:00")


def price(answered_ms: int, conversation_ms: int) -> int:
    charge = rate(
        RatedCall(
            caller_class="mobile",
            carrier_group="a",
            answered_at_ms=NINE_MS + answered_ms,
            conversation_ms=conversation_ms,
        ),
        TARIFF,
    )
    assert isinstance(charge, Charge)
    return charge.amount_uy


def spent_at(at_ms: int, calls: Calls) -> int:
    """What calls have cost at an instant, those that are up at their running price."""
    return sum(
        price(answered_ms, min(length_ms, at_ms - answered_ms))
        for answered_ms, length_ms, _ in calls
        if answered_ms <= at_ms
    )


def of(caller: str, calls: Calls) -> Calls:
    return [call for call in calls if call[2] == caller]


def let_in(calls: Calls, caps: Caps) -> Calls:
    """The calls that pass a guard which looks four times a second."""
    passed: Calls = []
    for call in sorted(calls):
        look_ms = call[0] - call[0] % LOOK_MS
        total = spent_at(look_ms, passed)
        callers = {caller: spent_at(look_ms, of(caller, passed)) for caller in ("ab", "cd")}
        verdict = judge(caps, Spent(day_uy=total, month_uy=total, callers=callers), TUESDAY)
        if verdict.stop_until_ms is None and call[2] not in verdict.caller_stops:
            passed.append(call)
    return passed


@settings(max_examples=50, deadline=None)
@given(calls=CALLS, cap_yen=st.integers(1, 500), caller_yen=st.integers(1, 300))
def test_the_overrun_is_no_more_than_what_the_calls_cost_that_were_up_at_the_stop(
    calls: Calls, cap_yen: int, caller_yen: int
) -> None:
    passed = let_in(calls, Caps(day_yen=cap_yen, caller_day_yen=caller_yen))
    looks = range(0, 2 * HOUR_MS + LOOK_MS, LOOK_MS)
    for counted, yen in ((passed, cap_yen), (of("ab", passed), caller_yen), (of("cd", passed), caller_yen)):
        seen = bisect_left(looks, yen * YEN, key=partial(spent_at, calls=counted))
        # None of these began after the stop was seen; what had ended a look before was below the cap.
        up = [call for call in counted if call[0] + call[1] >= seen * LOOK_MS - LOOK_MS]
        assert spent_at(2 * HOUR_MS, counted) <= yen * YEN + sum(price(*call[:2]) for call in up)
        assert all(answered_ms < (seen + 1) * LOOK_MS for answered_ms, _, _ in counted)
