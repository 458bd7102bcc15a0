"""A month read back from the ledger: for replay, for explanations, and for `chakka replay` itself."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from journalled_calls import FREEPHONE, answered, confirmed, refused, whole_call
from ledgers import keyed

from chakka.cli.main import main
from chakka.facts import DATA
from chakka.ingest.batch import take
from chakka.ingest.rating import Rules
from chakka.stores.ledger_charges import RuleCharges
from chakka.stores.open_ledger import open_ledger

DEMO = DATA / "demo" / "0120123456.yaml"
ENTRIES = [*whole_call("c1"), refused("c2"), answered("c3"), confirmed("c3"), *whole_call("c4", 1_000)]
Command = Callable[..., tuple[int, str]]


def test_the_calls_of_a_month_come_in_the_order_of_arrival(place: str, rules: Rules) -> None:
    with open_ledger(place) as ledger:
        take(keyed(ENTRIES), ledger, rules)
        found = list(ledger.recorded_calls("2026-11", FREEPHONE))
        assert [call.record.facts.call_id for call in found] == ["c1", "c2", "c3", "c4"]
        assert found[0] == ledger.call("c1")
        assert list(ledger.recorded_calls("2026-10", FREEPHONE)) == []
        assert list(ledger.recorded_calls("2026-11", "0120999999")) == []


def test_charges_by_rule_and_by_call_sum_to_the_total(place: str, rules: Rules) -> None:
    with open_ledger(place) as ledger:
        take(keyed(ENTRIES), ledger, rules)
        (by_rule,) = ledger.charges_by_rule(FREEPHONE, "2026-11")
        assert by_rule == RuleCharges(
            rating_class="fixed",
            rule="fixed",
            tariff_version=rules.tariff.version,
            assumed="",
            calls=2,
            units=3,
            conversation_ms=181_001,
            amount_uy=24_000_000,
        )
        each = list(ledger.call_charges(FREEPHONE, "2026-11"))
        assert [(one.call_id, one.units) for one in each] == [("c1", 2), ("c4", 1)]
        assert sum(one.amount_uy for one in each) == ledger.usage("2026-11")[0].amount_uy


@pytest.fixture
def replay(tmp_path: Path, rules: Rules, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `chakka replay` on a ledger with four calls of a Tuesday at 10 o'clock."""
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        take(keyed(ENTRIES), ledger, rules)

    def run(*words: str) -> tuple[int, str]:
        code = main(["replay", *words, "--data", str(tmp_path)])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run


def draft(tmp_path: Path, before: str, after: str) -> str:
    text = DEMO.read_text(encoding="utf-8")
    assert before in text
    path = tmp_path / "draft.yaml"
    path.write_text(text.replace(before, after), encoding="utf-8")
    return str(path)


def test_replay_tells_changes_by_kind_with_a_witness_and_the_yen(replay: Command, tmp_path: Path) -> None:
    later = draft(tmp_path, "00:00-09:00", "00:00-11:00")
    code, text = replay(later, "--month", "2026-11")
    assert code == 0
    row = next(line for line in text.splitlines() if line.startswith("no longer connected"))
    assert row.split()[-3:] == ["2", "-24", "c1"]
    assert "1 calls left out: not over yet" in text
    assert "charged 24 yen, on the draft 0 yen: -24 yen difference, exactly" in text
    assert "in whole yen of a month's line: 24 → 0 (-24)" in text
    assert "not considered: what was not recorded: block lists" in text
    found = json.loads(replay(later, "--month", "2026-11", "--json")[1])
    assert (found["calls"], found["difference_uy"], found["left_out"]) == (3, -24_000_000, {"up": 1})
    assert found["changes"][0]["witness"] == "c1"


def test_replay_estimates_what_would_newly_be_connected_apart(replay: Command) -> None:
    """The refused call was off-hours by its record; the demo plan is open at ten."""
    code, text = replay(str(DEMO), "--month", "2026-11")
    assert code == 0
    assert "0 yen difference, exactly" in text
    newly = "newly connected, not in the difference: 1 calls of class fixed, about 12 yen"
    assert f"{newly} by the mean of 2 connected calls" in text


def test_replay_of_another_numbers_calls_or_an_empty_month(replay: Command) -> None:
    assert "0 calls, 0 of them unchanged" in replay(str(DEMO), "--month", "2026-10")[1]
    assert "0 calls" in replay(str(DEMO), "--month", "2026-11", "--number", "0120-999-999")[1]


def test_a_draft_with_problems_is_not_replayed(replay: Command, tmp_path: Path) -> None:
    code, text = replay(draft(tmp_path, "mobile: true", "mobile: perhaps"), "--month", "2026-11")
    assert code == 1
    assert "groups[0].mobile" in text


def test_replay_without_draft_or_ledger_is_wrong_usage(replay: Command, tmp_path: Path) -> None:
    assert replay(str(tmp_path / "none.yaml"), "--month", "2026-11")[0] == 2
    (tmp_path / "ledger.sqlite").unlink()
    assert replay(str(DEMO), "--month", "2026-11")[0] == 2
    with pytest.raises(SystemExit) as ended:
        replay(str(DEMO), "--month", "november")
    assert ended.value.code == 2


def test_a_replay_that_is_stopped_says_that_nothing_was_changed(
    replay: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("chakka.cli.replay.tqdm", stopped)
    code, text = replay(str(DEMO), "--month", "2026-11")
    assert (code, text) == (1, "chakka replay: stopped; nothing was changed\n")
