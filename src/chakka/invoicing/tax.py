"""Consumption tax: the rate of a supply by its own days, one floor per invoice and rate (charging.md P6)."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated

import msgspec

from chakka.errors import Problem
from chakka.invoicing.model import InvoiceLine, LineKind, TaxRate, TaxTable, TaxTotal, TaxTransition
from chakka.invoicing.refusal import refused, refused_all
from chakka.invoicing.tables import Titled, read_head, read_rows, read_toml, validity_faults, version_of

PERMILLE = 1000

Permille = Annotated[int, msgspec.Meta(ge=0, lt=PERMILLE)]
# UNCL5305 as JP PINT uses it: standard, reduced, exempt, free export, outside of scope.
Category = Annotated[str, msgspec.Meta(pattern="^(S|AA|E|G|O)$")]


class TaxRateText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[rates]]` table."""

    permille: Permille
    valid_from: date
    valid_until: date | None = None
    category: Category = "S"


class TransitionText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[transitions]]` table: supplies that keep a rate which has ended."""

    permille: Permille
    kinds: Annotated[tuple[LineKind, ...], msgspec.Meta(min_length=1)]
    begun_before: date
    closed_from: date
    closed_before: date
    category: Category = "S"


def read_tax_table(content: bytes) -> tuple[TaxTable | None, list[Problem]]:
    """Return the tax rates that a TOML text holds, or None and every problem of it."""
    problems: list[Problem] = []
    tables = read_toml(content, problems)
    if problems:
        return None, problems
    rates = read_rows("rates", tables.pop("rates", []), TaxRateText, problems)
    transitions = read_rows("transitions", tables.pop("transitions", []), TransitionText, problems)
    head = read_head(tables, Titled, problems)
    if head is None or problems:
        return None, problems
    problems = [*_rate_problems(rates), *_transition_problems(transitions, rates)]
    if problems:
        return None, problems
    table = TaxTable(
        version=version_of(head.name, content),
        rates=tuple(map(_rate, rates)),
        transitions=tuple(map(_transition, transitions)),
    )
    return table, []


def parse_tax_table(content: bytes) -> TaxTable:
    """Return the tax rates that a TOML text holds.

    Raises: InputError with every problem.
    """
    table, problems = read_tax_table(content)
    if table is None:
        raise refused_all("the table of taxes", problems)
    return table


class Taxable(msgspec.Struct, frozen=True, kw_only=True):
    """What decides the rate of a supply: what it is, its days (both included), since when it goes on."""

    kind: LineKind
    first: date
    last: date
    begun: date | None = None


def rate_of(supply: Taxable, table: TaxTable) -> tuple[int, str]:
    """Return (permille, category) for a supply, by its own days and not by the date of an invoice.

    Raises: InputError if no rate is known for its days, or if two are.
    Source: charging.md P6; the law's transitional rules are rows of the table.
    """
    for transition in table.transitions:
        if _goes_on(supply, transition):
            return transition.permille, transition.category
    found = [rate for rate in table.rates if _holds(rate, supply.last)]
    if not found:
        raise refused("no_rate", table.version, f"{table.version} has no tax rate for {supply.last}")
    rate = found[0]
    if not _holds(rate, supply.first):
        message = f"the rate changes between {supply.first} and {supply.last}; make a line for each rate"
        raise refused("two_rates", table.version, message)
    return rate.permille, rate.category


def tax_yen(net_yen: int, permille: int) -> int:
    """Return the tax on a sum of whole-yen lines, floored; on a negative sum the positive one's, reversed.

    Source: charging.md P6, P13.
    """
    tax = abs(net_yen) * permille // PERMILLE
    return tax if net_yen >= 0 else -tax


def tax_totals(lines: Iterable[InvoiceLine]) -> tuple[TaxTotal, ...]:
    """Return what each rate comes to on one invoice, the highest rate first (P6)."""
    nets: dict[tuple[int, str], int] = {}
    for line in lines:
        key = (line.tax_permille, line.tax_category)
        nets[key] = nets.get(key, 0) + line.net_yen
    return tuple(
        TaxTotal(permille=permille, category=category, net_yen=net, tax_yen=tax_yen(net, permille))
        for (permille, category), net in sorted(nets.items(), reverse=True)
    )


def _goes_on(supply: Taxable, transition: TaxTransition) -> bool:
    return (
        supply.kind in transition.kinds
        and supply.begun is not None
        and supply.begun < transition.begun_before
        and transition.closed_from <= supply.last < transition.closed_before
    )


def _holds(rate: TaxRate, day: date) -> bool:
    return rate.valid_from <= day and (rate.valid_until is None or day < rate.valid_until)


def _rate(row: TaxRateText) -> TaxRate:
    return TaxRate(
        permille=row.permille,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        category=row.category,
    )


def _transition(row: TransitionText) -> TaxTransition:
    return TaxTransition(
        permille=row.permille,
        kinds=row.kinds,
        begun_before=row.begun_before,
        closed_from=row.closed_from,
        closed_before=row.closed_before,
        category=row.category,
    )


def _rate_problems(rows: tuple[TaxRateText, ...]) -> Iterator[Problem]:
    if not rows:
        yield Problem(code="missing_key", where="rates", message="a table of taxes needs a rate")
    for place, row in enumerate(rows):
        if row.valid_from.day != 1:
            # Calls are summed by month: within one of them there can be only one rate.
            message = f"a rate begins on {row.valid_from}; rates begin on the first day of a month"
            yield Problem(code="bad_value", where=f"rates[{place}].valid_from", message=message)
    for code, message in validity_faults([(row.valid_from, row.valid_until) for row in rows]):
        yield Problem(code=code, where="rates", message=message)


def _transition_problems(
    rows: tuple[TransitionText, ...], rates: tuple[TaxRateText, ...]
) -> Iterator[Problem]:
    for place, row in enumerate(rows):
        where = f"transitions[{place}]"
        if row.closed_before <= row.closed_from:
            message = f"closed from {row.closed_from} until before {row.closed_before} is no time"
            yield Problem(code="bad_value", where=where, message=message)
        if (row.permille, row.category) not in {(rate.permille, rate.category) for rate in rates}:
            message = f"{row.permille} permille {row.category} is none of the rates"
            yield Problem(code="unknown_name", where=f"{where}.permille", message=message)
