"""`chakka tariff check|publish|show|list|rate-file` (charging.md §2)."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from chakka.charging.succession import dated
from chakka.cli.main import main
from chakka.facts import DATA, parse_tariff, shipped_tariff
from chakka.localtime import parse_instant_ms

TEXT = (DATA / "tariffs/freedial.toml").read_bytes()
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tariff(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `chakka tariff WORDS --data …`; returns exit code, output and error output."""

    def run(*words: str) -> tuple[int, str, str]:
        try:
            code: Any = main(["tariff", *words, "--data", str(tmp_path / "data")])
        except SystemExit as stop:
            code = stop.code
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "new.toml"
    path.write_bytes(TEXT)
    return path


def test_check_says_what_a_complete_tariff_costs(tariff: Command, file: Path) -> None:
    code, out, _ = tariff("check", str(file))
    assert code == 0
    assert out.startswith("no problems\n")
    assert ["fixed", "8.5", "yen", "/", "180", "s", "fixed"] in [line.split() for line in out.splitlines()]
    code, out, _ = tariff("check", str(file), "--json")
    found = json.loads(out)
    assert (code, found["problems"], found["version"]) == (0, [], shipped_tariff("freedial").version)
    assert {
        "id": "mobile",
        "unit_ms": 20_000,
        "unit_price_uy": 10_000_000,
        "setup_uy": 0,
        "minimum_units": 1,
    } in found["rules"]


def test_check_says_every_problem_at_once_and_exits_1(tariff: Command, file: Path) -> None:
    file.write_bytes(TEXT.replace(b'class = "mobile"', b'class = "boat"').replace(b"180_000", b"0"))
    code, out, _ = tariff("check", str(file))
    assert code == 1
    assert "rules[0]: bad_value" in out
    assert "'boat'" in out
    code, out, _ = tariff("check", str(file), "--json")
    assert (code, [problem["where"] for problem in json.loads(out)["problems"]]) == (
        1,
        ["rules[0]", "rules[1]"],
    )


def test_a_tariff_with_a_gap_is_not_published(tariff: Command, file: Path) -> None:
    file.write_bytes(TEXT.replace(b"payphone = []", b"payphone = []\nship = []"))
    code, out, _ = tariff("publish", str(file), "--from", "2030-01-01")
    assert (code, "rule_missing: ship everywhere" in out) == (1, True)
    assert len(tariff("list")[1].splitlines()) == 4


def test_a_price_that_64_bits_cannot_hold_is_not_published(tariff: Command, file: Path) -> None:
    file.write_bytes(TEXT.replace(b"unit_ms = 20_000", b"unit_ms = 1").replace(b"10_000_000", b"200_000_000"))
    code, out, _ = tariff("publish", str(file), "--from", "2030-01-01")
    assert (code, "'mobile' could cost more in one call than 64 bits hold" in out) == (1, True)


def test_publish_prints_the_version_and_from_then_on_it_is_listed_and_shown(
    tariff: Command, file: Path
) -> None:
    content = dated(TEXT, date(2030, 4, 1))
    version = parse_tariff(content).version
    assert tariff("publish", str(file), "--from", "2030-04-01") == (0, f"{version}\n", "")
    listed = json.loads(tariff("list", "--json")[1])
    assert [(one["version"], one["valid_from"]) for one in listed[:2]] == [
        (version, "2030-04-01"),
        (shipped_tariff("freedial").version, None),
    ]
    assert tariff("show", "freedial", "--text")[1].encode() == content
    assert f"{version}  Freephone of a nationwide carrier (example)\n" in tariff("show", version)[1]
    assert json.loads(tariff("show", version, "--json")[1])["text"].encode() == content
    assert "valid from  2030-04-01" in tariff("show", "freedial")[1]
    assert "valid from  ever" in tariff("show", shipped_tariff("freedial").version)[1]


def test_publishing_the_same_text_again_changes_nothing(tariff: Command, file: Path, tmp_path: Path) -> None:
    first = tariff("publish", str(file), "--from", "2030-04-01")
    assert tariff("publish", str(file), "--from", "2030-04-01") == first
    assert len(list((tmp_path / "data/tariffs").iterdir())) == 1
    assert tariff("publish", str(file)) == (0, f"{shipped_tariff('freedial').version}\n", "")


@pytest.mark.parametrize(
    ("day", "part"),
    [
        ("2030-03-31", "is not after freedial@"),
        ("2030-04-01", "is not after freedial@"),
        (None, "since ever is not"),
    ],
)
def test_a_version_that_begins_before_another_is_refused(
    day: str | None, part: str, tariff: Command, file: Path
) -> None:
    assert tariff("publish", str(file), "--from", "2030-04-01")[0] == 0
    file.write_bytes(TEXT.replace(b"8_500_000", b"9_000_000"))
    code, out, _ = tariff("publish", str(file), *(("--from", day) if day else ()))
    assert (code, part in out) == (1, True)


def test_a_version_that_begins_in_the_past_is_refused(tariff: Command, file: Path) -> None:
    code, out, _ = tariff("publish", str(file), "--from", "2020-01-01", "--json")
    [problem] = json.loads(out)["problems"]
    assert (code, problem["code"], problem["where"]) == (1, "too_early", "valid_from")


def test_a_new_name_may_begin_in_the_past(tariff: Command, file: Path) -> None:
    file.write_bytes(TEXT.replace(b'"freedial"', b'"ours"'))
    assert tariff("publish", str(file), "--from", "2020-01-01")[0] == 0
    assert "ours@" in tariff("list")[1]


def test_rate_charges_by_a_published_version(
    tariff: Command, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes(TEXT.replace(b"8_500_000", b"9_000_000"))
    version = tariff("publish", str(file), "--from", "2030-04-01")[1].strip()
    amounts = []
    for name, day in (("freedial", "2030-03-31"), ("freedial", "2030-04-01"), (version, "2026-01-01")):
        words = f"rate --tariff {name} --class fixed --answered {day}T10:00+09:00 --ms 1 --json"
        assert main([*words.split(), "--data", str(tmp_path / "data")]) == 0
        amounts.append(json.loads(capsys.readouterr().out)["amount_uy"])
    assert amounts == [8_500_000, 9_000_000, 9_000_000]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("show", "nothing"), "there is no tariff nothing; there are freedial"),
        (("check", "/nowhere.toml"), "/nowhere.toml"),
        (("publish", "x.toml", "--from", "tomorrow"), "'tomorrow' is no day"),
        (("rate-file", "/nowhere.parquet", "/tmp/out.parquet", "--tariff", "legacy"), "/nowhere.parquet"),
        (("rate-file", "a", "b", "--tariff", "nothing"), "there is no tariff nothing"),
        (("what-if", "nothing", "--month", "2026-10"), "there is no tariff nothing"),
        (("what-if", "legacy", "--month", "2026-10"), "no ledger"),
        (("what-if", "legacy", "--month", "2026-13"), "'2026-13' is no month"),
        (("what-if", "legacy", "--month", "October"), "'October' is no month"),
    ],
)
def test_wrong_usage_names_the_offending_value(words: tuple[str, ...], part: str, tariff: Command) -> None:
    code, _, err = tariff(*words)
    assert (code, part in err) == (2, True), err


def test_a_file_that_is_too_long_to_be_a_tariff_is_refused(tariff: Command, file: Path) -> None:
    file.write_bytes(b"#" * (1 << 20) + TEXT)
    code, _, err = tariff("check", str(file))
    assert (code, "at most 1048576 bytes" in err) == (2, True)


def test_a_damaged_published_tariff_is_said_by_every_command(
    tariff: Command, file: Path, tmp_path: Path
) -> None:
    version = tariff("publish", str(file), "--from", "2030-04-01")[1].strip()
    (tmp_path / f"data/tariffs/{version}.toml").write_bytes(TEXT)
    for words in (("list",), ("show", "legacy"), ("publish", str(file), "--from", "2031-01-01")):
        code, _, err = tariff(*words)
        assert (code, f"published tariff {version} was changed" in err) == (2, True)


def test_rate_file_writes_the_charges_and_prints_their_totals(tariff: Command, tmp_path: Path) -> None:
    source, target = tmp_path / "calls.parquet", tmp_path / "rated.parquet"
    answered = parse_instant_ms("2026-10-15T10:00:00+09:00")
    pl.DataFrame(
        {
            "caller_class": ["mobile", "fixed", "ship"],
            "answered_at_ms": [answered] * 3,
            "conversation_ms": [50_000, 100_000, 1],
        }
    ).write_parquet(source)
    words = ("rate-file", str(source), str(target), "--tariff", "freedial")
    assert tariff(*words)[:2] == (0, "3 calls, 4 units, 38.5 yen; 1 in suspense\n")
    assert json.loads(tariff(*words, "--json")[1]) == {
        "tariff_version": shipped_tariff("freedial").version,
        "calls": 3,
        "suspended": 1,
        "units": 4,
        "amount_uy": 38_500_000,
    }
    assert pl.read_parquet(target)["suspense"].to_list() == [None, None, "no_rule"]


def test_rate_file_says_what_is_wrong_with_a_file_and_exits_1(tariff: Command, tmp_path: Path) -> None:
    pl.DataFrame({"caller_class": ["mobile"]}).write_parquet(tmp_path / "calls.parquet")
    code, _, err = tariff("rate-file", str(tmp_path / "calls.parquet"), "out", "--tariff", "legacy")
    assert code == 1
    assert err.splitlines() == [
        "answered_at_ms: missing_key: there is no column answered_at_ms",
        "conversation_ms: missing_key: there is no column conversation_ms",
    ]


def test_show_says_when_each_price_holds_and_for_which_callers(tariff: Command) -> None:
    lines = [" ".join(line.split()) for line in tariff("show", "legacy")[1].splitlines()]
    assert "fixed 10 yen / 22.5 s weekday 08:00-19:00 fixed-day" in lines
    evenings = "weekday 19:00-23:00; saturday 08:00-23:00; sunday 08:00-23:00; holiday 08:00-23:00"
    assert f"fixed 10 yen / 26 s {evenings} fixed-night" in lines
    lines = tariff("show", "hikari-wide")[1].splitlines()
    assert "carrier not known: group a" in lines


def test_show_names_zones_set_up_and_minimum(tariff: Command, file: Path) -> None:
    file.write_text(
        'name = "z"\ntitle = "Zones"\nsource = "z"\n[classes]\nfixed = []\n'
        '[[zones]]\nname = "near"\nmax_km = 60\n[[zones]]\nname = "far"\n'
        '[[rules]]\nid = "all"\nclass = "fixed"\nunit_ms = 4_500\nunit_price_uy = 1\nsetup_uy = 2_500_000\n'
        "minimum_units = 3\n"
    )
    lines = [" ".join(line.split()) for line in tariff("check", str(file))[1].splitlines()]
    assert "area not known: zone far" in lines
    assert "fixed near 0.000001 yen / 4.5 s, 2.5 yen set-up, at least 3 units all" in lines
