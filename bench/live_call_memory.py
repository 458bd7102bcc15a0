"""What a live call of two legs takes of memory: allocations, and resident memory of the real process.

Target: at most 16 KiB. Fresh calls still have their finished transactions (64·T1); settled ones do not.
"""

import gc
import tempfile
import time
import tracemalloc
from collections import Counter
from pathlib import Path

from chakka.records.entries import decode
from chakka.records.model import Confirmed, Released
from chakka.stores.journal_reader import JournalEntry, read_entries
from sipp import load, node
from sipp.rehearsal import Rehearsal

TARGET = 16.0
CALLS, WARM_UP, RATE = 1_000, 200, 100


def allocated() -> tuple[float, float]:
    """Return the KiB that one call allocates: just set up, and once its transactions are forgotten."""
    rehearsal = Rehearsal()
    for place in range(WARM_UP):
        rehearsal.set_up(f"warm{place}")
        rehearsal.release(f"warm{place}")
    rehearsal.wait(60.0)
    tracemalloc.start()
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    for place in range(CALLS):
        rehearsal.set_up(f"call{place}")
    gc.collect()
    fresh = tracemalloc.get_traced_memory()[0]
    rehearsal.wait(60.0)
    gc.collect()
    settled = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(rehearsal.plane.calls) == CALLS, "calls were lost"
    return (fresh - before) / CALLS / 1024, (settled - before) / CALLS / 1024


def resident() -> float:
    """Return by how many KiB one call makes the process of the call plane grow."""
    port = load.free_port()
    with tempfile.TemporaryDirectory() as directory, load.line() as line_port:
        file = node.prepared(Path(directory), port, line_port)
        with load.server(load.module("chakka.callplane", "--config", file), port) as pid:
            load.call(port, node.NUMBER, WARM_UP, RATE)
            before = load.resident_bytes(pid)
            with load.calls_up(port, node.NUMBER, CALLS, RATE):
                grown = load.resident_bytes(pid) - before
                assert calls_up(Path(directory) / "journal") == CALLS, "calls are missing"
    return grown / CALLS / 1024


def calls_up(journal: Path) -> int:
    """Return how many calls are up by what a journal says: confirmed and not released."""
    payloads = (entry.payload for entry in read_entries(journal) if isinstance(entry, JournalEntry))
    kinds = Counter(type(decode(payload)) for payload in payloads)
    return kinds[Confirmed] - kinds[Released]


def report(what: str, figure: float) -> None:
    """Print one line."""
    print(f"{what:36}{figure:7.2f} KiB (target: at most {TARGET:g}; {figure / TARGET:.2f} of it)")


def main() -> None:
    """Print all figures."""
    began = time.monotonic()
    fresh, settled = allocated()
    report("a live call, allocated, fresh", fresh)
    report("a live call, allocated, settled", settled)
    report("a live call, resident, fresh", resident())
    print(f"{CALLS} calls; {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
