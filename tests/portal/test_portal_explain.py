"""From an invoice down to its calls, and from a call up to its invoice (charging.md §4)."""

import json
import re
from datetime import date
from pathlib import Path

import msgspec
import pytest
from business import SETTINGS, contract, subscriber
from django.conf import settings
from journalled_calls import FREEPHONE, whole_call

from chakka.cli.carried import CarriedBy
from chakka.config import Config
from chakka.facts import numbering_table, shipped_tariffs
from chakka.ingest.batch import take
from chakka.ingest.rating import Rules
from chakka.portal.billing import models
from chakka.portal.billing.commands.main import main
from chakka.records.entries import encode
from chakka.stores.journal_reader import JournalEntry
from chakka.stores.open_ledger import open_ledger

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
MONTH = "2026-11"


def told(place: str, *call_ids: str, boot: int = 1) -> None:
    """Take calls of 180.001 s into the ledger: two units of 8 yen each (charging.md E01)."""
    entries = [entry for call_id in call_ids for entry in whole_call(call_id, 180_001)]
    journalled = [
        JournalEntry(node="n1", boot=boot, sequence=sequence, payload=encode(entry))
        for sequence, entry in enumerate(entries, 1)
    ]
    with open_ledger(place) as ledger:
        take(journalled, ledger, Rules(tariff=shipped_tariffs()["hikari-wide"], table=numbering_table()))


@pytest.fixture
def place(books: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The ledger of three calls, whose month is billed."""
    config = Config(directory=tmp_path, billing=SETTINGS)
    monkeypatch.setattr(settings, "CONFIG", config)
    contract(subscriber(), FREEPHONE, date(2026, 11, 1))
    told(config.ledger_place, "c1", "c2", "c3")
    if main(["blockers", "--month", MONTH]):
        # The month of the calls may not be over when this is run.
        main(["decide", f"month_not_over/{MONTH}", "--month", MONTH, "--reason", "a test"])
    assert main(["run", "--month", MONTH]) == 0
    return config.ledger_place


@pytest.fixture
def explained(place: str, capsys: pytest.CaptureFixture[str]) -> "Explained":
    capsys.readouterr()
    return Explained(capsys)


class Explained:
    """Runs `chakka bill explain` and returns what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str) -> str:
        assert main(["explain", *words]) == 0
        return self._capsys.readouterr().out


def test_an_invoice_is_explained_down_to_its_calls_and_the_sums_are_the_invoices(
    explained: Explained,
) -> None:
    row = models.Invoice.objects.get()
    text = explained(row.number, "--calls")
    assert "3 calls of class fixed by fixed of hikari-wide@" in text
    assert "6 units = 48 yen" in text
    assert len(re.findall(r"call c\d .* 180001 ms: 2 units by fixed = 16 yen", text)) == 3
    assert "floor(48) = 48 yen, once for the month" in text
    assert f"= {row.total_yen:,} yen" in text
    assert "call c1" not in explained(row.number)


def test_as_json_the_lines_sum_to_the_net_and_the_calls_to_their_line(explained: Explained) -> None:
    row = models.Invoice.objects.get()
    found = json.loads(explained(row.number, "--calls", "--json"))
    assert found["yen"] == row.total_yen
    assert sum(line["yen"] for line in found["parts"]) == row.net_yen
    calls = next(line for line in found["parts"] if "/calls/" in line["key"])
    assert [part["key"] for part in calls["parts"] if "key" in part] == ["c1", "c2", "c3"]


def test_a_call_is_explained_from_its_facts_to_the_invoice(explained: Explained) -> None:
    text = explained("c2")
    for step in (
        "conversation 180,001 ms = 3 min 0.001 s",
        "units: max(1, ceil(180,001 / 180,000)) = 2",
        "2 × 8 = 16 yen",
        f"in the sum of {FREEPHONE}/calls/{MONTH}#1, 48 yen on {models.Invoice.objects.get().number}",
    ):
        assert step in text


def test_calls_that_came_after_the_invoice_are_said_on_its_line(place: str, explained: Explained) -> None:
    told(place, "late", boot=2)
    text = explained(f"{FREEPHONE}/calls/{MONTH}#1")
    assert "floor(48) = 48 yen" in text
    assert "since then the ledger has come to 64 yen: the difference goes on the next invoice" in text


def test_which_lines_carry_a_call_is_told_to_chakka_explain(explained: Explained) -> None:
    (found,) = msgspec.json.decode(explained("c2", "--carried"), type=list[CarriedBy])
    number = models.Invoice.objects.get().number
    assert found == CarriedBy(key=f"{FREEPHONE}/calls/{MONTH}#1", net_yen=48, invoice=number)
    assert explained("nobody", "--carried") == "[]\n"
