"""`chakka number` (plan-format.md, commands)."""

import json

import pytest

from chakka.cli.main import main


def test_number_prints_the_facts_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["number", "0422-51-1234", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "number": "0422511234",
        "class": "fixed",
        "charge_area": "武蔵野三鷹",
        "prefecture": "東京都",
        "prefectures": ["東京都", "埼玉県"],
        "region": "関東",
        "ntt": "east",
    }


def test_number_leaves_out_for_people_what_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["number", "+819012345678"]) == 0
    assert capsys.readouterr().out == "number      09012345678\nclass       mobile\n"


@pytest.mark.parametrize("text", ["", "abc", "9" * 1000])
def test_number_answers_junk_with_unknown(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["number", text, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "number": "",
        "class": "unknown",
        "charge_area": None,
        "prefecture": None,
        "prefectures": [],
        "region": None,
        "ntt": None,
    }


def test_number_without_a_number_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["number"])
    assert stop.value.code == 2
    assert "required: number" in capsys.readouterr().err
