"""What rings: distribution, overflow, change and hours together (service.md §3.6, §4)."""

from collections import Counter

import pytest
from routing_contracts import (
    FROM_MITAKA,
    NAGOYA,
    OSAKA,
    SHIBUYA,
    TOKYO,
    TUESDAY_10,
    call,
    changed,
    closed,
    compiled,
    contract,
    decided,
    every_day,
    on,
    overflow,
    ratio,
    slot,
    to,
    weights_every_day,
)

from chakka.contract.model import Change, Contract, Hours, Rules, Schedule
from chakka.routing.attempt import Live
from chakka.routing.decide import decide
from chakka.routing.decision import Announcement, Outcome, Reason

ALWAYS = every_day("00:00-24:00")
NIGHT = every_day("00:00-09:00", "18:00-24:00", holiday="all")
LUNCH = every_day("12:00-13:00")
SCHEDULES = {"always": ALWAYS, "night": NIGHT, "lunch": LUNCH}
NOON, EVENING = "2026-11-24T12:30+09:00", "2026-11-24T19:00+09:00"


def busy(*numbers: str) -> Live:
    return Live(busy=frozenset(numbers))


def sequence_of_draws(made: Contract, count: int, at: str = TUESDAY_10) -> list[str]:
    """Return the first target of `count` calls in a row, the running numbers kept as an edge keeps them."""
    plan, draws, firsts = compiled(made), Counter[str](), []
    for _ in range(count):
        decision = decide(plan, call(at=at), draws, Live())
        assert decision.sequence is not None
        draws[decision.sequence] += 1
        firsts.append(decision.targets[0])
    return firsts


class TestOneDestination:
    def test_it_rings_the_one_number(self) -> None:
        decision = decided(contract(to(TOKYO)), call())
        assert (decision.outcome, decision.targets, decision.reason) == (Outcome.CONNECT, (TOKYO,), Reason.OK)
        assert decision.sequence is None

    def test_it_is_busy_when_the_number_is(self) -> None:
        decision = decided(contract(to(TOKYO)), call(), busy(TOKYO))
        assert (decision.outcome, decision.targets, decision.reason) == (Outcome.BUSY, (), Reason.ALL_BUSY)
        assert decision.announcement is None

    @pytest.mark.parametrize("seconds", [None, 5, 180])
    def test_the_groups_ring_time_goes_with_the_decision(self, seconds: int | None) -> None:
        assert decided(contract(to(TOKYO, ring_seconds=seconds)), call()).ring_seconds == seconds


class TestOverflow:
    def test_r4_2_alternatives_are_tried_in_their_order(self) -> None:
        assert decided(contract(overflow(OSAKA, TOKYO, NAGOYA)), call()).targets == (OSAKA, TOKYO, NAGOYA)

    def test_r4_2_busy_ones_are_left_out_and_the_order_stays(self) -> None:
        decision = decided(contract(overflow(OSAKA, TOKYO, NAGOYA)), call(), busy(OSAKA, NAGOYA))
        assert decision.targets == (TOKYO,)
        assert decision.trace[1:] == (("busy", OSAKA), ("busy", NAGOYA))

    def test_r4_2_when_all_are_busy_the_caller_gets_busy(self) -> None:
        decision = decided(contract(overflow(OSAKA, TOKYO)), call(), busy(OSAKA, TOKYO))
        assert (decision.outcome, decision.reason) == (Outcome.BUSY, Reason.ALL_BUSY)

    def test_r4_2_each_target_is_tried_once(self) -> None:
        """Nagoya becomes Osaka by a change, and Osaka is in the list already."""
        made = contract(
            overflow(OSAKA, NAGOYA, TOKYO), schedules=SCHEDULES, hours={NAGOYA: changed("always", OSAKA)}
        )
        assert decided(made, call()).targets == (OSAKA, TOKYO)

    def test_r4_6_a_closed_number_among_open_ones_is_skipped(self) -> None:
        made = contract(overflow(TOKYO, OSAKA), schedules=SCHEDULES, hours={TOKYO: closed("always")})
        assert decided(made, call()).targets == (OSAKA,)

    def test_r4_6_the_announcement_plays_only_when_every_number_is_off_hours(self) -> None:
        hours = {TOKYO: closed("night"), OSAKA: closed("night"), NAGOYA: closed("lunch")}
        made = contract(overflow(TOKYO, OSAKA, NAGOYA), schedules=SCHEDULES, hours=hours)
        assert decided(made, call(at=EVENING)).targets == (NAGOYA,)
        hours[NAGOYA] = closed("night")
        made = contract(overflow(TOKYO, OSAKA, NAGOYA), schedules=SCHEDULES, hours=hours)
        decision = decided(made, call(at=EVENING))
        assert (decision.outcome, decision.announcement) == (Outcome.ANNOUNCE, Announcement.OFF_HOURS)

    def test_r4_6_an_open_but_busy_number_means_busy_not_the_announcement(self) -> None:
        made = contract(overflow(TOKYO, OSAKA), schedules=SCHEDULES, hours={TOKYO: closed("always")})
        assert decided(made, call(), busy(OSAKA)).outcome is Outcome.BUSY


class TestDestinationChange:
    def test_r4_3_during_its_schedule_a_number_is_replaced(self) -> None:
        made = contract(to(TOKYO), schedules=SCHEDULES, hours={TOKYO: changed("lunch", SHIBUYA)})
        assert decided(made, call(at=NOON)).targets == (SHIBUYA,)
        assert decided(made, call(at=TUESDAY_10)).targets == (TOKYO,)

    def test_r4_3_the_target_has_no_change_of_its_own(self) -> None:
        hours = {TOKYO: changed("always", SHIBUYA), SHIBUYA: changed("always", OSAKA)}
        assert decided(contract(to(TOKYO), schedules=SCHEDULES, hours=hours), call()).targets == (SHIBUYA,)

    def test_r4_3_two_numbers_may_change_to_each_other(self) -> None:
        hours = {TOKYO: changed("always", OSAKA), OSAKA: changed("always", TOKYO)}
        made = contract(overflow(TOKYO, OSAKA), schedules=SCHEDULES, hours=hours)
        assert decided(made, call()).targets == (OSAKA, TOKYO)

    def test_r4_3_the_target_has_no_hours_of_its_own(self) -> None:
        hours = {TOKYO: changed("always", SHIBUYA), SHIBUYA: closed("always")}
        assert decided(contract(to(TOKYO), schedules=SCHEDULES, hours=hours), call()).targets == (SHIBUYA,)

    def test_r4_3_a_busy_target_is_busy(self) -> None:
        made = contract(to(TOKYO), schedules=SCHEDULES, hours={TOKYO: changed("always", SHIBUYA)})
        assert decided(made, call(), busy(SHIBUYA)).outcome is Outcome.BUSY
        assert decided(made, call(), busy(TOKYO)).targets == (SHIBUYA,)

    def test_r4_3_a_changed_first_choice_still_overflows(self) -> None:
        made = contract(
            overflow(TOKYO, OSAKA), schedules=SCHEDULES, hours={TOKYO: changed("always", SHIBUYA)}
        )
        assert decided(made, call()).targets == (SHIBUYA, OSAKA)


class TestOffHours:
    def test_r4_4_a_closed_number_plays_the_announcement_and_rings_nothing(self) -> None:
        made = contract(to(TOKYO), schedules=SCHEDULES, hours={TOKYO: closed("night")})
        decision = decided(made, call(at=EVENING))
        assert (decision.outcome, decision.reason) == (Outcome.ANNOUNCE, Reason.OFF_HOURS)
        assert decision.announcement is Announcement.OFF_HOURS
        assert decision.targets == ()

    def test_r4_4_the_announcement_does_not_depend_on_restriction_guidance(self) -> None:
        made = contract(
            to(TOKYO), schedules=SCHEDULES, hours={TOKYO: closed("night")}, restriction_guidance=False
        )
        assert decided(made, call(at=EVENING)).announcement is Announcement.OFF_HOURS

    def test_r4_5_off_hours_wins_over_change(self) -> None:
        both = Hours(off_hours="always", change=Change(schedule="lunch", to=SHIBUYA))
        made = contract(to(TOKYO), schedules=SCHEDULES, hours={TOKYO: both})
        assert decided(made, call(at=NOON)).outcome is Outcome.ANNOUNCE

    @pytest.mark.parametrize(
        ("at", "targets"),
        [
            ("2026-11-24T08:59:59.999+09:00", ()),
            ("2026-11-24T09:00+09:00", (TOKYO,)),
            ("2026-11-24T12:00+09:00", (SHIBUYA,)),
            ("2026-11-24T12:59:59.999+09:00", (SHIBUYA,)),
            ("2026-11-24T13:00+09:00", (TOKYO,)),
            ("2026-11-24T17:59:59.999+09:00", (TOKYO,)),
            ("2026-11-24T18:00+09:00", ()),
            ("2026-11-23T12:30+09:00", ()),  # 勤労感謝の日: closed all day
        ],
    )
    def test_r4_5_hours_and_change_share_the_day_without_holes(
        self, at: str, targets: tuple[str, ...]
    ) -> None:
        both = Hours(off_hours="night", change=Change(schedule="lunch", to=SHIBUYA))
        assert (
            decided(contract(to(TOKYO), schedules=SCHEDULES, hours={TOKYO: both}), call(at=at)).targets
            == targets
        )

    def test_r4_7_year_end_closes_by_date(self) -> None:
        schedule = every_day(dates=(on("2026-12-29", "2027-01-03", "all"),))
        made = contract(to(TOKYO), schedules={"s": schedule}, hours={TOKYO: closed("s")})
        last_open, closed_new_year, open_again = (
            decided(made, call(at=f"{day}+09:00")).outcome
            for day in ("2026-12-28T23:59:59.999", "2027-01-01T00:00", "2027-01-04T00:00")
        )
        assert (last_open, closed_new_year, open_again) == (
            Outcome.CONNECT,
            Outcome.ANNOUNCE,
            Outcome.CONNECT,
        )


class TestRatio:
    def test_r4_1_calls_are_shared_exactly(self) -> None:
        drawn = sequence_of_draws(contract(ratio({TOKYO: 3, OSAKA: 1})), 8)
        assert drawn == [TOKYO, TOKYO, OSAKA, TOKYO] * 2

    def test_r4_1_weight_0_never_rings(self) -> None:
        assert set(sequence_of_draws(contract(ratio({TOKYO: 0, OSAKA: 1, NAGOYA: 2})), 12)) == {OSAKA, NAGOYA}

    def test_r4_1_the_draw_is_a_function_of_the_running_number(self) -> None:
        made = contract(ratio({TOKYO: 3, OSAKA: 1}))
        assert [decided(made, call(), draw=n).targets for n in (0, 2, 6, 1_000_002)] == [
            (TOKYO,),
            (OSAKA,),
            (OSAKA,),
            (OSAKA,),
        ]

    def test_r4_1_the_draw_ignores_busy_and_a_drawn_busy_number_means_busy(self) -> None:
        decision = decided(contract(ratio({TOKYO: 3, OSAKA: 1})), call(), busy(TOKYO))
        assert (decision.outcome, decision.reason, decision.targets) == (Outcome.BUSY, Reason.ALL_BUSY, ())
        assert decision.sequence is not None

    def test_r4_1_a_weight_schedule_holds_in_its_slots_and_the_groups_weights_outside(self) -> None:
        made = contract(
            ratio({TOKYO: 1, OSAKA: 0}, schedule="shifts"),
            schedules={"shifts": weights_every_day(h17_21={TOKYO: 0, OSAKA: 1})},
        )
        drawn = {
            clock: decided(made, call(at=f"2026-11-24T{clock}+09:00")).targets
            for clock in ("16:59", "17:00", "20:59", "21:00")
        }
        assert drawn == {"16:59": (TOKYO,), "17:00": (OSAKA,), "20:59": (OSAKA,), "21:00": (TOKYO,)}

    def test_r4_1_a_member_that_a_slot_does_not_name_is_out_while_it_lasts(self) -> None:
        made = contract(
            ratio({TOKYO: 1, OSAKA: 1}, schedule="shifts"),
            schedules={"shifts": weights_every_day(h00_24={OSAKA: 2})},
        )
        assert set(sequence_of_draws(made, 6)) == {OSAKA}

    def test_r4_1_each_set_of_effective_weights_is_a_sequence_of_its_own(self) -> None:
        made = contract(
            ratio({TOKYO: 2, OSAKA: 2, NAGOYA: 2}),
            schedules=SCHEDULES,
            hours={TOKYO: closed("lunch"), OSAKA: closed("night")},
        )
        plan = compiled(made)
        sequences = [
            decided(plan, call(at=at)).sequence
            for at in (TUESDAY_10, NOON, EVENING, "2026-11-25T10:00+09:00")
        ]
        assert len(set(sequences)) == 3
        assert sequences[0] == sequences[3]

    def test_r4_1_two_groups_with_equal_weights_have_two_sequences(self) -> None:
        one = decided(contract(ratio({TOKYO: 1, OSAKA: 1})), call())
        other = decided(contract(ratio({TOKYO: 1, OSAKA: 1}, name="others")), call())
        assert one.sequence != other.sequence

    def test_r4_6_closed_members_leave_the_draw(self) -> None:
        made = contract(
            ratio({TOKYO: 8, OSAKA: 1, NAGOYA: 1}), schedules=SCHEDULES, hours={TOKYO: closed("always")}
        )
        assert sequence_of_draws(made, 4) == [OSAKA, NAGOYA, OSAKA, NAGOYA]

    def test_r4_6_the_announcement_plays_when_all_members_are_closed(self) -> None:
        hours = {TOKYO: closed("night"), OSAKA: closed("night")}
        made = contract(ratio({TOKYO: 1, OSAKA: 1}), schedules=SCHEDULES, hours=hours)
        assert decided(made, call(at=EVENING)).announcement is Announcement.OFF_HOURS

    def test_r4_6_an_open_member_of_weight_0_does_not_keep_the_group_open(self) -> None:
        made = contract(ratio({TOKYO: 1, OSAKA: 0}), schedules=SCHEDULES, hours={TOKYO: closed("always")})
        assert decided(made, call()).outcome is Outcome.ANNOUNCE

    def test_r4_3_a_changed_member_draws_for_its_target(self) -> None:
        made = contract(
            ratio({TOKYO: 1, OSAKA: 1}), schedules=SCHEDULES, hours={TOKYO: changed("always", NAGOYA)}
        )
        assert sequence_of_draws(made, 4) == [NAGOYA, OSAKA, NAGOYA, OSAKA]

    def test_members_that_become_the_same_target_count_once_with_the_sum_of_their_weights(self) -> None:
        made = contract(
            ratio({TOKYO: 1, OSAKA: 1, NAGOYA: 1}),
            schedules=SCHEDULES,
            hours={TOKYO: changed("always", NAGOYA)},
        )
        assert Counter(sequence_of_draws(made, 30)) == {NAGOYA: 20, OSAKA: 10}

    def test_r4_1_thirty_two_members_each_get_their_share(self) -> None:
        numbers = [f"03520012{place:02}" for place in range(32)]
        made = contract(ratio(dict.fromkeys(numbers[:31], 9) | {numbers[31]: 8}))
        counts = Counter(sequence_of_draws(made, 287))
        assert [counts[number] for number in numbers] == [9] * 31 + [8]


class TestStrictAndExtended:
    def test_r3_6_strict_the_drawn_number_is_the_only_target(self) -> None:
        made = contract(ratio({TOKYO: 1, OSAKA: 1}), rules=Rules.STRICT)
        assert decided(made, call()).targets == (TOKYO,)

    def test_r3_6_extended_ratio_picks_first_then_overflow_without_repeats(self) -> None:
        made = contract(ratio({TOKYO: 1, OSAKA: 1}, overflow=(OSAKA, TOKYO, NAGOYA)))
        assert decided(made, call(), draw=0).targets == (TOKYO, OSAKA, NAGOYA)
        assert decided(made, call(), draw=1).targets == (OSAKA, TOKYO, NAGOYA)

    def test_r3_6_extended_a_drawn_busy_number_overflows(self) -> None:
        made = contract(ratio({TOKYO: 1, OSAKA: 1}, overflow=(OSAKA, NAGOYA)))
        assert decided(made, call(), busy(TOKYO)).targets == (OSAKA, NAGOYA)

    def test_r3_6_extended_the_draw_goes_on_though_the_drawn_number_was_busy(self) -> None:
        made = contract(ratio({TOKYO: 1, OSAKA: 1}, overflow=(NAGOYA,)))
        assert decided(made, call(), busy(TOKYO)).sequence == decided(made, call()).sequence

    def test_r3_6_extended_all_members_closed_leaves_the_overflow_list(self) -> None:
        """R4.6: the announcement plays only when every overflow number is off-hours too."""
        made = contract(
            ratio({TOKYO: 1}, overflow=(NAGOYA,)), schedules=SCHEDULES, hours={TOKYO: closed("always")}
        )
        decision = decided(made, call())
        assert (decision.targets, decision.sequence) == ((NAGOYA,), None)

    def test_r3_6_extended_a_ratio_without_overflow_in_its_group_is_as_in_strict(self) -> None:
        made = contract(ratio({TOKYO: 1, OSAKA: 1}))
        assert decided(made, call(), busy(TOKYO)).outcome is Outcome.BUSY


def test_r4_8_the_same_call_on_a_changed_plan_is_decided_by_the_changed_plan() -> None:
    """Nothing is remembered between decisions but the running numbers that are given."""
    before, after = compiled(contract(to(TOKYO))), compiled(contract(to(OSAKA)))
    decisions = [decided(plan, call(FROM_MITAKA)) for plan in (before, after, before)]
    assert [decision.targets for decision in decisions] == [(TOKYO,), (OSAKA,), (TOKYO,)]
    assert decisions[0].plan != decisions[1].plan


def test_r4_7_one_instant_serves_the_whole_call() -> None:
    """Both schedules end at 12:00; at 11:59:59.999 both hold, at 12:00 neither does."""
    schedules = {"s": Schedule(patterns={"day": (slot("00:00-12:00"),)}, week=("day",) * 7)}
    hours = {TOKYO: closed("s"), OSAKA: changed("s", NAGOYA)}
    made = contract(overflow(TOKYO, OSAKA), schedules=schedules, hours=hours)
    assert decided(made, call(at="2026-11-24T11:59:59.999+09:00")).targets == (NAGOYA,)
    assert decided(made, call(at="2026-11-24T12:00+09:00")).targets == (TOKYO, OSAKA)
