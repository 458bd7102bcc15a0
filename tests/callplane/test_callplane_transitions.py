"""The table of a call, walked whole: an event that cannot come in a state is a bug and raises."""

import itertools

import pytest
from exchange import FIRST_LINE, Exchange
from routing_contracts import OSAKA, TOKYO, contract, overflow

from chakka.callplane.call import On, State
from chakka.callplane.transitions import TABLE, UnexpectedEvent, happen

# What each state can be told; all else is our bug. Kept by hand: a change of the table is seen twice.
EXPECTED = {
    State.PREPARING: {"media_opened", "media_refused", "media_timer", "cancelled", "stopping", "fault"},
    State.GUIDING: {
        *("media_finished", "media_refused", "media_timer", "media_silent", "cancelled", "acked"),
        *("ack_timeout", "pracked", "reliable_timeout", "bye", "reinvite", "stopping", "fault"),
        "session_expired",
    },
    State.HUNTING: {
        *("provisional", "answered", "failed", "cancelled", "no_reply_timer", "ring_timer"),
        *("pracked", "reliable_timeout", "media_refused", "stopping", "fault"),
    },
    State.OPENING: {"media_opened", "media_refused", "media_timer", "cancelled", "stopping", "fault"},
    State.PLAYING: {
        *("media_finished", "media_refused", "media_timer", "cancelled", "pracked", "reliable_timeout"),
        *("acked", "ack_timeout", "bye", "reinvite", "session_expired"),
        *("stopping", "fault"),
    },
    State.NOTING: {"stored", "not_stored", "cancelled", "stopping", "fault"},
    State.STORING: {
        *(
            "media_silent",
            "media_refused",
            "stored",
            "not_stored",
            "bye",
            "reinvite",
            "session_expired",
            "cancelled",
            "pracked",
            "reliable_timeout",
        ),
        *("stopping", "fault"),
    },
    State.ANSWERED: {
        *("acked", "ack_timeout", "bye", "cancelled", "pracked", "reliable_timeout", "reinvite"),
        "session_expired",
        *("longest_timer", "media_silent", "media_refused", "stopping", "fault"),
    },
    State.UP: {
        *("acked", "ack_timeout", "bye", "reinvite", "reinvite_answered", "reinvite_failed"),
        *("longest_timer", "media_silent", "media_refused", "cancelled", "session_expired"),
        *("stopping", "fault"),
    },
    State.RELEASED: set(),
}


@pytest.mark.parametrize(("state", "on"), list(itertools.product(State, On)))
def test_the_table_has_a_row_for_what_can_happen_and_no_other(state: State, on: On) -> None:
    assert ((state, on) in TABLE) == (on.value in EXPECTED[state])


def test_an_unexpected_event_raises_and_the_call_can_still_be_given_up() -> None:
    exchange = Exchange(contract(overflow(TOKYO, OSAKA)))
    exchange.dial()
    (call,) = exchange.plane.plane.calls.values()
    with pytest.raises(UnexpectedEvent, match="stored in state hunting"):
        happen(call, On.STORED, exchange.plane.at(exchange.network.now))


def test_a_bug_of_ours_ends_one_call_with_500_and_harms_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = Exchange(contract(overflow(TOKYO, OSAKA)))
    plane = exchange.plane.plane
    exchange.dial()
    exchange.run(3.0)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(TABLE, (State.HUNTING, On.PROVISIONAL), broken)
    with pytest.raises(ZeroDivisionError):
        exchange.dial()
    plane.give_up(exchange.plane.at(exchange.network.now))
    exchange.run(1.0)
    assert [failed.status for failed in exchange.refusals] == [500]
    assert len(plane.calls) == 1
    assert [record.status for record in exchange.records] == [200, 500]
    assert FIRST_LINE not in exchange.byes
