"""Sequences as ranges."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chakka.stores.ranges import contains, contiguous_end, length, merged, missing, overlap, ranges_of

sequences = st.sets(st.integers(1, 60))


@given(sequences)
def test_merged_ranges_hold_exactly_the_sequences(numbers: set[int]) -> None:
    ranges = merged((number, number) for number in numbers)
    assert {number for number in range(70) if contains(ranges, number)} == numbers


@given(st.lists(st.integers(1, 60)))
def test_sequences_in_any_order_are_the_fewest_ranges(numbers: list[int]) -> None:
    assert ranges_of(numbers) == merged((number, number) for number in set(numbers))


@given(sequences)
def test_merged_ranges_do_not_touch(numbers: set[int]) -> None:
    ranges = merged((number, number) for number in numbers)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(ranges))


@given(sequences)
def test_the_contiguous_end_is_the_last_before_the_first_gap(numbers: set[int]) -> None:
    first_missing = next(number for number in range(1, 62) if number not in numbers)
    assert contiguous_end(merged((number, number) for number in numbers)) == first_missing - 1


def test_what_is_missing_is_what_lies_before_and_between() -> None:
    assert missing([(1, 3), (4, 9)]) == []
    assert missing([(3, 3), (7, 9)]) == [(1, 2), (4, 6)]
    assert missing([]) == []
    # What was set aside stands among what was taken, and may be inside it.
    assert missing([(1, 5), (3, 3), (6, 7)]) == []


@given(st.sets(st.integers(1, 30)), st.sets(st.integers(1, 30)))
def test_ranges_overlap_when_they_have_a_sequence_in_common(one: set[int], other: set[int]) -> None:
    ranges, others = (merged((each, each) for each in some) for some in (one, other))
    assert overlap(ranges, others) == bool(one & other)
    assert length(ranges) == len(one)
    assert {each for first, last in missing(ranges) for each in range(first, last + 1)} == set(
        range(1, max(one, default=0) + 1)
    ) - one
