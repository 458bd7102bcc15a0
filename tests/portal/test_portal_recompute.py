"""`chakka bill verify --recompute`: from the journal to lines and drafts, everything computed again."""

import sqlite3
from datetime import date
from pathlib import Path

import pytest
from business import SETTINGS, contract, subscriber
from django.conf import settings
from journalled_calls import FREEPHONE, refused, whole_call

from chakka.config import Config
from chakka.facts import numbering_table, shipped_tariffs
from chakka.ingest.batch import take
from chakka.ingest.rating import Rules
from chakka.portal.billing import models
from chakka.portal.billing.commands.main import main
from chakka.records.entries import encode
from chakka.stores.journal import Journal
from chakka.stores.journal_reader import JournalEntry, read_entries
from chakka.stores.open_ledger import open_ledger

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
MONTH = "2026-11"


@pytest.fixture
def place(books: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A node with a journal of three calls, its ledger, and the drafts of the month."""
    config = Config(directory=tmp_path, billing=SETTINGS)
    monkeypatch.setattr(settings, "CONFIG", config)
    contract(subscriber(), FREEPHONE, date(2026, 11, 1))
    with Journal.open(config.journal, "n1") as journal:
        for entry in (*whole_call("c1"), refused("c2"), *whole_call("c3")):
            journal.append(encode(entry))
        journal.commit()
    rules = Rules(tariff=shipped_tariffs()["hikari-wide"], table=numbering_table())
    with open_ledger(config.ledger_place) as ledger:
        take(
            [entry for entry in read_entries(config.journal) if isinstance(entry, JournalEntry)],
            ledger,
            rules,
        )
    main(["run", "--month", MONTH, "--until", "draft"])
    return tmp_path


@pytest.fixture
def issued(place: Path) -> Path:
    if main(["blockers", "--month", MONTH]):
        # The month of the calls may not be over when this is run.
        main(["decide", f"month_not_over/{MONTH}", "--month", MONTH, "--reason", "a test"])
    assert main(["run", "--month", MONTH]) == 0
    return place


def verified(capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    capsys.readouterr()
    code = main(["verify", "--recompute"])
    return code, capsys.readouterr().out


def tampered(place: Path, statement: str) -> None:
    with sqlite3.connect(place / "ledger.sqlite") as ledger:
        ledger.execute(statement)


def test_right_books_are_the_same_from_the_journal_to_the_invoice(
    issued: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verified(capsys) == (0, "1 documents, 1 months computed again: 0 yen difference\n")


def test_right_drafts_are_the_same(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verified(capsys)[0] == 0
    models.Draft.objects.update(body="{}")
    code, text = verified(capsys)
    assert (code, f"draft: the draft of SHOP for {MONTH} is not what it would be now" in text) == (1, True)


def test_a_ledger_that_was_changed_before_the_invoice_is_found_by_both(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The invoice agrees with the ledger; neither agrees with the journal."""
    tampered(place, "UPDATE rated SET amount_uy = 26000000 WHERE call_id = 'c1'")
    tampered(place, "UPDATE totals SET amount_uy = amount_uy + 10000000")
    main(["decide", f"month_not_over/{MONTH}", "--month", MONTH, "--reason", "a test"])
    assert main(["run", "--month", MONTH]) == 0
    assert main(["verify"]) == 0
    code, text = verified(capsys)
    assert code == 1
    assert "ledger: rated c1: amount_uy 26000000, again 16000000" in text
    assert (
        f"difference: {FREEPHONE}/calls/{MONTH}: 42 yen on invoices, 32 yen by ledger and contracts" in text
    )


def test_a_call_that_was_taken_out_of_the_ledger_is_not_conserved(
    issued: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tampered(issued, "DELETE FROM finals WHERE call_id = 'c2'")
    code, text = verified(capsys)
    assert code == 1
    assert "ledger: finals c2: not in the books" in text
    tampered(issued, "DELETE FROM rated WHERE call_id = 'c1'")
    assert "conservation: 2 finals ≠ 1 rated + 0 in suspense" in verified(capsys)[1]
