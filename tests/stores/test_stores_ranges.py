"""Sequences as ranges."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chakka.stores.ranges import contains, contiguous_end, merged

sequences = st.sets(st.integers(1, 60))


@given(sequences)
def test_merged_ranges_hold_exactly_the_sequences(numbers: set[int]) -> None:
    ranges = merged((number, number) for number in numbers)
    assert {number for number in range(70) if contains(ranges, number)} == numbers


@given(sequences)
def test_merged_ranges_do_not_touch(numbers: set[int]) -> None:
    ranges = merged((number, number) for number in numbers)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(ranges))


@given(sequences)
def test_the_contiguous_end_is_the_last_before_the_first_gap(numbers: set[int]) -> None:
    first_missing = next(number for number in range(1, 62) if number not in numbers)
    assert contiguous_end(merged((number, number) for number in numbers)) == first_missing - 1
