"""What rating one live call costs, beside a plain version with Decimal."""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from chakka.charging.rate import Charge, RatedCall, rate
from chakka.facts import shipped_tariff
from chakka.money import MICRO_YEN
from plain.decimal_rating import DecimalRating

ROUNDS = 1_000
BATCH = 50
GOAL_US = 3
OCTOBER_MS = 1_790_780_400_000

Item = TypeVar("Item")


def median_us(function: Callable[[Item], object], items: Sequence[Item]) -> float:
    """Return the median over batches of the time of one call, in microseconds."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter_ns()
        for item in items:
            function(item)
        times.append((time.perf_counter_ns() - started) / len(items) / 1000)
    return statistics.median(times)


def calls(caller_class: str) -> list[RatedCall]:
    """Return calls spread over a month, a few of them cut by a fault."""
    draw = random.Random(1)
    return [
        RatedCall(
            caller_class=caller_class,
            carrier_group=draw.choice(("a", "b")),
            answered_at_ms=OCTOBER_MS + draw.randrange(30 * 86_400_000),
            conversation_ms=draw.randrange(600_000),
            fault=draw.random() < 0.02,
        )
        for _ in range(BATCH)
    ]


def main() -> None:
    """Print the medians and their ratios; fail if the two versions charge different amounts."""
    for name, caller_class in (("hikari-wide", "mobile"), ("hikari-wide", "fixed"), ("legacy", "fixed")):
        tariff, drawn = shipped_tariff(name), calls(caller_class)
        plain = DecimalRating(tariff)
        rows = [msgspec.structs.asdict(call) for call in drawn]
        for call, row in zip(drawn, rows, strict=True):
            charge = rate(call, tariff)
            assert isinstance(charge, Charge), charge
            assert charge.amount_uy == plain.charge(row)["yen"] * MICRO_YEN, call
        ours = median_us(lambda call, tariff=tariff: rate(call, tariff), drawn)
        theirs = median_us(plain.charge, rows)
        print(
            f"rate {name:<12}{caller_class:<8}{ours:5.2f} µs (goal {GOAL_US}),"
            f" with Decimal {theirs:5.2f} µs: {theirs / ours:.1f} times"
        )


if __name__ == "__main__":
    main()
