"""`chakka records`: take, list, show and pack record files."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "records"))

from recorded_calls import part, record_file, recorded

from chakka.cli.main import main
from chakka.clock import utc_ms
from chakka.records.rows import Record, line_of


class Shell:
    """Commands over one data directory."""

    def __init__(self, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.directory = directory
        self._capsys = capsys

    def run(self, *arguments: str | Path) -> tuple[int, str, str]:
        """Return (exit code, standard output, standard error)."""
        code = main(["records", *map(str, arguments)])
        shown = self._capsys.readouterr()
        return code, shown.out, shown.err

    def take(self, *arguments: str | Path) -> tuple[int, str, str]:
        return self.run("take", *arguments, "--data", self.directory)


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, capsys)


def rows() -> list[Record]:
    """Two calls of a minute ago and one in two parts."""
    at_ms = utc_ms() - 3_600_000
    when = {"arrived_at_ms": at_ms, "answered_at_ms": at_ms + 2_000}
    parts = [part("c3", 3, 1, 1_000), part("c3", 4, 2, 2_000, is_last=True)]
    return [
        recorded("c1", 1, 60_000, **when),
        recorded("c2", 2, None, arrived_at_ms=at_ms),
        *(msgspec.structs.replace(one, record=msgspec.structs.replace(one.record, **when)) for one in parts),
    ]


def test_files_are_taken_and_taken_again_without_harm(shell: Shell, tmp_path: Path) -> None:
    file = record_file(tmp_path / "a.records", rows())
    code, out, _ = shell.take(file)
    assert (code, out) == (0, f"{file}: 4 rows, 4 new, 0 repeated, 2 charged\n")
    code, out, _ = shell.take(file, "--json")
    assert code == 0
    (taken,) = json.loads(out)
    assert (taken["file"], taken["new"], taken["repeated"]) == (str(file), 0, 4)


def test_lines_of_json_are_taken_as_well(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"\n".join(map(line_of, rows())))
    assert shell.take(file)[:2] == (0, f"{file}: 4 rows, 4 new, 0 repeated, 2 charged\n")


def test_what_is_set_aside_or_torn_is_said_and_listed(shell: Shell, tmp_path: Path) -> None:
    future = recorded("c9", 9, None, arrived_at_ms=utc_ms() + 86_400_000)
    file = record_file(tmp_path / "a.records", [*rows(), recorded("c1", 5, 1), future])
    with file.open("ab") as growing:
        growing.write(b"\x99\0\0\0half")
    code, out, _ = shell.take(file)
    assert code == 1
    assert "1 rows were set aside: `chakka records list` says why" in out
    assert "half-written: its last 8 octets are no whole row; take it again when it is whole" in out
    code, out, _ = shell.run("list", "--data", shell.directory)
    assert code == 1
    assert "set aside  1 rows of switch-a: from_the_future" in out
    assert "conflict   c1: switch-a says something else under 5" in out
    code, out, _ = shell.run("list", "--data", shell.directory, "--json")
    found = json.loads(out)
    assert found["counts"] == [{"source": "switch-a", "reason": "from_the_future", "rows": 1}]
    assert found["set_aside"][0]["row"]["call_id"] == "c9"
    assert found["conflicts"] == [{"call_id": "c1", "source": "switch-a", "boot": 0, "sequence": 5}]


def test_a_row_that_cannot_be_read_is_listed_as_it_came(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b'{"type":"final"}\n')
    assert shell.take(file)[0] == 1
    found = json.loads(shell.run("list", "--data", shell.directory, "--json")[1])
    assert bytes.fromhex(found["set_aside"][0]["octets"]) == b'{"type":"final"}'


def test_a_ledger_without_doubts_says_so(shell: Shell, tmp_path: Path) -> None:
    shell.take(record_file(tmp_path / "a.records", rows()))
    expected = (0, "nothing was set aside, nothing contradicts\n", "")
    assert shell.run("list", "--data", shell.directory) == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("take", "missing.records"), "No such file or directory: 'missing.records'"),
        (("take", __file__), "is no record file: it begins with"),
        (("take", os.devnull, "--tariff", "cheap"), "there is no tariff cheap"),
        (("list",), "no ledger"),
    ],
)
def test_what_is_out_of_reach_is_named(shell: Shell, arguments: tuple[str, ...], message: str) -> None:
    code, _, err = shell.run(*arguments, "--data", shell.directory / "none")
    assert code == 2
    assert message in err


def test_a_file_is_shown_as_lines_that_can_be_packed_again(shell: Shell, tmp_path: Path) -> None:
    file, lines = record_file(tmp_path / "a.records", rows()), tmp_path / "a.jsonl"
    code, out, _ = shell.run("show", file)
    assert code == 0
    lines.write_text(out)
    again = tmp_path / "again.records"
    assert shell.run("pack", lines, again)[:2] == (0, "4 rows\n")
    assert again.read_bytes() == file.read_bytes()
    assert shell.run("pack", lines, again)[::2] == (2, f"chakka records: {again} is there already\n")


def test_a_file_with_faults_is_shown_as_far_as_it_can_be_and_not_packed(shell: Shell, tmp_path: Path) -> None:
    lines = tmp_path / "a.jsonl"
    lines.write_bytes(line_of(rows()[0]) + b'\n{"type":"final"}\n{"half')
    code, out, err = shell.run("show", lines)
    assert (code, out.count("\n")) == (1, 1)
    assert "missing required field `source`" in err
    assert "half-written" in err
    code, _, err = shell.run("pack", lines, tmp_path / "b.records")
    assert code == 1
    assert "missing required field `source`" in err
    assert not (tmp_path / "b.records").exists()


@pytest.mark.slow
def test_ctrl_c_leaves_what_was_taken_and_the_next_run_goes_on(tmp_path: Path) -> None:
    at_ms = utc_ms() - 86_400_000
    many = [
        recorded(f"c{place:06d}", place, 1, arrived_at_ms=at_ms, answered_at_ms=at_ms)
        for place in range(1, 60_001)
    ]
    file = record_file(tmp_path / "many.records", many)
    script = "import sys; from chakka.cli.main import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", script, "records", "take", str(file), "--data", str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        ledger = tmp_path / "ledger.sqlite-wal"
        while process.poll() is None and not (ledger.exists() and ledger.stat().st_size > 1_000_000):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert process.returncode == 1
    assert "stopped; what was taken stays" in err
    again = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    (taken,) = json.loads(again.stdout)
    assert taken["new"] + taken["repeated"] == len(many)
