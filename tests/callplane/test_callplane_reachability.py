"""Who is there: OPTIONS at intervals, up and down, and how the questions are spread."""

from hypothesis import given
from hypothesis import strategies as st

from chakka.callplane.bindings import LineTarget
from chakka.callplane.reachability import Reachability, Turned
from chakka.config import Address, KeepaliveSettings

FIRST: Address = ("192.0.2.21", 5060)
SECOND: Address = ("192.0.2.22", 5060)


def target(address: Address) -> LineTarget:
    return LineTarget(f"sip:{address[0]}", address)


def watching(*addresses: Address, **settings: object) -> Reachability:
    reachability = Reachability(KeepaliveSettings(**settings))  # type: ignore[arg-type]
    reachability.watch([target(address) for address in addresses], 0.0)
    return reachability


def first_question(reachability: Reachability) -> float:
    due = reachability.next_timer()
    assert due is not None
    assert [one.destination for one in reachability.due(due)[0]] == [FIRST]
    return due


def test_every_address_is_asked_once_in_an_interval() -> None:
    reachability = watching(FIRST, SECOND)
    asked = []
    for tenth in range(900):
        for one in reachability.due(tenth / 10)[0]:
            asked.append(one.destination)
            reachability.ended(one.destination, 200, tenth / 10)
    assert (asked.count(FIRST), asked.count(SECOND)) == (3, 3)


def test_questions_are_spread_over_the_interval() -> None:
    addresses = [("192.0.2.21", port) for port in range(5060, 5160)]
    reachability = watching(*addresses)
    per_second = []
    for second in range(31):
        asked, _ = reachability.due(float(second))
        per_second.append(len(asked))
        for one in asked:
            reachability.ended(one.destination, 200, float(second))
    assert 100 <= sum(per_second) <= 105
    assert max(per_second) <= 5


def test_an_address_is_down_after_two_unanswered_questions_and_soon() -> None:
    reachability = watching(FIRST)
    asked_at = first_question(reachability)
    assert reachability.due(asked_at + 3.9) == ([], [])
    assert reachability.due(asked_at + 4.0)[1] == []
    assert reachability.is_up(FIRST)
    again, _ = reachability.due(asked_at + 8.0)
    assert again == [target(FIRST)]
    assert reachability.due(asked_at + 12.0)[1] == [Turned(FIRST, False)]
    assert not reachability.is_up(FIRST)


def test_one_answer_brings_it_back() -> None:
    reachability = watching(FIRST, failures=1)
    asked_at = first_question(reachability)
    reachability.due(asked_at + 4.0)
    asked, _ = reachability.due(asked_at + 30.0)
    assert asked == [target(FIRST)]
    assert reachability.ended(FIRST, 200, asked_at + 30.1) == [Turned(FIRST, True)]
    assert reachability.is_up(FIRST)


def test_every_answer_of_the_peer_itself_is_a_sign_of_life() -> None:
    for status in (200, 401, 404, 405, 486, 501):
        reachability = watching(FIRST, failures=1)
        asked_at = first_question(reachability)
        assert reachability.ended(FIRST, status, asked_at) == []
        assert reachability.is_up(FIRST)


def test_an_answer_that_nobody_is_there_is_none() -> None:
    for status in (408, 503, None):
        reachability = watching(FIRST, failures=1)
        asked_at = first_question(reachability)
        assert reachability.ended(FIRST, status, asked_at) == [Turned(FIRST, False)]


def test_a_late_failure_is_not_counted_twice() -> None:
    reachability = watching(FIRST, failures=2)
    asked_at = first_question(reachability)
    reachability.due(asked_at + 4.0)
    assert reachability.ended(FIRST, None, asked_at + 5.0) == []
    assert reachability.is_up(FIRST)


def test_a_late_answer_is_an_answer() -> None:
    reachability = watching(FIRST, failures=1)
    asked_at = first_question(reachability)
    reachability.due(asked_at + 4.0)
    assert reachability.ended(FIRST, 200, asked_at + 5.0) == [Turned(FIRST, True)]


def test_an_answer_between_failures_forgives_them() -> None:
    reachability = watching(FIRST, failures=2)
    asked_at = first_question(reachability)
    reachability.due(asked_at + 4.0)
    reachability.due(asked_at + 8.0)
    reachability.ended(FIRST, 200, asked_at + 8.1)
    reachability.due(asked_at + 30.0)
    assert reachability.ended(FIRST, None, asked_at + 31.0) == []
    assert reachability.is_up(FIRST)


def test_what_is_not_watched_counts_as_up_and_its_answers_as_nothing() -> None:
    reachability = watching(FIRST)
    assert reachability.is_up(SECOND)
    assert reachability.ended(SECOND, None, 0.0) == []


def test_nobody_to_watch_means_nothing_to_do() -> None:
    assert watching().next_timer() is None
    reachability = watching(FIRST)
    reachability.watch([], 1.0)
    assert reachability.next_timer() is None
    assert reachability.due(100.0) == ([], [])


def test_what_is_known_stays_known_when_others_are_added() -> None:
    reachability = watching(FIRST, failures=1)
    asked_at = first_question(reachability)
    reachability.ended(FIRST, None, asked_at)
    reachability.watch([target(FIRST), target(SECOND)], asked_at + 1)
    assert not reachability.is_up(FIRST)


_ANSWERS = st.lists(st.sampled_from([200, 404, 503, None]), max_size=30)


@given(_ANSWERS, st.integers(1, 4))
def test_it_is_down_exactly_after_so_many_failures_in_a_row(answers: list[int | None], failures: int) -> None:
    reachability = watching(FIRST, failures=failures)
    now, in_a_row = 0.0, 0
    for status in answers:
        while not reachability.due(now)[0]:
            now = max(now, reachability.next_timer() or now)
        reachability.ended(FIRST, status, now)
        in_a_row = in_a_row + 1 if status in (503, None) else 0
        assert reachability.is_up(FIRST) is (in_a_row < failures)
