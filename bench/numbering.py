"""Median time of one look-up and of one rating. Run: .venv/bin/python bench/numbering.py"""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from chakka.charging.rate import RatedCall, rate
from chakka.facts import numbering_table, shipped_tariff
from chakka.numbering.model import CallerClass

ROUNDS = 2_000
BATCH = 50

Item = TypeVar("Item")


def median_us(function: Callable[[Item], object], items: Sequence[Item]) -> float:
    """Return the median over batches of the time of one call, in microseconds."""
    batch = items[:BATCH]
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter_ns()
        for item in batch:
            function(item)
        times.append((time.perf_counter_ns() - started) / len(batch) / 1000)
    return statistics.median(times)


def numbers(seed: int) -> dict[str, list[str]]:
    """Return callers of each kind, the same for every run."""
    draw = random.Random(seed)
    prefixes = draw.sample(sorted(numbering_table().blocks), BATCH)
    fixed = [(prefix + "2").ljust(10, "3")[:10] for prefix in prefixes]
    return {
        "fixed": fixed,
        "mobile": [f"090{draw.randrange(10**7, 10**8)}" for _ in range(BATCH)],
        "+81 fixed": ["+81" + number[1:] for number in fixed],
        "with hyphens": [f"{number[:3]}-{number[3:6]}-{number[6:]}" for number in fixed],
        "abroad": [f"+1{draw.randrange(10**9, 10**10)}" for _ in range(BATCH)],
    }


def calls(caller_class: CallerClass, carrier_group: str | None) -> list[RatedCall]:
    """Return calls spread over a month."""
    draw = random.Random(1)
    start = 1_793_458_770_000
    return [
        RatedCall(
            caller_class=caller_class,
            carrier_group=carrier_group,
            answered_at_ms=start + draw.randrange(30 * 86_400_000),
            conversation_ms=draw.randrange(600_000),
        )
        for _ in range(BATCH)
    ]


def main() -> None:
    """Print the medians."""
    started = time.perf_counter()
    table = numbering_table()
    print(f"table read and checked in {(time.perf_counter() - started) * 1000:.1f} ms")
    for kind, found in numbers(1).items():
        print(f"lookup {kind:<14}{median_us(table.lookup, found):6.2f} µs   (goal 5)")
    for name, caller_class, group in (
        ("hikari-wide", CallerClass.MOBILE, "a"),
        ("hikari-wide", CallerClass.FIXED, None),
        ("legacy", CallerClass.FIXED, None),
    ):
        tariff = shipped_tariff(name)
        found_us = median_us(lambda call, tariff=tariff: rate(call, tariff), calls(caller_class, group))
        print(f"rate {name} {caller_class:<9}{found_us:6.2f} µs   (goal 3)")


if __name__ == "__main__":
    main()
