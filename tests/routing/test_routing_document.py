"""Traces in sentences."""

import re
from pathlib import Path

import pytest
from routing_contracts import FROM_050, OSAKA, TOKYO, call, closed, contract, decided, every_day, overflow
from test_routing_planless import DECISIONS as PLANLESS

import chakka.routing
from chakka.routing.attempt import Live
from chakka.routing.document import ENGLISH, JAPANESE, sentences


def test_a_decision_is_explained_step_by_step() -> None:
    made = contract(
        overflow(TOKYO, OSAKA),
        schedules={"night": every_day("18:00-24:00", holiday="all")},
        hours={TOKYO: closed("night")},
    )
    trace = decided(made, call(at="2026-11-23T10:00+09:00"), Live(busy=frozenset({OSAKA}))).trace
    assert sentences(trace, "ja") == [
        "発信地域は料金区域「武蔵野三鷹」で、着信グループ「all」に属します。",
        "0352001234は時間外です(スケジュール「night」、祝日の規則、パターン「all」)。",
        "0662001234は話中です。",
    ]
    assert sentences(trace, "en") == [
        "The caller is in charge area 武蔵野三鷹, which belongs to receiving group all.",
        "0352001234 is off-hours (schedule night, by holiday, pattern all).",
        "0662001234 is busy.",
    ]


def test_the_class_of_a_refused_caller_is_said_in_the_readers_language() -> None:
    trace = decided(contract(overflow(TOKYO)), call(FROM_050)).trace
    assert "IP電話(050)" in sentences(trace, "ja")[0]
    assert "ip_phone" in sentences(trace, "en")[0]


def test_a_schedule_named_like_one_of_our_words_is_not_translated() -> None:
    trace = (("closed", TOKYO, "mobile", "weekday", "holiday"),)
    assert sentences(trace, "ja") == [
        "0352001234は時間外です(スケジュール「mobile」、曜日の規則、パターン「holiday」)。"
    ]


def test_every_step_that_the_code_takes_has_a_sentence_and_no_sentence_is_idle() -> None:
    source = "".join(path.read_text() for path in Path(chakka.routing.__file__).parent.glob("*.py"))
    taken = set(re.findall(r'steps\.(?:append|extend)\(\(\(?"(\w+)"', source)) | {"not_in_service", "busy"}
    taken |= {step[0] for decision in PLANLESS.values() for step in decision.trace}
    assert taken == set(JAPANESE) == set(ENGLISH)


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("step", [("from_the_future", "x"), ("area",), ("closed", TOKYO)])
def test_a_step_of_another_version_is_shown_as_it_is(language: str, step: tuple[str, ...]) -> None:
    assert sentences([step], language) == [" ".join(step)]  # type: ignore[arg-type]


def test_a_name_with_braces_is_said_as_it_is() -> None:
    assert "{0}" in sentences([("area", "静岡", "{0}")], "en")[0]
