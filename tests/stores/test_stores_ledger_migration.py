"""A ledger of an older chakka goes on as a new one."""

import sqlite3
from pathlib import Path

import msgspec
import pytest
from journalled_calls import FREEPHONE, answered, confirmed, refused, whole_call

from chakka.errors import InputError
from chakka.records import fold
from chakka.records.fold import NOTHING
from chakka.records.model import Entry, Record
from chakka.stores.ledger import CallFilter, Ledger
from chakka.stores.ledger_schema import MIGRATIONS


def state_of(entries: list[Entry]) -> fold.CallEntries:
    state = NOTHING
    for sequence, entry in enumerate(entries, 1):
        state = fold.add(state, ("n1", 1, sequence), entry)
    return state


def old_row(call_id: str, entries: list[Entry]) -> tuple[object, ...]:
    state = state_of(entries)
    record = fold.fold(state)
    assert record is not None
    text = msgspec.json.encode(record).decode()
    row = (call_id, FREEPHONE, record.reason.value, record.facts.attempt.at_ms, record.answered_at_ms)
    return (*row, record.released_at_ms, record.conversation_ms, text, msgspec.msgpack.encode(state))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Of issue 3: a call of 180.001 s for 16 yen, a refused one, one that is up."""
    path = tmp_path / "ledger.sqlite"
    with sqlite3.connect(path, isolation_level=None) as connection:
        for migration in MIGRATIONS[:2]:
            migration(connection)
        connection.execute("PRAGMA user_version = 2")
        connection.executemany(
            "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                old_row("c1", whole_call("c1")),
                old_row("c2", [refused("c2")]),
                old_row("c3", [answered("c3"), confirmed("c3")]),
            ],
        )
        connection.execute(
            "INSERT INTO rated VALUES ('c1', ?, '2026-11', 2, 16000000, 'hikari-wide@1', 'fixed', '', NULL)",
            (FREEPHONE,),
        )
        connection.execute("INSERT INTO delivered VALUES ('n1', 1, 1, 6)")
    connection.close()
    return path


def test_its_calls_and_charges_are_those_of_before(old: Path) -> None:
    with Ledger.open(old) as ledger:
        found = {call.record.facts.call_id: call for call in ledger.calls(CallFilter())}
        assert set(found) == {"c1", "c2", "c3"}
        rated = found["c1"].rated
        assert rated is not None
        assert (rated.units, rated.amount_uy, rated.rating_class) == (2, 16_000_000, "fixed")
        assert isinstance(found["c3"].record, Record)
        assert found["c3"].record.released_at_ms is None
        assert ledger.delivered() == {("n1", 1): 6}


def test_its_charges_are_added_up(old: Path) -> None:
    with Ledger.open(old) as ledger:
        (total,) = ledger.usage("2026-11")
    assert (total.number, total.calls, total.units, total.amount_uy) == (FREEPHONE, 1, 2, 16_000_000)
    assert total.conversation_ms == 180_001


def test_a_charge_stands_on_the_day_of_its_call(old: Path) -> None:
    with Ledger.open(old) as ledger:
        call = ledger.call("c1")
    assert call is not None
    assert call.rated is not None
    assert call.final is not None
    with sqlite3.connect(old) as connection:
        assert connection.execute("SELECT day FROM finals WHERE call_id = 'c1'").fetchone() == (
            call.rated.day,
        )


def test_its_open_call_stands_against_billing(old: Path) -> None:
    with Ledger.open(old) as ledger:
        assert [blocker.key for blocker in ledger.blockers("2026-11")] == ["open_call/c3"]


def test_it_cannot_be_read_before_ingest_has_brought_it_up_to_date(old: Path) -> None:
    with pytest.raises(InputError, match="of another chakka; ingest brings it up to date"):
        Ledger.open_to_read(old)
    Ledger.open(old).close()
    Ledger.open_to_read(old).close()
