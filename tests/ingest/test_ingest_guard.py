"""Ingest stops calls when a cap in yen is spent and lets them in again: service.md §9.5, charging.md §6."""

import logging
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journalled_calls import FREEPHONE, TEN_O_CLOCK_MS, answered, confirmed, released, whole_call
from ledgers import keyed

from chakka.ingest.batch import take
from chakka.ingest.guard import Guard
from chakka.ingest.rating import Rules
from chakka.ingest.spending import spent_of
from chakka.localtime import DAY_MS, jst_day_and_minute, parse_instant_ms
from chakka.money import MICRO_YEN
from chakka.records.entries import encode as encode_entry
from chakka.records.model import Answered, Confirmed, Entry, Released, Tick
from chakka.routing.live_facts import Caps, LiveFacts, MoneyStop, decode, encode
from chakka.stores.journal_reader import JournalEntry
from chakka.stores.ledger import Ledger, Warned
from chakka.stores.open_ledger import open_ledger
from chakka.stores.plan_store import PlanStore

# A fixed caller: 8 yen for 180 s. `whole_call` is one of 180.001 s: 16 yen.
DAY = jst_day_and_minute(TEN_O_CLOCK_MS)[0]
MIDNIGHT_MS = parse_instant_ms("2026-11-25T00:00+09:00")
MONTH_END_MS = parse_instant_ms("2026-12-01T00:00+09:00")
HALF_PAST_TEN_MS = TEN_O_CLOCK_MS + 1_800_000
AB, CD = b"\xab", b"\xcd"


class Watched:
    """A ledger under guard, and what the guard said."""

    def __init__(self, ledger: Ledger, rules: Rules, directory: Path) -> None:
        self.ledger = ledger
        self.rules = rules
        self.plans = directory / "plans"
        self.said: list[Warned] = []
        self._taken = self._more = 0
        self.start()

    def start(self) -> None:
        self.guard = Guard(self.plans, self.ledger, lambda: self.rules, self.said.extend)

    def set(self, **caps: object) -> None:
        self.change(lambda facts: msgspec.structs.replace(facts, caps=Caps(**caps)))  # type: ignore[arg-type]

    def change(self, step) -> None:
        with PlanStore.open(self.plans, readonly=False) as store:
            store.change_live(FREEPHONE, lambda stored: encode(step(decode(stored))))

    def facts(self) -> LiveFacts:
        with PlanStore.open(self.plans) as store:
            return decode(store.read_live(FREEPHONE))

    def revision(self) -> tuple[int, int, int]:
        with PlanStore.open(self.plans) as store:
            return store.revision()

    def take(self, entries: Iterable[Entry]) -> None:
        """One more boot of the node."""
        self._taken += 1
        take(keyed(entries, boot=self._taken), self.ledger, self.rules)

    def hear_of_the_node(self, entry: Entry) -> None:
        """One more entry of the boot that was taken last."""
        self._more += 1
        key = {"node": "n1", "boot": self._taken, "sequence": 100 + self._more}
        take([JournalEntry(**key, payload=encode_entry(entry))], self.ledger, self.rules)

    def stopped_until(self, now_ms: int = HALF_PAST_TEN_MS) -> int | None:
        self.guard.turn(now_ms)
        stop = self.facts().cap_stop
        return None if stop is None else stop.until_ms

    def warned(self) -> list[tuple[str, str, int, int]]:
        return [(one.scope, one.period, one.percent, one.cap_yen) for one in self.said]


@pytest.fixture
def ledger(place: str) -> Iterator[Ledger]:
    with open_ledger(place) as opened:
        yield opened


@pytest.fixture
def watched(ledger: Ledger, rules: Rules, tmp_path: Path) -> Watched:
    return Watched(ledger, rules, tmp_path)


def moved(entries: Iterable[Entry], by_ms: int) -> list[Entry]:
    """The same call at another time."""
    later: list[Entry] = []
    for entry in entries:
        match entry:
            case Answered():
                attempt = msgspec.structs.replace(
                    entry.facts.attempt, at_ms=entry.facts.attempt.at_ms + by_ms
                )
                facts = msgspec.structs.replace(entry.facts, attempt=attempt)
                moved_to = entry.answered_at_ms + by_ms
                later.append(msgspec.structs.replace(entry, facts=facts, answered_at_ms=moved_to))
            case Confirmed():
                later.append(msgspec.structs.replace(entry, at_ms=entry.at_ms + by_ms))
            case Released():
                later.append(msgspec.structs.replace(entry, released_at_ms=entry.released_at_ms + by_ms))
    return later


def up_for(conversation_ms: int) -> Tick:
    """Proof of life of the node, so long after the answer of the calls that tests journal."""
    begun = answered("any")
    monotonic_ms = begun.monotonic_ms + conversation_ms
    return Tick(at_ms=begun.answered_at_ms + conversation_ms, monotonic_ms=monotonic_ms, calls=())


def by_caller(entries: Iterable[Entry], caller_tag: bytes) -> list[Entry]:
    return [
        msgspec.structs.replace(entry, facts=msgspec.structs.replace(entry.facts, caller_tag=caller_tag))
        if isinstance(entry, Answered)
        else entry
        for entry in entries
    ]


# -- stops


def test_a_cap_of_a_day_that_is_spent_stops_calls_until_midnight(watched: Watched) -> None:
    watched.set(day_yen=32)
    watched.take(whole_call("c1"))
    assert watched.stopped_until() is None
    watched.take(whole_call("c2"))
    assert watched.stopped_until() == MIDNIGHT_MS


def test_a_cap_of_a_month_that_is_spent_stops_calls_until_the_month_ends(watched: Watched) -> None:
    watched.set(month_yen=32)
    watched.take([*moved(whole_call("c1"), -10 * DAY_MS), *whole_call("c2")])
    assert watched.stopped_until() == MONTH_END_MS


def test_the_next_day_lifts_the_stop_of_a_day(watched: Watched) -> None:
    watched.set(day_yen=16)
    watched.take(whole_call("c1"))
    assert watched.stopped_until() == MIDNIGHT_MS
    assert watched.stopped_until(MIDNIGHT_MS - 1) == MIDNIGHT_MS
    assert watched.stopped_until(MIDNIGHT_MS) is None


def test_a_raised_cap_lifts_the_stop_and_so_does_none_at_all(watched: Watched) -> None:
    watched.set(day_yen=16)
    watched.take(whole_call("c1"))
    assert watched.stopped_until() is not None
    watched.set(day_yen=17)
    assert watched.stopped_until() is None
    watched.set(day_yen=10)
    assert watched.stopped_until() is not None
    watched.set()
    assert watched.stopped_until() is None


def test_a_stop_by_hand_is_never_lifted_nor_made_by_the_guard(watched: Watched) -> None:
    watched.set(day_yen=16)
    watched.change(lambda facts: msgspec.structs.replace(facts, money_stop=MoneyStop()))
    assert watched.stopped_until() is None
    watched.take(whole_call("c1"))
    assert watched.stopped_until() == MIDNIGHT_MS
    assert watched.stopped_until(MIDNIGHT_MS) is None
    assert watched.facts().money_stop == MoneyStop()
    watched.change(lambda facts: msgspec.structs.replace(facts, money_stop=None))
    assert watched.stopped_until() == MIDNIGHT_MS


def test_late_records_of_yesterday_do_not_stop_today(watched: Watched) -> None:
    watched.set(day_yen=16)
    watched.take([*moved(whole_call("c1"), -DAY_MS), *moved(whole_call("c2"), -DAY_MS)])
    assert watched.stopped_until() is None


def test_e11_a_call_counts_for_the_day_of_its_answer_in_japan(watched: Watched) -> None:
    watched.set(day_yen=16)
    # Comes at 23:59:57 and is answered at midnight.
    watched.take(moved(whole_call("c1"), MIDNIGHT_MS - 3_000 - TEN_O_CLOCK_MS))
    assert watched.stopped_until(MIDNIGHT_MS - 1) is None
    assert watched.stopped_until(MIDNIGHT_MS) == MIDNIGHT_MS + DAY_MS


def test_a_correction_of_what_a_call_cost_lifts_the_stop(watched: Watched) -> None:
    watched.set(day_yen=16)
    # Closed in the node's place after a crash; its real end comes later and was sooner.
    estimate = msgspec.structs.replace(released("c1"), estimated=True)
    watched.take([answered("c1"), confirmed("c1"), estimate])
    assert watched.stopped_until() == MIDNIGHT_MS
    watched.take([released("c1", 180_000)])
    assert watched.stopped_until() is None


def test_a_call_in_suspense_has_no_price_and_stops_nobody(watched: Watched, rules: Rules) -> None:
    watched.set(day_yen=1)
    entry = answered("c1")
    attempt = msgspec.structs.replace(entry.facts.attempt, rating_class="satellite")
    odd = msgspec.structs.replace(entry, facts=msgspec.structs.replace(entry.facts, attempt=attempt))
    watched.take([odd, confirmed("c1"), released("c1")])
    assert watched.stopped_until() is None


# -- calls that are up


def test_a_long_call_is_seen_to_reach_the_cap_while_it_is_up(watched: Watched) -> None:
    watched.set(day_yen=16)
    watched.take([answered("c1"), confirmed("c1")])
    watched.hear_of_the_node(up_for(180_000))
    assert watched.stopped_until() is None
    watched.hear_of_the_node(up_for(180_001))
    assert watched.stopped_until() == MIDNIGHT_MS
    assert watched.warned()[-1][2] == 100


def test_a_call_that_ended_long_ago_is_no_longer_than_it_was_while_its_end_is_not_taken_yet(
    watched: Watched,
) -> None:
    watched.set(day_yen=16)
    watched.take([answered("c1"), confirmed("c1"), up_for(170_000)])
    # Ingest was down for hours and is still reading.
    assert watched.stopped_until(MIDNIGHT_MS - 1) is None
    watched.hear_of_the_node(released("c1", 175_000))
    assert watched.stopped_until(MIDNIGHT_MS - 1) is None


def test_a_clock_that_jumps_makes_no_call_longer(watched: Watched) -> None:
    watched.set(day_yen=16)
    jumped = msgspec.structs.replace(up_for(5_000), at_ms=HALF_PAST_TEN_MS + 3_600_000)
    watched.take([answered("c1"), confirmed("c1"), jumped])
    assert watched.stopped_until() is None


def test_a_call_that_was_answered_yesterday_does_not_stop_today_but_counts_for_the_month(
    watched: Watched,
) -> None:
    watched.set(day_yen=8, month_yen=16)
    watched.take([*moved([answered("c1"), confirmed("c1")], -DAY_MS), up_for(180_001)])
    assert watched.stopped_until() == MONTH_END_MS
    watched.set(day_yen=8)
    assert watched.stopped_until() is None


def test_p1_a_call_whose_ack_has_not_come_costs_nothing_yet(watched: Watched) -> None:
    watched.set(day_yen=1)
    watched.take([answered("c1")])
    assert watched.stopped_until() is None
    watched.take([confirmed("c1")])
    assert watched.stopped_until() == MIDNIGHT_MS


def test_a_call_costs_when_it_ends_what_it_was_seen_to_cost(watched: Watched) -> None:
    watched.take([answered("c1"), confirmed("c1"), up_for(180_001)])
    caps = {FREEPHONE: Caps(day_yen=1)}
    running = spent_of(caps, watched.ledger, HALF_PAST_TEN_MS, watched.rules)[FREEPHONE]
    watched.take([released("c1", 180_001)])
    ended = spent_of(caps, watched.ledger, HALF_PAST_TEN_MS, watched.rules)[FREEPHONE]
    assert (ended.day_uy, ended.month_uy) == (running.day_uy, running.month_uy)
    assert running.day_uy == 16 * MICRO_YEN


# -- callers


def test_a_caller_over_the_cap_is_stopped_until_midnight_and_no_other(watched: Watched) -> None:
    watched.set(caller_day_yen=32)
    watched.take([*by_caller(whole_call("c1"), AB), *by_caller(whole_call("c2"), CD)])
    watched.guard.turn(HALF_PAST_TEN_MS)
    assert watched.facts().caller_stops == {}
    watched.take(by_caller(whole_call("c3"), AB))
    watched.guard.turn(HALF_PAST_TEN_MS)
    assert watched.facts().caller_stops == {AB.hex(): MIDNIGHT_MS}
    assert watched.facts().cap_stop is None
    watched.guard.turn(MIDNIGHT_MS)
    assert watched.facts().caller_stops == {}


def test_a_callers_call_that_is_up_counts_as_well(watched: Watched) -> None:
    watched.set(caller_day_yen=24)
    watched.take([*by_caller(whole_call("c1"), AB), *by_caller([answered("c2"), confirmed("c2")], AB)])
    watched.guard.turn(answered("c2").answered_at_ms + 1)
    assert watched.facts().caller_stops == {AB.hex(): MIDNIGHT_MS}


def test_what_callers_spent_before_they_had_a_cap_counts(watched: Watched) -> None:
    watched.take(by_caller(whole_call("c1"), AB))
    watched.set(caller_day_yen=16)
    watched.guard.turn(HALF_PAST_TEN_MS)
    assert watched.facts().caller_stops == {AB.hex(): MIDNIGHT_MS}


def test_callers_without_a_number_are_one_caller(watched: Watched) -> None:
    watched.set(caller_day_yen=32)
    watched.take([*whole_call("c1"), *whole_call("c2")])
    watched.guard.turn(HALF_PAST_TEN_MS)
    assert watched.facts().caller_stops == {"": MIDNIGHT_MS}


def test_callers_are_added_up_as_long_as_they_have_a_cap(watched: Watched) -> None:
    watched.set(caller_day_yen=1_000)
    watched.guard.turn(HALF_PAST_TEN_MS)
    assert watched.ledger.watched() == {FREEPHONE: DAY}
    watched.guard.turn(MIDNIGHT_MS)
    assert watched.ledger.watched() == {FREEPHONE: DAY + 1}
    watched.set(day_yen=1)
    watched.guard.turn(MIDNIGHT_MS)
    assert watched.ledger.watched() == {}


# -- warnings


def test_each_warning_is_given_once_also_after_a_restart(watched: Watched) -> None:
    watched.set(day_yen=20)
    watched.take(whole_call("c1"))
    for _ in range(3):
        watched.guard.turn(HALF_PAST_TEN_MS)
    watched.start()
    watched.guard.turn(HALF_PAST_TEN_MS)
    assert watched.warned() == [("day", "2026-11-24", 80, 20)]
    (kept,) = watched.ledger.warnings(FREEPHONE)
    assert (kept.at_ms, kept.spent_uy) == (HALF_PAST_TEN_MS, 16 * MICRO_YEN)


def test_a_raised_cap_is_warned_of_anew_and_so_is_the_next_day(watched: Watched) -> None:
    watched.set(day_yen=20)
    watched.take([*whole_call("c1"), *moved(whole_call("c2"), DAY_MS)])
    watched.guard.turn(HALF_PAST_TEN_MS)
    watched.set(day_yen=19)
    watched.guard.turn(HALF_PAST_TEN_MS)
    watched.guard.turn(HALF_PAST_TEN_MS + DAY_MS)
    assert watched.warned() == [
        ("day", "2026-11-24", 80, 20),
        ("day", "2026-11-24", 80, 19),
        ("day", "2026-11-25", 80, 19),
    ]


def test_a_warning_is_logged_without_anybodys_number(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    watched.set(caller_day_yen=16)
    watched.take(by_caller(whole_call("c1"), AB))
    with caplog.at_level(logging.WARNING):
        watched.guard.turn(HALF_PAST_TEN_MS)
    (line,) = caplog.messages
    assert line == f"{FREEPHONE}: 16 of 16 yen spent by caller ab in 2026-11-24, 100 % of the cap reached"


# -- crashes and faults


def test_a_stop_that_is_missing_is_published_again(watched: Watched) -> None:
    watched.set(day_yen=16)
    watched.take(whole_call("c1"))
    assert watched.stopped_until() == MIDNIGHT_MS
    watched.change(lambda facts: msgspec.structs.replace(facts, cap_stop=None))
    assert watched.stopped_until() == MIDNIGHT_MS


def test_a_guard_that_died_before_it_lifted_a_stop_lifts_it_when_it_is_back(watched: Watched) -> None:
    watched.set(day_yen=16)
    watched.take(whole_call("c1"))
    assert watched.stopped_until() == MIDNIGHT_MS
    watched.set(day_yen=100)
    watched.start()
    assert watched.stopped_until() is None


def test_a_plan_store_that_is_put_in_the_place_of_another_is_guarded(
    watched: Watched, tmp_path: Path
) -> None:
    watched.set(day_yen=16)
    shutil.copytree(watched.plans, tmp_path / "backup")
    watched.take(whole_call("c1"))
    assert watched.stopped_until() == MIDNIGHT_MS
    shutil.rmtree(watched.plans)
    (tmp_path / "backup").rename(watched.plans)
    assert watched.facts().cap_stop is None
    assert watched.stopped_until() == MIDNIGHT_MS


def test_nothing_is_written_while_all_is_as_it_should_be(watched: Watched) -> None:
    watched.set(day_yen=16, caller_day_yen=16)
    watched.take(by_caller(whole_call("c1"), AB))
    watched.guard.turn(HALF_PAST_TEN_MS)
    before = watched.revision()
    watched.guard.turn(HALF_PAST_TEN_MS + 1)
    assert watched.revision() == before


def test_live_facts_that_cannot_be_read_leave_the_other_numbers_guarded(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    with PlanStore.open(watched.plans, readonly=False) as store:
        store.change_live("0120999999", lambda stored: b"\xc1 from the future")
    watched.set(day_yen=16)
    watched.take(whole_call("c1"))
    assert watched.stopped_until() == MIDNIGHT_MS
    assert "0120999999 cannot be read" in caplog.text


def test_a_plan_store_that_cannot_be_used_stops_no_record(
    watched: Watched, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "in the way").write_text("")
    guard = Guard(tmp_path / "in the way" / "plans", watched.ledger, lambda: watched.rules, list)
    guard.turn(HALF_PAST_TEN_MS)
    guard.turn(HALF_PAST_TEN_MS)
    assert len([line for line in caplog.messages if "cannot be published" in line]) == 1


# -- the sums


def sums(ledger: Ledger) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """What is kept, and what `rated` says itself."""
    engine = ledger._engine
    kept = [
        *engine.rows("SELECT number, day, '', calls, amount_uy FROM day_totals WHERE calls <> 0"),
        *engine.rows("SELECT number, day, caller_tag, calls, amount_uy FROM caller_totals WHERE calls <> 0"),
    ]
    found: dict[tuple[object, ...], list[int]] = {}
    days = ledger.watched()
    for number, day, caller_tag, amount_uy in engine.rows(
        "SELECT rated.number, rated.day, caller_tag, amount_uy FROM rated"
        " JOIN finals ON finals.call_id = rated.call_id WHERE suspense IS NULL"
    ):
        keys = {(number, day, "", "day")}
        if days.get(number) == day:
            keys.add((number, day, bytes(caller_tag or b"").hex(), "caller"))
        for key in keys:
            added = found.setdefault(key, [0, 0])
            added[0] += 1
            added[1] += amount_uy
    return sorted(kept, key=repr), sorted(((*key[:3], *added) for key, added in found.items()), key=repr)


ENTRIES = [
    *by_caller(whole_call("c1"), AB),
    *by_caller(whole_call("c2"), CD),
    *by_caller(moved(whole_call("c3"), DAY_MS), AB),
    *by_caller([answered("c4"), confirmed("c4")], AB),
    msgspec.structs.replace(released("c2", 900_000), estimated=True),
    msgspec.structs.replace(released("c4", 5_000), fault=True),
]


@settings(max_examples=40, deadline=None)
@given(order=st.permutations(range(len(ENTRIES))), cut=st.integers(0, len(ENTRIES)))
def test_the_sums_are_those_of_the_charges_in_whatever_order_records_come(
    order: list[int], cut: int, rules: Rules, tmp_path_factory: pytest.TempPathFactory
) -> None:
    entries = keyed(ENTRIES)
    path = tmp_path_factory.mktemp("sums") / f"{os.getpid()}.sqlite"
    with Ledger.open(path) as ledger:
        take([entries[place] for place in order[:cut]], ledger, rules)
        with ledger.writing() as change:
            change.watch(FREEPHONE, DAY)
        take([entries[place] for place in order[cut:]], ledger, rules)
        kept, found = sums(ledger)
    assert kept == found


def test_a_ledger_of_before_knows_what_was_spent(tmp_path: Path, rules: Rules) -> None:
    path = tmp_path / "ledger.sqlite"
    with Ledger.open(path) as ledger:
        take(keyed(whole_call("c1")), ledger, rules)
    with sqlite3.connect(path) as connection:
        for table in ("day_totals", "watched", "caller_totals", "warnings"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("PRAGMA user_version = 3")
    connection.close()
    with Ledger.open(path) as ledger:
        assert ledger.spent([FREEPHONE], DAY, "2026-11") == {FREEPHONE: (16 * MICRO_YEN, 16 * MICRO_YEN)}
