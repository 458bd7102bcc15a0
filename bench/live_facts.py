"""What live facts cost a call: deciding without any, with a few, and with the longest block list.

Everything is read from a plan store on disk for every call, as the call plane does.
"""

import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from chakka.callplane.deciding import Deciding
from chakka.callplane.instant import Instant
from chakka.callplane.occupancy import Occupancy
from chakka.callplane.plans import Plans
from chakka.contract.text import read, write_yaml
from chakka.facts import DATA, numbering_table
from chakka.routing.attempt import attempt_of
from chakka.routing.calendar import shipped_holidays
from chakka.routing.compile import compile_plan, encode
from chakka.routing.live_facts import Block, LiveFacts
from chakka.routing.live_facts import encode as encode_facts
from chakka.routing.live_text import MOST_BLOCKS
from chakka.stores.plan_store import PlanStore, Published

ROUNDS, CALLS = 9, 2_000
AT_MS = 1_795_000_000_000


def blocked(callers: int) -> LiveFacts:
    """Return facts with so many blocked callers."""
    return LiveFacts(blocks={f"03{place:08}": Block(why="nuisance", by="kato") for place in range(callers)})


def us_per_call(deciding: Deciding, number: str) -> float:
    """Return how long deciding one call takes."""
    attempt = attempt_of(numbering_table().lookup("0422511234"), number, AT_MS)
    started = perf_counter()
    for place in range(CALLS):
        deciding.decide(attempt, Instant(place / 100, AT_MS))
    return (perf_counter() - started) / CALLS * 1e6


def main() -> None:
    """Print medians and ratios."""
    text = (DATA / "demo" / "0120123456.yaml").read_bytes()
    contract, _ = read(text, numbering_table())
    assert contract is not None
    plan = compile_plan(contract, numbering_table(), shipped_holidays())
    with tempfile.TemporaryDirectory() as directory, PlanStore.open(Path(directory), readonly=False) as store:
        published = Published(at_ms=AT_MS, by="bench", why="", hash=plan.hash)
        store.publish(contract.number, encode(plan), write_yaml(contract), published)
        base = 0.0
        for what, facts in (
            ("no live facts", None),
            ("10 blocked callers", blocked(10)),
            ("1,000 blocked callers", blocked(1_000)),
            (f"{MOST_BLOCKS:,} blocked callers", blocked(MOST_BLOCKS)),
        ):
            stored = None if facts is None else encode_facts(facts)
            if stored is not None:
                store.change_live(contract.number, lambda _, stored=stored: stored)
            deciding = Deciding(Plans(store.read, store.read_live), Occupancy())
            took = median(us_per_call(deciding, contract.number) for _ in range(ROUNDS))
            base = base or took
            size = len(stored or b"") / 1000
            print(f"{what:24}{size:8.1f} kB {took:8.1f} µs a call, {took / base:5.2f} times")


if __name__ == "__main__":
    main()
