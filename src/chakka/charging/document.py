"""A tariff as TOML text (data/tariffs/README.md describes the form): tables with their own faults only."""

import tomllib
from datetime import date
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from chakka.charging.tariff import BandAt, Zone
from chakka.errors import Problem
from chakka.localtime import DAY_MS
from chakka.numbering.model import CallerClass

# Bounds that, with the one on prices by time (publish.MOST_UY), keep every charge inside int64.
MicroYen = Annotated[int, msgspec.Meta(ge=0, le=10**11)]
UnitMs = Annotated[int, msgspec.Meta(ge=1, le=DAY_MS)]
Units = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
Name = Annotated[str, msgspec.Meta(pattern="^[a-z0-9_-]{1,40}$")]
Text = Annotated[str, msgspec.Meta(min_length=1)]
Day = Literal["weekday", "saturday", "sunday", "holiday"]
Times = Annotated[str, msgspec.Meta(pattern="^[0-9]{2}:[0-5][0-9]-[0-9]{2}:[0-5][0-9]$")]

Table = TypeVar("Table")

# What a tariff with one price for all distances leaves out.
EVERYWHERE = (Zone(name="everywhere"),)


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys outside the tables of zones and rules."""

    name: Name
    title: Text
    source: Text
    classes: dict[CallerClass, tuple[Name, ...]]
    example: bool = False
    default_carrier_group: Name | None = None
    unknown_zone: Name | None = None
    band_at: BandAt = BandAt.ANSWER
    valid_from: date | None = None
    also_holidays: tuple[str, ...] = ()


class RuleText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[rules]]` table. No carrier group, zone or bands: all of them."""

    id: Name
    caller_class: CallerClass = msgspec.field(name="class")
    unit_ms: UnitMs
    unit_price_uy: MicroYen
    carrier_group: Name | None = None
    zone: Name | None = None
    setup_uy: MicroYen = 0
    minimum_units: Units = 1
    bands: dict[Day, tuple[Times, ...]] | None = None


class TariffDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A tariff text taken apart; zones are never empty."""

    header: Header
    zones: tuple[Zone, ...]
    rules: tuple[RuleText, ...]


def read_document(content: bytes) -> tuple[TariffDocument | None, list[Problem]]:
    """Return the document, or None and a problem for each table that is wrong in itself."""
    try:
        tables = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        return None, [Problem(code="syntax", where="", message=f"not TOML: {fault}")]
    problems: list[Problem] = []
    zones = _many("zones", tables.pop("zones", []), Zone, problems)
    rules = _many("rules", tables.pop("rules", []), RuleText, problems)
    header = _one("", tables, Header, problems)
    if header is None or problems:
        return None, problems
    return TariffDocument(header=header, zones=zones or EVERYWHERE, rules=rules), []


def _many(where: str, rows: Any, kind: type[Table], problems: list[Problem]) -> tuple[Table, ...]:
    if not isinstance(rows, list):
        message = f"{where} are tables; write [[{where}]]"
        problems.append(Problem(code="bad_value", where=where, message=message))
        return ()
    found = [_one(f"{where}[{place}]", row, kind, problems) for place, row in enumerate(rows)]
    return tuple(row for row in found if row is not None)


def _one(where: str, row: Any, kind: type[Table], problems: list[Problem]) -> Table | None:
    try:
        return msgspec.convert(row, kind)
    except msgspec.ValidationError as fault:
        problems.append(Problem(code=_code(str(fault)), where=where, message=str(fault)))
        return None


def _code(message: str) -> str:
    if "unknown field" in message:
        return "unknown_key"
    return "missing_key" if "missing required" in message else "bad_value"
