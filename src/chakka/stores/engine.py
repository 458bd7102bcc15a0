"""What a ledger needs of the database that keeps it. SQLite and PostgreSQL offer it."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

# A row as it comes from a database or goes there: text, whole numbers, bytes, None. Truth is 1 or 0.
Row = tuple[Any, ...]


class LedgerUnavailable(Exception):
    """The ledger cannot be used for now: locked for long, away, or its disk is full or failing."""


class Engine(Protocol):
    """An open database. SQL is written once for all of them, with `?` where a value goes.

    among: SQL behind a column whose value must be one of `listed(…)`.
    """

    among: str

    def listed(self, texts: Iterable[str]) -> object:
        """Return texts as the one value that `among` takes."""

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Return the rows that a question has for an answer. Raises: as `transaction`."""

    def stream(self, sql: str, values: Sequence[object] = ()) -> Iterator[Row]:
        """Yield the same one by one, however many there are."""

    def run(self, sql: str, values: Sequence[object] = ()) -> None:
        """Do one thing."""

    def run_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Do one thing for each row."""

    def put_finals(self, rows: Sequence[Row]) -> list[Row]:
        """Keep rows of `finals` whose call id is new; return the others."""

    def put_rated(self, rows: Sequence[Row]) -> None:
        """Keep rows of `rated`, of calls that have none."""

    def held_on(self, call_ids: Sequence[str]) -> list[int] | None:
        """Return days (date ordinals) beside which none of these calls is kept; None: any day may be."""

    def transaction(self) -> AbstractContextManager[None]:
        """Make what is done within durable at the end, or nothing of it; one writer at a time.

        Raises: LedgerUnavailable to be tried again; InputError if what is kept is damaged.
        """

    def snapshot(self) -> AbstractContextManager[None]:
        """Answer every question within as of one instant. Raises: as `transaction`."""

    def is_in_place(self) -> bool:
        """Return whether the database is still the one that was opened."""

    def close(self) -> None:
        """Let go of it."""
