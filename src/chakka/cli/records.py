"""`chakka records`: take the record files of other call planes and switches, look into them, make them."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn

import msgspec
from tqdm import tqdm

from chakka.cli.calls import count
from chakka.cli.data_directory import add_data_option, ledger_to_read, places
from chakka.clock import utc_ms
from chakka.errors import InputError
from chakka.facts import numbering_table, tariff_named
from chakka.ingest.rating import Rules
from chakka.ingest.record_files import TakenRows, take_file
from chakka.records.final import Final
from chakka.records.rows import Fields, Record, decoded, encoded, line_of, read_line
from chakka.stores.ledger import Ledger, LedgerUnavailable, SetAside
from chakka.stores.open_ledger import open_ledger
from chakka.stores.record_file import chunks, is_binary, write


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    command = subparsers.add_parser("records", help="record files of other call planes and switches")
    verbs = command.add_subparsers(dest="verb", required=True, metavar="VERB")
    verb = verbs.add_parser("take", help="take record files into the ledger; again does no harm")
    verb.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="docs/records.md says what is in it"
    )
    verb.add_argument("--tariff", metavar="NAME", help="charge by this tariff (default: the configured one)")
    add_data_option(verb)
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=take)
    verb = verbs.add_parser("list", help="list what was set aside, and what contradicts another record")
    verb.add_argument("--limit", type=count, default=100, metavar="N", help="of each at most (default: 100)")
    add_data_option(verb)
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=list_doubtful)
    verb = verbs.add_parser("show", help="print a record file as lines of JSON")
    verb.add_argument("file", type=Path, metavar="FILE")
    verb.set_defaults(run=show)
    verb = verbs.add_parser("pack", help="make a binary record file of one for people")
    verb.add_argument("source", type=Path, metavar="IN")
    verb.add_argument("target", type=Path, metavar="OUT")
    verb.set_defaults(run=pack)


def take(arguments: argparse.Namespace) -> int:
    """Take files; return 1 if something in them was not taken, 2 if a file or the ledger is out of reach.

    What was taken when the command is stopped stays; taken again, it goes on.
    """
    where = places(arguments)
    try:
        tariff = tariff_named(arguments.tariff or where.tariff, where.tariffs)
        with open_ledger(where.ledger_place) as ledger:
            rules = Rules(tariff=tariff, table=numbering_table())
            taken = _take_all(arguments.files, ledger, rules)
    except KeyboardInterrupt:
        print("stopped; what was taken stays: take the files again to go on", file=sys.stderr)
        return 1
    except (InputError, LedgerUnavailable, OSError) as fault:
        print(f"chakka records: {fault}", file=sys.stderr)
        return 2
    if arguments.json:
        objects = [{"file": str(file), **msgspec.structs.asdict(one)} for file, one in taken]
        print(msgspec.json.encode(objects).decode())
    else:
        print("\n".join(line for file, one in taken for line in _lines(file, one)))
    return 1 if any(one.torn or one.set_aside for _, one in taken) else 0


def _take_all(files: Sequence[Path], ledger: Ledger, rules: Rules) -> list[tuple[Path, TakenRows]]:
    taken: list[tuple[Path, TakenRows]] = []
    before = 0
    with tqdm(
        total=sum(file.stat().st_size for file in files), unit="B", unit_scale=True, disable=None
    ) as bar:
        for file in files:
            progress = partial(_show_progress, bar, before)
            taken.append((file, take_file(file, ledger, rules, utc_ms(), progress)))
            before += file.stat().st_size
    return taken


def _show_progress(bar: "tqdm[NoReturn]", before: int, end: int) -> None:
    bar.update(before + end - bar.n)


def _lines(file: Path, taken: TakenRows) -> Iterator[str]:
    """Yield what became of a file, for people."""
    yield f"{file}: {taken.rows} rows, {taken.new} new, {taken.repeated} repeated, {taken.charged} charged"
    if taken.set_aside:
        yield f"{file}: {taken.set_aside} rows were set aside: `chakka records list` says why"
    if taken.torn:
        yield f"{file}: {torn(taken.torn)}"


def list_doubtful(arguments: argparse.Namespace) -> int:
    """Print what an operator has to decide about; return 1 if there is anything, 2 if there is no ledger."""
    try:
        with ledger_to_read(arguments) as ledger:
            counts, conflicts = ledger.count_set_aside(), ledger.conflicts()
            aside = ledger.set_aside(arguments.limit)
    except InputError as fault:
        print(f"chakka records: {fault}", file=sys.stderr)
        return 2
    if arguments.json:
        names = ("call_id", "source", "boot", "sequence")
        contrary = [dict(zip(names, conflict, strict=True)) for conflict in conflicts]
        rows = [_as_object(row) for row in aside]
        counted = [
            {"source": source, "reason": reason, "rows": rows} for (source, reason), rows in counts.items()
        ]
        found = {"set_aside": rows, "counts": counted, "conflicts": contrary}
        print(msgspec.json.encode(found).decode())
    else:
        for (source, reason), rows_aside in counts.items():
            print(f"set aside  {rows_aside} rows of {source}: {reason}")
        for row in aside:
            print(f"set aside  {row.source} {row.sequence or '-'}  {row.reason}: {row.message}")
        for call_id, source, boot, sequence in conflicts[: arguments.limit]:
            name = f"{source}/{boot}" if boot else source
            print(f"conflict   {call_id}: {name} says something else under {sequence}")
        if not aside and not conflicts:
            print("nothing was set aside, nothing contradicts")
    return 1 if aside or conflicts else 0


def _as_object(row: SetAside) -> dict[str, object]:
    said = {"source": row.source, "sequence": row.sequence, "reason": row.reason, "message": row.message}
    if row.sequence is None:
        return {**said, "octets": row.row.hex()}
    return {**said, "row": msgspec.Raw(line_of(_record(decoded(row.row))))}


def show(arguments: argparse.Namespace) -> int:
    """Print the rows of a file; return 1 if some cannot be read, 2 if it is no record file."""
    faults = []
    try:
        for found in _rows(arguments.file):
            if isinstance(found, str):
                faults.append(found)
            else:
                print(line_of(found).decode())
    except (InputError, OSError) as fault:
        print(f"chakka records: {fault}", file=sys.stderr)
        return 2
    for sentence in faults:
        print(f"{arguments.file}: {sentence}", file=sys.stderr)
    return 1 if faults else 0


def pack(arguments: argparse.Namespace) -> int:
    """Write a binary record file; return 1 and write nothing if a row cannot be read."""
    rows: list[Record] = []
    faults: list[str] = []
    try:
        for found in _rows(arguments.source):
            if isinstance(found, str):
                faults.append(f"{arguments.source}: {found}")
            else:
                rows.append(found)
        if faults:
            print("\n".join(faults), file=sys.stderr)
            return 1
        written = write(arguments.target, map(encoded, rows))
    except FileExistsError:
        print(f"chakka records: {arguments.target} is there already", file=sys.stderr)
        return 2
    except (InputError, OSError) as fault:
        print(f"chakka records: {fault}", file=sys.stderr)
        return 2
    print(f"{written} rows")
    return 0


def _rows(path: Path) -> Iterator[Record | str]:
    """Yield the rows of a file, and sentences about what cannot be read."""
    read = decoded if is_binary(path) else read_line
    for chunk in chunks(path):
        for damaged in chunk.damaged:
            yield f"{len(damaged)} octets are no row"
        for payload in chunk.payloads:
            try:
                yield _record(read(payload))
            except InputError as fault:
                yield f"a row of {len(payload)} octets cannot be read: {fault}"
        if chunk.torn:
            yield torn(chunk.torn)


def _record(found: Fields | Record) -> Record:
    return Final(*found) if isinstance(found, tuple) else found


def torn(octets: int) -> str:
    """Return a sentence about the end of a file that is not whole."""
    return f"half-written: its last {octets} octets are no whole row; take it again when it is whole"
