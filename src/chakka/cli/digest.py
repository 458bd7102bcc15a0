"""`chakka digest`: everything computed again from the journal, and whether the books say the same."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
from tqdm import tqdm

from chakka.cli.arguments import usage_month
from chakka.cli.calls import table
from chakka.cli.data_directory import add_data_option, ledger_to_read, places
from chakka.clock import utc_ms
from chakka.config import Config
from chakka.errors import InputError, Problem
from chakka.facts import numbering_table, tariff_named
from chakka.ingest.rating import Rules
from chakka.ingest.recompute import Sources, compare, entries_to_take, recompute, scratch_ledger
from chakka.stores.ledger import Ledger, LedgerUnavailable
from chakka.stores.ledger_comparison import Compared, Conservation, Difference


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What came of computing the books again. problems: what the sources lack."""

    conservation: Conservation
    tables: tuple[Compared, ...]
    problems: tuple[Problem, ...]

    @property
    def is_good(self) -> bool:
        """Return whether nothing differs, nothing is lost, and the sources were all there."""
        return (
            self.conservation.holds
            and not self.problems
            and all(one.digest == one.other_digest for one in self.tables)
        )


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    command = subparsers.add_parser(
        "digest", help="compute everything again from the journal and compare it with the books"
    )
    command.add_argument(
        "--month", type=usage_month, metavar="YYYY-MM", help="compare this usage month alone"
    )
    add_source_options(command)
    add_data_option(command)
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def add_source_options(command: argparse.ArgumentParser) -> None:
    """Add what says from what everything is computed again."""
    command.add_argument(
        "--records", nargs="+", type=Path, default=[], metavar="FILE", help="record files that were taken"
    )
    command.add_argument(
        "--tariff", metavar="NAME", help="charge by this tariff (default: the configured one)"
    )
    command.add_argument(
        "--scratch", type=Path, metavar="DIR", help="keep what was computed there: a stopped run goes on"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the comparison; return 1 if anything differs or is lost, 2 if there is no ledger."""
    try:
        with ledger_to_read(arguments) as books, books.at_one_instant():
            rules = rules_of(arguments, places(arguments))
            with scratch_ledger(arguments.scratch, rules) as scratch:
                problems = told(books, scratch, arguments, places(arguments))
                verdict = Verdict(
                    conservation=books.conservation(arguments.month),
                    tables=tuple(compare(books, scratch, arguments.month)),
                    problems=tuple(problems),
                )
    except (InputError, LedgerUnavailable, OSError) as fault:
        print(f"chakka digest: {fault}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        on = "the same command goes on from here" if arguments.scratch else "--scratch DIR would let it go on"
        print(f"chakka digest: stopped; the books were not touched; {on}", file=sys.stderr)
        return 1
    if arguments.json:
        print(msgspec.json.encode({"same": verdict.is_good, **msgspec.structs.asdict(verdict)}).decode())
    else:
        print("\n".join(as_lines(verdict)))
    return 0 if verdict.is_good else 1


def rules_of(arguments: argparse.Namespace, config: Config) -> Rules:
    """Return by what calls are charged again. Raises: InputError if there is no such tariff."""
    tariff = tariff_named(arguments.tariff or config.tariff, config.tariffs)
    return Rules(tariff=tariff, table=numbering_table())


def told(books: Ledger, scratch: Ledger, arguments: argparse.Namespace, config: Config) -> list[Problem]:
    """Return what the sources lack, after `scratch` was told what the books were told, with a bar."""
    sources = Sources(journal=config.journal, record_files=arguments.records, now_ms=utc_ms())
    total = entries_to_take(books, scratch)
    with tqdm(total=total, unit=" entries", unit_scale=True, disable=None) as bar:
        return recompute(books, scratch, sources, rules_of(arguments, config), bar.update)


def as_lines(verdict: Verdict) -> Iterator[str]:
    """Yield a verdict as lines for people."""
    yield conservation_text(verdict.conservation)
    yield from (f"{problem.code}: {problem.message}" for problem in verdict.problems)
    heading = ("TABLE", "ROWS", "BOOKS", "COMPUTED AGAIN", "DIFFERENCES")
    yield table([heading, *map(_row, verdict.tables)])
    yield from difference_lines(verdict.tables)
    yield "the same in every row" if verdict.is_good else "NOT the same"


def conservation_text(calls: Conservation) -> str:
    """Return where the calls are, as a sum that can be checked by eye."""
    sign = "=" if calls.holds else "≠"
    return (
        f"{calls.finals:,} finals {sign} {calls.rated:,} rated + {calls.suspense:,} in suspense"
        f" + {calls.open:,} open + {calls.unanswered:,} unanswered"
    )


def difference_lines(tables: tuple[Compared, ...]) -> Iterator[str]:
    """Yield the first differences of each table."""
    for one in tables:
        yield from map(_difference, one.first)
        if one.differences > len(one.first):
            yield f"  and {one.differences - len(one.first):,} more in {one.table}"


def _row(one: Compared) -> tuple[str, ...]:
    return one.table, f"{one.rows:,}", one.digest[:16], one.other_digest[:16], f"{one.differences:,}"


def _difference(one: Difference) -> str:
    what = f"  {one.table} {' '.join(one.key)}:"
    if one.ours is None:
        return f"{what} not in the books"
    if one.theirs is None:
        return f"{what} in the books alone"
    changes = zip(one.columns, one.ours, one.theirs, strict=True)
    return f"{what} " + ", ".join(f"{column} {ours}, again {theirs}" for column, ours, theirs in changes)
