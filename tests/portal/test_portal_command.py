"""`chakka bill` from the command line: what it prints and how it ends."""

import csv
import io
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from business import NUMBER, OCTOBER, SETTINGS, contract, subscriber, work
from django.conf import settings

from chakka.config import Config
from chakka.portal.billing import models
from chakka.portal.billing.commands import words
from chakka.portal.billing.commands.main import ACTIONS, main
from chakka.portal.billing.jobs import Work, working

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
DECIDED = f"no_ledger/{OCTOBER}"


@pytest.fixture(autouse=True)
def _place(books: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "CONFIG", Config(directory=tmp_path, billing=SETTINGS))
    contract(subscriber())


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> "Said":
    return Said(capsys)


class Said:
    """Runs an action and returns its exit code and what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *line: str) -> tuple[int, str]:
        code = main(list(line))
        captured = self._capsys.readouterr()
        return code, captured.out + captured.err


def issued(said: Said) -> str:
    """Issue October and return the number of its invoice."""
    said("decide", DECIDED, "--month", OCTOBER, "--reason", "before the first call")
    code, text = said("run", "--month", OCTOBER, "--date", "2026-11-05")
    assert code == 0, text
    return models.Invoice.objects.latest("sequence").number


def test_a_run_stops_at_what_nobody_has_decided(said: Said) -> None:
    code, text = said("run", "--month", OCTOBER)
    assert code == 1
    assert "1 drafts, 1,103 yen" in text
    assert DECIDED in text
    assert not models.Invoice.objects.exists()


def test_a_run_can_end_after_each_stage(said: Said) -> None:
    assert said("run", "--month", OCTOBER, "--until", "draft")[0] == 0
    said("decide", DECIDED, "--month", OCTOBER, "--reason", "none yet")
    assert said("run", "--month", OCTOBER, "--until", "check")[0] == 0
    assert models.BillingRun.objects.get().state == "checked"
    assert not models.Invoice.objects.exists()
    assert said("issue", "--month", OCTOBER, "--date", "2026-11-05")[0] == 0
    code, text = said("issue", "--month", OCTOBER)
    assert code == 1
    assert "was issued on 2026-11-05" in text


def test_a_month_without_drafts_cannot_be_issued(said: Said) -> None:
    code, text = said("issue", "--month", OCTOBER)
    assert (code, "begin with chakka bill run" in text) == (1, True)


def test_blockers_are_listed_until_they_are_decided(said: Said) -> None:
    code, text = said("blockers", "--month", OCTOBER, "--json")
    assert (code, json.loads(text)["key"]) == (1, DECIDED)
    code, text = said("decide", "gap/1", DECIDED, "--month", OCTOBER, "--reason", "x")
    assert (code, "gap/1: nothing of this name" in text) == (1, True)
    assert said("blockers", "--month", OCTOBER)[0] == 1
    said("decide", DECIDED, "--month", OCTOBER, "--reason", "x")
    assert said("blockers", "--month", OCTOBER) == (0, "")


def test_drafts_are_shown_as_text_and_as_json(said: Said) -> None:
    assert "基本機能" in said("draft", "--month", OCTOBER)[1]
    code, text = said("draft", "--month", OCTOBER, "--json")
    assert (code, json.loads(text)["body"]["total_yen"]) == (0, 1_103)


def test_a_document_is_shown_with_its_lines(said: Said) -> None:
    number = issued(said)
    _, text = said("show", number)
    assert f"[{NUMBER}/basic/1/2026-10]" in text
    assert "1,103  total" in text
    assert json.loads(said("show", number, "--json")[1])["number"] == number
    code, text = said("show", "INV2026-999999")
    assert (code, "no invoice 'INV2026-999999'" in text) == (1, True)


def test_documents_are_listed_and_searched(said: Said) -> None:
    number = issued(said)
    assert number in said("list")[1]
    row = json.loads(said("search", "--counterparty", "デモ", "--min", "1103", "--json")[1])
    assert (row["number"], row["total_yen"]) == (number, 1_103)
    assert said("search", "--from", "2026-11-06")[1] == ""


def test_an_order_that_was_wrong_is_credited(said: Said) -> None:
    order = work(models.Contract.objects.get(), "order-1", date(2026, 10, 9))
    number = issued(said)
    order.delete()
    code, text = said("credit", number, "--reason", "not ordered", "--date", "2026-11-06")
    assert code == 0
    assert [line.split()[1:3] for line in text.splitlines()] == [["credit", "1,100"], ["corrected", "1,103"]]
    assert f"corrects {number}: not ordered" in said("show", "INV2026-000002")[1]
    assert "corrected by INV2026-000003" in said("explain", number)[1]


def test_an_adjustment_is_kept_for_the_next_run(said: Said) -> None:
    code, text = said("adjust", "0120-123-456", "-300", "--from", "2026-10-03", "--reason", "お詫び")
    assert (code, "go on the next invoice" in text) == (0, True)
    assert "お詫び" in said("draft", "--month", OCTOBER)[1]


def test_a_line_is_explained_back_to_its_price(said: Said) -> None:
    number = issued(said)
    _, text = said("explain", f"{NUMBER}/basic/1/2026-10")
    assert f"on {number}" in text
    assert "price: 1000 yen × 31/31 days" in text
    assert "floor(1,003 × 100/1000) = 100" in said("explain", number)[1]
    code, text = said("explain", "nothing")
    assert (code, "no call in the ledger" in text) == (1, True)


def test_the_books_are_verified(said: Said) -> None:
    issued(said)
    assert said("verify") == (0, "1 documents, 1 months computed again: 0 yen difference\n")
    models.Contract.objects.get().items.update(start=date(2026, 10, 2))
    code, text = said("verify", "--month", OCTOBER)
    assert (code, "1000 yen on invoices, 967 yen by" in text) == (1, True)
    code, text = said("verify", "--json")
    assert json.loads(text)["code"] == "difference"


def test_documents_are_written_to_files(said: Said, tmp_path: Path) -> None:
    number = issued(said)
    said("pint", number, "-o", str(tmp_path / "invoice.xml"))
    assert f"<cbc:ID>{number}</cbc:ID>" in (tmp_path / "invoice.xml").read_text()
    said("csv", "--lines", "--number", number, "-o", str(tmp_path / "lines.csv"))
    rows = list(csv.reader(io.StringIO((tmp_path / "lines.csv").read_text("utf-8-sig"))))
    assert len(rows) == 1 + 3
    said("csv", "--encoding", "cp932", "-o", str(tmp_path / "list.csv"))
    assert "デモ商店" in (tmp_path / "list.csv").read_text("cp932")
    said("export", "beancount", "--month", "2026-11", "-o", str(tmp_path / "books.beancount"))
    assert "Assets:Receivable:SHOP" in (tmp_path / "books.beancount").read_text()


def test_price_lists_are_published_and_listed(said: Said, tmp_path: Path) -> None:
    assert "standard@" in said("tables")[1]
    (tmp_path / "levies.toml").write_text("[[levies]]\nyen = -1\n")
    code, text = said("publish", "levies", str(tmp_path / "levies.toml"))
    assert (code, "levies[0]" in text) == (1, True)
    code, text = said("publish", "levies", str(tmp_path / "nowhere.toml"))
    assert (code, "nowhere.toml" in text) == (1, True)


@pytest.mark.parametrize(
    "line",
    [
        [],
        ["fly"],
        ["run"],
        ["run", "--month", "2026-13"],
        ["run", "--month", "10/2026"],
        ["search", "--from", "yesterday"],
        ["search", "--min", "1.5"],
        ["adjust", "0120123456", "--reason", "x"],
    ],
)
def test_wrong_usage_ends_with_2(line: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(line)
    assert end.value.code == 2


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_has_help(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([action, "--help"])
    assert end.value.code == 0
    assert f"chakka bill {action}" in capsys.readouterr().out


def test_work_that_is_stopped_by_hand_says_that_it_goes_on(
    said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("chakka.portal.billing.run.draft_all", stopped)
    code, text = said("draft", "--month", OCTOBER)
    assert (code, "the same command goes on" in text) == (1, True)
    assert models.Job.objects.get().state == "stopped"


def test_progress_is_shown_and_kept() -> None:
    with working(Work(kind="draft", subject="all", period=OCTOBER), 3, words.bar) as advance:
        advance(2)
        assert models.Job.objects.get().done == 2


@pytest.mark.slow
def test_chakka_bill_begins_a_business_database_by_itself(tmp_path: Path) -> None:
    (tmp_path / "chakka.toml").write_bytes((Path("data/demo") / "chakka.toml").read_bytes())

    def bill(*line: str) -> subprocess.CompletedProcess[str]:
        program = "import sys; from chakka.cli.main import main; sys.exit(main(sys.argv[1:]))"
        command = [sys.executable, "-c", program, "bill", *line, "--data", str(tmp_path)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    first = bill("seed-demo", "--start", "2026-10-01")
    assert (first.returncode, "up to date" in first.stderr) == (0, True)
    assert "0120123456" in first.stdout
    assert "デモ商店" in bill("draft", "--month", OCTOBER).stdout
    assert bill("run", "--month", "x").returncode == 2
    assert bill("list").returncode == 0
    (tmp_path / "chakka.toml").write_text("[bling]\n")
    refused = bill("list")
    assert (refused.returncode, "[bling] is no table" in refused.stderr) == (2, True)
