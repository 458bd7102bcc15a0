"""Rating file to file: calls per second, memory, and the ratio to a plain version with Decimal.

Run: .venv/bin/python bench/batch.py [--calls 50000000] [--tariff legacy]
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy
import polars as pl

from chakka.charging.tariff import Tariff
from chakka.cli.tariff_file import rate_file
from chakka.facts import shipped_tariff
from chakka.money import MICRO_YEN
from plain.decimal_rating import DecimalRating

PIECE = 500_000
# The plain version is so slow that a part of the calls must do.
PLAIN_CALLS = 100_000
OCTOBER_MS = 1_790_780_400_000
MIB = 1 << 20


def drawn(seed: int, count: int) -> pl.DataFrame:
    """Return calls spread over October 2026."""
    draw = numpy.random.default_rng(seed)
    classes, groups = pl.Series(["fixed", "mobile", "payphone", "unknown"]), pl.Series(["a", "b", None])
    return pl.DataFrame(
        {
            "call_id": pl.Series(draw.integers(0, 2**63, count)),
            "number": pl.Series([f"0120{place:06}" for place in range(1000)]).gather(
                draw.integers(0, 1000, count)
            ),
            "caller_class": classes.gather(draw.choice(4, count, p=[0.5, 0.45, 0.04, 0.01])),
            "carrier_group": groups.gather(draw.integers(0, 3, count)),
            "answered_at_ms": OCTOBER_MS + draw.integers(0, 31 * 86_400_000, count),
            "conversation_ms": draw.integers(0, 600_000, count),
            "fault": draw.random(count) < 0.01,
            "is_confirmed": draw.random(count) < 0.99,
        }
    )


def write_calls(path: Path, count: int) -> None:
    """Write so many calls, piece by piece."""
    sizes = [min(PIECE, count - start) for start in range(0, count, PIECE)]
    pieces = [pl.LazyFrame({"seed": [seed], "size": [size]}) for seed, size in enumerate(sizes)]
    schema = drawn(0, 1).schema
    made = [
        piece.map_batches(lambda frame: drawn(*frame.row(0)), schema=schema, streamable=True)
        for piece in pieces
    ]
    pl.concat(made).sink_parquet(path)


def plain_rate(source: Path, target: Path, tariff: Tariff, count: int) -> tuple[float, int]:
    """Return calls per second and the sum in micro-yen of a plain version, file to file."""
    rating = DecimalRating(tariff)
    started = time.perf_counter()
    rows = pl.read_parquet(source, n_rows=count).iter_rows(named=True)
    rated = list(rating.rated(rows))
    pl.DataFrame([row | {"yen": str(row["yen"])} for row in rated]).write_parquet(target)
    seconds = time.perf_counter() - started
    return count / seconds, int(sum(row["yen"] or 0 for row in rated) * MICRO_YEN)


def main() -> None:
    """Print the figures; fail if the two versions come to different sums."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=5_000_000)
    parser.add_argument("--tariff", default="hikari-wide")
    arguments = parser.parse_args()
    tariff = shipped_tariff(arguments.tariff)
    with tempfile.TemporaryDirectory() as name:
        source, target = Path(name) / "calls.parquet", Path(name) / "rated.parquet"
        write_calls(source, arguments.calls)
        before_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MIB
        started = time.perf_counter()
        totals = rate_file(source, target, tariff, lambda _: None)
        seconds = time.perf_counter() - started
        most_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MIB
        ours = totals.calls / seconds
        print(f"{totals.calls:,} calls file to file by {arguments.tariff}: {seconds:.1f} s")
        print(f"  {ours / 1e6:.2f} million calls/s (goal 1.00; 50 million in {50e6 / ours:.0f} s, goal 60)")
        print(f"  at most {most_mib:.0f} MiB (goal 1024; {before_mib:.0f} after the calls were made)")
        plain, sum_uy = plain_rate(source, target.with_name("plain.parquet"), tariff, PLAIN_CALLS)
        checked = pl.scan_parquet(target).head(PLAIN_CALLS).select(pl.col("amount_uy").sum()).collect().item()
        assert checked == sum_uy, (checked, sum_uy)
        print(f"  one by one with Decimal {plain / 1e6:.3f} million calls/s: {ours / plain:.0f} times")


if __name__ == "__main__":
    main()
