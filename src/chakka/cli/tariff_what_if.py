"""`chakka tariff what-if`: what the calls of a month would have cost by another tariff; the books stay."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path

import msgspec
import polars as pl
from tqdm import tqdm

from chakka.charging.succession import alone
from chakka.charging.tariff import Tariff
from chakka.charging.what_if import RECORDED, Comparison, Outcome, by_number, compare
from chakka.cli.arguments import freephone_number, usage_month
from chakka.cli.calls import table
from chakka.cli.data_directory import add_data_option, ledger_to_read, places
from chakka.cli.plan_file import problem_lines
from chakka.errors import InputError
from chakka.facts import numbering_table, parse_tariff, tariff_named
from chakka.money import yen_text
from chakka.stores.engine import Row
from chakka.stores.ledger import Ledger

# Calls that are rated at a time: columns pay from some thousands on.
_PIECE = 100_000


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to `chakka tariff`."""
    verb = verbs.add_parser("what-if", help="re-rate a month by another tariff, without touching the books")
    verb.add_argument(
        "tariff", metavar="FILE|NAME", help="a draft as TOML, or a published tariff NAME or NAME@HASH"
    )
    verb.add_argument("--month", required=True, type=usage_month, metavar="YYYY-MM", help="usage month (JST)")
    verb.add_argument("--number", type=freephone_number, help="calls to this freephone number only")
    add_data_option(verb)
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the comparison; return 1 with the problems of a draft, 2 if tariff or ledger is out of reach."""
    try:
        tariff = _tariff(arguments.tariff, places(arguments).tariffs)
        with ledger_to_read(arguments) as ledger:
            comparisons = compare(_recorded(ledger, arguments.month, arguments.number), tariff)
    except (InputError, OSError) as fault:
        if isinstance(fault, InputError) and fault.problems:
            print(problem_lines(fault.problems), file=sys.stderr)
            return 1
        print(f"chakka tariff: {fault}", file=sys.stderr)
        return 2
    if arguments.json:
        print(msgspec.json.encode(as_object(comparisons, tariff, arguments.month)).decode())
    else:
        print(as_text(comparisons, tariff, arguments.month))
    return 0


def _recorded(ledger: Ledger, month: str, number: str | None) -> Iterator[pl.DataFrame]:
    """Yield the charged calls of a usage month in pieces, as the ledger has them."""
    calls = map(_placed, ledger.charged_calls(month, number))
    with tqdm(unit=" calls", unit_scale=True, disable=None) as bar:
        while piece := list(islice(calls, _PIECE)):
            yield pl.DataFrame(piece, schema=RECORDED, orient="row")
            bar.update(len(piece))


def _placed(row: Row) -> Row:
    """Return a call of the ledger as a row of RECORDED."""
    *facts, fault, is_confirmed, from_area, home_area, destination, charged_uy = row
    home = home_area or _area_of(destination or "")
    return *facts, bool(fault), bool(is_confirmed), from_area, home, charged_uy


@cache
def _area_of(line_number: str) -> str | None:
    return numbering_table().lookup(line_number).charge_area


def as_object(comparisons: list[Comparison], tariff: Tariff, month: str) -> dict[str, object]:
    """Return the comparison as an object for JSON: exact by class, whole yen by number and in all."""
    numbers = [
        {
            "number": number.number,
            **_yen(number),
            "classes": [
                _exact(one) | {"class": one.rating_class}
                for one in comparisons
                if one.number == number.number
            ],
        }
        for number in by_number(comparisons)
    ]
    return {
        "month": month,
        "tariff_version": tariff.version,
        "calls": sum(one.calls for one in comparisons),
        **_sums(by_number(comparisons)),
        "numbers": numbers,
    }


def as_text(comparisons: list[Comparison], tariff: Tariff, month: str) -> str:
    """Return the comparison as lines for people."""
    rows: list[tuple[str, ...]] = [
        ("number", "class", "calls", "before", "after", "difference", "in suspense")
    ]
    for number in by_number(comparisons):
        for one in (*(each for each in comparisons if each.number == number.number), number):
            rows.append(_row(one))
    sums = _sums(by_number(comparisons))
    return (
        f"{month} by {tariff.version}\n{table(rows)}\n"
        f"before {sums['before_yen']} yen, after {sums['after_yen']} yen,"
        f" difference {sums['difference_yen']:+d} yen"
    )


def _row(one: Comparison) -> tuple[str, ...]:
    suspense = f"{one.before.suspended} → {one.after.suspended}"
    if one.rating_class:
        exact = one.before.amount_uy, one.after.amount_uy, one.after.amount_uy - one.before.amount_uy
        return one.number, one.rating_class, str(one.calls), *map(yen_text, exact), suspense
    whole = one.before.yen, one.after.yen, one.after.yen - one.before.yen
    return one.number, "(in whole yen)", str(one.calls), *map(str, whole), suspense


def _exact(one: Comparison) -> dict[str, object]:
    return {
        "calls": one.calls,
        "before_uy": one.before.amount_uy,
        "after_uy": one.after.amount_uy,
        "difference_uy": one.after.amount_uy - one.before.amount_uy,
        **_suspended(one.before, one.after),
    }


def _yen(one: Comparison) -> dict[str, object]:
    return {
        "calls": one.calls,
        "before_yen": one.before.yen,
        "after_yen": one.after.yen,
        "difference_yen": one.after.yen - one.before.yen,
        **_suspended(one.before, one.after),
    }


def _sums(numbers: Iterable[Comparison]) -> dict[str, int]:
    """Return the sums over numbers: of whole yen, since each number is floored by itself (P4)."""
    counted = list(numbers)
    before = sum(one.before.yen for one in counted)
    after = sum(one.after.yen for one in counted)
    return {"before_yen": before, "after_yen": after, "difference_yen": after - before}


def _suspended(before: Outcome, after: Outcome) -> dict[str, int]:
    return {"suspended_before": before.suspended, "suspended_after": after.suspended}


def _tariff(name: str, published: Path) -> Tariff:
    """Return a published tariff, or the draft in a file as if it were in force in every month."""
    if Path(name).suffix == ".toml":
        return alone(parse_tariff(Path(name).read_bytes()))
    return tariff_named(name, published)
