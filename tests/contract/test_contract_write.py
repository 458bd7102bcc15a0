"""Canonical text: the same contract gives the same bytes, and reading them the same contract."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml
from contract_plans import TABLE, TOKYO, contract_of, group, plan, schedule
from hypothesis import given
from hypothesis import strategies as st

from chakka.contract.model import (
    Announcements,
    Blocked,
    Change,
    Contract,
    DateRule,
    Emergency,
    Group,
    Hours,
    Limits,
    Line,
    LineNotes,
    LineType,
    Option,
    Origin,
    Ratio,
    Rules,
    Schedule,
    Slot,
    UnknownOrigin,
    Withheld,
)
from chakka.contract.text import read, write_json, write_yaml

EXAMPLE = Path(__file__).with_name("plan_format_example.yaml").read_bytes()

NUMBERS = st.from_regex(r"0[0-9]{9,10}", fullmatch=True)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
WEIGHTS = st.dictionaries(NUMBERS, st.integers(0, 9), max_size=4)
COUNTS = st.none() | st.integers(1, 999)


def several(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(strategy, max_size=4).map(tuple)


LINES = st.builds(
    Line,
    id=WORDS,
    site=st.none() | WORDS,
    channels=st.integers(1, 99),
    numbers=several(NUMBERS),
    type=st.sampled_from(LineType),
    notes=st.builds(LineNotes, answering_machine=st.booleans(), number_request=st.booleans()),
)
ORIGINS = st.builds(
    Origin,
    nationwide=st.booleans(),
    regions=several(WORDS),
    prefectures=several(st.sampled_from([prefecture.name for prefecture in TABLE.prefectures])),
    charge_areas=several(WORDS),
)
GROUPS = st.builds(
    Group,
    name=WORDS,
    origin=ORIGINS,
    mobile=st.booleans(),
    to=st.none() | NUMBERS,
    overflow=several(NUMBERS),
    ratio=st.none() | st.builds(Ratio, weights=WEIGHTS, schedule=st.none() | WORDS),
    ring_seconds=COUNTS,
)
SLOTS = st.builds(Slot, start=st.integers(0, 1440), end=st.integers(0, 1440), weights=st.none() | WEIGHTS)
DAYS = st.dates(min_value=date(1, 1, 1), max_value=date(9999, 1, 1))
DATE_RULES = st.builds(
    lambda first, days, pattern: DateRule(first=first, last=first + timedelta(days), pattern=pattern),
    DAYS,
    st.integers(0, 9),
    WORDS,
)
SCHEDULES = st.builds(
    Schedule,
    patterns=st.dictionaries(WORDS, several(SLOTS), max_size=3),
    week=st.tuples(*[WORDS] * 7),
    holiday=st.none() | WORDS,
    dates=st.lists(DATE_RULES, max_size=3, unique_by=lambda rule: (rule.first, rule.last)).map(tuple),
)
HOURS = st.builds(
    Hours, off_hours=st.none() | WORDS, change=st.none() | st.builds(Change, schedule=WORDS, to=NUMBERS)
)
CONTRACTS = st.builds(
    Contract,
    number=NUMBERS,
    options=several(st.sampled_from(Option)),
    rules=st.sampled_from(Rules),
    guidance=st.booleans(),
    restriction_guidance=st.booleans(),
    unknown_origin=st.builds(UnknownOrigin, fixed=st.none() | WORDS, mobile=st.none() | WORDS),
    lines=st.lists(LINES, min_size=1, max_size=2).map(tuple),
    groups=st.lists(GROUPS, min_size=1, max_size=2).map(tuple),
    limits=st.builds(
        Limits, calls=COUNTS, per_number=WEIGHTS, per_second=COUNTS, per_caller_per_minute=COUNTS
    ),
    withheld=st.sampled_from(Withheld),
    blocked=st.sampled_from(Blocked),
    whisper=st.booleans(),
    number_notification=several(NUMBERS),
    emergency=st.none() | st.builds(Emergency, plan=WORDS, minutes=st.integers(1, 999)),
    announcements=st.builds(Announcements, off_hours=WORDS),
    hours=st.dictionaries(NUMBERS, HOURS, max_size=2),
    schedules=st.dictionaries(WORDS, SCHEDULES, max_size=2),
)


def reread(text: bytes) -> Contract:
    contract, found = read(text, TABLE)
    assert found == []
    assert contract is not None
    return contract


def sites_in(site: str) -> str:
    """The line of the canonical text that says a site."""
    text = write_yaml(contract_of(plan(lines=[TOKYO | {"site": site}]))).decode()
    (line,) = [line for line in text.split("\n") if line.startswith("    site: ")]
    return line.removeprefix("    site: ")


@given(CONTRACTS.filter(lambda contract: all(line.numbers for line in contract.lines)))
def test_any_contract_survives_yaml_and_json(contract):
    for write in (write_yaml, write_json):
        text = write(contract)
        assert reread(text) == contract
        assert write(reread(text)) == text


def test_the_example_survives_with_its_values():
    contract = reread(EXAMPLE)
    text = write_yaml(contract)
    assert reread(text) == contract
    assert write_yaml(reread(text)) == text


def test_keys_are_in_the_order_of_the_example():
    document = json.loads(write_json(reread(EXAMPLE)))
    order = list(yaml.load(EXAMPLE, yaml.BaseLoader))
    assert list(document) == [key for key in order if key in document]
    assert list(document["lines"][0]) == ["id", "site", "channels", "numbers"]
    assert list(document["groups"][0]) == ["name", "origin", "mobile", "to", "ring_seconds"]


def test_what_equals_its_default_is_left_out():
    spelt_out = plan(
        rules="strict", guidance=False, restriction_guidance=True, limits={}, hours={}, options=[]
    )
    assert write_yaml(contract_of(spelt_out)) == write_yaml(contract_of(plan()))


def test_the_users_own_order_is_kept():
    weights = {"0662001234": 1, "0352001234": 2}
    contract = contract_of(plan(groups=[group("j", ratio={"weights": weights})]))
    assert list(reread(write_yaml(contract)).groups[0].ratio.weights) == list(weights)


def test_numbers_slots_and_dates_are_in_double_quotes():
    night = schedule("18:00-24:00", dates={"2026-12-29/2027-01-03": "daily", "2026-12-28": "daily"})
    hours = {"0352001234": {"change": {"schedule": "night", "to": "0352001235"}}}
    text = write_yaml(contract_of(plan(hours=hours, schedules={"night": night}))).decode()
    for quoted in (
        'number: "0120123456"',
        'numbers: ["0352001234", "0352001235"]',
        'to: "0352001235"',
        '  "0352001234":',
        'daily: ["18:00-24:00"]',
        '"2026-12-29/2027-01-03": daily, "2026-12-28": daily',
    ):
        assert quoted in text


def test_the_text_is_utf_8_with_line_feeds():
    text = write_yaml(contract_of(plan(lines=[TOKYO | {"site": "東京本社"}])))
    assert "site: 東京本社\n".encode() in text
    assert b"\r" not in text
    assert text.endswith(b"\n")


@pytest.mark.parametrize(
    ("site", "written"),
    [
        ("東京本社", "東京本社"),
        ("head-office", "head-office"),
        ("東京　本社", '"東京　本社"'),
        ("yes", '"yes"'),
        ("No", '"No"'),
        ("null", '"null"'),
        ("1e3", '"1e3"'),
        ("- a", '"- a"'),
        ("a: b", '"a: b"'),
        ("a #b", '"a #b"'),
        ('say "hi" \\', '"say \\"hi\\" \\\\"'),
        ("two\nlines", '"two\\U0000000alines"'),
        ("\u2028", '"\\U00002028"'),
        ("", '""'),
    ],
)
def test_text_is_quoted_where_a_reader_could_mistake_it(site, written):
    assert sites_in(site) == written
    assert yaml.safe_load(written) == site


def test_every_yaml_1_1_reader_sees_the_same_text():
    text = write_yaml(reread(EXAMPLE))
    guessed = yaml.safe_load(text)
    assert guessed["number"] == "0120123456"
    assert list(guessed["hours"]) == ["0352001234"]
    assert list(guessed["schedules"]["night"]["dates"]) == ["2026-12-29/2027-01-03", "2026-12-28"]
    assert guessed["schedules"]["lunch"]["patterns"]["lunch"] == ["12:00-13:00"]


def test_long_lists_stand_one_item_a_line():
    prefectures = [prefecture.name for prefecture in TABLE.prefectures]
    contract = contract_of(plan(groups=[group("j", origin={"prefectures": prefectures}, to="0352001234")]))
    text = write_yaml(contract).decode()
    assert "        - 北海道\n        - 青森県\n" in text
    assert max(map(len, text.split("\n"))) <= 110
