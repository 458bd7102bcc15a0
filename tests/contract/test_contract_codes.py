"""Every code of plan-format.md is given for some plan, and the message names what offends."""

from typing import Any

import pytest
from contract_plans import OSAKA, TABLE, TOKYO, found_in, group, plan, schedule, text_of

from chakka.contract.text import read

MEMBERS = {f"03520012{i:02}": 1 for i in range(33)}


def split(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    groups = [group("one", origin=first, to="0352001234"), group("two", origin=second, to="0352001235")]
    return plan(options=["origin_distribution"], groups=groups)


def night(*slots: str, **keys: Any) -> dict[str, Any]:
    return plan(schedules={"night": schedule(*slots, **keys)})


CASES = [
    ("unknown_key", plan(colour="red"), "colour"),
    ("missing_key", {"number": "0120123456", "lines": [TOKYO]}, "groups"),
    ("bad_value", plan(rules="lax"), "lax"),
    ("number_invalid", plan(number="0120"), "0120"),
    ("unknown_name", split({"prefectures": ["江戸"]}, {"rest": True}), "江戸"),
    ("option_missing", plan(number_notification=["0352001234"]), "number_notification"),
    ("option_conflict", plan(options=["busy_overflow", "ratio_distribution"]), "busy_overflow"),
    ("area_in_two_groups", split({"charge_areas": ["静岡"]}, {"prefectures": ["静岡県"]}), "静岡"),
    ("mobile_in_two_groups", split({"charge_areas": ["静岡"]}, {"charge_areas": ["浜松"]}), "静岡県"),
    ("not_own_number", plan(groups=[group("j", to="0522001234")]), "0522001234"),
    (
        "several_lines_without_multi_line",
        plan(lines=[TOKYO, OSAKA], groups=[group("j", overflow=["0352001234", "0662001234"])]),
        "multi_line",
    ),
    ("weights_all_zero", plan(groups=[group("j", ratio={"weights": {"0352001234": 0}})]), "0"),
    ("too_many_members", plan(groups=[group("j", ratio={"weights": MEMBERS})]), "33"),
    ("slot_invalid", night("22:00-06:00"), "22:00-06:00"),
    ("slots_overlap", night("09:00-12:00", "11:59-13:00"), "11:59-13:00"),
    (
        "dates_overlap",
        night(dates={"2026-12-29/2027-01-03": "daily", "2027-01-03/2027-01-04": "daily"}),
        "2027-01-03",
    ),
    (
        "self_change",
        plan(hours={"0352001234": {"change": {"schedule": "s", "to": "0352001234"}}}),
        "0352001234",
    ),
    (
        "unknown_origin_not_accepting",
        plan(groups=[group("fixed", mobile=False, to="0352001234")], unknown_origin={"mobile": "fixed"}),
        "fixed",
    ),
]


@pytest.mark.parametrize(("code", "document", "named"), CASES, ids=[code for code, *_ in CASES])
def test_the_code_is_given_and_the_offending_value_named(code, document, named):
    messages = [problem.message for problem in found_in(document) if problem.code == code]
    assert messages
    assert named in messages[0]


def test_broken_text_is_a_syntax_problem_with_its_line_and_column():
    _, (problem,) = read(text_of(plan())[:-1], TABLE, "json")
    assert problem.code == "syntax"
    assert "line 1, column" in problem.message
