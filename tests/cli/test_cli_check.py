"""`chakka check`: every problem with its place and exit 1, or the summary of the proof and exit 0."""

import json
from pathlib import Path

import pytest

from chakka.cli.main import main
from chakka.facts import DATA

DEMO = DATA / "demo" / "0120123456.yaml"


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """The demo plan with a key misspelt, a number of somebody else, and an option too few."""
    text = DEMO.read_text(encoding="utf-8")
    text = text.replace('overflow: ["0662001234",', 'overflow: ["0522001234",')
    text = text.replace("options: [multi_line, ", "colour: red\noptions: [")
    path = tmp_path / "broken.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_sound_plan_exits_0_with_the_summary_of_its_proof(capsys):
    assert main(["check", str(DEMO), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["problems"] == []
    assert result["summary"]["charge_areas"] == 561


def test_people_read_which_callers_are_treated_alike_and_for_how_long(capsys):
    assert main(["check", str(DEMO)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("no problems\n")
    assert "\nfixed, mobile, payphone, unknown\n" in shown
    # Closed all day on holidays; open 09–18 on five days of seven: 45 of 168 hours.
    assert "  announce (off_hours), group east: week 73.2 %, holiday 100.0 %, dates 100.0 %" in shown


def test_a_plan_with_problems_exits_1_and_lists_them_all(broken, capsys):
    assert main(["check", str(broken), "--json"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert result["summary"] is None
    assert [(problem["code"], problem["where"]) for problem in result["problems"]] == [
        ("unknown_key", "colour"),
        ("several_lines_without_multi_line", "options"),
        ("not_own_number", "groups[1].overflow[0]"),
    ]


def test_people_read_each_problem_on_a_line(broken, capsys):
    assert main(["check", str(broken)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("colour: unknown_key: ")
    assert lines[-1] == "3 problems"


def test_a_file_ending_in_json_is_read_as_json_only(tmp_path, capsys):
    path = tmp_path / "plan.json"
    path.write_bytes(DEMO.read_bytes())
    assert main(["check", str(path)]) == 1
    assert "(text): syntax: " in capsys.readouterr().out


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path, capsys):
    assert main(["check", str(tmp_path / "none.yaml")]) == 2
    assert "No such file" in capsys.readouterr().err
