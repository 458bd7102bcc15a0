"""What recorded calls would have cost by another tariff, beside what they were charged."""

from collections.abc import Iterable

import msgspec
import polars as pl

from chakka.charging.batch import CALLS, rate_frame
from chakka.charging.columns import prices
from chakka.charging.tariff import Tariff
from chakka.money import MICRO_YEN

# A recorded call: the freephone number, as what it was charged, its facts, and its charge, null in suspense.
RECORDED = {"number": pl.String, "rating_class": pl.String, **CALLS, "charged_uy": pl.Int64}


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What some calls cost exactly, and how many wait in suspense without a charge."""

    amount_uy: int = 0
    suspended: int = 0

    @property
    def yen(self) -> int:
        """Whole yen, floored (charging.md P4; of one number and usage month that is what a line bills)."""
        return self.amount_uy // MICRO_YEN

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(amount_uy=self.amount_uy + other.amount_uy, suspended=self.suspended + other.suspended)


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The calls of one number and rating class: what they were charged, and what they would be."""

    number: str
    rating_class: str
    calls: int
    before: Outcome
    after: Outcome


def compare(recorded: Iterable[pl.DataFrame], tariff: Tariff) -> list[Comparison]:
    """Return, by number and rating class, what calls were charged and what `tariff` would charge.

    recorded: the calls in pieces of any size, with columns RECORDED.
    """
    by, found = prices(tariff), dict[tuple[str, str], Comparison]()
    for calls in recorded:
        charges = rate_frame(calls, by)
        for one in _compared(calls.with_columns(would_uy=charges["amount_uy"])):
            key = one.number, one.rating_class
            found[key] = _joined(found[key], one) if key in found else one
    return [found[key] for key in sorted(found)]


def by_number(comparisons: Iterable[Comparison]) -> list[Comparison]:
    """Return the comparisons of each number as one, of class `""`."""
    found: dict[str, Comparison] = {}
    for one in comparisons:
        whole = msgspec.structs.replace(one, rating_class="")
        found[one.number] = _joined(found[one.number], whole) if one.number in found else whole
    return list(found.values())


def _compared(calls: pl.DataFrame) -> list[Comparison]:
    grouped = calls.group_by("number", "rating_class").agg(
        pl.len().alias("calls"), *_outcome("charged_uy"), *_outcome("would_uy")
    )
    return [
        Comparison(
            number=row["number"],
            rating_class=row["rating_class"],
            calls=row["calls"],
            before=_read_outcome(row, "charged_uy"),
            after=_read_outcome(row, "would_uy"),
        )
        for row in grouped.iter_rows(named=True)
    ]


def _outcome(column: str) -> list[pl.Expr]:
    """Return what `_read_outcome` reads: a sum in two halves, neither of which can wrap (charging.md §7)."""
    amount = pl.col(column)
    return [
        (amount // 2**32).sum().alias(f"{column}_high"),
        (amount % 2**32).sum().alias(f"{column}_low"),
        amount.null_count().alias(f"{column}_suspended"),
    ]


def _read_outcome(row: dict[str, int], column: str) -> Outcome:
    amount_uy = (row[f"{column}_high"] << 32) + row[f"{column}_low"]
    return Outcome(amount_uy=amount_uy, suspended=row[f"{column}_suspended"])


def _joined(one: Comparison, other: Comparison) -> Comparison:
    return msgspec.structs.replace(
        one,
        calls=one.calls + other.calls,
        before=one.before + other.before,
        after=one.after + other.after,
    )
