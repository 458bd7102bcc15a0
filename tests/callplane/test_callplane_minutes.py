"""Calls counted by minute, apart from their records: counts and records are the same (reliability.md §1)."""

from collections import Counter

import pytest
from exchange import FIRST_LINE, TUESDAY_10_MS, Exchange, Telephone
from hypothesis import given
from hypothesis import strategies as st
from routing_contracts import TOKYO, contract, to

from chakka.callplane.minutes import Minutes
from chakka.localtime import MINUTE_MS
from chakka.records.model import Counted


def counts(minutes: list[Counted]) -> list[tuple[int, int, int]]:
    return [(one.minute_ms // MINUTE_MS, one.calls, one.answered) for one in minutes]


def test_a_minute_is_told_once_it_is_over() -> None:
    minutes = Minutes()
    minutes.came(60_000)
    minutes.came(119_999)
    minutes.answered(119_999)
    assert counts(list(minutes.take(119_999))) == []
    assert counts(list(minutes.take(120_000))) == [(1, 2, 1)]
    assert counts(list(minutes.take(180_000))) == []


def test_a_minute_without_calls_is_not_told() -> None:
    assert not list(Minutes().take(180_000))


def test_the_last_word_holds_everything_and_says_that_it_is_the_last() -> None:
    minutes = Minutes()
    minutes.came(60_000)
    minutes.answered(120_000)
    last = list(minutes.take_last(120_500))
    assert counts(last) == [(1, 1, 0), (2, 0, 1)]
    assert [one.is_last for one in last] == [False, True]


def test_a_node_that_stops_without_any_call_says_so_too() -> None:
    assert list(Minutes().take_last(60_000)) == [Counted(minute_ms=60_000, calls=0, answered=0, is_last=True)]


def test_an_answer_that_the_disk_did_not_take_is_taken_back_even_when_its_minute_was_told() -> None:
    minutes = Minutes()
    minutes.answered(119_999)
    told = list(minutes.take(120_000))
    minutes.not_answered(119_999)
    assert counts([*told, *minutes.take(120_500)]) == [(1, 0, 1), (1, 0, -1)]


def test_a_clock_that_is_set_back_loses_no_count() -> None:
    minutes = Minutes()
    minutes.answered(10 * MINUTE_MS)
    minutes.answered(2 * MINUTE_MS)
    assert sum(one.answered for one in minutes.take_last(2 * MINUTE_MS)) == 2


@given(st.lists(st.tuples(st.integers(0, 10), st.booleans()), max_size=40), st.lists(st.integers(0, 12)))
def test_all_that_is_told_adds_up_to_all_that_happened(
    happened: list[tuple[int, bool]], looked: list[int]
) -> None:
    minutes, told = Minutes(), []
    for place, (minute, is_answered) in enumerate(happened):
        (minutes.answered if is_answered else minutes.came)(minute * MINUTE_MS)
        told += [one for at in looked[place : place + 1] for one in minutes.take(at * MINUTE_MS)]
    told += minutes.take_last(0)
    assert sum(one.answered for one in told) == sum(is_answered for _, is_answered in happened)
    assert sum(one.calls for one in told) == sum(not is_answered for _, is_answered in happened)


def busy(fails: bool = False) -> Exchange:
    """Twelve calls within three minutes, one of them never answered."""
    exchange = Exchange(contract(to(TOKYO)))
    exchange.plane.disk.fails = fails
    for place in range(12):
        exchange.telephones[FIRST_LINE] = Telephone(answers_after=None if place == 5 else 1.0)
        call = exchange.dial()
        exchange.run(12.0)
        if place == 5:
            call.cancel(exchange.network.now)
        elif not fails:
            call.bye(exchange.network.now)
        exchange.run(1.0)
    exchange.plane.plane.stop(exchange.plane.at(exchange.network.now))
    exchange.plane.plane.end(exchange.plane.at(exchange.network.now))
    exchange.run(0.1)
    return exchange


@pytest.mark.parametrize("fails", [False, True])
def test_counts_are_what_the_records_add_up_to_in_every_minute(fails: bool) -> None:
    exchange = busy(fails)
    arrived = Counter(record.facts.attempt.at_ms // MINUTE_MS for record in exchange.records)
    answered = Counter(
        record.answered_at_ms // MINUTE_MS for record in exchange.records if record.answered_at_ms is not None
    )
    counted = [entry for entry in exchange.plane.disk.written if isinstance(entry, Counted)]
    assert sum(arrived.values()) == 12
    assert sum(answered.values()) == (0 if fails else 11)
    for minute in {one.minute_ms // MINUTE_MS for one in counted} | arrived.keys() | answered.keys():
        of_minute = [one for one in counted if one.minute_ms == minute * MINUTE_MS]
        assert sum(one.calls for one in of_minute) == arrived[minute]
        assert sum(one.answered for one in of_minute) == answered[minute]
    assert counted[-1].is_last


def test_a_minute_is_counted_while_the_node_runs() -> None:
    exchange = Exchange(contract(to(TOKYO)))
    exchange.dial()
    exchange.run(70.0)
    (minute,) = [entry for entry in exchange.plane.disk.written if isinstance(entry, Counted)]
    assert minute == Counted(minute_ms=TUESDAY_10_MS, calls=1, answered=1)
