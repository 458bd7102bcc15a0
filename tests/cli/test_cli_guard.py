"""Caps in yen by command: `chakka live set --cap-…`, `chakka guard` (service.md §9.5)."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from chakka.cli.main import main
from chakka.clock import utc_ms
from chakka.facts import DATA, numbering_table, shipped_tariff
from chakka.ingest.batch import take
from chakka.ingest.guard import Guard
from chakka.ingest.rating import Rules
from chakka.records.entries import encode
from chakka.records.model import Entry, Tick
from chakka.routing.live_facts import Caps, decode
from chakka.stores.journal_reader import JournalEntry
from chakka.stores.ledger import Ledger
from chakka.stores.plan_store import PlanStore

sys.path.insert(0, str(Path(__file__).parents[1] / "records"))
from journalled_calls import FREEPHONE as NUMBER
from journalled_calls import TEN_O_CLOCK_MS, answered, confirmed, released

DEMO = DATA / "demo" / "0120123456.yaml"
RULES = Rules(tariff=shipped_tariff("hikari-wide"), table=numbering_table())

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def chakka(directory: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command; its exit code and what it printed."""

    def run(*arguments: str) -> tuple[int, str]:
        try:
            code = main([*arguments, "--data", str(directory)])
        except SystemExit as stop:
            code = int(str(stop.code))
        shown = capsys.readouterr()
        return code, shown.out + shown.err

    assert run("publish", str(DEMO))[0] == 0
    return run


def caps(directory: Path) -> Caps:
    with PlanStore.open(directory / "plans") as store:
        return decode(store.read_live(NUMBER)).caps


def record(directory: Path, *entries: Entry) -> None:
    """Write a call down as ingest does, and let the guard look."""
    delivered = [
        JournalEntry(node="node1", boot=1, sequence=sequence, payload=encode(entry))
        for sequence, entry in enumerate(entries, 1)
    ]
    with Ledger.open(directory / "ledger.sqlite") as ledger:
        take(delivered, ledger, RULES)
        Guard(directory / "plans", ledger, lambda: RULES, list).turn(utc_ms())


@pytest.fixture
def call_of_today(monkeypatch: pytest.MonkeyPatch) -> list[Entry]:
    """A call of 16 yen, and the day on which it was made as the present."""
    for place in ("chakka.cli.guard", "chakka.cli.live", "test_cli_guard"):
        monkeypatch.setattr(f"{place}.utc_ms", lambda: TEN_O_CLOCK_MS + 1_800_000)
    return [answered("c1"), confirmed("c1"), released("c1")]


def test_caps_are_set_one_by_one_and_taken_away(chakka: Run, directory: Path) -> None:
    chakka("live", "set", NUMBER, "--cap-day", "10000", "--warn", "90", "50", "90")
    chakka("live", "set", NUMBER, "--cap-month", "200000", "--cap-caller-day", "500")
    assert caps(directory) == Caps(
        day_yen=10_000, month_yen=200_000, caller_day_yen=500, warn_percent=(50, 90)
    )
    chakka("live", "set", NUMBER, "--cap-day", "none", "--warn", "0")
    assert caps(directory) == Caps(month_yen=200_000, caller_day_yen=500, warn_percent=())


def test_caps_that_are_none_are_refused_together_and_nothing_is_changed(chakka: Run, directory: Path) -> None:
    code, shown = chakka(
        *("live", "set", NUMBER, "--cap-day", "0", "--cap-month", "1000000000", "--warn", "100", "--json")
    )
    assert code == 1
    assert [one["where"] for one in json.loads(shown)["problems"]] == ["caps.day", "caps.month", "caps.warn"]
    assert caps(directory) == Caps()


@pytest.mark.parametrize("written", ["-5", "1.5", "1e3", "many", "１００"])
def test_a_cap_is_a_number_of_whole_yen(chakka: Run, written: str) -> None:
    code, shown = chakka("live", "set", NUMBER, f"--cap-day={written}")
    assert code == 2
    assert repr(written) in shown


def test_what_is_spent_and_said_is_shown(chakka: Run, directory: Path, call_of_today: list[Entry]) -> None:
    chakka("live", "set", NUMBER, "--cap-day", "20", "--cap-month", "100", "--cap-caller-day", "50")
    record(directory, *call_of_today)
    code, shown = chakka("guard")
    assert code == 0
    assert shown.splitlines() == [
        NUMBER,
        "  day         16 of 20 yen, 80 %",
        "  month       16 of 100 yen, 16 %",
        "  caller      50 yen a day; stopped: 0",
        "  2026-11-24T10:30:00.000+09:00  80 % of 20 yen in 2026-11-24",
    ]


def test_a_number_whose_calls_are_stopped_is_a_problem(
    chakka: Run, directory: Path, call_of_today: list[Entry]
) -> None:
    chakka("live", "set", NUMBER, "--cap-day", "16")
    record(directory, *call_of_today)
    code, shown = chakka("guard", NUMBER, "--json")
    (row,) = json.loads(shown)["numbers"]
    assert (code, row["stopped_until"]) == (1, "2026-11-25T00:00:00.000+09:00")
    assert [one["percent"] for one in row["warnings"]] == [100, 80]
    assert (
        "# a cap is reached: no more calls before 2026-11-25T00:00:00.000+09:00"
        in chakka("live", "show", NUMBER)[1]
    )


def test_a_call_that_is_up_is_counted_as_far_as_it_has_come(
    chakka: Run, directory: Path, call_of_today: list[Entry]
) -> None:
    chakka("live", "set", NUMBER, "--cap-day", "1000")
    # 1,797 s after the answer: ten units of 8 yen.
    alive = Tick(at_ms=TEN_O_CLOCK_MS + 1_800_000, monotonic_ms=1_000 + 1_797_000, calls=("c1",))
    record(directory, *call_of_today[:2], alive)
    assert "  day         80 of 1000 yen, 8 %" in chakka("guard")[1]


def test_a_stop_survives_live_facts_that_are_published_anew(
    chakka: Run, directory: Path, call_of_today: list[Entry], tmp_path: Path
) -> None:
    chakka("live", "set", NUMBER, "--cap-day", "16")
    record(directory, *call_of_today)
    text = tmp_path / "plan.yaml"
    text.write_text(DEMO.read_text() + "live: {caps: {day: 16}}\n")
    assert chakka("publish", str(text), "--live")[0] == 0
    with PlanStore.open(directory / "plans") as store:
        assert decode(store.read_live(NUMBER)).cap_stop is not None


def test_numbers_without_caps_are_not_listed(chakka: Run, directory: Path) -> None:
    Ledger.open(directory / "ledger.sqlite").close()
    assert chakka("guard") == (0, "")
    assert chakka("guard", NUMBER) == (0, f"{NUMBER}  no caps\n")


def test_an_unknown_number_or_a_missing_ledger_is_said(chakka: Run) -> None:
    assert chakka("guard")[0] == 2
    code, shown = chakka("guard", "0120000000")
    assert (code, "no plan in service" in shown) == (2, True)
