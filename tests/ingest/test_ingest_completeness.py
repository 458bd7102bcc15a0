"""That nothing is missing can be proved, and what is missing blocks billing (charging.md §4)."""

from collections.abc import Iterator

import msgspec
import pytest
from journalled_calls import TEN_O_CLOCK_MS, answered, confirmed, refused, released, whole_call
from ledgers import keyed

from chakka.errors import InputError
from chakka.ingest.batch import take
from chakka.ingest.rating import Rules
from chakka.ingest.silent import SILENCE_MS, close_calls_of_silent_nodes
from chakka.records.model import Counted
from chakka.stores.journal_reader import JournalEntry
from chakka.stores.ledger import Ledger
from chakka.stores.open_ledger import open_ledger

MINUTE_MS = TEN_O_CLOCK_MS // 60_000 * 60_000
MONTH = "2026-11"


@pytest.fixture
def ledger(place: str) -> Iterator[Ledger]:
    with open_ledger(place) as opened:
        yield opened


def blocked(ledger: Ledger, month: str = MONTH) -> list[str]:
    return [blocker.key for blocker in ledger.blockers(month)]


def counted(calls: int, answers: int, **said: object) -> Counted:
    return msgspec.structs.replace(Counted(minute_ms=MINUTE_MS, calls=calls, answered=answers), **said)


def test_counts_that_agree_with_the_records_block_nothing(ledger: Ledger, rules: Rules) -> None:
    take(keyed([*whole_call("c1"), refused("c2"), counted(2, 1)]), ledger, rules)
    assert blocked(ledger) == []


@pytest.mark.parametrize(("calls", "answers"), [(3, 1), (2, 2), (1, 1), (2, 0)])
def test_a_count_that_differs_from_the_records_blocks(
    ledger: Ledger, rules: Rules, calls: int, answers: int
) -> None:
    take(keyed([*whole_call("c1"), refused("c2"), counted(calls, answers)]), ledger, rules)
    (blocker,) = ledger.blockers(MONTH)
    assert blocker.key == f"difference/n1/1/{MINUTE_MS}"
    assert f"counted {calls} calls and {answers} answers" in blocker.message
    assert "records of 2 and 1" in blocker.message
    assert blocked(ledger, "2026-10") == []


def test_several_counts_of_a_minute_add_up(ledger: Ledger, rules: Rules) -> None:
    take(keyed([*whole_call("c1"), counted(1, 1), refused("c2"), counted(1, 0)]), ledger, rules)
    assert blocked(ledger) == []
    take(keyed([*whole_call("c1"), counted(1, 1), refused("c2"), counted(1, 0)]), ledger, rules)
    assert blocked(ledger) == []


def test_a_minute_that_is_not_counted_yet_blocks_nothing(ledger: Ledger, rules: Rules) -> None:
    earlier = counted(0, 0, minute_ms=MINUTE_MS - 60_000)
    take(keyed([earlier, *whole_call("c1")]), ledger, rules)
    assert blocked(ledger) == []


def test_a_minute_without_a_count_blocks_once_a_later_one_is_counted(ledger: Ledger, rules: Rules) -> None:
    later = counted(0, 0, minute_ms=MINUTE_MS + 60_000)
    take(keyed([later, *whole_call("c1")]), ledger, rules)
    assert blocked(ledger) == [f"difference/n1/1/{MINUTE_MS}"]


def test_a_node_that_stopped_in_order_has_counted_everything(ledger: Ledger, rules: Rules) -> None:
    last = counted(0, 0, minute_ms=MINUTE_MS - 60_000, is_last=True)
    take(keyed([*whole_call("c1"), last]), ledger, rules)
    assert blocked(ledger) == [f"difference/n1/1/{MINUTE_MS}"]


def test_each_boot_counts_for_itself(ledger: Ledger, rules: Rules) -> None:
    """The first boot died before it counted the minute, the second counted what it saw of it."""
    take(keyed(whole_call("c1")), ledger, rules)
    take(keyed([*whole_call("c2"), counted(1, 1)], boot=2), ledger, rules)
    assert blocked(ledger) == []


def test_a_call_counts_once_however_often_its_record_changes(ledger: Ledger, rules: Rules) -> None:
    entries = keyed([answered("c1"), counted(1, 1), confirmed("c1"), released("c1"), released("c1", 5)])
    for entry in entries:
        take([entry], ledger, rules)
    assert blocked(ledger) == ["conflict/c1/n1/1/5"]


def test_a_call_that_ingest_closed_counts_for_its_node(ledger: Ledger, rules: Rules) -> None:
    take(keyed([answered("c1"), confirmed("c1"), counted(1, 1)]), ledger, rules)
    assert blocked(ledger) == ["open_call/c1"]
    close_calls_of_silent_nodes(ledger, TEN_O_CLOCK_MS + 2 * SILENCE_MS, rules)
    assert blocked(ledger) == []


def test_missing_sequences_and_boots_block_every_month_until_they_come(ledger: Ledger, rules: Rules) -> None:
    entries = keyed([*whole_call("c1"), *whole_call("c2")])
    take([*entries[:2], *entries[4:]], ledger, rules)
    assert blocked(ledger, "2020-01") == ["gap/n1/1/3-4"]
    take(keyed(whole_call("c3"), boot=3), ledger, rules)
    assert blocked(ledger, "2020-01") == ["gap/n1/2", "gap/n1/1/3-4"]
    take(entries, ledger, rules)
    take(keyed(whole_call("c4"), boot=2), ledger, rules)
    assert blocked(ledger) == []


def test_an_entry_that_cannot_be_read_blocks_every_month(ledger: Ledger, rules: Rules) -> None:
    take([JournalEntry(node="n1", boot=1, sequence=1, payload=b"\xc1")], ledger, rules)
    assert blocked(ledger, "2020-01") == ["unreadable/n1/1/1"]


def test_blockers_name_the_number_they_are_about(ledger: Ledger, rules: Rules) -> None:
    take(keyed([answered("c1")]), ledger, rules)
    (blocker,) = ledger.blockers(MONTH)
    assert (blocker.kind, blocker.number) == ("open_call", "0120123456")


@pytest.mark.parametrize("month", ["2026-13", "2026", "26-11", "2026-11-01", "0000-01"])
def test_a_month_that_is_none_is_refused(ledger: Ledger, month: str) -> None:
    with pytest.raises(InputError, match="is no month: write YYYY-MM"):
        list(ledger.blockers(month))
