"""Wrong usage of any command: exit code 2, one line that names the mistake, nothing on standard output."""

import getpass
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chakka.cli.main import main
from chakka.facts import DATA

DEMO = str(DATA / "demo" / "0120123456.yaml")
DECIDE = ("decide", DEMO, "--from", "0422511234")
TUESDAY = ("--at", "2026-11-24T10:00+09:00")
RATE = ("rate", "--tariff", "hikari-wide", "--class", "fixed")
CHAKKA = (sys.executable, "-c", "import sys; from chakka.cli.main import main; sys.exit(main())")
ANSWERED = ("--answered", "2026-10-31T14:59:30Z")


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the one line that a wrong use of chakka gets."""
    try:
        code: object = main(list(arguments))
    except SystemExit as stop:
        code = stop.code
    shown = capsys.readouterr()
    assert (code, shown.out) == (2, "")
    assert shown.err.count("\n") == 1
    return shown.err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((), "COMMAND"),
        (("ring",), "'ring'"),
        (("check",), "plan"),
        (("plan", "0120123456"), "'0120123456'"),
        ((*DECIDE,), "--at"),
        ((*DECIDE, "--at", "yesterday"), "'yesterday' is no instant"),
        ((*DECIDE, "--at", ""), "'' is no instant"),
        ((*DECIDE, "--at", "2026-11-24T10:00"), "no offset"),
        ((*DECIDE, "--at", "2026-02-30T10:00+09:00"), "2026-02-30"),
        ((*DECIDE, "--at", "0001-01-01T00:00+09:00"), "outside the years 1 to 9999"),
        ((*DECIDE, "--at", "9999-12-31T23:59Z"), "outside the years 1 to 9999"),
        ((*DECIDE, *TUESDAY, "--class", "telex"), "'telex'"),
        ((*DECIDE, *TUESDAY, "--prefecture", "大坂府"), "'大坂府' is no prefecture"),
        ((*DECIDE, *TUESDAY, "--busy", "0311112222"), "0311112222"),
        ((*DECIDE, *TUESDAY, "--draw", "-1"), "'-1' is no running number"),
        ((*DECIDE, *TUESDAY, "--draw", "x"), "'x' is no running number"),
        ((*RATE, "--ms", "1"), "--answered"),
        ((*RATE, "--ms", "-1", *ANSWERED), "'-1'"),
        ((*RATE, "--ms", "1", "--answered", "0001-01-01T00:00+09:00"), "outside the years 1 to 9999"),
        ((*RATE, "--ms", "1", *ANSWERED, "--from-area", "江戸"), "江戸"),
        (("rate", "--tariff", "free", "--class", "fixed", "--ms", "1", *ANSWERED), "free"),
        (("calls", "--since", "0001-01-01T00:00+09:00"), "outside the years 1 to 9999"),
        (("calls", "--limit", "0"), "'0' is not 1 to 1000000"),
        (("calls", "--limit", "9" * 30), "is not 1 to 1000000"),
        (("publish", DEMO, "--by", "\udcff"), "is not UTF-8"),
    ],
)
def test_a_wrong_argument_is_named_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], named: str
) -> None:
    assert named in refusal(capsys, *arguments)


@pytest.mark.parametrize("command", ["check", "decide", "publish"])
def test_a_plan_that_cannot_be_read_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    rest = ("--from", "0422511234", *TUESDAY) if command == "decide" else ()
    missing = tmp_path / "none.yaml"
    said = f"chakka {command}: {missing}: No such file or directory\n"
    assert refusal(capsys, command, str(missing), *rest) == said
    assert refusal(capsys, command, str(tmp_path), *rest) == f"chakka {command}: {tmp_path}: Is a directory\n"


def test_a_wrong_argument_comes_before_the_problems_of_the_plan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text("number: x")
    line = refusal(capsys, "decide", str(plan), "--from", "0422511234", "--at", "2026-11-24T10:00")
    assert "no offset" in line


@pytest.mark.parametrize("fault", [KeyError("uid not found: 4711"), OSError("No username set")])
def test_a_user_without_a_login_name_can_use_every_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fault: Exception
) -> None:
    def nameless() -> str:
        raise fault

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert main(["number", "0422511234"]) == 0
    assert "武蔵野三鷹" in capsys.readouterr().out


def test_a_terminal_without_japanese_shows_escapes() -> None:
    command = [*CHAKKA, "number", "0422511234", "--json"]
    shown = subprocess.run(
        command, env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, check=True
    )
    assert b'"charge_area":"\\u6b66\\u8535\\u91ce\\u4e09\\u9df9"' in shown.stdout


def test_a_reader_that_leaves_early_ends_the_command_without_a_traceback() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [*CHAKKA, "number", "0422511234"]
    ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (1, b"")
