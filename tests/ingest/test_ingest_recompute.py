"""The books, dropped and computed again, are the same (charging.md §4); one changed yen is found."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from journalled_calls import answered, confirmed, refused, released, seized, tick, whole_call
from ledgers import journal, keyed

from chakka.cli.main import main
from chakka.errors import InputError
from chakka.ingest.batch import take
from chakka.ingest.rating import Rules
from chakka.ingest.recompute import Sources, compare, entries_to_take, recompute, scratch_ledger
from chakka.ingest.record_files import take_file
from chakka.ingest.silent import close_calls_of_silent_nodes
from chakka.records.final import Final
from chakka.records.model import Entry
from chakka.records.rows import encoded
from chakka.stores.ledger import Ledger
from chakka.stores.ledger_comparison import Compared, Conservation
from chakka.stores.open_ledger import open_ledger
from chakka.stores.record_file import write

ENTRIES: list[Entry] = [
    *whole_call("c1"),
    refused("c2"),
    seized("c3"),
    answered("c4"),
    confirmed("c4"),
    tick(9_000, "c4"),
    *whole_call("c5", 1_000),
    # Somebody says of the same call that it was longer.
    released("c5", 2_000),
]
LATER_MS = 1_795_482_000_000 + 3_600_000
Command = Callable[..., tuple[int, str]]


def row(sequence: int, ms: int = 60_000) -> Final:
    return Final(
        source="pbx-1",
        sequence=sequence,
        call_id=f"x{sequence}",
        number="0120123456",
        arrived_at_ms=1_795_482_000_000,
        rating_class="fixed",
        charge_area="大阪",
        destination="0352001234",
        answered_at_ms=1_795_482_001_000,
        conversation_ms=ms,
    )


def again(books: Ledger, sources: Sources, rules: Rules) -> tuple[list[str], list[Compared]]:
    """Return what the sources lack, and each table side by side."""
    with scratch_ledger(None, rules) as scratch:
        problems = recompute(books, scratch, sources, rules, lambda _: None)
        return [problem.code for problem in problems], list(compare(books, scratch, None))


def differing(tables: list[Compared]) -> dict[str, int]:
    assert all((one.digest != one.other_digest) == bool(one.differences) for one in tables)
    return {one.table: one.differences for one in tables if one.differences}


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    journal(tmp_path / "journal", ENTRIES)
    write(tmp_path / "pbx.records", [encoded(row(1)), encoded(row(2))])
    return Sources(journal=tmp_path / "journal", record_files=[tmp_path / "pbx.records"], now_ms=LATER_MS)


def test_books_that_were_told_the_same_are_the_same(place: str, sources: Sources, rules: Rules) -> None:
    with open_ledger(place) as books:
        take(keyed(ENTRIES), books, rules)
        take_file(sources.record_files[0], books, rules, LATER_MS, lambda _: None)
        close_calls_of_silent_nodes(books, LATER_MS, rules)
        before = books.digest()
        with books.at_one_instant():
            problems, tables = again(books, sources, rules)
        assert (problems, differing(tables), books.digest()) == ([], {}, before)
        assert {one.table: one.rows for one in tables}["finals"] == 7


def test_a_month_is_compared_alone(place: str, sources: Sources, rules: Rules) -> None:
    with open_ledger(place) as books, scratch_ledger(None, rules) as scratch:
        take(keyed(ENTRIES), books, rules)
        november = {one.table: one for one in compare(books, scratch, "2026-11")}
        october = {one.table: one for one in compare(books, scratch, "2026-10")}
        assert (november["finals"].rows, november["totals"].rows) == (5, 1)
        assert november["finals"].differences == 5
        assert all(one.rows == one.differences == 0 for one in october.values())


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_digest_is_the_same_for_any_order_and_partition_of_entries(
    data: st.DataObject, sources: Sources, rules: Rules
) -> None:
    told = data.draw(st.permutations(keyed(ENTRIES)))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(told)), max_size=4)))
    with scratch_ledger(None, rules) as books:
        for first, last in zip([0, *cuts], [*cuts, len(told)], strict=True):
            take(told[first:last], books, rules)
        take(told[: data.draw(st.integers(0, 3))], books, rules)
        close_calls_of_silent_nodes(books, LATER_MS, rules)
        problems, tables = again(books, Sources(journal=sources.journal, now_ms=LATER_MS), rules)
        assert (problems, differing(tables)) == ([], {})
        calls = books.conservation()
        assert calls.holds
        assert calls == Conservation(finals=5, rated=3, suspense=0, open=0, unanswered=2)


def test_what_the_books_were_not_told_yet_is_left_out(sources: Sources, rules: Rules) -> None:
    with scratch_ledger(None, rules) as books:
        take(keyed(ENTRIES)[:4], books, rules)
        problems, tables = again(books, Sources(journal=sources.journal, now_ms=0), rules)
        assert (problems, differing(tables)) == ([], {})


def test_what_no_source_tells_is_said(sources: Sources, rules: Rules) -> None:
    with scratch_ledger(None, rules) as books:
        take(keyed(ENTRIES), books, rules)
        take(keyed(whole_call("lost"), node="n2"), books, rules)
        take_file(sources.record_files[0], books, rules, LATER_MS, lambda _: None)
        problems, tables = again(books, Sources(journal=sources.journal, now_ms=0), rules)
        assert problems == ["no_source", "no_source"]
        assert differing(tables) == {"finals": 3, "rated": 3, "totals": 1, "day_totals": 1}


def test_a_kept_scratch_goes_on_where_it_was_stopped(tmp_path: Path, sources: Sources, rules: Rules) -> None:
    class Stopped(Exception):
        """Somebody pressed Ctrl-C."""

    def stop(_: int) -> None:
        raise Stopped

    told: list[int] = []
    wanted = Sources(journal=sources.journal, now_ms=LATER_MS)
    with scratch_ledger(None, rules) as books:
        take(keyed(ENTRIES), books, rules)
        close_calls_of_silent_nodes(books, LATER_MS, rules)
        with pytest.raises(Stopped), scratch_ledger(tmp_path / "kept", rules) as scratch:
            recompute(books, scratch, wanted, rules, stop)
        with scratch_ledger(tmp_path / "kept", rules) as scratch:
            assert entries_to_take(books, scratch) == 0
            assert recompute(books, scratch, wanted, rules, told.append) == []
            assert differing(list(compare(books, scratch, None))) == {}
    assert told == []


def test_a_scratch_of_other_books_is_refused(tmp_path: Path, sources: Sources, rules: Rules) -> None:
    wanted = Sources(journal=sources.journal, now_ms=0)
    with scratch_ledger(tmp_path / "kept", rules) as scratch:
        take(keyed(ENTRIES), scratch, rules)
        with scratch_ledger(None, rules) as books:
            take(keyed(ENTRIES)[:3], books, rules)
            with pytest.raises(InputError, match="told more of boot 1 of n1 than the ledger"):
                recompute(books, scratch, wanted, rules, lambda _: None)


@pytest.fixture
def chakka(
    tmp_path: Path,
    sources: Sources,
    rules: Rules,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Command:
    """Runs `chakka digest` on a node an hour after its calls."""
    monkeypatch.setattr("chakka.cli.digest.utc_ms", lambda: LATER_MS)
    with Ledger.open(tmp_path / "ledger.sqlite") as books:
        take(keyed(ENTRIES), books, rules)
        close_calls_of_silent_nodes(books, LATER_MS, rules)
        take_file(sources.record_files[0], books, rules, LATER_MS, lambda _: None)

    def run(*words: str) -> tuple[int, str]:
        records = ("--records", str(tmp_path / "pbx.records"))
        code = main(["digest", *words, "--data", str(tmp_path), *records])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run


@contextmanager
def tampering(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
    yield connection
    connection.close()


def test_sound_books_are_the_same_and_every_call_is_somewhere(chakka: Command, tmp_path: Path) -> None:
    before = (tmp_path / "ledger.sqlite").read_bytes()
    code, text = chakka()
    assert code == 0, text
    assert "7 finals = 5 rated + 0 in suspense + 0 open + 2 unanswered" in text
    assert text.endswith("the same in every row\n")
    found = json.loads(chakka("--month", "2026-11", "--json")[1])
    assert (found["same"], found["problems"], found["conservation"]["finals"]) == (True, [], 7)
    assert (tmp_path / "ledger.sqlite").read_bytes() == before


def test_a_charge_that_was_changed_by_hand_is_found_by_its_call(chakka: Command, tmp_path: Path) -> None:
    with tampering(tmp_path) as books:
        books.execute("UPDATE rated SET amount_uy = amount_uy + 1 WHERE call_id = 'c1'")
    code, text = chakka()
    assert code == 1
    assert "rated c1: amount_uy 16000001, again 16000000" in text
    assert text.endswith("NOT the same\n")


def test_a_call_that_was_removed_by_hand_is_found(chakka: Command, tmp_path: Path) -> None:
    with tampering(tmp_path) as books:
        books.execute("DELETE FROM finals WHERE call_id = 'c1'")
    code, text = chakka()
    assert code == 1
    assert "6 finals ≠ 5 rated" in text
    assert "finals c1: not in the books" in text


def test_a_sum_that_does_not_follow_from_its_calls_is_found(chakka: Command, tmp_path: Path) -> None:
    with tampering(tmp_path) as books:
        books.execute("UPDATE totals SET calls = calls + 1")
        books.execute("INSERT INTO totals VALUES ('0120999999', '2026-11', 'fixed', 1, 1, 1, 1)")
    found = json.loads(chakka("--json")[1])
    totals = next(one for one in found["tables"] if one["table"] == "totals")
    assert (found["same"], totals["differences"]) == (False, 2)
    assert [one["theirs"] for one in totals["first"]][1] is None


def test_a_journal_that_was_changed_is_said(chakka: Command, tmp_path: Path) -> None:
    (segment,) = (tmp_path / "journal").glob("*.journal")
    segment.write_bytes(segment.read_bytes().replace(b"0352001234", b"0352001235", 1))
    code, text = chakka()
    assert code == 1
    assert "damaged: segment" in text
    assert "are in the books, not in the journal" in text


def test_no_ledger_or_no_such_tariff_is_wrong_usage(chakka: Command, tmp_path: Path) -> None:
    assert chakka("--tariff", "nothing")[0] == 2
    (tmp_path / "ledger.sqlite").unlink()
    assert chakka()[0] == 2


def test_stopped_it_says_how_to_go_on(chakka: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("chakka.cli.digest.recompute", stopped)
    code, text = chakka()
    assert code == 1
    assert "the books were not touched; --scratch DIR would let it go on" in text
