"""The money guard: what a turn costs with many numbers and calls up, and how late a stop is.

    .venv/bin/python bench/guard.py

Ledger and plan store in a temporary directory. The first two figures are of one turn over 1,000 numbers that
have caps, at rest and with 1,000 calls up; the next two are what ingest takes for a call, without and with
callers told apart; the last is the time from an entry that is durable in the journal to the stop that a call
plane reads, with ingest in a process of its own.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from chakka.clock import utc_ms
from chakka.facts import numbering_table, shipped_tariff
from chakka.ingest.batch import take
from chakka.ingest.guard import Guard
from chakka.ingest.rating import Rules
from chakka.localtime import jst_day_and_minute
from chakka.records.entries import encode
from chakka.records.model import Answered, Entry
from chakka.routing.live_facts import Caps, LiveFacts, decode
from chakka.routing.live_facts import encode as encode_facts
from chakka.stores.journal import Journal
from chakka.stores.journal_reader import JournalEntry
from chakka.stores.ledger import Ledger
from chakka.stores.plan_store import PlanStore

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "records"))
from journalled_calls import answered, confirmed, released

NUMBERS, CALLS_UP, TURNS = 1_000, 1_000, 21
CALLS, STOPS = 5_000, 15
RULES = Rules(tariff=shipped_tariff("hikari-wide"), table=numbering_table())


def number(place: int) -> str:
    return f"0120{place:06}"


def call(place: int, of_number: str, at_ms: int) -> list[Entry]:
    """A call that is up."""
    call_id = f"{at_ms:x}-{place:06}"
    begun = answered(call_id)
    attempt = msgspec.structs.replace(begun.facts.attempt, called_number=of_number, at_ms=at_ms)
    tag = place.to_bytes(16, "big")
    facts = msgspec.structs.replace(begun.facts, attempt=attempt, caller_tag=tag)
    return [msgspec.structs.replace(begun, facts=facts, answered_at_ms=at_ms), confirmed(call_id)]


def delivered(entries: list[Entry], boot: int) -> list[JournalEntry]:
    return [
        JournalEntry(node="n1", boot=boot, sequence=sequence, payload=encode(entry))
        for sequence, entry in enumerate(entries, 1)
    ]


def set_caps(directory: Path, numbers: range, caps: Caps) -> None:
    facts = encode_facts(LiveFacts(caps=caps))
    with PlanStore.open(directory / "plans", readonly=False) as store:
        for place in numbers:
            store.change_live(number(place), lambda stored: facts)


def median_ms(work: Callable[[], None]) -> float:
    """Return the median time of a turn."""
    times = []
    for _ in range(TURNS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return 1000 * statistics.median(times)


def turns(directory: Path) -> None:
    set_caps(directory, range(NUMBERS), Caps(day_yen=10_000, month_yen=100_000))
    with Ledger.open(directory / "ledger.sqlite") as ledger:
        guard = Guard(directory / "plans", ledger, lambda: RULES, list)
        now_ms = utc_ms()
        print(f"a turn over {NUMBERS} numbers at rest      {median_ms(lambda: guard.turn(now_ms)):8.2f} ms")
        entries = [
            entry
            for place in range(CALLS_UP)
            for entry in call(place, number(place % NUMBERS), now_ms - 60_000)
        ]
        take(delivered(entries, 1), ledger, RULES)
        print(f"the same with {CALLS_UP} calls up           {median_ms(lambda: guard.turn(now_ms)):8.2f} ms")


def ended_calls(at_ms: int, boot: int) -> list[JournalEntry]:
    entries: list[Entry] = []
    for place in range(CALLS):
        begun = call(place, number(0), at_ms + boot)
        assert isinstance(begun[0], Answered)
        entries += [*begun, released(begun[0].facts.call_id)]
    return delivered(entries, boot)


def callers(directory: Path) -> None:
    now_ms = utc_ms()
    with Ledger.open(directory / "ledger.sqlite") as ledger:
        each_us = []
        for boot in range(1, 9):
            is_watched = boot % 2 == 0
            batch = ended_calls(now_ms, boot)
            with ledger.writing() as change:
                change.watch(number(0), jst_day_and_minute(now_ms)[0] if is_watched else None)
            began = time.perf_counter()
            take(batch, ledger, RULES)
            each_us.append(1_000_000 * (time.perf_counter() - began) / CALLS)
        without, told_apart = min(each_us[::2]), min(each_us[1::2])
    print(f"a call taken from the journal           {without:8.1f} µs")
    print(f"the same where callers are told apart   {told_apart:8.1f} µs  ({told_apart / without:.2f} times)")


@contextmanager
def ingest(directory: Path) -> Iterator[None]:
    command = (
        *(sys.executable, "-m", "chakka.ingest", "--journal", directory / "journal"),
        *("--ledger", directory / "ledger.sqlite", "--tariff", "hikari-wide"),
        *("--tariffs", directory / "tariffs", "--plans", directory / "plans"),
    )
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def stops(directory: Path) -> None:
    set_caps(directory, range(STOPS), Caps(day_yen=8))
    late_ms = []
    with (
        Journal.open(directory / "journal", "n1") as journal,
        PlanStore.open(directory / "plans") as store,
        ingest(directory),
    ):
        while not (directory / "ledger.sqlite").exists():
            time.sleep(0.01)
        time.sleep(1.0)
        for place in range(STOPS):
            for entry in call(place, number(place), utc_ms() - 1_000):
                journal.append(encode(entry))
            journal.commit()
            began = time.perf_counter()
            while decode(store.read_live(number(place))).cap_stop is None:
                time.sleep(0.002)
            late_ms.append(1000 * (time.perf_counter() - began))
            time.sleep(0.1)
    print(
        f"from the record to the stop             {statistics.median(late_ms):8.0f} ms"
        f"  (longest of {STOPS}: {max(late_ms):.0f} ms; due in 2000)"
    )


def main() -> None:
    """Measure and print."""
    for measure in (turns, callers, stops):
        with tempfile.TemporaryDirectory() as directory:
            measure(Path(directory))


if __name__ == "__main__":
    main()
