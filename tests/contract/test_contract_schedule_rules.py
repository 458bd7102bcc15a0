"""Rules on ratios, overflow and schedules (service.md §4; plan-format.md, schedule edges)."""

import pytest
from contract_plans import ALL_DAYS, OSAKA, TOKYO, contract_of, faults, found_in, group, plan, schedule


def ratio(weights: dict[str, int], **keys: object) -> dict[str, object]:
    return plan(
        lines=[TOKYO, OSAKA],
        options=["multi_line", "ratio_distribution", "off_hours"],
        groups=[group("japan", ratio={"weights": weights, **keys})],
    )


def many_members(count: int, kind: str = "office") -> dict[str, object]:
    numbers = [f"03520012{i:02}" for i in range(count)]
    document = ratio(dict.fromkeys(numbers, 1))
    return document | {"lines": [{"id": "tokyo", "numbers": numbers, "type": kind}]}


def closing(**schedules: object) -> dict[str, object]:
    """A plan with one number, closed by the first of the schedules."""
    hours = {"0352001234": {"off_hours": next(iter(schedules))}}
    return plan(options=["off_hours"], hours=hours, schedules=schedules)


@pytest.mark.parametrize(("weight", "allowed"), [(-1, False), (0, True), (9, True), (10, False)])
def test_r4_1_weights_are_0_to_9(weight, allowed):
    document = ratio({"0352001234": 1, "0662001234": weight})
    assert faults(document) == ([] if allowed else [("bad_value", "groups[0].ratio.weights.0662001234")])


def test_r4_1_weights_are_not_all_zero():
    document = ratio({"0352001234": 0, "0662001234": 0})
    assert faults(document) == [("weights_all_zero", "groups[0].ratio.weights")]


def test_r4_1_a_ratio_without_members_is_all_zero():
    assert faults(ratio({})) == [("weights_all_zero", "groups[0].ratio.weights")]


@pytest.mark.parametrize(("kind", "most"), [("office", 32), ("home", 5)])
def test_r4_1_the_kind_of_line_bounds_the_members(kind, most):
    assert faults(many_members(most, kind)) == []
    assert faults(many_members(most + 1, kind)) == [("too_many_members", "groups[0].ratio.weights")]


def test_r4_1_one_member_on_a_home_line_bounds_them_all():
    document = many_members(5)
    document["lines"].append({"id": "home", "numbers": ["0662001234"], "type": "home"})
    document["groups"][0]["ratio"]["weights"]["0662001234"] = 0
    assert faults(document) == [("too_many_members", "groups[0].ratio.weights")]


def weighted(**weights: int) -> dict[str, object]:
    return {"slot": "17:00-21:00", "weights": {number.lstrip("n"): n for number, n in weights.items()}}


def test_r4_1_weights_may_follow_a_schedule():
    document = ratio({"0352001234": 3, "0662001234": 1}, schedule="shifts")
    document["schedules"] = {"shifts": schedule(weighted(n0352001234=0, n0662001234=1))}
    assert faults(document) == []


def test_r4_1_weights_of_a_slot_are_not_all_zero():
    document = ratio({"0352001234": 3, "0662001234": 1}, schedule="shifts")
    document["schedules"] = {"shifts": schedule(weighted(n0352001234=0))}
    assert faults(document) == [("weights_all_zero", "schedules.shifts.patterns.daily[0].weights")]


def test_r4_1_slots_of_a_ratio_carry_weights():
    document = ratio({"0352001234": 3, "0662001234": 1}, schedule="shifts")
    document["schedules"] = {"shifts": schedule("17:00-21:00")}
    assert faults(document) == [("missing_key", "schedules.shifts.patterns.daily[0].weights")]


def test_r4_1_weights_of_a_slot_are_those_of_members():
    document = ratio({"0352001234": 3, "0662001234": 1}, schedule="shifts")
    slot = weighted(n0352001234=1, n0352001235=1, n0522001234=1)
    document["schedules"] = {"shifts": schedule(slot)}
    assert faults(document) == [
        ("not_own_number", "schedules.shifts.patterns.daily[0].weights.0522001234"),
        ("bad_value", "schedules.shifts.patterns.daily[0].weights.0352001235"),
    ]


def test_r4_1_a_schedule_of_weights_closes_no_number():
    document = ratio({"0352001234": 3}, schedule="shifts")
    document["schedules"] = {"shifts": schedule(weighted(n0352001234=1))}
    document["hours"] = {"0352001234": {"off_hours": "shifts"}}
    assert faults(document) == [("bad_value", "schedules.shifts.patterns.daily[0].weights")]


def test_r4_2_overflow_tries_each_number_once():
    document = plan(
        options=["busy_overflow"],
        groups=[group("japan", overflow=["0352001234", "0352001235", "0352001234"])],
    )
    assert faults(document) == [("bad_value", "groups[0].overflow[2]")]


def change(number: str, to: str) -> dict[str, object]:
    return plan(
        options=["destination_change"],
        hours={number: {"change": {"schedule": "lunch", "to": to}}},
        schedules={"lunch": schedule("12:00-13:00")},
    )


def test_r4_3_a_number_is_not_changed_to_itself():
    assert faults(change("0352001234", "0352001235")) == []
    assert faults(change("0352001234", "03-5200-1234")) == [("self_change", "hours.0352001234.change.to")]


def test_r4_3_changes_are_one_hop_so_two_may_cross():
    document = change("0352001234", "0352001235")
    document["hours"]["0352001235"] = {"change": {"schedule": "lunch", "to": "0352001234"}}
    assert faults(document) == []


def test_r4_5_off_hours_and_change_may_overlap_in_one_plan():
    document = change("0352001234", "0352001235")
    document["options"].append("off_hours")
    document["hours"]["0352001234"]["off_hours"] = "lunch"
    assert faults(document) == []


@pytest.mark.parametrize(
    "slot",
    ["18:00-09:00", "09:00-09:00", "18:00-24:01", "00:00-25:00", "24:00-24:00"],
)
def test_r4_7_a_slot_runs_forward_within_one_day(slot):
    assert faults(closing(night=schedule(slot))) == [("slot_invalid", "schedules.night.patterns.daily[0]")]


@pytest.mark.parametrize(
    "slot",
    [
        "9:00-18:00",
        "09:00",
        "09:00-18:60",
        "09:00–18:00",
        "09:00:00-18:00:00",
        "",
        "0900-1800",
        "０９:00-18:00",
    ],
)
def test_r4_7_a_slot_is_written_in_hours_and_minutes(slot):
    assert faults(closing(night=schedule(slot))) == [("slot_invalid", "schedules.night.patterns.daily[0]")]


def test_r4_7_a_slot_may_last_the_whole_day_or_a_minute():
    assert faults(closing(night=schedule("00:00-24:00"))) == []
    assert faults(closing(night=schedule("23:59-24:00"))) == []


def test_r4_7_a_day_has_twenty_slots_at_most():
    slots = [f"{hour:02}:00-{hour:02}:30" for hour in range(21)]
    assert faults(closing(night=schedule(*slots[:20]))) == []
    assert faults(closing(night=schedule(*slots))) == [("slot_invalid", "schedules.night.patterns.daily")]


def test_r4_7_touching_slots_do_not_overlap():
    assert faults(closing(night=schedule("18:00-24:00", "00:00-09:00", "09:00-12:00"))) == []


def test_r4_7_slots_of_one_pattern_never_overlap():
    document = closing(night=schedule("09:00-18:00", "10:00-11:00", "17:59-20:00"))
    assert faults(document) == [
        ("slots_overlap", "schedules.night.patterns.daily[1]"),
        ("slots_overlap", "schedules.night.patterns.daily[2]"),
    ]
    assert "10:00-11:00 overlaps 09:00-18:00" in found_in(document)[0].message


def test_r4_7_all_seven_weekdays_are_required():
    night = schedule("18:00-24:00")
    del night["week"]["sun"]
    assert faults(closing(night=night)) == [("missing_key", "schedules.night.week.sun")]


def test_r4_7_days_take_patterns_that_there_are():
    night = schedule("18:00-24:00", holiday="closed", dates={"2026-12-31": "shut"})
    night["week"]["sun"] = "open"
    assert faults(closing(night=night)) == [
        ("unknown_name", "schedules.night.week.sun"),
        ("unknown_name", "schedules.night.holiday"),
        ("unknown_name", "schedules.night.dates.2026-12-31"),
    ]


@pytest.mark.parametrize(
    "dates",
    ["2026-02-29", "2026-13-01", "0000-01-01", "26-12-31", "2026/12/31", "2026-12-29/", "2026-12-29/31", ""],
)
def test_r4_7_a_date_is_in_the_calendar(dates):
    night = schedule("18:00-24:00", dates={dates: "daily"})
    assert faults(closing(night=night)) == [("bad_value", f"schedules.night.dates.{dates}")]


def test_r4_7_a_range_ends_after_it_begins():
    night = schedule("18:00-24:00", dates={"2027-01-03/2026-12-29": "daily"})
    assert faults(closing(night=night)) == [("bad_value", "schedules.night.dates.2027-01-03/2026-12-29")]


def test_r4_7_ranges_do_not_overlap_both_ends_included():
    dates = {"2026-12-29/2027-01-03": "daily", "2027-01-03/2027-01-05": "daily"}
    assert faults(closing(night=schedule(dates=dates))) == [
        ("dates_overlap", "schedules.night.dates.2027-01-03/2027-01-05")
    ]
    dates = {"2026-12-29/2027-01-03": "daily", "2027-01-04/2027-01-05": "daily"}
    assert faults(closing(night=schedule(dates=dates))) == []


def test_r4_7_a_single_date_may_lie_in_a_range_but_not_twice():
    dates = {"2026-12-29/2027-01-03": "daily", "2026-12-31": "daily"}
    assert faults(closing(night=schedule(dates=dates))) == []
    dates["2026-12-31/2026-12-31"] = "daily"
    assert faults(closing(night=schedule(dates=dates))) == [
        ("dates_overlap", "schedules.night.dates.2026-12-31")
    ]


def test_schedules_that_are_named_exist():
    document = plan(
        options=["off_hours", "destination_change"],
        hours={"0352001234": {"off_hours": "night", "change": {"schedule": "lunch", "to": "0352001235"}}},
    )
    assert faults(document) == [
        ("unknown_name", "hours.0352001234.off_hours"),
        ("unknown_name", "hours.0352001234.change.schedule"),
    ]
    assert faults(ratio({"0352001234": 1}, schedule="shifts")) == [
        ("unknown_name", "groups[0].ratio.schedule")
    ]


def test_a_schedule_may_be_kept_unused():
    spare = schedule({"slot": "17:00-21:00", "weights": {"0522001234": 1}})
    assert faults(plan(schedules={"spare": spare})) == []


def test_a_week_is_held_monday_first():
    backwards = {day: day for day in reversed(ALL_DAYS)}
    named_after_days = {"patterns": {day: [] for day in ALL_DAYS}, "week": backwards}
    assert contract_of(plan(schedules={"s": named_after_days})).schedules["s"].week == ALL_DAYS
