"""The sliding window that gapping and the rates of callers count with (service.md §9.6–9.7)."""

from hypothesis import given
from hypothesis import strategies as st

from chakka.callplane.gaps import Window


def test_one_let_through_counts_until_its_span_is_over_and_no_longer() -> None:
    window = Window(1.0)
    window.add("a", 10.0)
    assert [window.count("a", at) for at in (10.0, 10.999, 11.0)] == [1, 1, 0]


def test_keys_are_counted_apart() -> None:
    window = Window(60.0)
    window.add("a", 0.0)
    window.add("a", 1.0)
    window.add("b", 2.0)
    assert [window.count(key, 3.0) for key in "abc"] == [2, 1, 0]


def test_what_is_over_is_forgotten_and_asking_leaves_no_trace() -> None:
    window = Window(1.0)
    for place in range(1_000):
        window.add(place, place / 1_000)
    assert len(window) == 1_000
    assert window.count("somebody", 2.0) == 0
    assert len(window) == 0
    assert not window._counts


@given(st.integers(1, 5), st.lists(st.floats(0.0, 0.6), max_size=80))
def test_no_second_lets_through_more_than_the_limit_and_none_is_kept_out_for_less(
    most: int, gaps: list[float]
) -> None:
    window, passed, now = Window(1.0), [], 100.0
    for gap in gaps:
        now += gap
        # Counted in the same way as the window does, or the last bit of a sum would decide.
        recent = [at for at in passed if at + 1.0 > now]
        assert window.count("a", now) == len(recent)
        if len(recent) < most:
            window.add("a", now)
            passed.append(now)
    for place, first in enumerate(passed[most:]):
        assert first >= passed[place] + 1.0
