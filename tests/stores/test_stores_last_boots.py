"""What a starting call plane reads of its earlier boots."""

from collections.abc import Iterable
from pathlib import Path

from journalled_calls import answered, refused, released, seized, tick, whole_call

from chakka.records.entries import encode
from chakka.records.left_open import calls_left_open
from chakka.records.model import Boot, Entry
from chakka.stores.journal import Journal
from chakka.stores.last_boots import entries_before

BOOT = Boot(at_ms=1, monotonic_ms=1, version="0")


def boot(directory: Path, entries: Iterable[Entry]) -> None:
    """Journal entries as one boot of small segments, one commit each."""
    with Journal.open(directory, "n1", segment_bytes=4096) as journal:
        for entry in entries:
            journal.append(encode(entry))
            journal.commit()


def left_open(directory: Path) -> list[str]:
    with Journal.open(directory, "n1", segment_bytes=4096) as journal:
        return [call.call_id() for call in calls_left_open(entries_before(directory, "n1", journal.boot))]


def test_a_first_boot_finds_nothing(tmp_path: Path) -> None:
    assert left_open(tmp_path) == []


def test_the_open_calls_of_the_last_boot_are_found(tmp_path: Path) -> None:
    boot(tmp_path, [BOOT, *whole_call("a"), answered("b"), answered("c"), released("c")])
    assert left_open(tmp_path) == ["b"]


def test_a_call_answered_many_segments_ago_is_found_by_the_last_tick(tmp_path: Path) -> None:
    talk = [entry for index in range(30) for entry in whole_call(f"short{index}")]
    boot(tmp_path, [BOOT, answered("long"), *talk, tick(5_000, "long"), answered("late")])
    assert left_open(tmp_path) == ["long", "late"]


def test_it_reads_no_further_back_than_the_calls_that_are_up(tmp_path: Path) -> None:
    talk = [entry for index in range(60) for entry in whole_call(f"short{index}")]
    boot(tmp_path, [BOOT, *talk, answered("up"), tick(5_000, "up")])
    with Journal.open(tmp_path, "n1", segment_bytes=4096) as journal:
        found = entries_before(tmp_path, "n1", journal.boot)
    assert len(found) < 20


def test_a_boot_that_died_before_it_closed_the_calls_of_the_one_before_is_looked_through(
    tmp_path: Path,
) -> None:
    """Boot 2 closes one call of boot 1 and dies; boot 3 finds the other one."""
    boot(tmp_path, [BOOT, answered("a"), answered("b")])
    boot(tmp_path, [released("a")])
    assert left_open(tmp_path) == ["b"]


def test_calls_that_a_boot_has_closed_are_not_closed_again(tmp_path: Path) -> None:
    boot(tmp_path, [BOOT, answered("a")])
    boot(tmp_path, [released("a"), BOOT])
    assert left_open(tmp_path) == []


def test_an_entry_that_cannot_be_read_keeps_nobody_from_starting(tmp_path: Path) -> None:
    with Journal.open(tmp_path, "n1", segment_bytes=4096) as journal:
        for payload in (encode(answered("a")), b"\xc1 from the future", encode(answered("b"))):
            journal.append(payload)
        journal.commit()
    assert left_open(tmp_path) == ["a", "b"]


def test_a_call_that_rings_is_found_however_many_segments_ago_it_came(tmp_path: Path) -> None:
    talk = [entry for index in range(30) for entry in whole_call(f"short{index}")]
    boot(
        tmp_path,
        [BOOT, seized("rings"), *talk, tick(5_000, seized=("rings",)), seized("late"), refused("late")],
    )
    assert left_open(tmp_path) == ["rings"]


def test_it_reads_no_further_back_than_the_calls_that_ring(tmp_path: Path) -> None:
    talk = [entry for index in range(60) for entry in whole_call(f"short{index}")]
    boot(tmp_path, [BOOT, *talk, seized("rings"), tick(5_000, seized=("rings",))])
    with Journal.open(tmp_path, "n1", segment_bytes=4096) as journal:
        found = entries_before(tmp_path, "n1", journal.boot)
    assert len(found) < 20
