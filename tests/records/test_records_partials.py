"""Calls recorded in parts: the sum is taken before units are counted (charging.md §4)."""

from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_calls import part

from chakka.records.partials import Durations, Partial, contradicting, joined

THREE = [
    part("c1", 1, 1, 100_000),
    part("c1", 5, 2, 50_000),
    part("c1", 9, 3, 30_001, is_last=True),
]


def cumulative(parts: list[Partial]) -> list[Partial]:
    return [msgspec.structs.replace(one, durations=Durations.CUMULATIVE) for one in parts]


def test_deltas_are_added_up() -> None:
    for order in permutations(THREE):
        record = joined(order)
        assert (record.conversation_ms, record.is_open) == (180_001, False)
        assert (record.source, record.sequence) == ("switch-a", 1)


def test_of_cumulative_parts_the_last_says_it_all() -> None:
    for order in permutations(cumulative(THREE)):
        assert joined(order).conversation_ms == 30_001
    assert joined(cumulative(THREE)[::2]).conversation_ms == 30_001


def test_deltas_behind_a_cumulative_part_do_not_count_what_it_counted_once_more() -> None:
    for order in permutations([*cumulative(THREE)[:2], THREE[2]]):
        assert (joined(order).conversation_ms, joined(order).is_open) == (80_001, False)
    assert joined([cumulative(THREE)[1], THREE[2]]).conversation_ms == 80_001
    assert joined([cumulative(THREE)[0], THREE[2]]).is_open


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_delta_that_is_missing_leaves_the_call_open(missing: int) -> None:
    record = joined([one for place, one in enumerate(THREE) if place != missing])
    assert (record.conversation_ms, record.is_open) == (None, True)


def test_without_its_last_part_a_cumulative_call_is_open() -> None:
    assert joined(cumulative(THREE)[:2]).is_open


def test_the_call_begins_as_the_first_part_says_and_ends_as_the_last() -> None:
    first = part("c1", 1, 1, 1_000)
    end = part("c1", 2, 2, 1_000, is_last=True)
    end = msgspec.structs.replace(end, record=msgspec.structs.replace(end.record, fault=True))
    record = joined([end, first])
    assert (record.arrived_at_ms, record.answered_at_ms) == (
        first.record.arrived_at_ms,
        first.record.answered_at_ms,
    )
    assert record.fault


def test_a_part_that_says_something_else_is_listed_and_the_first_holds() -> None:
    other = part("c1", 7, 2, 90_000)
    assert joined([*THREE, other]).conversation_ms == 180_001
    assert contradicting([*THREE, other]) == [other]
    twin = msgspec.structs.replace(THREE[1], record=msgspec.structs.replace(THREE[1].record, sequence=8))
    assert contradicting([*THREE, twin]) == []


def test_a_corrected_part_takes_the_place_of_the_one_it_corrects() -> None:
    right = part("c1", 7, 2, 90_000)
    right = msgspec.structs.replace(right, record=msgspec.structs.replace(right.record, correction=1))
    record = joined([*THREE, right])
    assert (record.conversation_ms, record.correction) == (220_001, 1)
    assert contradicting([*THREE, right]) == []


def test_a_part_behind_the_last_leaves_the_call_open() -> None:
    assert joined([*THREE, part("c1", 10, 4, 1)]).is_open


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=8), st.randoms())
def test_parts_in_any_order_come_to_the_same(durations: list[int], random) -> None:
    parts = [
        part("c1", place, place, duration, is_last=place == len(durations))
        for place, duration in enumerate(durations, 1)
    ]
    random.shuffle(parts)
    assert joined(parts).conversation_ms == sum(durations)
