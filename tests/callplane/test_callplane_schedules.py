"""Random schedules: whatever happens when, every call ends once, and nothing is left (reliability.md §1)."""

import pytest
from random_schedules import RandomSchedule


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens_every_call_ends_once_and_leaves_nothing(seed: int) -> None:
    schedule = RandomSchedule(seed)
    schedule.go_on()
    assert schedule.left_over() == []


@pytest.mark.slow
@pytest.mark.parametrize("hundred", range(8))
def test_hundreds_of_schedules_leave_nothing(hundred: int) -> None:
    for seed in range(1_000 + 100 * hundred, 1_100 + 100 * hundred):
        schedule = RandomSchedule(seed)
        schedule.go_on()
        assert (seed, schedule.left_over()) == (seed, [])
