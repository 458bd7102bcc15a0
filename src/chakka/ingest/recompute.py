"""The books computed again from what they were told: event → final → rated → totals (charging.md §4)."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from chakka.errors import InputError, Problem
from chakka.ingest.batch import take
from chakka.ingest.rating import Rules
from chakka.ingest.record_files import take_file
from chakka.ingest.run import BATCH_ENTRIES
from chakka.ingest.silent import close_calls_of_silent_nodes
from chakka.stores.journal_reader import Damage, JournalEntry, JournalReader
from chakka.stores.ledger import Ledger
from chakka.stores.ledger_comparison import TABLES, Compared, compared
from chakka.stores.ranges import Range, contains, length

# What was delivered, by (node, boot); record files have boot 0.
Told = dict[tuple[str, int], list[Range]]
# Of each table so many differences are told.
MOST_DIFFERENCES = 20


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """What the books were told by: a journal, and record files of other switches. now_ms: our clock."""

    journal: Path
    record_files: Sequence[Path] = ()
    now_ms: int


@contextmanager
def scratch_ledger(directory: Path | None, rules: Rules) -> Iterator[Ledger]:
    """Give an empty ledger that goes away afterwards; or the one in a directory, as far as it came before.

    It is of one tariff, as it is now: another one begins from nothing.
    """
    if directory is None:
        with (
            TemporaryDirectory(prefix="chakka-") as name,
            Ledger.open(Path(name) / "ledger.sqlite") as ledger,
        ):
            yield ledger
        return
    with Ledger.open(directory / f"{rules.tariff.version}.sqlite") as ledger:
        yield ledger


def entries_to_take(books: Ledger, scratch: Ledger) -> int:
    """Return how many entries of journals are to be taken."""
    return _entries(books) - _entries(scratch)


def recompute(
    books: Ledger, scratch: Ledger, sources: Sources, rules: Rules, on_entries: Callable[[int], object]
) -> list[Problem]:
    """Return what the books were told that the sources do not have, after `scratch` was told all the rest.

    Nothing is written to the books. What they were not told yet is left out.
    on_entries: told how many entries of journals were taken since it was told before.
    Raises:     InputError, OSError, LedgerUnavailable.
    """
    told = books.delivered_ranges()
    _refuse_other_books(told, scratch)
    problems = [_damaged(item) for item in _take_journal(told, scratch, sources, rules, on_entries)]
    for path in sources.record_files:
        take_file(path, scratch, rules, sources.now_ms, lambda _octets: None)
    close_calls_of_silent_nodes(scratch, sources.now_ms, rules)
    had = scratch.delivered_ranges()
    problems += [
        _absent(source, gap)
        for source, ranges in told.items()
        for gap in _without(ranges, had.get(source, []))
    ]
    return problems


def compare(
    books: Ledger, scratch: Ledger, usage_month: str | None, most: int = MOST_DIFFERENCES
) -> Iterator[Compared]:
    """Yield each table of the books beside what was computed again, of a usage month or of all."""
    for table in TABLES:
        yield compared(table, books.rows_of(table, usage_month), scratch.rows_of(table, usage_month), most)


def _refuse_other_books(told: Told, scratch: Ledger) -> None:
    """Refuse a kept scratch that was told what these books were not: of other books, or older ones."""
    for (node, boot), ranges in scratch.delivered_ranges().items():
        if boot and any(_without(ranges, told.get((node, boot), []))):
            message = f"the scratch was told more of boot {boot} of {node} than the ledger: begin another one"
            raise InputError(message)


def _entries(ledger: Ledger) -> int:
    return sum(length(ranges) for (_, boot), ranges in ledger.delivered_ranges().items() if boot)


def _take_journal(
    told: Told,
    scratch: Ledger,
    sources: Sources,
    rules: Rules,
    on_entries: Callable[[int], object],
) -> Iterator[Damage]:
    """Take what the books were told of a journal; yield its damages."""
    reader = JournalReader(sources.journal, scratch.delivered())
    while found := reader.read():
        yield from (item for item in found if isinstance(item, Damage))
        wanted = (
            item
            for item in found
            if isinstance(item, JournalEntry)
            and contains(told.get((item.node, item.boot), []), item.sequence)
        )
        while batch := list(islice(wanted, BATCH_ENTRIES)):
            on_entries(take(batch, scratch, rules).entries)


def _without(ranges: Sequence[Range], others: Sequence[Range]) -> Iterator[Range]:
    """Yield the parts of ranges that are in no other; both are in order and do not touch."""
    for first, last in ranges:
        start = first
        for other_first, other_last in others:
            if other_last < start or other_first > last:
                continue
            if other_first > start:
                yield start, other_first - 1
            start = other_last + 1
        if start <= last:
            yield start, last


def _damaged(damage: Damage) -> Problem:
    return Problem(
        code="damaged", where=damage.segment, message=f"segment {damage.segment}: {damage.message}"
    )


def _absent(source: tuple[str, int], gap: Range) -> Problem:
    node, boot = source
    first, last = gap
    if boot:
        message = f"entries {first} to {last} of boot {boot} of {node} are in the books, not in the journal"
    else:
        message = f"rows {first} to {last} of {node} are in the books; name its record files by --records"
    return Problem(code="no_source", where=f"{node}/{boot}" if boot else node, message=message)
