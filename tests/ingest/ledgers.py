"""Ledgers and journals as tests look at them."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from chakka.records.entries import encode
from chakka.records.model import Entry
from chakka.stores.journal import Journal
from chakka.stores.journal_reader import JournalEntry

TABLES = (
    *("delivered", "proof_of_life", "journalled", "conflicts", "unreadable", "finals", "rivals"),
    *("partials", "set_aside", "minutes", "counted", "rated", "totals"),
)


def dump(path: Path) -> list[tuple[object, ...]]:
    """Return every row of every table, in the order of its key."""
    with sqlite3.connect(path) as connection:
        return [
            (table, *row)
            for table in TABLES
            for row in sorted(connection.execute(f"SELECT * FROM {table}"), key=repr)
        ]


def keyed(entries: Iterable[Entry], node: str = "n1", boot: int = 1) -> list[JournalEntry]:
    """Return entries as a reader of the journal delivers them."""
    return [
        JournalEntry(node=node, boot=boot, sequence=sequence, payload=encode(entry))
        for sequence, entry in enumerate(entries, 1)
    ]


def journal(directory: Path, entries: Iterable[Entry], node: str = "n1") -> None:
    """Write entries as one boot of a node, a commit for every three."""
    with Journal.open(directory, node, segment_bytes=1 << 15) as opened:
        for place, entry in enumerate(entries):
            opened.append(encode(entry))
            if place % 3 == 2:
                opened.commit()
                opened.prepare()
