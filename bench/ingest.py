"""Measures how fast records become durable in a SQLite ledger, beside a plain version of the same.

    .venv/bin/python bench/ingest.py [--records 300000]

Records of a record file are read, checked, hashed, told from repetitions and kept with WAL and
synchronous=FULL; the figure to be reached is 150,000 a second on two cores. The plain version does the same
one record at a time: decode, hash, look for the call, insert, one sync for as many records. Rating is
measured apart: `taken` is the whole of `chakka records take`. The journal's calls have three entries each.
"""

import argparse
import hashlib
import os
import random
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from chakka.facts import numbering_table, shipped_tariff
from chakka.ingest.batch import take
from chakka.ingest.rating import Rules
from chakka.ingest.record_batches import batches_ahead
from chakka.ingest.record_files import put_records, take_file
from chakka.numbering.model import CallerClass
from chakka.records.entries import encode
from chakka.records.final import Final
from chakka.records.model import Answered, CallFacts, Confirmed, Released, ReleasedBy
from chakka.records.rows import encoded
from chakka.routing.attempt import CallAttempt
from chakka.routing.decision import Outcome
from chakka.stores.journal_reader import JournalEntry
from chakka.stores.ledger import Ledger
from chakka.stores.record_file import chunks, write

# 2026-10-15 10:00 JST; by LATER_MS every call is over.
AT_MS, LATER_MS = 1_792_026_000_000, 1_800_000_000_000
TARGET, BATCH, TURNS = 150_000, 50_000, 3
AREAS = ("東京", "大阪", "名古屋", "武蔵野三鷹", "札幌")


def finals(count: int) -> Iterator[Final]:
    """Yield answered calls of mobiles to a thousand numbers, 40 a second."""
    chance = random.Random(1)
    for place in range(count):
        at_ms = AT_MS + place * 25
        yield Final(
            source="switch-a",
            sequence=place + 1,
            call_id=f"{at_ms:011d}{place:015d}",
            number=f"0120{chance.randrange(1_000):06d}",
            arrived_at_ms=at_ms,
            rating_class="mobile",
            carrier_group="a",
            charge_area=chance.choice(AREAS),
            prefecture="東京都",
            destination=f"0352{chance.randrange(2_000):06d}",
            home_area="東京",
            answered_at_ms=at_ms + 3_000,
            conversation_ms=chance.randrange(600_000),
        )


def seconds(work: Callable[[], object]) -> float:
    """Return how long something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def kept(file: Path, directory: Path) -> None:
    """Keep the records of a file in a new ledger, uncharged."""
    with Ledger.open(directory / "ledger.sqlite") as ledger:
        for batch in batches_ahead(file, LATER_MS):
            with ledger.writing() as change:
                new, _ = put_records(batch, change)
            assert len(new) == len(batch.finals), "no call was known"


def taken(file: Path, directory: Path, rules: Rules) -> None:
    """Take the file as the command does."""
    with Ledger.open(directory / "ledger.sqlite") as ledger:
        result = take_file(file, ledger, rules, LATER_MS, lambda _end: None)
    assert result.charged == result.rows, "all calls were charged"


def plain(file: Path, directory: Path) -> None:
    """Keep the records of a file one by one, into the same columns and indexes."""
    decoder = msgspec.msgpack.Decoder(Final)
    with Ledger.open(directory / "ledger.sqlite"):
        pass
    connection = sqlite3.connect(directory / "ledger.sqlite", isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    places = ", ".join("?" * 24)
    payloads = (payload for chunk in chunks(file) for payload in chunk.payloads)
    for place, payload in enumerate(payloads):
        if place % BATCH == 0:
            connection.execute("COMMIT") if place else None
            connection.execute("BEGIN IMMEDIATE")
        final = decoder.decode(payload)
        said = msgspec.structs.astuple(final)
        content = int.from_bytes(hashlib.sha256(msgspec.msgpack.encode(said[2:])).digest()[:8], signed=True)
        day = (final.answered_at_ms or final.arrived_at_ms) // 86_400_000
        known = connection.execute(
            "SELECT content FROM finals WHERE call_id = ?", (final.call_id,)
        ).fetchone()
        if known is None:
            connection.execute(f"INSERT INTO finals VALUES ({places})", (*said, content, day))
    connection.execute("COMMIT")
    connection.close()


def journalled(count: int) -> list[JournalEntry]:
    """Return the entries of answered calls, three of each."""
    entries = []
    for place in range(count):
        call_id = f"{AT_MS + place:011d}{place:015d}"
        attempt = CallAttempt(
            called_number=f"0120{place % 1_000:06d}",
            calling_number="0422511234",
            caller_class=CallerClass.FIXED,
            rating_class=CallerClass.FIXED,
            charge_area="武蔵野三鷹",
            prefecture="東京都",
            at_ms=AT_MS + place,
        )
        facts = CallFacts(
            call_id=call_id,
            sip_call_id=f"{place}@bench",
            attempt=attempt,
            outcome=Outcome.CONNECT,
            group="east",
            plan="abc",
            trace=(("area", "武蔵野三鷹", "east"),),
        )
        answer_ms = AT_MS + place + 3_000
        entries += [
            Answered(facts=facts, destination="0352001234", answered_at_ms=answer_ms, monotonic_ms=place),
            Confirmed(call_id=call_id, at_ms=answer_ms),
            Released(
                call_id=call_id,
                released_at_ms=answer_ms + 60_000,
                conversation_ms=60_000,
                released_by=ReleasedBy.CALLER,
            ),
        ]
    return [
        JournalEntry(node="n1", boot=1, sequence=sequence, payload=encode(entry))
        for sequence, entry in enumerate(entries, 1)
    ]


def folded(entries: list[JournalEntry], directory: Path, rules: Rules) -> None:
    """Take journal entries as ingest does."""
    with Ledger.open(directory / "ledger.sqlite") as ledger:
        for start in range(0, len(entries), 5_000):
            take(entries[start : start + 5_000], ledger, rules)


def cpu_s() -> tuple[float, float]:
    """Return the CPU time of this process, which writes, and of those that read for it."""
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime, others.ru_utime + others.ru_stime


def median_s(work: Callable[[Path], None]) -> float:
    """Return the median time of some turns, each in a new directory."""
    turns = []
    for _ in range(TURNS):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory)
            turns.append(seconds(lambda path=path: work(path)))
    return statistics.median(turns)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=300_000)
    count = parser.parse_args().records
    rules = Rules(tariff=shipped_tariff("hikari-wide"), table=numbering_table())
    load = os.getloadavg()[0]
    print(f"{count:,} records, medians of {TURNS} turns, load of the machine before {load:.1f}", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "bench.records"
        write(file, map(encoded, finals(count)))
        slow = count / median_s(lambda path: plain(file, path))
        print(f"plain:    {slow:,.0f} records/s kept, one by one", flush=True)
        before = cpu_s()
        fast = count / median_s(lambda path: kept(file, path))
        writing, reading = (
            (after - start) / (TURNS * count) * 1e6 for start, after in zip(before, cpu_s(), strict=True)
        )
        print(f"kept:     {fast:,.0f} records/s (≥ {TARGET:,}), {fast / slow:.1f} × plain", flush=True)
        most = 1e6 / max(writing, reading)
        print(f"          {writing:.1f} µs CPU writing, {reading:.1f} µs reading: at most {most:,.0f}/s")
        whole = count / median_s(lambda path: taken(file, path, rules))
        print(f"taken:    {whole:,.0f} records/s, kept and charged, {whole / slow:.1f} × plain", flush=True)
    entries = journalled(count // 10)
    calls = count // 10 / median_s(lambda path: folded(entries, path, rules))
    print(f"journal:  {calls:,.0f} calls/s of 3 entries, folded, kept and charged", flush=True)


if __name__ == "__main__":
    sys.exit(main())
