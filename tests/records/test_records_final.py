"""The flat record of a call, and which of several records holds (charging.md §4)."""

from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from journalled_calls import answered, confirmed, refused, released, whole_call
from recorded_calls import finals, recorded

from chakka.records import fold
from chakka.records.final import content, day_of, final_of, is_chargeable, settle, source_name
from chakka.records.fold import NOTHING
from chakka.records.model import CallKind, Entry

AREA = "東京"


def flat(entries: list[Entry]):
    state = NOTHING
    for sequence, entry in enumerate(entries, 1):
        state = fold.add(state, ("n1", 2, sequence), entry)
    record, first = fold.fold(state), fold.beginning(state)
    assert record is not None
    assert first is not None
    return final_of(record, first.key, AREA)


def test_an_answered_call_is_flat_with_all_that_the_money_needs() -> None:
    final = flat(whole_call("c1", 60_000))
    assert (final.source, final.sequence, final.call_id) == ("n1/2", 1, "c1")
    assert (final.rating_class, final.charge_area, final.home_area) == ("fixed", "武蔵野三鷹", AREA)
    assert (final.conversation_ms, final.is_confirmed, final.is_open) == (60_000, True, False)
    assert is_chargeable(final)


def test_a_call_that_is_up_is_open_and_not_charged() -> None:
    final = flat([answered("c1"), confirmed("c1")])
    assert (final.is_open, final.conversation_ms) == (True, None)
    assert not is_chargeable(final)


def test_a_refused_call_is_over_and_not_charged() -> None:
    final = flat([refused("c1")])
    assert (final.is_open, final.answered_at_ms, final.reason) == (False, None, "off_hours")
    assert not is_chargeable(final)


def test_r2_8_a_call_to_a_line_number_is_not_charged() -> None:
    assert not is_chargeable(recorded("c1", 1, kind=CallKind.DIRECT.value))


def test_a_call_that_ingest_closed_is_of_the_source_that_began_it() -> None:
    assert source_name("n1~", 2) == source_name("n1", 2) == "n1/2"


def test_a_call_stands_on_the_jst_day_of_its_answer() -> None:
    """Arrived 23:59:59 JST, answered just after midnight."""
    midnight_ms = 1_792_076_400_000
    assert day_of(midnight_ms - 1_000, midnight_ms) == day_of(midnight_ms, None)
    assert day_of(midnight_ms - 1_000, None) == day_of(midnight_ms, None) - 1


def test_the_same_said_twice_is_one_record_of_the_first_sequence() -> None:
    twin = msgspec.structs.replace(recorded("c1", 9), sequence=12)
    settled = settle([twin, recorded("c1", 9)])
    assert (settled.held.sequence, settled.conflicts, settled.superseded) == (9, (), ())


def test_e14_another_duration_without_a_correction_number_is_a_conflict() -> None:
    first, other = recorded("c1", 1, 60_000), recorded("c1", 2, 600_000)
    for order in permutations([first, other]):
        settled = settle(order)
        assert (settled.held, settled.conflicts, settled.superseded) == (first, (other,), ())


def test_a_higher_correction_number_supersedes_whatever_the_order() -> None:
    said = [recorded("c1", 1, 1), recorded("c1", 2, 2, correction=1), recorded("c1", 3, 3, correction=2)]
    for order in permutations(said):
        settled = settle(order)
        assert settled.held == said[2]
        assert set(settled.superseded) == {said[0], said[1]}
        assert settled.conflicts == ()


def test_two_corrections_with_the_same_number_contradict_each_other() -> None:
    said = [recorded("c1", 1, 1), recorded("c1", 2, 2, correction=1), recorded("c1", 3, 3, correction=1)]
    settled = settle(said)
    assert (settled.held, settled.conflicts, settled.superseded) == (said[1], (said[2],), (said[0],))


def test_p10_a_real_end_supersedes_an_estimated_one() -> None:
    estimated, real = recorded("c1", 1, 5_000, estimated=True, fault=True), recorded("c1", 2, 9_000)
    for order in permutations([estimated, real]):
        settled = settle(order)
        assert (settled.held, settled.conflicts, settled.superseded) == (real, (), (estimated,))


def test_the_end_of_a_call_supersedes_that_it_was_up() -> None:
    up = recorded("c1", 1, None, answered_at_ms=1, is_open=True)
    over = recorded("c1", 2)
    assert settle([up, over]).held == over
    assert settle([up, over]).superseded == (up,)


def test_of_two_under_the_same_sequence_the_first_given_holds() -> None:
    said = [recorded("c1", 1, duration) for duration in (1, 2)]
    assert settle(said).held == said[0]
    assert settle(said[::-1]).held == said[1]


def test_nothing_settles_nothing() -> None:
    with pytest.raises(ValueError, match="not enough values"):
        settle([])


@given(finals, st.text("xyz", min_size=1, max_size=4), st.integers(1, 99))
def test_content_is_all_that_is_said_but_not_by_whom(final, source: str, sequence: int) -> None:
    assert content(msgspec.structs.replace(final, source=source, sequence=sequence)) == content(final)
    assert content(msgspec.structs.replace(final, number=final.number + "1")) != content(final)
    assert content(msgspec.structs.replace(final, fault=not final.fault)) != content(final)


@given(st.data())
def test_what_holds_does_not_depend_on_the_order(data: st.DataObject) -> None:
    said = [
        recorded("c1", sequence, data.draw(st.integers(0, 2)), arrived_at_ms=5, correction=correction)
        for sequence, correction in enumerate(
            data.draw(st.lists(st.integers(0, 2), min_size=1, max_size=6)), 1
        )
    ]
    settled = settle(said)
    again = settle(data.draw(st.permutations(said)))
    assert settled == again
    assert {content(one) for one in settled.records()} == {content(one) for one in said}


def test_p1_an_unconfirmed_call_stays_unconfirmed() -> None:
    assert not flat([answered("c1"), released("c1")]).is_confirmed
