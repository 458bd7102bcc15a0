"""A crash at every write: each INVITE that was let in leaves exactly one record (reliability.md §1)."""

from collections.abc import Callable, Sequence

import pytest
from calling_lines import NOTIFYING, CallingOffice
from exchange import FIRST_LINE, Exchange, Telephone
from routing_contracts import OSAKA, TOKYO, contract, overflow, to

from chakka.records.fold import NOTHING, CallEntries, CallEntry, add, call_id_of, conflicts, fold, is_final
from chakka.records.left_open import calls_left_open, close
from chakka.records.model import Answered, Entry, Record, Seized, Tick, Unanswered
from chakka.routing.decision import Reason


def talked() -> Exchange:
    exchange = Exchange(contract(overflow(TOKYO, OSAKA)))
    exchange.telephones[FIRST_LINE] = Telephone(refuses=486)
    call = exchange.dial()
    exchange.run(13.0)
    call.bye(exchange.network.now)
    exchange.run(1.0)
    return exchange


def guided() -> Exchange:
    exchange = Exchange(contract(to(TOKYO), guidance=True))
    call = exchange.dial()
    exchange.run(16.0)
    call.bye(exchange.network.now)
    exchange.run(1.0)
    return exchange


def announced() -> Exchange:
    exchange = Exchange(contract(to(TOKYO)))
    exchange.dial(number="0120999999")
    exchange.run(12.0)
    return exchange


def given_up() -> Exchange:
    exchange = Exchange(contract(to(TOKYO)))
    exchange.telephones[FIRST_LINE] = Telephone(answers_after=None)
    call = exchange.dial()
    exchange.run(7.0)
    call.cancel(exchange.network.now)
    exchange.run(1.0)
    return exchange


def refused() -> Exchange:
    exchange = Exchange(contract(to(TOKYO)))
    exchange.dial(body=b"")
    exchange.dial(number="0120999999", body=b"")
    exchange.run(3.0)
    exchange.calls[0].bye(exchange.network.now)
    exchange.run(1.0)
    return exchange


def noted() -> Exchange:
    office = CallingOffice(NOTIFYING)
    office.dial_and_listen("1351")
    office.dial_out("09012345678")
    office.run(3.0)
    return office


def crossed() -> Exchange:
    """Three calls at once: one talks, one rings, one hears that it came too late."""
    exchange = Exchange(contract(overflow(TOKYO, OSAKA)))
    exchange.dial()
    exchange.run(0.5)
    exchange.telephones[FIRST_LINE] = Telephone(answers_after=None)
    exchange.dial()
    exchange.dial(number="0120999999")
    exchange.run(20.0)
    return exchange


SCENES = [talked, guided, announced, given_up, refused, noted, crossed]


def folded(written: Sequence[Entry]) -> dict[str, CallEntries]:
    calls: dict[str, CallEntries] = {}
    for sequence, entry in enumerate(written):
        if isinstance(entry, CallEntry):
            call_id = call_id_of(entry)
            calls[call_id] = add(calls.get(call_id, NOTHING), ("node1", 1, sequence), entry)
    return calls


def after_crash(written: Sequence[Entry]) -> list[Entry]:
    """Return the journal once the next boot has closed what was left open."""
    return [*written, *(close(call) for call in calls_left_open(written))]


def began(written: Sequence[Entry]) -> set[str]:
    return {entry.facts.call_id for entry in written if isinstance(entry, Seized | Unanswered | Answered)}


@pytest.mark.parametrize("scene", SCENES)
def test_a_crash_after_any_write_leaves_one_final_record_of_each_call(scene: Callable[[], Exchange]) -> None:
    written = scene().plane.disk.written
    for length in range(len(written) + 1):
        journal = after_crash(written[:length])
        calls = folded(journal)
        records = [record for call in calls.values() if (record := fold(call)) is not None]
        assert [record.facts.call_id for record in records] == list(calls)
        assert set(calls) == began(written[:length])
        assert all(is_final(record) for record in records)
        assert not calls_left_open(journal)
        assert not any(conflicts(call) for call in calls.values())


@pytest.mark.parametrize("scene", SCENES)
def test_every_invite_that_was_let_in_has_one_record(scene: Callable[[], Exchange]) -> None:
    exchange = scene()
    assert len(exchange.records) == len(exchange.plane.said_of_calls("decided"))


def test_a_call_is_given_to_the_journal_in_the_turn_in_which_it_comes() -> None:
    exchange = Exchange(contract(to(TOKYO)))
    exchange.plane.disk.latency = 60.0
    exchange.dial()
    (seized,) = exchange.plane.disk.written
    assert isinstance(seized, Seized)
    assert seized.monotonic_ms == 10


def test_a_call_that_is_over_in_its_first_turn_has_one_entry() -> None:
    exchange = Exchange(contract(to(TOKYO)))
    exchange.dial(number="0120999999", body=b"")
    assert [type(entry) for entry in exchange.plane.disk.written] == [Unanswered]


def closed(exchange: Exchange) -> Record:
    """Crash now; return the record of the only call."""
    (call,) = folded(after_crash(exchange.plane.disk.written)).values()
    record = fold(call)
    assert record is not None
    return record


def test_a_call_that_only_rang_is_unanswered_by_a_fault_and_says_whom_it_rang() -> None:
    exchange = Exchange(contract(to(TOKYO)))
    exchange.telephones[FIRST_LINE] = Telephone(answers_after=None)
    exchange.dial()
    exchange.run(12.0)
    record = closed(exchange)
    assert (record.reason, record.status, record.cause) == (Reason.FAULT, 0, 41)
    assert (record.estimated, record.fault, record.answered_at_ms) == (True, True, None)
    assert [leg.destination for leg in record.facts.legs] == [TOKYO]
    assert record.released_at_ms is not None
    assert 7_000 <= record.released_at_ms - record.facts.attempt.at_ms <= 12_000


def test_a_call_that_was_being_guided_is_unanswered_by_a_fault() -> None:
    exchange = Exchange(contract(to(TOKYO), guidance=True))
    exchange.dial()
    exchange.run(5.0)
    record = closed(exchange)
    assert (record.reason, record.answered_at_ms, record.estimated) == (Reason.FAULT, None, True)


def test_a_call_that_heard_its_announcement_keeps_the_reason_of_the_decision() -> None:
    exchange = Exchange(contract(to(TOKYO, mobile=False)))
    exchange.dial(calling="09012345678")
    exchange.run(3.0)
    record = closed(exchange)
    assert (record.reason, record.estimated) == (Reason.UNKNOWN_ORIGIN, True)
    assert record.announcement == "restricted_area"


def test_ticks_name_the_calls_being_set_up_apart_from_those_that_are_up() -> None:
    exchange = crossed()
    tick = next(entry for entry in reversed(exchange.plane.disk.written) if isinstance(entry, Tick))
    assert (len(tick.calls), len(tick.seized)) == (1, 1)
