"""Reading plans: scalars are text, every fault has a place, nothing crashes (plan-format.md)."""

import json
from datetime import date
from pathlib import Path

import pytest
from contract_plans import TABLE, faults, found_in, group, plan, schedule, text_of
from hypothesis import given
from hypothesis import strategies as st

from chakka.contract.model import (
    Change,
    Contract,
    DateRule,
    Hours,
    LineType,
    Option,
    Rules,
    Slot,
    UnknownOrigin,
)
from chakka.contract.rules import problems
from chakka.contract.text import read

EXAMPLE = Path(__file__).with_name("plan_format_example.yaml").read_bytes()
SHORT = """
number: 0120-123-456
lines: [{id: 0x10, numbers: [0352001234, 03-5200-1235]}]
groups: [{name: off, origin: {prefectures: [13, 01, 大阪府]}, mobile: true, to: 03-5200-1234}]
""".encode()


def contract_in(text: bytes) -> Contract:
    contract, found = read(text, TABLE)
    assert found == []
    assert contract is not None
    return contract


def syntax_of(text: bytes) -> str:
    """The message of the one syntax problem of a text."""
    contract, (problem,) = read(text, TABLE)
    assert contract is None
    assert problem.code == "syntax"
    return problem.message


def test_the_example_of_the_format_is_read_and_keeps_the_rules():
    contract = contract_in(EXAMPLE)
    assert problems(contract, TABLE) == []
    assert contract.number == "0120123456"
    assert contract.options[-1] is Option.NUMBER_NOTIFICATION
    assert contract.unknown_origin == UnknownOrigin(fixed="east", mobile="refuse")
    assert contract.lines[0].numbers == ("0352001234", "0352001235")
    assert contract.hours["0352001234"] == Hours(
        off_hours="night", change=Change(schedule="lunch", to="0352001235")
    )
    night = contract.schedules["night"]
    assert night.patterns["weekday"] == (Slot(start=0, end=540), Slot(start=1080, end=1440))
    assert night.dates == (
        DateRule(first=date(2026, 12, 29), last=date(2027, 1, 3), pattern="all_day"),
        DateRule(first=date(2026, 12, 28), last=date(2026, 12, 28), pattern="open"),
    )
    (evening,) = contract.schedules["shifts"].patterns["evening"]
    assert evening.weights == {"0352001234": 0, "0662001234": 1}


def test_unquoted_scalars_stay_text_and_hyphens_are_dropped():
    contract = contract_in(SHORT)
    assert contract.number == "0120123456"
    assert contract.lines[0].id == "0x10"
    assert contract.lines[0].numbers == ("0352001234", "0352001235")
    assert contract.groups[0].name == "off"


def test_prefectures_by_code_are_held_by_name():
    assert contract_in(SHORT).groups[0].origin.prefectures == ("東京都", "北海道", "大阪府")


def test_what_is_left_out_has_its_default():
    contract = contract_in(SHORT)
    assert contract.rules is Rules.STRICT
    assert contract.restriction_guidance is True
    assert contract.guidance is False
    assert contract.lines[0].channels == 1
    assert contract.lines[0].type is LineType.OFFICE
    assert contract.groups[0].ring_seconds is None


def test_the_same_plan_in_json_is_the_same_contract():
    document = plan(guidance=True, limits={"calls": 20}, schedules={"night": schedule("18:00-24:00")})
    as_yaml = b"guidance: true\nlimits: {calls: 20}\n" + b"".join(
        f"{key}: {json.dumps(document[key])}\n".encode() for key in ("number", "lines", "groups", "schedules")
    )
    assert contract_in(text_of(document)) == contract_in(as_yaml)


def test_a_byte_order_mark_and_windows_line_ends_are_read():
    assert contract_in(b"\xef\xbb\xbf" + SHORT.replace(b"\n", b"\r\n")) == contract_in(SHORT)


def test_yaml_that_begins_with_a_brace_is_read_as_yaml():
    text = b"{number: 0120123456, lines: [{id: a, numbers: [0352001234]}], groups: []}"
    assert contract_in(text).number == "0120123456"


def test_live_facts_beside_a_plan_are_not_read():
    assert contract_in(SHORT + b"live: {blocked: [{number: 0422511234}], caps: [1, [2]]}\n") == contract_in(
        SHORT
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "the text is empty"),
        (b"# nothing\n", "the text is empty"),
        (b"a: [1,", "line 2, column 1"),
        (b"a: b\n\tc: d", "line 2, column 1"),
        (b"a: &x 1\nb: 2", "anchor &x at line 1, column 4"),
        (b"a: b\nc: *x", "alias *x at line 2, column 4"),
        (b"? *x\n: 1", "alias *x at line 1, column 3"),
        (b"a: !!int 1", "a tag at line 1, column 4"),
        (b"a: !x {}", "a tag at line 1, column 4"),
        (b"!!map {a: 1}", "a tag at line 1, column 1"),
        (b"? [a]\n: 1", "the key at line 1, column 3"),
        (b"a: 1\n---\nb: 2", "a second document begins at line 2, column 1"),
        (b"a: \xff", "byte 3 is not UTF-8"),
        ("a: あ".encode("cp932"), "is not UTF-8"),
        ("a: b".encode("utf-16"), "is not UTF-8"),
        (b"a: \x01", "control characters are not allowed"),
        (b"#" * (2**20 + 1), "at most 1048576"),
        (b"a: " + b"[" * 1000, "nested deeper than 24"),
        (b"{a: " * 30, "nested deeper than 24"),
        (b"{" * 30, "the key at line 1, column 2"),
        (b"- " * 30, "nested deeper than 24"),
    ],
)
def test_what_is_no_plain_yaml_is_a_syntax_problem_with_its_line(text, message):
    assert message in syntax_of(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "line 1, column 1"),
        (b'{"a": 1,\n}', "line 2, column 1"),
        (b'{"a": 1} x', "line 1, column 10"),
        (b'{"a": "\\ud800"}', "half of a surrogate pair"),
        (b'{"\\udc00": 1}', "half of a surrogate pair"),
        (b'{"a": ' + b"[" * 50 + b"]" * 50 + b"}", "nested deeper than 24"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_json_is_a_syntax_problem_with_its_line(text, message):
    contract, (problem,) = read(text, TABLE, "json")
    assert (contract, problem.code) == (None, "syntax")
    assert message in problem.message


def test_a_repeated_key_is_named_with_its_place_in_both_forms():
    as_yaml = SHORT.replace(b"mobile: true", b"mobile: true, mobile: false")
    as_json = text_of(plan()).replace(b'"mobile": true', b'"mobile": true, "mobile": false')
    for text in (as_yaml, as_json):
        _, found = read(text, TABLE)
        assert [(problem.code, problem.where) for problem in found] == [("syntax", "groups[0].mobile")]


def test_a_number_written_in_two_ways_is_a_repeated_key():
    hours = {"0352001234": {}, "03-5200-1234": {}}
    assert faults(plan(hours=hours)) == [("syntax", "hours.03-5200-1234")]


@pytest.mark.parametrize("text", [b"- a", b"plan", b"[]", b'"x"', b"~"])
def test_a_plan_is_a_mapping(text):
    contract, (problem,) = read(text, TABLE)
    assert (contract, problem.code, problem.where) == (None, "bad_value", "")


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (plan(colour="red"), "colour"),
        (plan(lines=[{"id": "a", "numbers": [], "fax": "x"}]), "lines[0].fax"),
        (plan(groups=[group("j", too="0352001234", to="0352001234")]), "groups[0].too"),
        (
            plan(groups=[group("j", origin={"prefecture": ["13"], "rest": True}, to="1")]),
            "groups[0].origin.prefecture",
        ),
        (plan(hours={"0352001234": {"of_hours": "x"}}), "hours.0352001234.of_hours"),
        (plan(schedules={"s": schedule(weekends=[])}), "schedules.s.weekends"),
        (plan(schedules={"s": {"patterns": {}, "week": {"holiday": "x"}}}), "schedules.s.week.holiday"),
    ],
)
def test_an_unknown_key_is_named_with_its_place(document, place):
    (problem,) = [problem for problem in found_in(document) if problem.code == "unknown_key"]
    assert problem.where == place
    assert place.rpartition(".")[2] in problem.message


@pytest.mark.parametrize(
    ("document", "places"),
    [
        ({}, ["number", "lines", "groups"]),
        (plan(lines=[{}]), ["lines[0].id", "lines[0].numbers"]),
        (plan(groups=[{}]), ["groups[0].name", "groups[0].origin", "groups[0].mobile"]),
        (plan(groups=[group("j", ratio={})]), ["groups[0].ratio.weights"]),
        (plan(emergency={}), ["emergency.plan", "emergency.minutes"]),
        (
            plan(hours={"0352001234": {"change": {}}}),
            ["hours.0352001234.change.schedule", "hours.0352001234.change.to"],
        ),
        (plan(schedules={"s": {}}), ["schedules.s.patterns", "schedules.s.week"]),
        (
            plan(schedules={"s": schedule({})}),
            [f"schedules.s.patterns.daily[0].{key}" for key in ("slot", "weights")],
        ),
    ],
)
def test_what_is_required_is_missed_by_name(document, places):
    assert [problem.where for problem in found_in(document) if problem.code == "missing_key"][
        : len(places)
    ] == places


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        ({"number": 120123456}, "number"),
        ({"number": None}, "number"),
        ({"lines": [{"id": "a", "numbers": [352001234]}]}, "lines[0].numbers[0]"),
        ({"lines": "none"}, "lines"),
        ({"lines": ["tokyo"]}, "lines[0]"),
        ({"lines": [{"id": "a", "numbers": ["0352001234"], "channels": "two"}]}, "lines[0].channels"),
        ({"lines": [{"id": "a", "numbers": ["0352001234"], "channels": 2.0}]}, "lines[0].channels"),
        ({"lines": [{"id": "a", "numbers": ["0352001234"], "channels": True}]}, "lines[0].channels"),
        ({"lines": [{"id": "a", "numbers": ["0352001234"], "channels": 10**9}]}, "lines[0].channels"),
        ({"lines": [{"id": "a", "numbers": ["0352001234"], "type": "shop"}]}, "lines[0].type"),
        ({"options": ["fax"]}, "options[0]"),
        ({"rules": "lax"}, "rules"),
        ({"guidance": "yes"}, "guidance"),
        ({"guidance": 1}, "guidance"),
        ({"withheld": True}, "withheld"),
        ({"blocked": "music"}, "blocked"),
        ({"unknown_origin": "refuse"}, "unknown_origin"),
        ({"hours": []}, "hours"),
        ({"schedules": {"s": {"patterns": [], "week": {}}}}, "schedules.s.patterns"),
        ({"schedules": {"s": schedule(dates=["2026-12-31"])}}, "schedules.s.dates"),
        ({"schedules": {"s": schedule(["12:00-13:00"])}}, "schedules.s.patterns.daily[0]"),
        ({"schedules": {"s": schedule(holiday=None)}}, "schedules.s.holiday"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named_with_its_place(keys, place):
    assert ("bad_value", place) in faults(plan(**keys))


def test_booleans_are_those_of_yaml_1_2():
    for word, value in ((b"true", True), (b"False", False), (b"TRUE", True)):
        assert contract_in(SHORT + b"whisper: " + word).whisper is value
    for word in (b"yes", b"off", b"1", b"tRUE"):
        assert [problem.where for problem in read(SHORT + b"whisper: " + word, TABLE)[1]] == ["whisper"]


def test_faults_of_text_and_of_rules_are_reported_together():
    document = plan(colour="red", guidance="perhaps", groups=[group("j", to="0522001234", ring_seconds=1)])
    assert faults(document) == [
        ("unknown_key", "colour"),
        ("bad_value", "guidance"),
        ("bad_value", "groups[0].ring_seconds"),
        ("not_own_number", "groups[0].to"),
    ]


def test_what_could_not_be_read_is_not_reported_twice():
    document = plan(number=120, groups=[group("j", to=["0352001234"])])
    assert faults(document) == [("bad_value", "number"), ("bad_value", "groups[0].to")]


def test_an_example_cut_at_any_byte_never_crashes():
    for end in range(len(EXAMPLE)):
        contract, found = read(EXAMPLE[:end], TABLE)
        assert (contract is None) == bool(found)


def test_json_cut_at_any_byte_is_a_problem():
    text = text_of(plan())
    for end in range(len(text)):
        assert read(text[:end], TABLE, "json")[1] != []


@given(st.binary(max_size=200))
def test_any_bytes_are_a_contract_or_problems(text):
    contract, found = read(text, TABLE)
    assert (contract is None) == bool(found)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(Contract.__struct_fields__), VALUES)
def test_any_value_at_any_key_is_a_contract_or_problems(key, value):
    contract, found = read(json.dumps(plan(**{key: value})).encode(), TABLE)
    assert (contract is None) == bool(found)
    if contract is not None:
        problems(contract, TABLE)


@given(st.data())
def test_any_damage_to_the_example_is_a_contract_or_problems(data):
    at = data.draw(st.integers(0, len(EXAMPLE) - 1))
    length = data.draw(st.integers(0, 5))
    damaged = EXAMPLE[:at] + data.draw(st.binary(max_size=5)) + EXAMPLE[at + length :]
    contract, found = read(damaged, TABLE)
    assert (contract is None) == bool(found)
    if contract is not None:
        problems(contract, TABLE)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece",
    [
        b"[",
        b"{",
        b"- ",
        b"? ",
        b"a: ",
        b"- a\n",
        b"*a ",
        b"&a ",
        b"'",
        b'"',
        b"!",
        b"|\n",
        b"\n",
        b"[a,",
        b"{a: ",
        b'"\\"',
        b"%",
        b"#",
    ],
)
def test_a_megabyte_of_one_thing_is_soon_refused(piece):
    text = piece * (2**20 // len(piece))
    assert read(text, TABLE)[1] != []
