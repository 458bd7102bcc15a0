"""Two ledgers side by side: what each holds of the same calls, and what becomes of the calls in one."""

from collections.abc import Iterator
from hashlib import sha256

import msgspec

from chakka.stores.engine import Engine, Row
from chakka.stores.ledger_books import month_days
from chakka.stores.ledger_values import FINAL_COLUMNS, RATED_COLUMNS
from chakka.stores.ranges import Range

_ENCODER = msgspec.msgpack.Encoder()
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
    Table(
        name="day_totals",
        columns=("day", "number", "calls", "amount_uy"),
        key=2,
        where="calls <> 0",
        in_month=_IN_MONTH,
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


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A row that two ledgers do not agree on; None where there is none.

    columns: in which they differ; all but the key of a row that only one of them has.
    """

    table: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    ours: tuple[str, ...] | None
    theirs: tuple[str, ...] | None


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A table of two ledgers side by side. rows: of ours. first: as many differences as were wanted."""

    table: str
    rows: int
    digest: str
    other_digest: str
    differences: int
    first: tuple[Difference, ...]


def compared(table: Table, ours: Iterator[Row], theirs: Iterator[Row], most: int) -> Compared:
    """Return how two sets of rows of a table differ, each in the order of its key (`rows_of`)."""
    hashes = sha256(), sha256()
    rows = differences = 0
    first: list[Difference] = []
    for mine, other in _side_by_side(table, ours, theirs):
        for hash_, row in zip(hashes, (mine, other), strict=True):
            if row is not None:
                hash_.update(_ENCODER.encode(row))
        rows += mine is not None
        if mine != other:
            differences += 1
            if len(first) < most:
                first.append(_difference(table, mine, other))
    return Compared(
        table=table.name,
        rows=rows,
        digest=hashes[0].hexdigest(),
        other_digest=hashes[1].hexdigest(),
        differences=differences,
        first=tuple(first),
    )


def _side_by_side(
    table: Table, ours: Iterator[Row], theirs: Iterator[Row]
) -> Iterator[tuple[Row | None, Row | None]]:
    mine, other = next(ours, None), next(theirs, None)
    while mine is not None or other is not None:
        if other is None or (mine is not None and mine[: table.key] < other[: table.key]):
            yield mine, None
            mine = next(ours, None)
        elif mine is None or other[: table.key] < mine[: table.key]:
            yield None, other
            other = next(theirs, None)
        else:
            yield mine, other
            mine, other = next(ours, None), next(theirs, None)


def _difference(table: Table, mine: Row | None, other: Row | None) -> Difference:
    there = mine or other
    assert there is not None, "one of the two has the row"
    places = [
        place
        for place in range(table.key, len(table.columns))
        if mine is None or other is None or mine[place] != other[place]
    ]
    return Difference(
        table=table.name,
        key=tuple(map(_said, there[: table.key])),
        columns=tuple(table.columns[place] for place in places),
        ours=None if mine is None else tuple(_said(mine[place]) for place in places),
        theirs=None if other is None else tuple(_said(other[place]) for place in places),
    )


def _said(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else "-" if value is None else str(value)
