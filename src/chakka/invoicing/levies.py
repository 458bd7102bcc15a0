"""Levies on each number in use at the end of a month, in full, never prorated (charging.md §1, P7)."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated

import msgspec

from chakka.errors import Problem
from chakka.invoicing.model import (
    ADJUSTMENT_ITEM,
    CALLS_ITEM,
    Holding,
    InvoiceLine,
    Item,
    Levy,
    LevyTable,
    LineKind,
    Terms,
)
from chakka.invoicing.period import first_day, last_day
from chakka.invoicing.refusal import refused, refused_all
from chakka.invoicing.supply import Supply, begun_on, taxed_line
from chakka.invoicing.tables import (
    Name,
    Text,
    Titled,
    Yen,
    read_head,
    read_rows,
    read_toml,
    validity_faults,
    version_of,
)

# How lines of fees, calls and adjustments are called: a levy of that name would be taken for one of them.
RESERVED = frozenset({*Item, CALLS_ITEM, ADJUSTMENT_ITEM})

Month = Annotated[str, msgspec.Meta(pattern="^[0-9]{4}-(0[1-9]|1[0-2])$")]


class LevyText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[levies]]` table; a month without the levy is a row of 0 yen."""

    name: Name
    title: Text
    yen: Yen
    first_month: Month
    before_month: Month | None = None


def read_levies(content: bytes) -> tuple[LevyTable | None, list[Problem]]:
    """Return the levies that a TOML text holds, or None and every problem of it."""
    problems: list[Problem] = []
    tables = read_toml(content, problems)
    if problems:
        return None, problems
    rows = read_rows("levies", tables.pop("levies", []), LevyText, problems)
    head = read_head(tables, Titled, problems)
    if head is None or problems:
        return None, problems
    problems = list(_problems(rows))
    if problems:
        return None, problems
    levies = tuple(_levy(row) for row in rows)
    return LevyTable(version=version_of(head.name, content), levies=levies), []


def parse_levies(content: bytes) -> LevyTable:
    """Return the levies that a TOML text holds.

    Raises: InputError with every problem.
    """
    levies, problems = read_levies(content)
    if levies is None:
        raise refused_all("the table of levies", problems)
    return levies


def _levy(row: LevyText) -> Levy:
    return Levy(
        name=row.name,
        title=row.title,
        yen=row.yen,
        first_month=row.first_month,
        before_month=row.before_month,
    )


def _problems(rows: tuple[LevyText, ...]) -> Iterator[Problem]:
    for name in dict.fromkeys(row.name for row in rows):
        if name in RESERVED:
            message = f"{name!r} is what another kind of line is called"
            yield Problem(code="bad_value", where="levies", message=message)
        validities = [(row.first_month, row.before_month) for row in rows if row.name == name]
        for code, message in validity_faults(validities):
            yield Problem(code=code, where="levies", message=f"{name}: {message}")


def levies_of(table: LevyTable, month: str) -> list[Levy]:
    """Return the levy of each name in a month, those of 0 yen too.

    Raises: InputError if the table does not reach back to the month: a levy that is not known is not 0.
    """
    first_day(month)
    found = [levy for levy in table.levies if _holds(levy, month)]
    for name in dict.fromkeys(levy.name for levy in table.levies):
        if name not in {levy.name for levy in found}:
            raise refused("no_levy", name, f"{table.version} does not say what {name} was in {month}")
    return found


def _holds(levy: Levy, month: str) -> bool:
    return levy.first_month <= month and (levy.before_month is None or month < levy.before_month)


def levy_lines(holdings: Sequence[Holding], month: str, terms: Terms) -> list[InvoiceLine]:
    """Return the levies on each number that is in use when a month ends in JST.

    Raises: InputError if the table of levies or of taxes does not reach the month.
    """
    day = last_day(month)
    in_use = {holding.number: holding for holding in holdings if _is_number_in_use(holding, day)}
    if not in_use:
        return []
    due = [levy for levy in levies_of(terms.levies, month) if levy.yen]
    return [
        _line(levy, month, terms, msgspec.structs.replace(holding, start=begun_on(holding, holdings)))
        for holding in in_use.values()
        for levy in due
    ]


def _is_number_in_use(holding: Holding, day: date) -> bool:
    return (
        holding.item is Item.BASIC and holding.start <= day and (holding.stop is None or day < holding.stop)
    )


def _line(levy: Levy, month: str, terms: Terms, basic: Holding) -> InvoiceLine:
    supply = Supply(
        key=f"{basic.number}/{levy.name}/{month}",
        kind=LineKind.LEVY,
        number=basic.number,
        item=levy.name,
        description=levy.title or levy.name,
        first=first_day(month),
        last=last_day(month),
        begun=basic.start,
    )
    return taxed_line(supply, levy.yen, terms.taxes, detail=(("levies", terms.levies.version),))
