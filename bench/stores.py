"""Measures the stores: a plan store of a million numbers, group commit, and ingest.

    .venv/bin/python bench/stores.py [--numbers 1000000] [--calls 20000]

Reliability figures beside them are those to be reached: open ≤ 1 s, read + decode + decide ≤ 30 µs, private
memory ≤ 100 MB, entries durable within the window of 2 ms plus one sync.
"""

import argparse
import asyncio
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from chakka.contract.text import read
from chakka.facts import DATA, numbering_table, shipped_tariffs
from chakka.ingest.rating import Rules
from chakka.ingest.run import take_what_is_there
from chakka.numbering.model import CallerClass
from chakka.records.entries import encode as encode_entry
from chakka.records.model import Answered, CallFacts, Confirmed, Released, ReleasedBy
from chakka.routing.attempt import IDLE, CallAttempt, attempt_of
from chakka.routing.calendar import shipped_holidays
from chakka.routing.compile import compile_plan, decode, encode
from chakka.routing.decide import decide
from chakka.routing.decision import Outcome
from chakka.stores.group_commit import GroupCommit
from chakka.stores.journal import Journal
from chakka.stores.journal_reader import JournalReader
from chakka.stores.ledger import Ledger
from chakka.stores.plan_store import PlanStore, Publication, Published

AT_MS = 1_795_482_000_000
BATCH = 20_000


def number(index: int) -> str:
    """Return the index-th freephone number: a million 0120 numbers, then 0800."""
    return f"0120{index:06d}" if index < 1_000_000 else f"0800{index - 1_000_000:07d}"


def publications(first: int, count: int) -> Iterator[Publication]:
    """Yield the demo plan for many numbers, each plan with its own number and hash."""
    text = (DATA / "demo" / "0120123456.yaml").read_bytes()
    contract, problems = read(text, numbering_table())
    if contract is None:
        raise SystemExit(f"the demo plan has problems: {problems}")
    plan = compile_plan(contract, numbering_table(), shipped_holidays())
    for index in range(first, first + count):
        own_hash = f"{index:08x}{plan.hash[8:]}"
        compiled = encode(msgspec.structs.replace(plan, number=number(index), hash=own_hash))
        published = Published(at_ms=AT_MS, by="bench", why="", hash=own_hash)
        yield Publication(number=number(index), compiled=compiled, text=text, published=published)


def build(path: Path, count: int) -> None:
    """Publish `count` plans, many in one transaction."""
    start = time.perf_counter()
    with PlanStore.open(path, readonly=False) as store:
        for first in range(0, count, BATCH):
            store.publish_all(publications(first, min(BATCH, count - first)))
    took, size = time.perf_counter() - start, (path / "data.mdb").stat().st_size
    print(f"plan store: {count:,} numbers, {size / 2**20:,.0f} MiB, built in {took:.0f} s", flush=True)


def private_kib() -> int:
    """Return the memory of this process that it shares with no file and no other process."""
    rollup = Path("/proc/self/smaps_rollup").read_text()
    lines = (line.split() for line in rollup.splitlines())
    return sum(int(line[1]) for line in lines if line[0] in ("Private_Dirty:",))


def measure_reading(path: Path, count: int) -> None:
    """Print what one process pays that opens the store and decides calls to random numbers."""
    attempt = attempt_of(numbering_table().lookup("0422511234"), "0120123456", AT_MS)
    before = private_kib()
    start = time.perf_counter()
    with PlanStore.open(path) as store:
        store.read(number(0))
        opened = time.perf_counter() - start
        chance = random.Random(7)
        chosen = [number(chance.randrange(count)) for _ in range(20_000)]
        reads, wholes = [], []
        for called in chosen:
            begin = time.perf_counter_ns()
            compiled = store.read(called)
            have_read = time.perf_counter_ns()
            assert compiled is not None
            decide(decode(compiled), attempt, {}, IDLE)
            wholes.append(time.perf_counter_ns() - begin)
            reads.append(have_read - begin)
        grown = private_kib() - before
    print(f"open + first read {opened * 1e3:.1f} ms (≤ 1000)")
    read_us, whole_us = statistics.median(reads) / 1e3, statistics.median(wholes) / 1e3
    print(f"read {read_us:.1f} µs; read + decode + decide {whole_us:.1f} µs (≤ 30)")
    print(f"private memory grown by {grown / 1024:.1f} MiB (≤ 100) after {len(chosen):,} random numbers")


def entries_of_a_call(index: int) -> Iterator[Answered | Confirmed | Released]:
    """Yield what the call plane journals of one answered call."""
    call_id = f"{index:020d}"
    attempt = CallAttempt(
        called_number="0120123456",
        calling_number="0422511234",
        caller_class=CallerClass.FIXED,
        rating_class=CallerClass.FIXED,
        charge_area="武蔵野三鷹",
        prefecture="東京都",
        at_ms=AT_MS,
    )
    facts = CallFacts(
        call_id=call_id, sip_call_id=call_id, attempt=attempt, outcome=Outcome.CONNECT, group="east",
        plan="0" * 64, trace=(("area", "武蔵野三鷹", "east"),),
    )  # fmt: skip
    yield Answered(facts=facts, destination="0352001234", answered_at_ms=AT_MS, monotonic_ms=1)
    yield Confirmed(call_id=call_id, at_ms=AT_MS)
    yield Released(
        call_id=call_id, released_at_ms=AT_MS + 60_000, conversation_ms=60_000, released_by=ReleasedBy.CALLER
    )


async def measure_group_commit(directory: Path, calls: int) -> None:
    """Print how long an entry waits to be durable at 1,000 entries per second, and the rate at full speed."""
    loop = asyncio.get_running_loop()
    group = GroupCommit(Journal.open(directory, "bench"), loop)
    group.start()
    waits: list[float] = []
    for index in range(1_000):
        begin = time.perf_counter()
        payload = encode_entry(next(entries_of_a_call(index)))
        group.append(payload, lambda _, begin=begin: waits.append(time.perf_counter() - begin))
        await asyncio.sleep(0.001)
    while len(waits) < 1_000:
        await asyncio.sleep(0.01)
    waits.sort()
    print(f"durable after {waits[500] * 1e3:.2f} ms median, {waits[990] * 1e3:.2f} ms p99")
    last: asyncio.Future[bool] = loop.create_future()
    start = time.perf_counter()
    for index in range(calls):
        for entry in entries_of_a_call(index):
            group.append(encode_entry(entry))
        if index % 50 == 0:
            await asyncio.sleep(0)
    group.append(encode_entry(next(entries_of_a_call(calls))), last.set_result)
    await last
    print(f"journalled {calls / (time.perf_counter() - start):,.0f} calls/s of 3 entries")
    group.close()


def measure_ingest(directory: Path, path: Path) -> None:
    """Print the rate at which ingest folds, rates and keeps calls."""
    rules = Rules(tariff=shipped_tariffs()["hikari-wide"], table=numbering_table())
    with Ledger.open(path) as ledger:
        reader = JournalReader(directory, ledger.delivered())
        start = time.perf_counter()
        while take_what_is_there(reader, ledger, rules, lambda _: None):
            pass
        (entries,) = ledger.delivered().values()
    rate = entries / 3 / (time.perf_counter() - start)
    print(f"ingested {rate:,.0f} calls/s of 3 entries, {entries:,} entries")


def main() -> None:
    """Run all measurements in a temporary directory."""
    parser = argparse.ArgumentParser(description="Measure the stores.")
    parser.add_argument("--numbers", type=int, default=1_000_000)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read:
        measure_reading(arguments.read, arguments.numbers)
        return
    with tempfile.TemporaryDirectory() as directory:
        base = Path(directory)
        build(base / "plans", arguments.numbers)
        # In a process of its own, so that building leaves no trace in its memory.
        own = [sys.executable, __file__, "--read", str(base / "plans"), "--numbers", str(arguments.numbers)]
        subprocess.run(own, check=True)
        asyncio.run(measure_group_commit(base / "journal", arguments.calls))
        measure_ingest(base / "journal", base / "ledger.sqlite")


if __name__ == "__main__":
    main()
