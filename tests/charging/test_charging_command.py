"""`chakka rate` (plan-format.md, commands)."""

import json

import pytest

from chakka.cli.main import main
from chakka.facts import shipped_tariff

MOBILE = "rate --tariff hikari-wide --class mobile --answered 2026-10-31T14:59:30Z --ms 300000"


def test_rate_prints_the_charge_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*MOBILE.split(), "--carrier-group", "a", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "units": 5,
        "amount_uy": 80_000_000,
        "usage_month": "2026-10",
        "tariff_version": shipped_tariff("hikari-wide").version,
        "rule": "mobile-a",
    }


def test_rate_says_for_people_which_facts_were_assumed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(MOBILE.split()) == 0
    printed = capsys.readouterr().out
    assert "amount      80 yen\n" in printed
    assert "answered    2026-10-31T23:59:30.000+09:00\n" in printed
    assert "assumed     carrier_group\n" in printed


def test_rate_after_a_fault_counts_whole_units(capsys: pytest.CaptureFixture[str]) -> None:
    command = (
        "rate --tariff freedial --class fixed --answered 2026-10-31T14:59:30Z --ms 179999 --fault --json"
    )
    assert main(command.split()) == 0
    assert json.loads(capsys.readouterr().out)["amount_uy"] == 0


def test_rate_by_the_legacy_tariff_needs_no_areas(capsys: pytest.CaptureFixture[str]) -> None:
    command = "rate --tariff legacy --class fixed --answered 2027-01-02T12:00+09:00 --ms 26001 --json"
    assert main(command.split()) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["units"], found["amount_uy"], found["rule"]) == (2, 20_000_000, "fixed-night")


@pytest.mark.parametrize("areas", ["", "--from-area 東京 --home-area 大阪"])
def test_rate_takes_charge_areas(areas: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*MOBILE.split(), "--carrier-group", "b", *areas.split(), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["amount_uy"] == 87_500_000


def test_rate_of_a_class_without_rule_is_in_suspense_and_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    command = MOBILE.replace("mobile", "ip_phone").split()
    assert main([*command, "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {"suspense": "no_rule"}
    assert main(command) == 1
    assert "in suspense: no_rule" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        (
            "hikari-wide",
            "nothing",
            "--tariff: there is no tariff nothing; there are freedial, hikari-wide, legacy",
        ),
        ("--ms", "--from-area 東京都 --ms", "--from-area 東京都: no charge area"),
        ("--ms", "--home-area x --ms", "--home-area x: no charge area"),
        ("mobile", "banana", "'banana'"),
        ("14:59:30Z", "14:59:30", "no offset"),
        ("2026-10-31T14:59:30Z", "yesterday", "'yesterday' is no instant"),
        ("2026-10-31T14:59:30Z", "9999-12-31T23:00:00Z", "is no instant"),
        ("300000", "-1", "'-1'"),
        ("300000", "5m", "'5m' is not milliseconds"),
        ("300000", "9" * 30, "is not milliseconds"),
    ],
)
def test_rate_refuses_wrong_usage_with_the_offending_value(
    old: str, new: str, part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code: int | str | None = main(MOBILE.replace(old, new).replace("--ms -1", "--ms=-1").split())
    except SystemExit as stop:
        code = stop.code
    assert code == 2
    assert part in capsys.readouterr().err
