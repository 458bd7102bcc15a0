"""What a draft would have changed about recorded calls, and the difference in yen (service.md §9.3)."""

from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chakka.charging.explain import rated_call
from chakka.charging.rate import Charge, RatedCall, rate
from chakka.charging.replay import Replay, Report, past_call, repriced
from chakka.charging.succession import alone
from chakka.contract.text import read
from chakka.facts import numbering_table, parse_tariff
from chakka.localtime import jst_instant_ms, usage_month
from chakka.numbering.model import CallerClass
from chakka.records.final import final_of
from chakka.records.model import CallFacts, Leg, Record
from chakka.routing.attempt import IDLE, CallAttempt, Live, Presentation
from chakka.routing.calendar import shipped_holidays
from chakka.routing.compile import compile_plan
from chakka.routing.decide import decide
from chakka.routing.decision import Outcome, Reason
from chakka.routing.plan import CompiledPlan
from chakka.routing.replay import Change
from chakka.stores.ledger_values import LedgerCall, Rated

TOKYO, TOKYO_2, OSAKA = "0352001234", "0352001235", "0662001234"
# By distance, as toll calls once were.
ZONED = """
name = "zoned"
title = "by distance"
source = "a test"
unknown_zone = "far"
zones = [{name = "near", max_km = 60}, {name = "far"}]
classes = {fixed = [], mobile = []}
[[rules]]
id = "near"
class = "fixed"
zone = "near"
unit_ms = 60_000
unit_price_uy = 8_500_000
[[rules]]
id = "far"
class = "fixed"
zone = "far"
unit_ms = 22_500
unit_price_uy = 10_000_000
[[rules]]
id = "mobile"
class = "mobile"
unit_ms = 60_000
unit_price_uy = 16_000_000
"""
TARIFF = alone(parse_tariff(ZONED.encode()))
# 2026-11-24 is a Tuesday; ten in the morning.
DAY = 739_944
TEN_MS = jst_instant_ms(DAY, 600)

PLAN = """
number: "0120123456"
rules: extended
options: [multi_line, origin_distribution, busy_overflow, off_hours, ratio_distribution]
unknown_origin: {fixed: east, mobile: east}
lines:
  - {id: tokyo, channels: 2, numbers: ["0352001234", "0352001235"]}
  - {id: osaka, channels: 2, numbers: ["0662001234"]}
groups:
  - name: east
    origin: {regions: [北海道, 東北, 関東, 中部]}
    mobile: true
    overflow: ["0352001234", "0662001234"]
  - name: west
    origin: {rest: true}
    mobile: true
    ratio: {weights: {"0662001234": 2, "0352001235": 1}}
hours:
  "0352001234": {off_hours: night}
  "0662001234": {off_hours: night}
  "0352001235": {off_hours: night}
schedules:
  night:
    patterns: {weekday: ["00:00-09:00", "18:00-24:00"]}
    week: {mon: weekday, tue: weekday, wed: weekday, thu: weekday, fri: weekday, sat: weekday, sun: weekday}
"""


def plan(*changes: tuple[str, str]) -> CompiledPlan:
    text = PLAN
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    contract, problems = read(text.encode(), numbering_table())
    assert contract is not None, problems
    return compile_plan(contract, numbering_table(), shipped_holidays())


PUBLISHED = plan()


def attempt(area: str | None = "武蔵野三鷹", at_ms: int = TEN_MS, mobile: bool = False) -> CallAttempt:
    of = CallerClass.MOBILE if mobile else CallerClass.FIXED
    return CallAttempt(
        called_number="0120123456",
        caller_class=of,
        rating_class=of,
        charge_area=None if mobile else area,
        prefecture="東京都" if mobile else None,
        at_ms=at_ms,
    )


def recorded(
    call_id: str,
    asked: CallAttempt,
    draws: dict[str, int] | None = None,
    live: Live = IDLE,
    *,
    ms: int | None = 60_000,
    in_vain: int = 0,
    reason: Reason = Reason.NO_ANSWER,
    on: CompiledPlan = PUBLISHED,
) -> LedgerCall:
    """A call as the published plan decided it. ms: None = nobody answered. in_vain: lines that did not."""
    draws = {} if draws is None else draws
    decision = decide(on, asked, draws, live)
    if decision.sequence is not None:
        draws[decision.sequence] = draws.get(decision.sequence, 0) + 1
    is_connected = decision.outcome is Outcome.CONNECT
    is_answered = is_connected and ms is not None
    tried = decision.targets[: in_vain + is_answered] if is_connected else ()
    facts = CallFacts(
        call_id=call_id,
        sip_call_id="",
        attempt=asked,
        outcome=decision.outcome,
        group=decision.group,
        plan=decision.plan,
        trace=decision.trace,
        legs=tuple(Leg(destination=line, address="", seized_at_ms=asked.at_ms) for line in tried),
    )
    unanswered = reason if is_connected else decision.reason
    record = Record(
        facts=facts,
        reason=Reason.OK if is_answered else unanswered,
        status=200 if is_answered else 480,
        destination=tried[-1] if is_answered else None,
        answered_at_ms=asked.at_ms + 3_000 if is_answered else None,
        conversation_ms=ms if is_answered else None,
        is_confirmed=is_answered,
        released_at_ms=asked.at_ms + 3_000 + (ms or 0),
    )
    home = numbering_table().lookup(record.destination or "").charge_area
    return LedgerCall(record=record, final=final_of(record, ("n1", 1, 1), home), rated=_rated(record, home))


def _rated(record: Record, home: str | None) -> Rated | None:
    if record.answered_at_ms is None or record.conversation_ms is None:
        return None
    asked = record.facts.attempt
    call = RatedCall(
        caller_class=asked.rating_class,
        answered_at_ms=record.answered_at_ms,
        conversation_ms=record.conversation_ms,
        from_area=asked.charge_area,
        home_area=home,
    )
    charge = rate(call, TARIFF)
    return Rated(
        call_id=record.facts.call_id,
        number=asked.called_number,
        usage_month=usage_month(record.answered_at_ms),
        units=charge.units if isinstance(charge, Charge) else None,
        amount_uy=charge.amount_uy if isinstance(charge, Charge) else None,
        tariff_version=TARIFF.version,
        rule="",
        assumed="",
        suspense=None if isinstance(charge, Charge) else charge.reason,
        rating_class=asked.rating_class.value,
    )


def replay(draft: CompiledPlan, calls: Iterable[LedgerCall]) -> Report:
    table = numbering_table()
    prices = repriced({TARIFF.version: TARIFF}.get, lambda line: table.lookup(line).charge_area)
    run = Replay(draft, prices)
    for call in calls:
        run.add(call)
    return run.report()


def test_the_plan_that_decided_the_calls_changes_nothing() -> None:
    draws: dict[str, int] = {"west:0662001234=2,0352001235=1": 7}
    calls = [
        recorded("a", attempt()),
        recorded("b", attempt("大阪"), draws),
        recorded("c", attempt("大阪"), draws, ms=None),
        recorded("d", attempt("大阪"), draws, in_vain=0),
        recorded("e", attempt(at_ms=TEN_MS + 12 * 3_600_000)),
        recorded("f", attempt(), live=Live(busy=frozenset({TOKYO}))),
        recorded("g", attempt(), live=Live(busy=frozenset({TOKYO, OSAKA}))),
        recorded("h", attempt(), in_vain=1),
        recorded("i", attempt(), in_vain=2, ms=None, reason=Reason.ALL_BUSY),
        recorded("j", attempt(), live=Live(blocked=True)),
        recorded("k", attempt(), live=Live(money_guard=True)),
        recorded("l", attempt(), live=Live(suspended=True)),
    ]
    report = replay(PUBLISHED, calls)
    assert (report.calls, report.unchanged, report.changes) == (12, 12, ())
    assert report.now_uy == report.was_uy == sum(call.rated.amount_uy or 0 for call in calls if call.rated)


def test_a_call_that_is_no_longer_connected_takes_its_exact_amount_off() -> None:
    later = plan(('["00:00-09:00", "18:00-24:00"]', '["00:00-11:00", "18:00-24:00"]'))
    call = recorded("a", attempt())
    (found,) = replay(later, [call]).changes
    assert call.rated is not None
    assert (found.change, found.after.reason) == (Change.NO_LONGER_CONNECTED, Reason.OFF_HOURS)
    assert (found.difference_uy, found.witness) == (-(call.rated.amount_uy or 0), "a")


def test_a_call_that_nobody_answered_costs_nothing_on_either_plan() -> None:
    later = plan(('["00:00-09:00", "18:00-24:00"]', '["00:00-11:00", "18:00-24:00"]'))
    (found,) = replay(later, [recorded("a", attempt(), ms=None)]).changes
    assert (found.change, found.difference_uy, found.unknown) == (Change.NO_LONGER_CONNECTED, 0, 0)


def test_another_line_far_away_is_charged_by_its_distance_for_the_same_time() -> None:
    to_osaka = plan(('overflow: ["0352001234", "0662001234"]', 'overflow: ["0662001234", "0352001234"]'))
    call = recorded("a", attempt("武蔵野三鷹"), ms=61_000)
    report = replay(to_osaka, [call])
    (found,) = report.changes
    as_if = recorded("a", attempt("武蔵野三鷹"), ms=61_000, on=to_osaka)
    assert call.rated is not None and as_if.rated is not None
    assert (found.change, found.before.line, found.after.line) == (Change.OTHER_LINE, TOKYO, OSAKA)
    assert report.now_uy == as_if.rated.amount_uy
    assert found.difference_uy == (as_if.rated.amount_uy or 0) - (call.rated.amount_uy or 0) != 0


def test_another_line_in_the_same_area_costs_the_same() -> None:
    beside = plan(('overflow: ["0352001234", "0662001234"]', 'overflow: ["0352001235", "0662001234"]'))
    report = replay(beside, [recorded("a", attempt())])
    assert [(one.change, one.difference_uy) for one in report.changes] == [(Change.OTHER_LINE, 0)]


def test_a_line_that_was_busy_or_silent_then_does_not_answer_on_the_draft_either() -> None:
    swapped = plan(('overflow: ["0352001234", "0662001234"]', 'overflow: ["0352001234", "0352001235"]'))
    (found,) = replay(swapped, [recorded("a", attempt(), in_vain=1)]).changes
    assert (found.before.line, found.after.line) == (OSAKA, TOKYO_2)
    alone_ = plan(('overflow: ["0352001234", "0662001234"]', 'to: "0352001234"'))
    (found,) = replay(alone_, [recorded("a", attempt(), in_vain=1)]).changes
    assert (found.change, found.after.reason) == (Change.NO_LONGER_CONNECTED, Reason.ALL_BUSY)
    (found,) = replay(alone_, [recorded("a", attempt(), live=Live(busy=frozenset({TOKYO})))]).changes
    assert (found.change, found.after.reason) == (Change.NO_LONGER_CONNECTED, Reason.ALL_BUSY)


def test_newly_connected_calls_are_estimated_by_class_and_not_in_the_difference() -> None:
    longer = plan(('"18:00-24:00"', '"23:00-24:00"'))
    calls = [
        recorded("a", attempt(), ms=60_000),
        recorded("b", attempt(), ms=None),
        recorded("c", attempt(at_ms=TEN_MS + 9 * 3_600_000)),
        recorded("d", attempt(at_ms=TEN_MS + 10 * 3_600_000)),
        recorded("e", attempt(at_ms=TEN_MS + 10 * 3_600_000, mobile=True)),
    ]
    report = replay(longer, calls)
    fixed, mobile = report.estimates
    assert report.now_uy == report.was_uy > 0
    assert (fixed.rating_class, fixed.calls, fixed.connected) == ("fixed", 2, 2)
    assert fixed.estimated_uy == report.was_uy
    assert (mobile.rating_class, mobile.calls, mobile.estimated_uy) == ("mobile", 1, None)
    assert {one.change for one in report.changes} == {Change.NEWLY_CONNECTED}


def test_a_ratio_counts_each_sequence_from_0_where_no_draw_was_recorded() -> None:
    weights = 'ratio: {weights: {"0352001234": 1, "0662001234": 1}}'
    drawn = plan(('overflow: ["0352001234", "0662001234"]', weights))
    calls = [recorded(f"c{place}", attempt(at_ms=TEN_MS + place)) for place in range(10)]
    report = replay(drawn, calls)
    assert (report.unchanged, [one.calls for one in report.changes]) == (5, [5])


def test_another_reason_or_group_changes_no_yen() -> None:
    calls = [recorded("a", attempt(at_ms=TEN_MS + 12 * 3_600_000)), recorded("b", attempt())]
    renamed = plan(("east", "north"))
    report = replay(renamed, calls)
    assert [(one.change, one.witness) for one in report.changes] == [(Change.OTHER_GROUP, "b")]
    closed = plan(
        ("origin: {regions: [北海道, 東北, 関東, 中部]}", "origin: {regions: [北海道]}"),
        ("origin: {rest: true}", "origin: {regions: [近畿]}"),
    )
    report = replay(closed, calls)
    assert [one.change for one in report.changes] == [Change.NO_LONGER_CONNECTED, Change.OTHER_REASON]


def test_calls_of_a_prepared_plan_and_calls_that_are_up_are_left_out_and_said() -> None:
    answered = recorded("a", attempt(), live=Live(emergency="flood"))
    up = recorded("b", attempt())
    up = msgspec.structs.replace(up, record=msgspec.structs.replace(up.record, released_at_ms=None))
    report = replay(PUBLISHED, [answered, up])
    assert (report.calls, report.left_out) == (0, {"emergency": 1, "up": 1})


def test_a_limit_that_stopped_a_call_stops_it_again_unless_the_draft_has_more_room() -> None:
    limited = plan(("lines:", "limits: {calls: 3}\nlines:"))
    call = recorded("a", attempt(), live=Live(calls_up=3), on=limited)
    assert call.record.reason is Reason.LIMIT
    assert replay(limited, [call]).unchanged == 1
    assert [one.change for one in replay(PUBLISHED, [call]).changes] == [Change.NEWLY_CONNECTED]


def test_a_call_in_suspense_is_counted_as_unknown() -> None:
    later = plan(('["00:00-09:00", "18:00-24:00"]', '["00:00-11:00", "18:00-24:00"]'))
    call = recorded("a", attempt())
    assert call.rated is not None
    rated = msgspec.structs.replace(call.rated, amount_uy=None, units=None, suspense="no_rule")
    report = replay(later, [msgspec.structs.replace(call, rated=rated)])
    assert (report.was_uy, report.now_uy, [one.unknown for one in report.changes]) == (0, 0, [1])


def test_the_callers_number_is_not_needed() -> None:
    call = recorded("a", attempt())
    hidden = msgspec.structs.replace(call.record.facts.attempt, presentation=Presentation.UNAVAILABLE)
    facts = msgspec.structs.replace(call.record.facts, attempt=hidden)
    assert call.record.facts.attempt.calling_number is None
    record = msgspec.structs.replace(call.record, facts=facts)
    assert replay(PUBLISHED, [msgspec.structs.replace(call, record=record)]).unchanged == 1


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        (Reason.OFF_HOURS, Outcome.ANNOUNCE),
        (Reason.AREA_NOT_DESIGNATED, Outcome.REFUSE),
        (Reason.ALL_BUSY, Outcome.BUSY),
        (Reason.NO_ANSWER, Outcome.CONNECT),
    ],
)
def test_another_call_planes_decision_is_told_by_its_reason(reason: Reason, outcome: Outcome) -> None:
    call = recorded("a", attempt(), ms=None)
    facts = msgspec.structs.replace(call.record.facts, trace=(), outcome=Outcome.REFUSE)
    past = past_call(msgspec.structs.replace(call.record, facts=facts, reason=reason))
    assert past.outcome is outcome


AREAS = st.sampled_from(["武蔵野三鷹", "大阪", "札幌", "福岡", None])
CALLS = st.lists(
    st.tuples(AREAS, st.integers(0, 86_399_999), st.sampled_from([None, 1_000, 75_000]), st.integers(0, 1)),
    max_size=40,
)


@given(calls=CALLS, start=st.integers(0, 5))
def test_whatever_calls_came_their_own_plan_changes_none(
    calls: list[tuple[str | None, int, int | None, int]], start: int
) -> None:
    draws = {"west:0662001234=2,0352001235=1": start}
    past = [
        recorded(f"c{place}", attempt(area, jst_instant_ms(DAY, 0) + at), draws, ms=ms, in_vain=in_vain)
        for place, (area, at, ms, in_vain) in enumerate(calls)
        # One line alone cannot be tried in vain and answer.
        if area not in ("大阪", "福岡") or not in_vain
    ]
    report = replay(PUBLISHED, past)
    assert report.unchanged == report.calls == len(past)


@given(calls=CALLS)
def test_the_difference_is_that_of_all_changes_together(
    calls: list[tuple[str | None, int, int | None, int]],
) -> None:
    draft = plan(
        ('["00:00-09:00", "18:00-24:00"]', '["00:00-12:00", "22:00-24:00"]'),
        ('overflow: ["0352001234", "0662001234"]', 'overflow: ["0662001234", "0352001235"]'),
    )
    past = [
        recorded(f"c{place}", attempt(area, jst_instant_ms(DAY, 0) + at), ms=ms)
        for place, (area, at, ms, _) in enumerate(calls)
    ]
    report = replay(draft, past)
    assert report.was_uy == sum(call.rated.amount_uy or 0 for call in past if call.rated)
    assert report.now_uy - report.was_uy == sum(one.difference_uy for one in report.changes)
    assert report.calls == report.unchanged + sum(one.calls for one in report.changes)


LATER = ('["00:00-09:00", "18:00-24:00"]', '["00:00-11:00", "18:00-24:00"]')
TO_OSAKA = ('overflow: ["0352001234", "0662001234"]', 'overflow: ["0662001234", "0352001234"]')


def area_of(line: str) -> str | None:
    return numbering_table().lookup(line).charge_area


def with_final(call: LedgerCall, **changes: object) -> LedgerCall:
    assert call.final is not None
    return msgspec.structs.replace(call, final=msgspec.structs.replace(call.final, **changes))


def with_amount(call: LedgerCall, amount_uy: int | None) -> LedgerCall:
    assert call.rated is not None
    return msgspec.structs.replace(call, rated=msgspec.structs.replace(call.rated, amount_uy=amount_uy))


def test_a_recorded_call_is_rated_by_all_of_its_facts() -> None:
    final = with_final(recorded("a", attempt()), carrier_group="b", fault=True, is_confirmed=False).final
    assert final is not None
    assert rated_call(final, "大阪") == RatedCall(
        caller_class="fixed",
        carrier_group="b",
        answered_at_ms=TEN_MS + 3_000,
        conversation_ms=60_000,
        fault=True,
        is_confirmed=False,
        from_area="武蔵野三鷹",
        home_area="大阪",
    )
    assert rated_call(msgspec.structs.replace(final, conversation_ms=None), None).conversation_ms == 0


def test_calls_that_change_alike_are_added_up_and_the_most_come_first() -> None:
    call = recorded("a", attempt())
    others = [recorded(name, attempt(), in_vain=1) for name in ("b", "c", "d")]
    calls = [call, with_amount(others[0], 5), with_amount(others[1], None), with_amount(others[2], None)]
    most, least = replay(plan(LATER), calls).changes
    assert (most.calls, most.unknown, most.difference_uy, most.witness) == (3, 2, -5, "b")
    assert (least.calls, least.unknown, least.witness) == (1, 0, "a")
    up = msgspec.structs.replace(call, record=msgspec.structs.replace(call.record, released_at_ms=None))
    assert replay(PUBLISHED, [up, up]).left_out == {"up": 2}


def test_a_call_whose_price_would_be_unknown_is_in_neither_sum() -> None:
    run = Replay(plan(TO_OSAKA), repriced({}.get, area_of))
    run.add(recorded("a", attempt()))
    report = run.report()
    assert [(one.unknown, one.difference_uy) for one in report.changes] == [(1, 0)]
    assert (report.was_uy, report.now_uy) == (0, 0)


def test_what_nobody_was_connected_for_has_cost_nothing_yet() -> None:
    longer = plan(('"18:00-24:00"', '"23:00-24:00"'))
    call = recorded("a", attempt(at_ms=TEN_MS + 10 * 3_600_000))
    for made, rating_class in (
        (msgspec.structs.replace(call, final=None), "fixed"),
        (with_final(call, rating_class="payphone"), "payphone"),
    ):
        [estimate] = replay(longer, [made]).estimates
        assert (estimate.rating_class, estimate.connected, estimate.connected_uy) == (rating_class, 0, 0)


def test_what_became_of_a_connected_call_is_no_part_of_the_decision() -> None:
    silent = recorded("a", attempt(), ms=None, in_vain=1)
    past = past_call(msgspec.structs.replace(silent.record, destination=TOKYO))
    assert (past.reason, past.line, past.in_vain, past.all_tried) == (Reason.OK, None, (TOKYO,), False)
    engaged = past_call(recorded("b", attempt(), in_vain=2, ms=None, reason=Reason.ALL_BUSY).record)
    assert (engaged.outcome, engaged.all_tried) == (Outcome.CONNECT, True)
    busy = past_call(recorded("c", attempt(), live=Live(busy=frozenset({TOKYO, OSAKA}))).record)
    assert (busy.reason, busy.all_tried) == (Reason.ALL_BUSY, False)


def test_only_a_line_in_another_area_changes_a_price() -> None:
    to_tokyo = with_amount(recorded("a", attempt()), 12_345)
    unpriced = repriced({}.get, area_of)
    assert unpriced(to_tokyo, TOKYO_2) == 12_345
    assert unpriced(with_final(to_tokyo, home_area=None), TOKYO_2) == 12_345
    assert unpriced(to_tokyo, OSAKA) is None
    priced = repriced({TARIFF.version: TARIFF}.get, area_of)
    to_osaka = recorded("b", attempt(), in_vain=1)
    assert to_osaka.record.destination == OSAKA
    assert priced(to_osaka, TOKYO) == 8_500_000
    assert priced(with_final(to_osaka, rating_class="payphone"), TOKYO) is None


def test_a_call_that_was_not_charged_has_no_other_price() -> None:
    priced = repriced({TARIFF.version: TARIFF}.get, area_of)
    call = recorded("a", attempt())
    assert priced(msgspec.structs.replace(call, rated=None), OSAKA) is None
    assert priced(msgspec.structs.replace(call, final=None), OSAKA) is None
    assert priced(with_final(call, answered_at_ms=None), OSAKA) is None
