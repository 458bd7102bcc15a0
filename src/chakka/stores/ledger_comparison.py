"""Two ledgers side by side: what each holds of the same calls, and what becomes of the calls in one."""

from collections.abc import Iterator

import msgspec

from chakka.stores.engine import Engine, Row
from chakka.stores.ledger_books import month_days
from chakka.stores.ledger_values import FINAL_COLUMNS, RATED_COLUMNS
from chakka.stores.ranges import Range

_IN_MONTH = "day >= ? AND day < ?"
_OF_CALLS = f"call_id IN (SELECT call_id FROM finals WHERE {_IN_MONTH})"


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table as it is compared.

    columns: those that matter; the first `key` of them name a row, and rows come in their order.
    where:   which rows there are. in_month: which are of a month, by its days.
    """

    name: str
    columns: tuple[str, ...]
    key: int
    where: str = "1 = 1"
    in_month: str = "1 = 1"

    def __str__(self) -> str:
        return self.name


def _finals() -> tuple[str, ...]:
    # Where a line is can be looked up, so not every record says it; `content` is over all columns.
    left_out = ("call_id", "home_area", "content")
    return ("call_id", *(name for name in FINAL_COLUMNS if name not in left_out))


def _rated() -> tuple[str, ...]:
    # A version that adds classes to one in force leaves each charge as it is, under another name.
    return tuple(name for name in RATED_COLUMNS if name != "tariff_version")


# In the order in which one follows from the other.
TABLES = (
    Table(name="finals", columns=_finals(), key=1, in_month=_IN_MONTH),
    Table(
        name="rivals",
        columns=("call_id", "source", "sequence", "content", "standing", "record"),
        key=4,
        in_month=_OF_CALLS,
    ),
    Table(
        name="conflicts",
        columns=("call_id", "node", "boot", "sequence", "entry"),
        key=4,
        in_month=_OF_CALLS,
    ),
    Table(name="unreadable", columns=("node", "boot", "sequence", "payload"), key=3),
    Table(name="rated", columns=_rated(), key=1, in_month=_IN_MONTH),
    Table(
        name="totals",
        columns=(
            *("number", "usage_month", "rating_class"),
            *("calls", "units", "conversation_ms", "amount_uy"),
        ),
        key=3,
        where="calls <> 0",
    ),
)


def rows_of(engine: Engine, table: Table, usage_month: str | None) -> Iterator[Row]:
    """Yield the rows of a table, of a usage month or of all, in the order of their keys.

    Raises: InputError if `usage_month` is no month.
    """
    where, values = (table.where, ()) if usage_month is None else _of_month(table, usage_month)
    order = ", ".join(table.columns[: table.key])
    question = f"SELECT {', '.join(table.columns)} FROM {table.name} WHERE {where} ORDER BY {order}"
    for row in engine.stream(question, values):
        yield tuple(row)


def _of_month(table: Table, usage_month: str) -> tuple[str, tuple[object, ...]]:
    days = month_days(usage_month)
    if "usage_month" in table.columns[: table.key]:
        return f"{table.where} AND usage_month = ?", (usage_month,)
    values = days if "?" in table.in_month else ()
    return f"{table.where} AND {table.in_month}", values


def delivered_ranges(engine: Engine) -> dict[tuple[str, int], list[Range]]:
    """Return the sequences that were taken, by (node, boot); record files have boot 0."""
    ranges: dict[tuple[str, int], list[Range]] = {}
    for node, boot, first, last in engine.rows(
        "SELECT node, boot, first, last FROM delivered ORDER BY node, boot, first"
    ):
        ranges.setdefault((node, boot), []).append((first, last))
    return ranges


class Conservation(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the calls to freephone numbers: each is in exactly one of the four."""

    finals: int
    rated: int
    suspense: int
    open: int
    unanswered: int

    @property
    def holds(self) -> bool:
        """Return whether no call is lost and none is there twice."""
        return self.finals == self.rated + self.suspense + self.open + self.unanswered


# Each of the four is counted where it stands, so that the sum can be wrong.
_COUNTS = """
SELECT
    (SELECT count(*) FROM finals WHERE kind = 'freephone' AND {month}),
    (SELECT count(*) FROM rated WHERE suspense IS NULL AND {month}),
    (SELECT count(*) FROM rated WHERE suspense IS NOT NULL AND {month}),
    (SELECT count(*) FROM finals WHERE kind = 'freephone' AND is_open = 1 AND {month}),
    (SELECT count(*) FROM finals WHERE kind = 'freephone' AND is_open = 0 AND answered_at_ms IS NULL
        AND {month})
"""


def conservation(engine: Engine, usage_month: str | None) -> Conservation:
    """Return how many calls there are of each kind, of a month (by answer, else arrival) or of all.

    Raises: InputError if `usage_month` is no month.
    """
    month, values = ("1 = 1", ()) if usage_month is None else (_IN_MONTH, month_days(usage_month) * 5)
    ((finals, rated, suspense, open_, unanswered),) = engine.rows(_COUNTS.format(month=month), values)
    return Conservation(finals=finals, rated=rated, suspense=suspense, open=open_, unanswered=unanswered)
