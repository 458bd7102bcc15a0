"""`chakka calls`, `explain`, `plan`, `publish` and `journal verify`, as people run them."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from journalled_calls import answered, confirmed, facts, refused, whole_call
from ledgers import journal, keyed

from chakka.cli.main import main
from chakka.facts import DATA
from chakka.ingest.batch import take
from chakka.ingest.rating import Rules
from chakka.records.model import Answered, Unanswered
from chakka.routing.attempt import Presentation
from chakka.stores.ledger import Ledger

DEMO = DATA / "demo" / "0120123456.yaml"


def withheld(call_id: str) -> Unanswered:
    shown = facts(call_id)
    attempt = msgspec.structs.replace(shown.attempt, presentation=Presentation.WITHHELD)
    return msgspec.structs.replace(refused(call_id), facts=msgspec.structs.replace(shown, attempt=attempt))


@pytest.fixture
def data(tmp_path: Path, rules: Rules) -> Path:
    """A data directory with four calls: answered, refused, up, from a withheld number."""
    up: Answered = answered("c3")
    entries = [*whole_call("c1"), refused("c2"), up, confirmed("c3"), withheld("c4")]
    journal(tmp_path / "journal", entries)
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        take(keyed(entries), ledger, rules)
    return tmp_path


@pytest.fixture
def chakka(data: Path, capsys: pytest.CaptureFixture[str]):
    """Run a command on the data directory; give its exit code and output."""

    def run(*arguments: str) -> tuple[int, str]:
        code = main([*arguments, "--data", str(data)])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return run


def test_calls_are_listed_newest_first_with_the_caller_masked(chakka) -> None:
    code, text = chakka("calls")
    assert code == 0
    lines = text.splitlines()
    assert [line.split()[0] for line in lines] == ["CALL", "c4", "c3", "c2", "c1"]
    assert "0422****34" in lines[4]
    assert "武蔵野三鷹" in lines[4]
    assert "3:00.001" in lines[4]
    assert lines[4].endswith("16")
    assert "talking" in lines[2]


def test_numbers_are_shown_in_full_nowhere_and_withheld_ones_not_at_all(chakka) -> None:
    outputs = [
        chakka("calls")[1],
        chakka("calls", "--json")[1],
        *(chakka("explain", call)[1] for call in ("c1", "c4")),
        *(chakka("explain", call, "--json")[1] for call in ("c1", "c4")),
    ]
    assert not any("0422511234" in output for output in outputs)
    assert "非通知" in chakka("explain", "c4")[1]
    assert "0422" not in chakka("explain", "c4", "--json")[1]


def test_calls_as_json_carry_outcome_times_and_charge(chakka) -> None:
    code, text = chakka("calls", "--json", "--reason", "ok", "--limit", "5")
    assert code == 0
    up, ended = json.loads(text)
    assert (ended["call_id"], ended["conversation_ms"], ended["amount_uy"]) == ("c1", 180_001, 16_000_000)
    assert ended["answered_at"] == "2026-11-24T10:00:03.000+09:00"
    assert (up["call_id"], up["released_at"], up["amount_uy"]) == ("c3", None, None)


def test_calls_are_chosen_by_number_and_time(chakka) -> None:
    assert len(json.loads(chakka("calls", "--json", "--number", "0120-123-456")[1])) == 4
    assert json.loads(chakka("calls", "--json", "--number", "0120000000")[1]) == []
    assert json.loads(chakka("calls", "--json", "--until", "2026-11-24T10:00+09:00")[1]) == []
    assert len(json.loads(chakka("calls", "--json", "--since", "2026-11-24T01:00Z")[1])) == 4


@pytest.mark.parametrize(
    "wrong",
    [("--since", "2026-11-24T10:00"), ("--since", "yesterday"), ("--limit", "0"), ("--reason", "bored")],
)
def test_a_wrong_question_is_wrong_usage(chakka, wrong: tuple[str, str]) -> None:
    with pytest.raises(SystemExit) as ended:
        chakka("calls", *wrong)
    assert ended.value.code == 2


def test_a_call_is_explained_from_facts_to_yen(chakka) -> None:
    code, text = chakka("explain", "c1", "--language", "en")
    assert code == 0
    assert "Charge area 武蔵野三鷹" in text or "charge area 武蔵野三鷹" in text
    assert "leg           0352001234" in text
    assert "2 units, 16 yen, usage month 2026-11" in text
    assert "tariff        hikari-wide@" in text


def test_the_steps_from_facts_to_yen_are_shown(chakka) -> None:
    text = chakka("explain", "c1")[1]
    assert "reckoning     conversation 180,001 ms = 3 min 0.001 s" in text
    assert "              units: max(1, ceil(180,001 / 180,000)) = 2\n              2 × 8 = 16 yen" in text
    found = json.loads(chakka("explain", "c1", "--json")[1])
    assert (found["reckoning"][-1], found["invoice_lines"]) == ("2 × 8 = 16 yen", None)
    assert json.loads(chakka("explain", "c2", "--json")[1])["reckoning"] == []


def test_a_charge_that_does_not_follow_from_its_facts_is_said(chakka, data: Path) -> None:
    with sqlite3.connect(data / "ledger.sqlite") as ledger:
        ledger.execute("UPDATE rated SET amount_uy = 17000000, tariff_version = tariff_version")
    assert "BUT the ledger has it 17 yen" in chakka("explain", "c1")[1]
    with sqlite3.connect(data / "ledger.sqlite") as ledger:
        ledger.execute("UPDATE rated SET tariff_version = 'gone@1'")
    assert "no tariff gone@1" in chakka("explain", "c1")[1]


@pytest.mark.slow
def test_explain_asks_the_books_which_invoice_carries_a_call(chakka, data: Path) -> None:
    """The portal is another process; nothing was billed yet."""
    assert chakka("explain", "c1")[1].count("invoice") == 0
    command = [sys.executable, "-m", "chakka.portal", "bill", "list"]
    subprocess.run(command, env={**os.environ, "CHAKKA_DATA": str(data)}, check=True)
    assert "invoice       none carries it yet" in chakka("explain", "c1")[1]
    assert json.loads(chakka("explain", "c1", "--json")[1])["invoice_lines"] == []


def test_a_refused_call_and_one_that_is_up_say_why_they_cost_nothing(chakka) -> None:
    assert "none: the call was not answered" in chakka("explain", "c2")[1]
    assert "none: the call is up" in chakka("explain", "c3")[1]


def test_an_unknown_call_is_a_problem_and_a_missing_ledger_wrong_usage(chakka, data: Path) -> None:
    assert chakka("explain", "nobody") == (1, "no call 'nobody'\n")
    (data / "ledger.sqlite").unlink()
    assert chakka("calls")[0] == 2
    assert chakka("explain", "c1")[0] == 2


def test_a_sound_journal_is_verified(chakka) -> None:
    code, text = chakka("journal", "verify")
    assert code == 0
    assert "7 entries in 1 segments: every hash is right" in text


def test_a_changed_byte_in_the_journal_is_found(chakka, data: Path) -> None:
    (segment,) = (data / "journal").glob("*.journal")
    segment.write_bytes(segment.read_bytes().replace(b"0352001234", b"0352001235", 1))
    code, text = chakka("journal", "verify")
    assert code == 1
    assert "DAMAGED" in text
    assert len(json.loads(chakka("journal", "verify", "--json")[1])["damages"]) == 1


def test_publish_prints_the_hash_and_the_plan_is_in_service(chakka) -> None:
    code, plan_hash = chakka("publish", str(DEMO), "--by", "kato", "--why", "opening")
    assert code == 0
    code, text = chakka("plan", "show", "0120-123-456")
    assert code == 0
    assert text.startswith('number: "0120123456"\n')
    (version,) = json.loads(chakka("plan", "history", "0120123456", "--json")[1])
    assert (version["hash"], version["by"], version["why"]) == (plan_hash.strip(), "kato", "opening")


def test_what_plan_show_prints_can_be_published_again_as_the_same_plan(chakka, tmp_path: Path) -> None:
    _, plan_hash = chakka("publish", str(DEMO))
    (tmp_path / "shown.yaml").write_text(chakka("plan", "show", "0120123456")[1], encoding="utf-8")
    assert chakka("publish", str(tmp_path / "shown.yaml")) == (0, plan_hash)


def test_a_plan_with_problems_is_not_published(chakka, tmp_path: Path) -> None:
    chakka("publish", str(DEMO))
    (tmp_path / "bad.yaml").write_text(DEMO.read_text(encoding="utf-8") + "colour: red\n", encoding="utf-8")
    code, text = chakka("publish", str(tmp_path / "bad.yaml"))
    assert code == 1
    assert "unknown_key" in text
    assert json.loads(chakka("publish", str(tmp_path / "bad.yaml"), "--json")[1])["problems"]
    assert len(json.loads(chakka("plan", "history", "0120123456", "--json")[1])) == 1


def test_a_missing_plan_file_is_wrong_usage(chakka, tmp_path: Path) -> None:
    assert chakka("publish", str(tmp_path / "none.yaml"))[0] == 2


def test_a_withdrawn_number_keeps_its_history(chakka) -> None:
    chakka("publish", str(DEMO))
    assert chakka("plan", "withdraw", "0120123456", "--why", "ended")[0] == 0
    assert chakka("plan", "show", "0120123456")[0] == 1
    assert "withdrawn" in chakka("plan", "history", "0120123456")[1]
    assert chakka("plan", "withdraw", "0120123456")[0] == 1


def test_a_number_that_was_never_published_is_a_problem(chakka) -> None:
    assert chakka("plan", "show", "0120123456")[0] == 2
    chakka("publish", str(DEMO))
    assert chakka("plan", "show", "0120999999")[0] == 1
    assert chakka("plan", "history", "0120999999")[0] == 1
