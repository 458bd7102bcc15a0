"""Rules on receiving groups, destinations and options (service.md §0, §2, §3; plan-format.md)."""

import pytest
from contract_plans import OSAKA, TABLE, TOKYO, contract_of, faults, found_in, group, plan, schedule

from chakka.contract.model import Option
from chakka.contract.origins import expansions, prefectures_of

TWO_LINES = {"lines": [TOKYO, OSAKA], "options": ["multi_line"]}


def message_of(document: object) -> str:
    (problem,) = found_in(document)
    return problem.message


def two_groups(first: dict[str, object], second: dict[str, object], **keys: object) -> dict[str, object]:
    return plan(
        options=["origin_distribution"],
        groups=[
            group("one", to="0352001234") | first,
            group("two", to="0352001235") | second,
        ],
        **keys,
    )


def test_a_sound_plan_has_no_problems():
    assert faults(plan()) == []


@pytest.mark.parametrize("number", ["0120123456", "0120-123-456", "08001234567", "0800-123-4567"])
def test_a_freephone_number_is_0120_and_six_or_0800_and_seven_digits(number):
    assert faults(plan(number=number)) == []


@pytest.mark.parametrize(
    "number",
    [
        "",
        "012012345",
        "01201234567",
        "0800123456",
        "0570123456",
        "0352001234",
        "０１２０１２３４５６",
        "0120 123 456",
    ],
)
def test_any_other_number_is_no_freephone_number(number):
    assert faults(plan(number=number)) == [("number_invalid", "number")]


@pytest.mark.parametrize(
    "number",
    ["09012345678", "05012345678", "0120123457", "035200123", "03520012345", "+81352001234", "110", "x"],
)
def test_a_line_number_is_a_0abj_number(number):
    line = {"id": "tokyo", "numbers": ["0352001234", number]}
    assert faults(plan(lines=[line])) == [("number_invalid", "lines[0].numbers[1]")]


def test_a_contract_has_at_least_one_line():
    assert faults(plan(lines=[])) == [("bad_value", "lines")]


def test_lines_left_out_are_one_problem_and_not_one_more_at_each_use_of_a_number():
    document = plan(number_notification=["0352001234"], options=["number_notification"])
    del document["lines"]
    assert faults(document) == [("missing_key", "lines")]


def test_lines_need_channels_numbers_and_ids_of_their_own():
    lines = [TOKYO, {"id": "tokyo", "channels": 0, "numbers": []}]
    assert faults(plan(lines=lines)) == [
        ("bad_value", "lines[1].id"),
        ("bad_value", "lines[1].channels"),
        ("bad_value", "lines[1].numbers"),
    ]


def test_a_line_number_lies_on_one_line():
    lines = [TOKYO, {"id": "osaka", "numbers": ["0352001235"]}]
    assert faults(plan(lines=lines, options=["multi_line"])) == [("bad_value", "lines[1].numbers[0]")]


def test_r2_9_unknown_origins_go_to_a_group_or_are_refused():
    assert faults(plan(unknown_origin={"fixed": "japan", "mobile": "refuse"})) == []
    assert faults(plan(unknown_origin={"fixed": "nippon", "mobile": "nihon"})) == [
        ("unknown_name", "unknown_origin.fixed"),
        ("unknown_name", "unknown_origin.mobile"),
    ]


def test_r2_9_mobiles_of_unknown_place_cannot_go_to_a_group_without_mobiles():
    groups = [group("japan", mobile=False, to="0352001234")]
    unknown = {"fixed": "japan", "mobile": "japan"}
    assert faults(plan(groups=groups, unknown_origin=unknown)) == [
        ("unknown_origin_not_accepting", "unknown_origin.mobile")
    ]


def test_r2_9_no_group_is_named_refuse():
    assert faults(plan(groups=[group("refuse", to="0352001234")])) == [("bad_value", "groups[0].name")]


def test_r2_10_a_prefecture_stands_for_the_charge_areas_whose_principal_one_it_is():
    osaka = contract_of(plan(groups=[group("osaka", origin={"prefectures": ["大阪府"]}, to="0352001234")]))
    (indexes,) = expansions(osaka, TABLE)
    assert {TABLE.charge_areas[index].prefecture for index in indexes} == {"大阪府"}
    assert TABLE.charge_area("大阪").index in indexes
    assert TABLE.charge_area("神戸").index not in indexes


def test_r3_1_a_contract_has_at_least_one_receiving_group():
    assert faults(plan(groups=[])) == [("bad_value", "groups")]


def test_r3_1_several_groups_need_origin_distribution():
    document = two_groups(
        {"origin": {"regions": ["九州"]}},
        {"origin": {"rest": True}},
    )
    assert faults(document) == []
    assert faults(document | {"options": []}) == [("option_missing", "groups[1]")]


def test_r3_1_one_restricted_group_is_the_basic_function():
    assert faults(plan(groups=[group("kyushu", origin={"regions": ["九州"]}, to="0352001234")])) == []


def test_groups_have_names_of_their_own():
    document = two_groups({"origin": {"regions": ["九州"]}}, {"origin": {"rest": True}, "name": "one"})
    assert faults(document) == [("bad_value", "groups[1].name")]


def test_r3_2_an_area_in_two_groups_is_named():
    document = two_groups(
        {"origin": {"prefectures": ["静岡県"]}},
        {"origin": {"charge_areas": ["浜松", "札幌"]}, "mobile": False},
    )
    (problem,) = found_in(document)
    assert (problem.code, problem.where) == ("area_in_two_groups", "groups[1].origin")
    assert "浜松" in problem.message
    assert "札幌" not in problem.message


def test_r3_2_areas_are_compared_after_expansion():
    document = two_groups(
        {"origin": {"regions": ["関東"]}},
        {"origin": {"prefectures": ["13"]}, "mobile": False},
    )
    assert faults(document) == [("area_in_two_groups", "groups[1].origin")]


def test_r3_2_two_nationwide_groups_meet_everywhere_and_are_told_so_once():
    document = two_groups({}, {"mobile": False})
    assert faults(document) == [("area_in_two_groups", "groups[1].origin")]
    assert "and 556 more" in message_of(document)


def test_r3_2_rest_is_what_no_other_group_names():
    document = two_groups({"origin": {"regions": ["関東"]}}, {"origin": {"rest": True}})
    one, two = expansions(contract_of(document), TABLE)
    assert one.isdisjoint(two)
    assert one | two == {area.index for area in TABLE.charge_areas}


def test_r3_2_one_group_at_most_takes_the_rest():
    document = two_groups({"origin": {"rest": True}}, {"origin": {"rest": True}, "mobile": False})
    assert faults(document) == [
        ("bad_value", "groups[1].origin.rest"),
        ("area_in_two_groups", "groups[1].origin"),
    ]


def test_r3_3_a_prefecture_split_by_charge_area_has_one_group_for_its_mobiles():
    split = ({"origin": {"charge_areas": ["静岡"]}}, {"origin": {"charge_areas": ["浜松"]}})
    (problem,) = found_in(two_groups(*split))
    assert (problem.code, problem.where) == ("mobile_in_two_groups", "groups[1].mobile")
    assert "静岡県" in problem.message
    assert faults(two_groups(split[0], split[1] | {"mobile": False})) == []


def test_r3_3_one_charge_area_covers_the_mobiles_of_its_principal_prefecture():
    osaka = TABLE.charge_area("大阪")
    assert "兵庫県" in osaka.prefectures
    assert prefectures_of([osaka.index], TABLE) == {"大阪府"}


@pytest.mark.parametrize(
    ("origin", "place"),
    [
        ({"regions": ["関西"]}, "groups[0].origin.regions[0]"),
        ({"prefectures": ["東京都", "東京"]}, "groups[0].origin.prefectures[1]"),
        ({"prefectures": ["48"]}, "groups[0].origin.prefectures[0]"),
        ({"charge_areas": ["難波"]}, "groups[0].origin.charge_areas[0]"),
    ],
)
def test_places_are_those_of_the_numbering_table(origin, place):
    document = plan(groups=[group("japan", origin=origin, to="0352001234")])
    assert faults(document) == [("unknown_name", place)]


@pytest.mark.parametrize("origin", [{}, {"nationwide": False}, {"regions": []}])
def test_an_origin_names_something(origin):
    document = plan(groups=[group("japan", origin=origin, to="0352001234")])
    assert faults(document) == [("missing_key", "groups[0].origin")]


@pytest.mark.parametrize("other", [{"rest": True}, {"regions": ["関東"]}, {"charge_areas": ["静岡"]}])
def test_nationwide_stands_alone(other):
    document = plan(groups=[group("japan", origin={"nationwide": True, **other}, to="0352001234")])
    assert faults(document) == [("bad_value", "groups[0].origin")]


def test_r3_4_destinations_on_two_lines_need_multi_line():
    document = plan(
        lines=[TOKYO, OSAKA],
        options=["busy_overflow"],
        groups=[group("japan", overflow=["0352001234", "0662001234"])],
    )
    assert faults(document) == [("several_lines_without_multi_line", "options")]
    assert "tokyo, osaka" in message_of(document)
    assert faults(document | {"options": ["busy_overflow", "multi_line"]}) == []


def test_r3_4_two_numbers_of_one_line_need_no_multi_line():
    document = plan(options=["busy_overflow"], groups=[group("japan", overflow=["0352001234", "0352001235"])])
    assert faults(document) == []


def test_r3_4_change_targets_count_as_destinations():
    document = plan(
        lines=[TOKYO, OSAKA],
        options=["destination_change"],
        hours={"0352001234": {"change": {"schedule": "lunch", "to": "0662001234"}}},
        schedules={"lunch": schedule("12:00-13:00")},
    )
    assert faults(document) == [("several_lines_without_multi_line", "options")]


def test_r3_4_lines_that_no_destination_touches_do_not_count():
    assert faults(plan(lines=[TOKYO, OSAKA])) == []


OTHERS = "0522001234"


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        ({"groups": [group("japan", to=OTHERS)]}, "groups[0].to"),
        ({"groups": [group("japan", overflow=["0352001234", OTHERS])]}, "groups[0].overflow[1]"),
        ({"groups": [group("japan", ratio={"weights": {OTHERS: 1}})]}, f"groups[0].ratio.weights.{OTHERS}"),
        ({"hours": {OTHERS: {}}}, f"hours.{OTHERS}"),
        (
            {"hours": {"0352001234": {"change": {"schedule": "s", "to": OTHERS}}}},
            "hours.0352001234.change.to",
        ),
        ({"number_notification": [OTHERS]}, "number_notification[0]"),
        ({"limits": {"per_number": {OTHERS: 1}}}, f"limits.per_number.{OTHERS}"),
        ({"groups": [group("japan", to="0120999999")]}, "groups[0].to"),
        ({"groups": [group("japan", to="09012345678")]}, "groups[0].to"),
    ],
)
def test_r3_5_only_own_line_numbers_are_used(keys, place):
    options = [option for option in Option if option is not Option.RATIO_DISTRIBUTION]
    document = plan(
        rules="extended", options=[*options, "ratio_distribution"], schedules={"s": schedule()}, **keys
    )
    assert faults(document) == [("not_own_number", place)]


@pytest.mark.parametrize("number", ["", "abc", "1234567890", "03520012", "+81352001234", "035200123456"])
def test_r3_5_a_destination_that_is_no_telephone_number_is_said_to_be_none(number):
    assert faults(plan(groups=[group("japan", to=number)])) == [("number_invalid", "groups[0].to")]


def test_r3_5_a_group_has_a_destination():
    assert faults(plan(groups=[group("japan")])) == [("missing_key", "groups[0].to")]


def test_r3_5_a_group_has_one_destination_only():
    both = group("japan", to="0352001234", overflow=["0352001235"])
    document = plan(options=["busy_overflow"], groups=[both])
    assert faults(document) == [("bad_value", "groups[0].overflow")]


def ratio_and_overflow(**keys: object) -> dict[str, object]:
    both = group("japan", ratio={"weights": {"0352001234": 1}}, overflow=["0352001235"])
    return plan(options=["busy_overflow", "ratio_distribution"], groups=[both], **keys)


def test_r3_6_strict_rules_refuse_both_options_used_or_not():
    options = ["busy_overflow", "ratio_distribution"]
    assert faults(plan(options=options)) == [("option_conflict", "options")]
    assert faults(ratio_and_overflow()) == [("option_conflict", "options")]


def test_r3_6_strict_rules_refuse_using_both_in_different_groups():
    document = two_groups(
        {"origin": {"regions": ["九州"]}, "to": None},
        {"origin": {"rest": True}, "to": None},
    )
    one, two = document["groups"]
    del one["to"], two["to"]
    one["overflow"] = ["0352001234"]
    two["ratio"] = {"weights": {"0352001235": 1}}
    assert faults(document) == [
        ("option_conflict", "options"),
        ("option_missing", "groups[0].overflow"),
        ("option_missing", "groups[1].ratio"),
    ]


def test_r3_6_extended_rules_allow_both_even_in_one_group():
    assert faults(ratio_and_overflow(rules="extended")) == []


def test_r3_6_extended_rules_still_allow_no_third_way():
    document = ratio_and_overflow(rules="extended")
    document["groups"][0]["to"] = "0352001234"
    assert faults(document) == [("bad_value", "groups[0].ratio")]


SCHEDULES = {"night": schedule("18:00-24:00")}


@pytest.mark.parametrize(
    ("keys", "option", "place"),
    [
        ({"groups": [group("j", overflow=["0352001234"])]}, "busy_overflow", "groups[0].overflow"),
        (
            {"groups": [group("j", ratio={"weights": {"0352001234": 1}})]},
            "ratio_distribution",
            "groups[0].ratio",
        ),
        (
            {
                "hours": {"0352001234": {"change": {"schedule": "night", "to": "0352001235"}}},
                "schedules": SCHEDULES,
            },
            "destination_change",
            "hours.0352001234.change",
        ),
        (
            {"hours": {"0352001234": {"off_hours": "night"}}, "schedules": SCHEDULES},
            "off_hours",
            "hours.0352001234.off_hours",
        ),
        ({"number_notification": ["0352001234"]}, "number_notification", "number_notification"),
    ],
)
def test_r3_7_a_function_that_is_used_is_contracted(keys, option, place):
    assert faults(plan(**keys)) == [("option_missing", place)]
    assert option in message_of(plan(**keys))
    assert faults(plan(options=[option], **keys)) == []


def test_r3_7_an_option_may_be_contracted_and_not_used():
    unused = [option for option in Option if option is not Option.BUSY_OVERFLOW]
    assert faults(plan(options=unused)) == []


def test_r3_7_an_option_is_listed_once():
    assert faults(plan(options=["off_hours", "off_hours"])) == [("bad_value", "options[1]")]


def test_r3_7_hours_of_a_number_that_is_no_destination_are_accepted():
    hours = {"0352001235": {"off_hours": "night"}}
    assert faults(plan(options=["off_hours"], hours=hours, schedules=SCHEDULES)) == []


def test_r3_8_all_problems_are_reported_at_once():
    document = plan(
        number="0120",
        options=["busy_overflow", "ratio_distribution"],
        groups=[group("japan", to=OTHERS, ring_seconds=1)],
        limits={"calls": 0},
    )
    assert faults(document) == [
        ("number_invalid", "number"),
        ("option_conflict", "options"),
        ("bad_value", "groups[0].ring_seconds"),
        ("not_own_number", "groups[0].to"),
        ("bad_value", "limits.calls"),
    ]


def test_r6_3_a_line_number_is_listed_once_for_notification():
    numbers = ["0352001234", "0352001235", "0352001234"]
    document = plan(options=["number_notification"], number_notification=numbers)
    assert faults(document) == [("bad_value", "number_notification[2]")]


@pytest.mark.parametrize(("seconds", "allowed"), [(4, False), (5, True), (180, True), (181, False)])
def test_a_ring_time_is_5_to_180_seconds(seconds, allowed):
    document = plan(groups=[group("japan", to="0352001234", ring_seconds=seconds)])
    assert faults(document) == ([] if allowed else [("bad_value", "groups[0].ring_seconds")])


def test_limits_are_one_or_more():
    limits = {"calls": 0, "per_second": -1, "per_caller_per_minute": 0, "per_number": {"0352001234": 0}}
    assert {place for _, place in faults(plan(limits=limits))} == {
        "limits.calls",
        "limits.per_second",
        "limits.per_caller_per_minute",
        "limits.per_number.0352001234",
    }
    assert faults(plan(limits={"calls": 1, "per_number": {"0352001234": 1}})) == []


def test_an_emergency_plan_holds_for_a_minute_at_least():
    assert faults(plan(emergency={"plan": "storm", "minutes": 1})) == []
    assert faults(plan(emergency={"plan": "storm", "minutes": 0})) == [("bad_value", "emergency.minutes")]


@pytest.mark.parametrize(
    ("named", "allowed"),
    [("standard", True), (f"sha256:{'0a' * 32}", True), ("sha256:0a", False), ("night.wav", False)],
)
def test_r4_4_an_announcement_is_the_standard_one_or_an_uploaded_recording(named, allowed):
    document = plan(announcements={"off_hours": named})
    assert faults(document) == ([] if allowed else [("bad_value", "announcements.off_hours")])


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a\x00b", "x" * 101])
def test_names_are_printable_and_not_endless(name):
    assert faults(plan(groups=[group(name, to="0352001234")])) == [("bad_value", "groups[0].name")]


def test_names_may_be_japanese_with_wide_spaces():
    line = TOKYO | {"site": "東京本社　３階"}
    assert faults(plan(lines=[line], groups=[group("東日本", to="0352001234")])) == []
