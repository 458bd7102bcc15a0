"""The exact draw of ratio distribution (service.md R4.1)."""

from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chakka.routing.ratio import draw_table

WEIGHTS = st.lists(st.integers(0, 9), min_size=1, max_size=32).filter(any)


def strays(weights: list[int], table: bytes) -> list[tuple[int, int, int]]:
    """Return (draw, member, count) wherever a count is a whole call or more away from its share."""
    total = sum(weights)
    counts: Counter[int] = Counter()
    found = []
    for drawn in range(1, total + 1):
        counts[table[(drawn - 1) % len(table)]] += 1
        found += [
            (drawn, member, counts[member])
            for member, weight in enumerate(weights)
            if abs(counts[member] * total - drawn * weight) >= total
        ]
    return found


@given(WEIGHTS)
@example([9] * 32)
@example([9] * 31 + [1])
@example([9, 9, 9] + [1] * 29)
@example([9] + [1] * 31)
@example([1, 0, 0, 9])
@example([2, 3, 5, 7] * 8)
def test_r4_1_every_count_is_within_one_of_its_share_at_every_prefix(weights: list[int]) -> None:
    assert strays(weights, draw_table(tuple(weights))) == []


@given(WEIGHTS)
def test_r4_1_one_period_is_the_weights_themselves(weights: list[int]) -> None:
    table = draw_table(tuple(weights))
    assert sum(weights) % len(table) == 0
    times = sum(weights) // len(table)
    counts = Counter(table)
    assert [counts[member] * times for member in range(len(weights))] == weights


@given(WEIGHTS)
def test_r4_1_the_period_is_at_most_288(weights: list[int]) -> None:
    assert 1 <= len(draw_table(tuple(weights))) <= 288


@given(WEIGHTS, st.data())
def test_r4_1_two_calls_off_in_a_run_that_starts_anywhere(weights: list[int], data: st.DataObject) -> None:
    """Any run is a prefix less a shorter prefix, so its counts are within 2."""
    table, total = draw_table(tuple(weights)), sum(weights)
    start = data.draw(st.integers(0, total))
    length = data.draw(st.integers(0, total))
    counts = Counter(table[place % len(table)] for place in range(start, start + length))
    assert all(
        abs(counts[member] * total - length * weight) < 2 * total for member, weight in enumerate(weights)
    )


@pytest.mark.parametrize(
    ("weights", "drawn"),
    [
        ((3, 1), [0, 0, 1, 0]),
        ((1, 1), [0, 1]),
        ((2, 2), [0, 1]),
        ((1, 1, 1), [0, 1, 2]),
        ((0, 1), [1]),
        ((5, 0), [0]),
        ((2, 1, 1), [0, 1, 2, 0]),
    ],
)
def test_r4_1_small_ratios_are_spread_evenly(weights: tuple[int, ...], drawn: list[int]) -> None:
    assert list(draw_table(weights)) == drawn
