"""From a call in the journal to its yen on an invoice, and back."""

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
from chakka.stores.journal_reader import JournalEntry
from chakka.stores.open_ledger import open_ledger

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
MONTH = "2026-11"


@pytest.fixture(autouse=True)
def _ledger(books: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fixed line talks 180.001 s: two units of 8 yen (charging.md E01); another call is refused."""
    config = Config(directory=tmp_path, billing=SETTINGS)
    monkeypatch.setattr(settings, "CONFIG", config)
    contract(subscriber(), FREEPHONE, date(2026, 11, 1))
    entries = [*whole_call("c1", 180_001), refused("c2")]
    journalled = [
        JournalEntry(node="n1", boot=1, sequence=sequence, payload=encode(entry))
        for sequence, entry in enumerate(entries, 1)
    ]
    rules = Rules(tariff=shipped_tariffs()["hikari-wide"], table=numbering_table())
    with open_ledger(config.ledger_place) as ledger:
        take(journalled, ledger, rules)


def test_a_call_is_on_the_invoice_and_is_explained_from_there(capsys: pytest.CaptureFixture[str]) -> None:
    if main(["blockers", "--month", MONTH]):
        # The month of the call may not be over when this is run.
        main(["decide", f"month_not_over/{MONTH}", "--month", MONTH, "--reason", "a test"])
    assert main(["run", "--month", MONTH]) == 0
    line = models.InvoiceLineRow.objects.get(item="calls")
    assert (line.key, line.net_yen) == (f"{FREEPHONE}/calls/{MONTH}#1", 16)
    capsys.readouterr()
    assert main(["explain", "c1"]) == 0
    said = capsys.readouterr().out
    assert "2 units by fixed of hikari-wide" in said
    assert f"in the sum of {line.key}, 16 yen on {line.invoice.number}" in said
    assert main(["verify"]) == 0


def test_calls_that_cost_nothing_or_are_not_billed_yet_are_explained(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["explain", "c1"])
    assert f"no invoice carries the calls of {MONTH} yet" in capsys.readouterr().out
    main(["explain", "c2"])
    assert "not answered" in capsys.readouterr().out
