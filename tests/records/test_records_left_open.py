"""Calls that a crash cut are closed at their last proof of life (reliability.md §1)."""

from hypothesis import given
from hypothesis import strategies as st
from journalled_calls import TEN_O_CLOCK_MS, answered, confirmed, refused, released, seized, tick, whole_call

from chakka.records.left_open import TEMPORARY_FAILURE, OpenCall, calls_left_open, close
from chakka.records.model import Entry, Released, ReleasedBy, Tick, Unanswered
from chakka.routing.decision import Reason

ANSWERED_AT_MS = TEN_O_CLOCK_MS + 3_000


def ends(entries: list[Entry]) -> list[Released]:
    """Return how answered calls that were left open end."""
    return [end for call in calls_left_open(entries) if isinstance(end := close(call), Released)]


def unanswered_ends(entries: list[Entry]) -> list[Unanswered]:
    """Return how calls end that were being set up."""
    return [end for call in calls_left_open(entries) if isinstance(end := close(call), Unanswered)]


def test_a_call_is_closed_at_its_last_tick_estimated_and_as_a_fault() -> None:
    (end,) = ends(
        [answered("c1", monotonic_ms=1_000), confirmed("c1"), tick(5_000, "c1"), tick(10_000, "c1")]
    )
    assert end.conversation_ms == 9_000
    assert end.released_at_ms == ANSWERED_AT_MS + 9_000
    assert (end.estimated, end.fault) == (True, True)
    assert (end.released_by, end.cause) == (ReleasedBy.US, TEMPORARY_FAILURE)


def test_a_tick_after_the_call_has_gone_does_not_prolong_another() -> None:
    (end,) = ends([answered("c1"), answered("c2"), tick(5_000, "c1", "c2"), released("c2"),
                               tick(10_000, "c3")])  # fmt: skip
    assert (end.call_id, end.conversation_ms) == ("c1", 4_000)


def test_an_answer_without_any_proof_of_life_ends_as_it_began() -> None:
    (end,) = ends([answered("c1")])
    assert end.conversation_ms == 0
    assert end.released_at_ms == ANSWERED_AT_MS


def test_an_ack_is_a_proof_of_life() -> None:
    (end,) = ends([answered("c1", monotonic_ms=1_000), confirmed("c1", monotonic_ms=1_040)])
    assert end.conversation_ms == 40


def test_an_ack_without_monotonic_time_proves_the_call_but_no_duration() -> None:
    (call,) = calls_left_open([answered("c1"), confirmed("c1")])
    assert isinstance(call, OpenCall) and call.is_confirmed
    assert ends([answered("c1"), confirmed("c1")])[0].conversation_ms == 0


def test_calls_that_ended_or_were_never_answered_are_not_closed() -> None:
    assert ends([*whole_call("c1"), refused("c2"), tick(5_000)]) == []


def test_a_stepped_wall_clock_does_not_change_the_duration() -> None:
    stepped = Tick(at_ms=TEN_O_CLOCK_MS - 86_400_000, monotonic_ms=5_000, calls=("c1",))
    (end,) = ends([answered("c1", monotonic_ms=1_000), stepped])
    assert end.conversation_ms == 4_000


@given(st.lists(st.integers(0, 10**6), max_size=6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_call_is_never_closed_later_than_its_true_end(ticks: list[int], began: int, talked: int) -> None:
    alive = [moment for moment in sorted(ticks) if began <= moment <= began + talked]
    (end,) = ends([answered("c1", monotonic_ms=began), *(tick(moment, "c1") for moment in alive)])
    assert 0 <= end.conversation_ms <= talked


def test_a_call_that_only_rang_ends_unanswered_by_a_fault_at_its_last_tick() -> None:
    (end,) = unanswered_ends([seized("c1", monotonic_ms=1_000), tick(5_000, seized=("c1",)), tick(9_000)])
    assert (end.reason, end.status, end.cause, end.estimated) == (Reason.FAULT, 0, TEMPORARY_FAILURE, True)
    assert end.released_at_ms == TEN_O_CLOCK_MS + 4_000
    assert end.facts.call_id == "c1"


def test_a_call_that_heard_its_announcement_ends_for_the_decisions_reason() -> None:
    (end,) = unanswered_ends([seized("c1", reason=Reason.OFF_HOURS)])
    assert (end.reason, end.announcement, end.estimated) == (Reason.OFF_HOURS, "off_hours", True)
    assert end.released_at_ms == TEN_O_CLOCK_MS


def test_a_seized_call_that_was_answered_or_ended_is_not_closed_unanswered() -> None:
    entries = [seized("c1"), *whole_call("c1"), seized("c2"), refused("c2"), seized("c3"), answered("c3")]
    assert unanswered_ends(entries) == []
    assert [end.call_id for end in ends(entries)] == ["c3"]


def test_an_answer_that_was_refused_after_all_is_not_closed_again() -> None:
    assert calls_left_open([seized("c1"), answered("c1"), refused("c1")]) == []
