"""`chakka tariff rate-file`: what becomes of every call of a Parquet file."""

import argparse
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import polars as pl
from tqdm import tqdm

from chakka.charging.batch import CHARGES, exact_sum, problems_of, rate_frame
from chakka.charging.columns import Prices, prices
from chakka.charging.tariff import Tariff
from chakka.cli.data_directory import add_data_option, places
from chakka.cli.plan_file import problem_lines
from chakka.errors import InputError
from chakka.facts import tariff_named
from chakka.money import yen_text


class FileTotals(msgspec.Struct, kw_only=True):
    """What the calls of a file came to; of those in suspense only the number."""

    calls: int = 0
    suspended: int = 0
    units: int = 0
    amount_uy: int = 0


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to `chakka tariff`."""
    verb = verbs.add_parser("rate-file", help="rate a Parquet file of answered calls into another")
    verb.add_argument("source", type=Path, metavar="IN", help="Parquet, columns as in docs/tariffs.md")
    verb.add_argument("target", type=Path, metavar="OUT", help="Parquet: the same columns and the charges")
    verb.add_argument("--tariff", required=True, metavar="NAME", help="or NAME@HASH for one version")
    add_data_option(verb)
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Rate and print the totals; return 1 if the file cannot be rated, nothing written."""
    try:
        tariff = tariff_named(arguments.tariff, places(arguments).tariffs)
        with tqdm(total=_rows(arguments.source), unit=" calls", unit_scale=True, disable=None) as bar:
            totals = rate_file(arguments.source, arguments.target, tariff, bar.update)
    except InputError as fault:
        if not fault.problems:
            print(f"chakka tariff: {fault}", file=sys.stderr)
            return 2
        print(problem_lines(fault.problems), file=sys.stderr)
        return 1
    if arguments.json:
        print(
            msgspec.json.encode({"tariff_version": tariff.version, **msgspec.structs.asdict(totals)}).decode()
        )
    else:
        print(
            f"{totals.calls} calls, {totals.units} units, {yen_text(totals.amount_uy)} yen;"
            f" {totals.suspended} in suspense"
        )
    return 0


def rate_file(source: Path, target: Path, tariff: Tariff, on_calls: Callable[[int], object]) -> FileTotals:
    """Return the totals after `target` holds every call of `source` with its charge, in the same order.

    The file is read and written in pieces; a file of any size needs the memory of a few of them.
    on_calls: told how many calls were rated since it was told before.
    Raises:   InputError if a file is out of reach, or the calls cannot be rated; `target` is then as before.
    """
    calls = pl.scan_parquet(source, glob=False)
    rating = _Rating(prices(tariff), on_calls)
    draft = target.with_name(f".{target.name}.draft")
    try:
        schema = calls.collect_schema()
        _refuse_schema(schema)
        rated = calls.map_batches(rating.rate, schema=schema | CHARGES, streamable=True)
        rated.sink_parquet(draft, compression="lz4", statistics=False, engine="streaming")
        draft.replace(target)
    except (pl.exceptions.PolarsError, OSError) as fault:
        raise rating.refusal or InputError(f"{source} to {target}: {fault}") from fault
    finally:
        draft.unlink(missing_ok=True)
    return rating.totals


class _Rating:
    """Rates piece after piece, several at once, and adds up."""

    def __init__(self, by: Prices, on_calls: Callable[[int], object]) -> None:
        self.totals = FileTotals()
        self.refusal: InputError | None = None
        self._prices = by
        self._on_calls = on_calls
        self._lock = threading.Lock()

    def rate(self, calls: pl.DataFrame) -> pl.DataFrame:
        try:
            charges = rate_frame(calls, self._prices)
        except InputError as fault:
            self.refusal = fault
            raise
        with self._lock:
            self._count(charges)
        return calls.with_columns(charges.get_columns())

    def _count(self, charges: pl.DataFrame) -> None:
        totals = self.totals
        totals.calls += charges.height
        totals.suspended += charges.height - charges["suspense"].null_count()
        totals.units += exact_sum(charges["units"])
        totals.amount_uy += exact_sum(charges["amount_uy"])
        self._on_calls(charges.height)


def _refuse_schema(schema: pl.Schema) -> None:
    problems = problems_of(schema.to_frame())
    if problems:
        raise InputError(problems[0].message, problems)


def _rows(source: Path) -> int:
    try:
        return int(pl.scan_parquet(source, glob=False).select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, OSError) as fault:
        raise InputError(f"{source}: {fault}") from fault
