"""What is PostgreSQL's own in a ledger: days, one writer at a time, a server that goes away."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from recorded_calls import LATER_MS, TEN_O_CLOCK_MS, record_file, recorded

from chakka.errors import InputError
from chakka.facts import numbering_table, shipped_tariff
from chakka.ingest.rating import Rules
from chakka.ingest.record_files import take_file
from chakka.records.final import Final
from chakka.records.rows import Record
from chakka.stores.ledger import Ledger, LedgerUnavailable
from chakka.stores.open_ledger import open_ledger, open_ledger_to_read
from chakka.stores.postgres_engine import shown

DAY_MS = 86_400_000


def taken(ledger: Ledger, directory: Path, *rows: Record) -> None:
    path = record_file(directory / f"{rows[0].sequence}.records", list(rows))
    rules = Rules(tariff=shipped_tariff("hikari-wide"), table=numbering_table())
    take_file(path, ledger, rules, LATER_MS, lambda _end: None)


def on_day(call_id: str, sequence: int, days: int, correction: int = 0) -> Final:
    at_ms = TEN_O_CLOCK_MS + days * DAY_MS
    said = {"arrived_at_ms": at_ms, "answered_at_ms": at_ms + 3_000, "correction": correction}
    return recorded(call_id, sequence, **said)


def unanswered(call_id: str, sequence: int, days: int) -> Final:
    return recorded(call_id, sequence, None, arrived_at_ms=TEN_O_CLOCK_MS + days * DAY_MS)


def partitions(url: str, table: str) -> dict[str, int]:
    """Return the partitions of a table and how many rows each has."""
    with psycopg.connect(url) as connection:
        names = connection.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass ORDER BY 1",
            (f"ledger.{table}",),
        ).fetchall()
        counts = {}
        for (name,) in names:
            found = connection.execute(f"SELECT count(*) FROM {name}").fetchone()
            assert found is not None
            counts[name.removeprefix("ledger.")] = found[0]
        return counts


def test_each_day_has_a_partition_of_records_and_of_charges(postgres_url: str, tmp_path: Path) -> None:
    with open_ledger(postgres_url) as ledger:
        taken(ledger, tmp_path, on_day("a1", 1, 0), on_day("b1", 2, 1), on_day("b2", 3, 1))
        taken(ledger, tmp_path, on_day("b3", 4, 1), unanswered("c1", 5, 2))
    assert partitions(postgres_url, "finals") == {
        "finals_20261015": 1,
        "finals_20261016": 3,
        "finals_20261017": 1,
    }
    assert partitions(postgres_url, "rated") == {"rated_20261015": 1, "rated_20261016": 3}


def test_a_call_is_one_even_if_two_days_are_said_of_it(postgres_url: str, tmp_path: Path) -> None:
    with open_ledger(postgres_url) as ledger:
        taken(ledger, tmp_path, on_day("a1", 1, 0), on_day("m1", 2, 0), on_day("z1", 3, 4))
        taken(ledger, tmp_path, on_day("m1", 4, 2), on_day("z1", 5, 0, correction=1))
        assert ledger.conflicts() == [("m1", "switch-a", 0, 4)]
        assert sum(total.calls for total in ledger.usage()) == 3
    rows = partitions(postgres_url, "finals")
    assert rows == {"finals_20261015": 3, "finals_20261019": 0}


def test_readers_are_read_only(postgres_url: str, tmp_path: Path) -> None:
    with open_ledger(postgres_url) as ledger:
        taken(ledger, tmp_path, on_day("a1", 1, 0))
    with open_ledger_to_read(postgres_url) as reader:
        assert reader.call("a1") is not None
        with pytest.raises(InputError, match="read-only"), reader.writing() as change:
            change.deliver("n1", 1, [(1, 1)])


def test_a_database_without_a_ledger_is_said_to_have_none(postgres_url: str) -> None:
    with pytest.raises(InputError, match="no ledger in postgresql:"):
        open_ledger_to_read(postgres_url)


def test_what_is_shown_of_a_url_has_no_user_and_no_secret() -> None:
    assert shown("postgresql://me:secret@db.test:5432/calls?sslmode=require") == "postgresql://db.test/calls"


def test_a_server_that_is_away_makes_the_ledger_unavailable(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailable, match=r"ledger postgresql:///calls: connection"):
        open_ledger(f"postgresql:///calls?host={tmp_path}")


def test_a_connection_that_was_cut_is_made_again(postgres_url: str, tmp_path: Path) -> None:
    with open_ledger(postgres_url) as ledger:
        taken(ledger, tmp_path, on_day("a1", 1, 0))
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        with pytest.raises(LedgerUnavailable):
            ledger.delivered()
        assert ledger.delivered() == {("switch-a", 0): 1}
        taken(ledger, tmp_path, on_day("a2", 2, 0))
        assert ledger.call("a2") is not None


def test_a_transaction_that_fails_leaves_no_partition(postgres_url: str, tmp_path: Path) -> None:
    class Fault(Exception):
        pass

    def stop(_end: int) -> None:
        raise Fault

    with open_ledger(postgres_url) as ledger:
        with pytest.raises(Fault), ledger.writing() as change:
            change.deliver("n1", 1, [(1, 3)])
            raise Fault
        assert ledger.delivered() == {}
        taken(ledger, tmp_path, on_day("a1", 1, 0))


WRITER = """
import sys
from pathlib import Path
from chakka.facts import numbering_table, shipped_tariff
from chakka.ingest.rating import Rules
from chakka.ingest.record_files import take_file
from chakka.stores.open_ledger import open_ledger

rules = Rules(tariff=shipped_tariff("hikari-wide"), table=numbering_table())
with open_ledger(sys.argv[1]) as ledger:
    for file in sys.argv[3:]:
        take_file(Path(file), ledger, rules, int(sys.argv[2]), lambda end: None)
"""


@pytest.mark.slow
def test_two_writers_at_once_leave_what_one_would_have(postgres_url: str, tmp_path: Path) -> None:
    files = [
        record_file(tmp_path / f"{name}.records", [on_day(f"{name}{day}", 1 + day, day) for day in range(9)])
        for name in "ab"
    ]
    same = record_file(tmp_path / "same.records", [on_day(f"s{day}", 101 + day, day) for day in range(9)])
    open_ledger(postgres_url).close()
    command = [sys.executable, "-c", WRITER, postgres_url, str(LATER_MS)]
    writers = [subprocess.Popen([*command, str(same), str(file)]) for file in files]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    with open_ledger(postgres_url) as both, open_ledger(tmp_path / "one.sqlite") as one:
        rules = Rules(tariff=shipped_tariff("hikari-wide"), table=numbering_table())
        for file in (same, *files):
            take_file(file, one, rules, LATER_MS, lambda _end: None)
        assert sum(total.calls for total in both.usage()) == sum(total.calls for total in one.usage())
