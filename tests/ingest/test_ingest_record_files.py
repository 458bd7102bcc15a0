"""Record files into the ledger: once each, whatever way they come, on either engine (charging.md §4)."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from journalled_calls import whole_call
from ledgers import keyed
from recorded_calls import FREEPHONE, LATER_MS, MONTH, finals, part, record_file, recorded

from chakka.errors import InputError
from chakka.ingest.batch import take
from chakka.ingest.rating import Rules, rate_final, rate_rows
from chakka.ingest.record_files import TakenRows, take_file
from chakka.records.final import Final, is_chargeable
from chakka.records.partials import Durations
from chakka.records.rows import Record, line_of
from chakka.records.tally import Tally
from chakka.stores.ledger import CallFilter, Ledger, LedgerCall
from chakka.stores.ledger_values import final_row, rated_of_row
from chakka.stores.open_ledger import open_ledger


@pytest.fixture
def ledger(place: str) -> Iterator[Ledger]:
    with open_ledger(place) as opened:
        yield opened


class Spool:
    """A directory into which a switch writes record files."""

    def __init__(self, directory: Path, ledger: Ledger, rules: Rules) -> None:
        self.directory, self.ledger, self.rules = directory, ledger, rules
        self._files = 0

    def take(self, *rows: Record, now_ms: int = LATER_MS) -> TakenRows:
        """Take a file of these rows."""
        self._files += 1
        path = record_file(self.directory / f"{self._files}.records", list(rows))
        return take_file(path, self.ledger, self.rules, now_ms, lambda _end: None)

    def call(self, call_id: str = "c1") -> LedgerCall:
        found = self.ledger.call(call_id)
        assert found is not None
        return found

    def blocked(self) -> list[str]:
        return [blocker.key for blocker in self.ledger.blockers(MONTH)]


@pytest.fixture
def spool(tmp_path: Path, ledger: Ledger, rules: Rules) -> Spool:
    return Spool(tmp_path, ledger, rules)


def amount_uy(call: LedgerCall) -> int | None:
    assert call.rated is not None
    return call.rated.amount_uy


def test_a_call_of_another_switch_is_recorded_and_charged(spool: Spool) -> None:
    """A fixed line talks 180.001 s: two units of 8 yen (charging.md E01)."""
    taken = spool.take(recorded("c1", 1, 180_001), recorded("c2", 2, None))
    assert taken == TakenRows(rows=2, new=2, charged=1)
    assert amount_uy(spool.call()) == 16_000_000
    assert spool.call("c2").rated is None
    assert [call.record.facts.call_id for call in spool.ledger.calls(CallFilter(number=FREEPHONE))] == [
        "c2",
        "c1",
    ]
    assert spool.call().record.facts.attempt.charge_area == "武蔵野三鷹"
    (total,) = spool.ledger.usage(MONTH)
    assert (total.calls, total.units, total.amount_uy, total.rating_class) == (1, 2, 16_000_000, "fixed")
    assert spool.blocked() == []


def test_e14_the_same_record_twice_is_one_and_the_repetition_is_counted(spool: Spool) -> None:
    spool.take(recorded("c1", 1))
    assert spool.take(recorded("c1", 1)) == TakenRows(rows=1, repeated=1)
    other_sequence = msgspec.structs.replace(recorded("c1", 1), sequence=2)
    assert spool.take(other_sequence) == TakenRows(rows=1, repeated=1, charged=1)
    assert [total.calls for total in spool.ledger.usage()] == [1]
    assert spool.blocked() == []


def test_the_same_record_twice_in_one_file_is_one(spool: Spool) -> None:
    assert spool.take(recorded("c1", 1), recorded("c1", 1)).repeated == 1
    assert [total.calls for total in spool.ledger.usage()] == [1]


@pytest.mark.parametrize("sequence", [1, 2])
def test_e14_another_duration_without_a_correction_number_is_listed_and_not_billed(
    spool: Spool, sequence: int
) -> None:
    spool.take(recorded("c1", 1, 60_000))
    spool.take(msgspec.structs.replace(recorded("c1", 1, 600_000), sequence=sequence))
    assert amount_uy(spool.call()) == 8_000_000
    assert spool.ledger.conflicts() == [("c1", "switch-a", 0, sequence)]
    assert spool.blocked() == [f"conflict/c1/switch-a/0/{sequence}"]


def test_a_correction_takes_the_place_of_the_record_and_of_its_charge(spool: Spool) -> None:
    """A 600 s call billed as mobile (160 yen) was fixed (32): charging.md E19."""
    spool.take(recorded("c1", 1, 600_000, rating_class="mobile"))
    assert amount_uy(spool.call()) == 160_000_000
    right = msgspec.structs.replace(recorded("c1", 1, 600_000), sequence=2, correction=1)
    assert spool.take(right) == TakenRows(rows=1, new=1, charged=1)
    assert amount_uy(spool.call()) == 32_000_000
    totals = {total.rating_class: total.amount_uy for total in spool.ledger.usage(MONTH)}
    assert totals == {"fixed": 32_000_000}
    ((standing, old),) = spool.ledger.records_of("c1")
    assert (standing, old.rating_class) == ("superseded", "mobile")
    assert spool.blocked() == []


def test_a_correction_that_says_the_call_was_not_answered_takes_its_charge_away(spool: Spool) -> None:
    spool.take(recorded("c1", 1))
    spool.take(msgspec.structs.replace(recorded("c1", 1, None), sequence=2, correction=1))
    assert spool.call().rated is None
    assert spool.ledger.usage() == []


def test_a_correction_may_move_a_call_to_another_day_and_month(spool: Spool) -> None:
    spool.take(recorded("c1", 1))
    moved_ms = LATER_MS - 10 * 86_400_000
    moved = recorded("c1", 2, arrived_at_ms=moved_ms, answered_at_ms=moved_ms, correction=1)
    spool.take(moved)
    assert [total.usage_month for total in spool.ledger.usage()] == ["2026-11"]


def test_a_record_of_a_call_that_our_plane_journalled_stands_beside_it(spool: Spool) -> None:
    take(keyed(whole_call("c1", 60_000)), spool.ledger, spool.rules)
    before = spool.call().record
    spool.take(recorded("c1", 1, 600_000, rating_class="mobile", correction=1))
    assert amount_uy(spool.call()) == 160_000_000
    assert spool.call().final is not None
    take(keyed(whole_call("c1", 60_000)), spool.ledger, spool.rules)
    assert amount_uy(spool.call()) == 160_000_000
    assert before.conversation_ms == 60_000
    assert [standing for standing, _ in spool.ledger.records_of("c1")] == ["superseded"]


def test_parts_are_put_together_before_units_are_counted(spool: Spool) -> None:
    """Three parts of 60.001 s are two units of 180 s, not three: charging.md §4."""
    parts = [part("c1", place, place, 60_001, is_last=place == 3) for place in (1, 2, 3)]
    assert spool.take(*parts[:2]) == TakenRows(rows=2, new=2)
    assert spool.blocked() == ["open_call/c1"]
    assert spool.take(parts[2]) == TakenRows(rows=1, new=1, charged=1)
    rated = spool.call().rated
    assert rated is not None
    assert (rated.units, rated.conversation_ms) == (2, 180_003)
    assert spool.take(*parts) == TakenRows(rows=3, repeated=3)
    assert spool.blocked() == []


def test_cumulative_parts_are_not_added_up(spool: Spool) -> None:
    parts = [
        part("c1", place, place, 60_000 * place, is_last=place == 3, durations=Durations.CUMULATIVE)
        for place in (1, 2, 3)
    ]
    spool.take(*reversed(parts))
    assert spool.call().record.conversation_ms == 180_000
    assert amount_uy(spool.call()) == 8_000_000


def test_a_part_that_says_something_else_is_listed(spool: Spool) -> None:
    parts = [part("c1", 1, 1, 1_000), part("c1", 2, 2, 1_000, is_last=True), part("c1", 3, 1, 9_000)]
    spool.take(*parts)
    assert spool.call().record.conversation_ms == 2_000
    assert spool.blocked() == ["conflict/c1/switch-a/0/3"]


def test_an_unknown_class_stays_and_goes_to_suspense(spool: Spool) -> None:
    spool.take(recorded("c1", 1, rating_class="starship"))
    rated = spool.call().rated
    assert rated is not None
    assert (rated.suspense, rated.amount_uy, rated.rating_class) == ("no_rule", None, "starship")
    assert spool.blocked() == ["suspense/c1"]


def test_a_record_from_the_future_is_set_aside_and_taken_when_that_has_come(spool: Spool) -> None:
    early_ms = recorded("c2", 2).arrived_at_ms - 3_600_000
    taken = spool.take(recorded("c1", 1, None), recorded("c2", 2), now_ms=early_ms)
    assert (taken.new, taken.set_aside) == (0, 2)
    (first, _) = spool.ledger.set_aside()
    assert (first.sequence, first.reason) == (1, "from_the_future")
    assert len(spool.blocked()) == 2
    assert spool.take(recorded("c1", 1, None), recorded("c2", 2)).new == 2
    assert spool.ledger.set_aside() == []
    assert spool.blocked() == []


def test_a_clock_jump_and_a_row_that_cannot_be_read_are_kept_and_block(spool: Spool, tmp_path: Path) -> None:
    jumped = recorded("c1", 1, arrived_at_ms=0, answered_at_ms=3_000)
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join([line_of(jumped), b'{"type":"final"}', line_of(recorded("c3", 3))]))
    taken = take_file(path, spool.ledger, spool.rules, LATER_MS, lambda _end: None)
    assert taken == TakenRows(rows=3, new=1, set_aside=2, charged=1)
    assert spool.ledger.count_set_aside() == {("?", "unreadable"): 1, ("switch-a", "clock_jump"): 1}
    assert {one.row for one in spool.ledger.set_aside()} >= {b'{"type":"final"}'}
    kinds = [blocker.kind for blocker in spool.ledger.blockers(MONTH)]
    assert sorted(kinds) == ["gap", "set_aside"]


def test_a_sequence_given_to_another_call_is_neither_billed_nor_lost(spool: Spool) -> None:
    spool.take(recorded("c1", 1))
    reused = msgspec.structs.replace(recorded("c2", 1), sequence=1)
    assert spool.take(reused) == TakenRows(rows=1, set_aside=1)
    assert spool.take(reused) == TakenRows(rows=1, set_aside=1)
    assert spool.ledger.call("c2") is None
    (kept,) = spool.ledger.set_aside()
    assert kept.reason == "sequence_reused"
    assert len(spool.blocked()) == 1


def test_a_half_written_file_is_taken_to_its_last_whole_row_and_then_the_rest(
    spool: Spool, tmp_path: Path
) -> None:
    rows = [recorded(f"c{place}", place) for place in range(1, 6)]
    whole = record_file(tmp_path / "whole.records", rows).read_bytes()
    path = tmp_path / "growing.records"
    path.write_bytes(whole[:-10])
    taken = take_file(path, spool.ledger, spool.rules, LATER_MS, lambda _end: None)
    assert (taken.new, taken.torn > 0) == (4, True)
    path.write_bytes(whole)
    taken = take_file(path, spool.ledger, spool.rules, LATER_MS, lambda _end: None)
    assert taken == TakenRows(rows=5, new=1, repeated=4, charged=1)


def test_a_file_that_is_no_record_file_is_refused(spool: Spool, tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text("call;duration\n")
    with pytest.raises(InputError, match=r"calls\.csv is no record file"):
        take_file(path, spool.ledger, spool.rules, LATER_MS, lambda _end: None)


SPOOL: list[Record] = [
    *(recorded(f"c{place}", place, 1_000 * place) for place in range(1, 5)),
    recorded("c5", 5, None),
    recorded("c1", 6, 9_999),
    msgspec.structs.replace(recorded("c2", 2, 2_000), sequence=7),
    msgspec.structs.replace(recorded("c3", 3, 500_000), sequence=8, correction=1),
    part("c6", 9, 1, 40_000),
    part("c6", 10, 2, 40_000, is_last=True),
    part("c7", 11, 1, 40_000),
    recorded("c8", 12, rating_class="starship"),
    Tally("switch-a", 13, recorded("c1", 1).arrived_at_ms // 60_000 * 60_000, 9, 8),
    recorded("c9", 14, arrived_at_ms=0, answered_at_ms=0),
    *(msgspec.structs.replace(recorded(f"c{place}", place), source="switch-b") for place in (1, 2, 40)),
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, rules: Rules) -> str:
    directory = tmp_path_factory.mktemp("whole")
    with open_ledger(directory / "ledger.sqlite") as ledger:
        Spool(directory, ledger, rules).take(*SPOOL)
        return ledger.digest()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_twice_out_of_order_in_parts_and_days_late_gives_the_same_ledger(
    data: st.DataObject, whole: str, tmp_path_factory: pytest.TempPathFactory, rules: Rules
) -> None:
    repeated = data.draw(st.lists(st.sampled_from(SPOOL), max_size=6))
    order = data.draw(st.permutations([*SPOOL, *repeated]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(order)), max_size=5)))
    directory = tmp_path_factory.mktemp("parts")
    with open_ledger(directory / "ledger.sqlite") as ledger:
        spool = Spool(directory, ledger, rules)
        for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True):
            spool.take(*order[start:end], now_ms=LATER_MS + start * 86_400_000)
        assert ledger.digest() == whole


def test_both_engines_have_the_same_ledger_row_by_row(spool: Spool, whole: str) -> None:
    for row in reversed(SPOOL):
        spool.take(row)
    assert spool.ledger.digest() == whole


def test_conservation_every_record_is_rated_suspended_open_or_unanswered(spool: Spool) -> None:
    spool.take(*SPOOL)
    calls = spool.ledger.calls(CallFilter(kind="freephone"))
    rated = sum(call.rated is not None and call.rated.suspense is None for call in calls)
    suspended = sum(call.rated is not None and call.rated.suspense is not None for call in calls)
    up = sum(call.final is not None and call.final.is_open for call in calls)
    unanswered = sum(call.record.answered_at_ms is None for call in calls)
    assert (rated, suspended, up, unanswered) == (6, 1, 1, 1)
    assert len(calls) == rated + suspended + up + unanswered
    assert sum(total.calls for total in spool.ledger.usage()) == rated
    charged = sum(call.rated.amount_uy or 0 for call in calls if call.rated)
    assert sum(total.amount_uy for total in spool.ledger.usage()) == charged


@settings(max_examples=60)
@given(records=st.lists(finals, max_size=12))
def test_a_batch_is_charged_as_each_of_its_calls_is(records: list[Final], rules: Rules) -> None:
    rated = [rated_of_row(row) for row in rate_rows(list(map(final_row, records)), rules)]
    assert rated == [rate_final(record, rules) for record in records if is_chargeable(record)]


LONG = 40_000


@pytest.fixture(scope="module")
def long_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that is read by a process of its own."""
    rows = [recorded(f"c{place:06d}", place, place) for place in range(1, LONG + 1)]
    return record_file(tmp_path_factory.mktemp("long") / "long.records", rows)


@pytest.mark.slow
def test_a_long_file_is_read_ahead_and_gives_the_same_ledger(
    spool: Spool, long_file: Path, tmp_path: Path
) -> None:
    ends: list[int] = []
    taken = take_file(long_file, spool.ledger, spool.rules, LATER_MS, ends.append)
    assert taken == TakenRows(rows=LONG, new=LONG, charged=LONG)
    assert ends[-1] == long_file.stat().st_size
    again = take_file(long_file, spool.ledger, spool.rules, LATER_MS, lambda _end: None)
    assert again == TakenRows(rows=LONG, repeated=LONG)
    assert sum(total.calls for total in spool.ledger.usage()) == LONG


KILLED = """
import sys
from pathlib import Path
from chakka.facts import numbering_table, shipped_tariff
from chakka.ingest import record_batches
from chakka.ingest.rating import Rules
from chakka.ingest.record_files import take_file
from chakka.stores import record_file
from chakka.stores.open_ledger import open_ledger

record_file._BLOCK = 50_000
record_batches._WORTH_A_PROCESS_BYTES = 1 << 40
rules = Rules(tariff=shipped_tariff("hikari-wide"), table=numbering_table())
with open_ledger(sys.argv[2]) as ledger:
    take_file(Path(sys.argv[1]), ledger, rules, int(sys.argv[3]), lambda end: print(end, flush=True))
"""


@pytest.mark.slow
def test_killed_at_any_point_and_taken_again_gives_the_same_ledger(
    tmp_path: Path, long_file: Path, rules: Rules
) -> None:
    """kill -9 after ever more batches; what was taken is whole batches, and the rest comes once."""
    place = tmp_path / "killed.sqlite"
    command = [sys.executable, "-c", KILLED, str(long_file), str(place), str(LATER_MS)]
    for batches in (1, 5, 20):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            for _ in range(batches):
                process.stdout.readline()
            time.sleep(0.002 * batches)
            process.kill()
        with open_ledger(place) as ledger:
            kept = len(ledger.calls(CallFilter(limit=LONG)))
            assert 0 < kept == sum(total.calls for total in ledger.usage())
    with open_ledger(place) as ledger, open_ledger(tmp_path / "whole.sqlite") as whole_ledger:
        for one in (ledger, whole_ledger):
            take_file(long_file, one, rules, LATER_MS, lambda _end: None)
        assert ledger.digest() == whole_ledger.digest()
