"""`chakka decide` (plan-format.md, commands)."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from chakka.cli.main import main

PLAN = """
number: "0120-123-456"
options: [multi_line, origin_distribution, ratio_distribution, off_hours]
lines:
  - {id: tokyo, channels: 2, numbers: ["0352001234", "0352001235"]}
  - {id: osaka, channels: 1, numbers: ["0662001234"]}
groups:
  - name: east
    origin: {regions: [北海道, 東北, 関東]}
    mobile: true
    ratio: {weights: {"0352001234": 3, "0662001234": 1}}
  - name: west
    origin: {rest: true}
    mobile: false
    to: "0662001234"
withheld: refuse
hours:
  "0662001234": {off_hours: night}
schedules:
  night:
    patterns: {weekday: ["18:00-24:00"], all_day: ["00:00-24:00"]}
    week: {mon: weekday, tue: weekday, wed: weekday, thu: weekday, fri: weekday, sat: weekday, sun: weekday}
    holiday: all_day
"""
TUESDAY = "2026-11-24T10:00+09:00"
HOLIDAY = "2026-11-23T10:00+09:00"
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def plan(tmp_path: Path) -> str:
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN)
    return str(path)


@pytest.fixture
def run(plan: str, capsys: pytest.CaptureFixture[str]) -> Run:
    def decided(*arguments: str, at: str = TUESDAY) -> tuple[int, str]:
        code = main(["decide", plan, "--at", at, *arguments])
        return code, capsys.readouterr().out

    return decided


def answer(run: Run, *arguments: str, at: str = TUESDAY) -> dict[str, object]:
    code, out = run(*arguments, "--json", at=at)
    assert code == 0
    read = json.loads(out)
    assert isinstance(read, dict)
    return read


def test_it_prints_the_decision_as_json(run: Run) -> None:
    decision = answer(run, "--from", "0422-51-1234")
    plan_hash = decision.pop("plan")
    assert isinstance(plan_hash, str) and len(plan_hash) == 64
    assert decision == {
        "outcome": "connect",
        "targets": ["0352001234"],
        "announcement": None,
        "group": "east",
        "reason": "ok",
        "trace": [["area", "武蔵野三鷹", "east"], ["drawn", "0352001234", "0"]],
    }


@pytest.mark.parametrize(
    ("draw", "target"), [(0, "0352001234"), (1, "0352001234"), (2, "0662001234"), (3, "0352001234")]
)
def test_draw_is_the_running_number_of_the_sequence_that_the_call_hits(
    run: Run, draw: int, target: str
) -> None:
    assert answer(run, "--from", "0422511234", "--draw", str(draw))["targets"] == [target]


def test_on_a_holiday_the_closed_member_leaves_the_draw(run: Run) -> None:
    targets = {
        str(answer(run, "--from", "0422511234", "--draw", str(n), at=HOLIDAY)["targets"]) for n in range(4)
    }
    assert targets == {"['0352001234']"}


def test_off_hours_are_announced(run: Run) -> None:
    decision = answer(run, "--from", "0661001234", at=HOLIDAY)
    assert (decision["outcome"], decision["announcement"]) == ("announce", "off_hours")


@pytest.mark.parametrize(
    ("arguments", "outcome", "reason", "announcement"),
    [
        (("--from", "09012345678", "--prefecture", "東京都"), "connect", "ok", None),
        (("--from", "09012345678", "--prefecture", "13"), "connect", "ok", None),
        (
            ("--from", "09012345678", "--prefecture", "大阪府"),
            "refuse",
            "mobile_not_accepted",
            "restricted_class",
        ),
        (
            ("--from", "0422511234", "--class", "mobile", "--prefecture", "27"),
            "refuse",
            "mobile_not_accepted",
            "restricted_class",
        ),
        (("--from", "0422511234", "--class", "payphone"), "connect", "ok", None),
        (("--from", "0422511234", "--class", "ip_phone"), "refuse", "class_not_accepted", "restricted_class"),
        (("--from", "05012345678"), "refuse", "class_not_accepted", "restricted_class"),
        (("--from", "+14155550123"), "refuse", "class_not_accepted", "restricted_class"),
        (("--from", "0422511234", "--anonymous"), "refuse", "blocked", "blocked"),
        (("--from", "0661001234", "--busy", "06-6200-1234"), "busy", "all_busy", None),
        (("--from", "0422511234", "--busy", "0352001234"), "busy", "all_busy", None),
        (("--from", "0422511234", "--carrier-group", "a"), "connect", "ok", None),
    ],
)
def test_what_signalling_and_lines_say_is_given_on_the_command_line(
    run: Run, arguments: tuple[str, ...], outcome: str, reason: str, announcement: str | None
) -> None:
    decision = answer(run, *arguments)
    assert (decision["outcome"], decision["reason"], decision["announcement"]) == (
        outcome,
        reason,
        announcement,
    )


def test_people_read_the_steps_as_sentences(run: Run) -> None:
    code, out = run("--from", "0422511234", "--language", "ja")
    assert code == 0
    assert "発信地域は料金区域「武蔵野三鷹」で、着信グループ「east」に属します。" in out


def test_a_busy_number_of_nobody_is_wrong_usage(run: Run) -> None:
    assert run("--from", "0422511234", "--busy", "0311112222")[0] == 2


def test_r3_8_a_plan_with_problems_is_not_decided_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN.replace("ratio_distribution, ", ""))
    code = main(["decide", str(path), "--from", "0422511234", "--at", TUESDAY, "--json"])
    assert code == 1
    assert [problem["code"] for problem in json.loads(capsys.readouterr().out)["problems"]] == [
        "option_missing"
    ]


def test_the_same_call_gets_the_same_answer_byte_for_byte(run: Run) -> None:
    assert run("--from", "0422511234", "--json") == run("--from", "0422511234", "--json")
