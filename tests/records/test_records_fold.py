"""One record from a call's entries, whatever the order in which they come."""

from itertools import permutations

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from journalled_calls import (
    TEN_O_CLOCK_MS,
    TOKYO,
    answered,
    confirmed,
    refused,
    released,
    seized,
    whole_call,
)

from chakka.records.fold import NOTHING, CallEntries, CallEntry, Key, add, conflicts, fold, is_final
from chakka.records.model import ReleasedBy
from chakka.routing.decision import Reason


def gather(*entries: CallEntry) -> CallEntries:
    return added([(("n1", 1, place), entry) for place, entry in enumerate(entries, 1)])


def added(keyed: list[tuple[Key, CallEntry]]) -> CallEntries:
    call = NOTHING
    for key, entry in keyed:
        call = add(call, key, entry)
    return call


def test_an_answered_call_becomes_a_record_with_its_conversation() -> None:
    record = fold(gather(*whole_call("c1", 60_000)))
    assert record is not None
    assert record.reason is Reason.OK
    assert record.destination == TOKYO
    assert record.is_confirmed
    assert record.answered_at_ms == TEN_O_CLOCK_MS + 3_000
    assert record.conversation_ms == 60_000
    assert (record.released_by, record.cause) == (ReleasedBy.CALLER, 16)
    assert is_final(record)


def test_a_call_that_is_up_has_a_record_without_end() -> None:
    record = fold(gather(answered("c1"), confirmed("c1")))
    assert record is not None
    assert record.conversation_ms is None
    assert not is_final(record)


def test_a_refused_call_becomes_a_record_without_answer() -> None:
    record = fold(gather(refused("c1")))
    assert record is not None
    assert record.reason is Reason.OFF_HOURS
    assert (record.status, record.cause, record.announcement) == (480, 21, "off_hours")
    assert record.answered_at_ms is None
    assert record.conversation_ms is None
    assert is_final(record)


def test_p1_a_call_without_the_callers_ack_is_not_confirmed() -> None:
    record = fold(gather(answered("c1"), released("c1")))
    assert record is not None
    assert not record.is_confirmed


def test_an_end_without_its_answer_is_no_record_yet() -> None:
    assert fold(gather(confirmed("c1"), released("c1"))) is None


def test_an_answer_that_the_disk_failed_and_that_was_then_refused_is_the_refused_call() -> None:
    record = fold(gather(answered("c1"), refused("c1")))
    assert record is not None
    assert record.answered_at_ms is None


def test_a_seized_call_is_up_and_not_final() -> None:
    record = fold(gather(seized("c1")))
    assert record is not None
    assert (record.status, record.answered_at_ms, is_final(record)) == (0, None, False)


def test_what_becomes_of_a_seized_call_takes_its_place_in_any_order() -> None:
    for end in ([refused("c1")], whole_call("c1")):
        for order in permutations([seized("c1"), *end]):
            assert fold(gather(*order)) == fold(gather(*end))
            assert gather(*order).seized == ()


def test_p10_what_really_became_of_a_call_supersedes_its_estimated_end() -> None:
    cut = msgspec.structs.replace(refused("c1"), reason=Reason.FAULT, status=0, estimated=True)
    for order in permutations([seized("c1"), cut, refused("c1")]):
        record = fold(gather(*order))
        assert record is not None
        assert (record.reason, record.estimated) == (Reason.OFF_HOURS, False)
        assert conflicts(gather(*order)) == []
    for order in permutations([seized("c1"), cut, answered("c1")]):
        record = fold(gather(*order))
        assert record is not None
        assert record.answered_at_ms is not None


def test_entries_in_any_order_make_the_same_call() -> None:
    keyed = [(("n1", 1, place), entry) for place, entry in enumerate(whole_call("c1"), 1)]
    assert {msgspec.json.encode(added(list(order))) for order in permutations(keyed)} == {
        msgspec.json.encode(added(keyed))
    }


def test_e14_an_entry_that_comes_twice_is_no_conflict() -> None:
    keyed: list[tuple[Key, CallEntry]] = [(("n1", 1, 1), answered("c1")), (("n1", 1, 2), released("c1"))]
    call = added([*keyed, *keyed, (("n2", 1, 7), released("c1"))])
    assert conflicts(call) == []
    assert call == added(keyed)


def test_e14_another_duration_is_a_conflict_and_the_first_one_holds() -> None:
    first, other = (("n1", 1, 2), released("c1", 60_000)), (("n2", 1, 9), released("c1", 90_000))
    for order in ([first, other], [other, first]):
        call = added(order)
        assert call.released[0].entry.conversation_ms == 60_000
        assert [kept.key for kept in conflicts(call)] == [("n2", 1, 9)]


def test_p10_a_real_end_supersedes_an_estimated_one_without_conflict() -> None:
    estimated = msgspec.structs.replace(released("c1", 5_000), estimated=True, fault=True)
    for order in ([estimated, released("c1", 60_000)], [released("c1", 60_000), estimated]):
        call = gather(answered("c1"), *order)
        record = fold(call)
        assert record is not None
        assert (record.conversation_ms, record.estimated, record.fault) == (60_000, False, False)
        assert conflicts(call) == []


entries = st.lists(
    st.tuples(
        st.tuples(st.sampled_from(["n1", "n2"]), st.integers(1, 3), st.integers(1, 20)),
        st.sampled_from(
            [
                answered("c1"),
                answered("c1", monotonic_ms=7),
                confirmed("c1"),
                refused("c1"),
                seized("c1"),
                seized("c1", monotonic_ms=7),
                msgspec.structs.replace(refused("c1"), estimated=True),
                released("c1", 1_000),
                released("c1", 2_000),
                msgspec.structs.replace(released("c1", 500), estimated=True),
            ]
        ),
    ),
    max_size=8,
    unique_by=lambda keyed: keyed[0],
)


@given(entries, st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(keyed, shuffler) -> None:
    shuffled = keyed + keyed[: len(keyed) // 2]
    shuffler.shuffle(shuffled)
    assert added(shuffled) == added(keyed)
