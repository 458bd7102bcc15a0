"""Facts that ship with chakka, read from `data/` once: the numbering table, holidays, tariffs."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from chakka.charging.publish import in_succession, parse_tariff
from chakka.charging.tariff import Tariff
from chakka.numbering.parse import parse_tables
from chakka.numbering.table import NumberingTable
from chakka.routing.calendar import shipped_holidays

# The repository's data/ folder; an editable install keeps it beside src/.
DATA = Path(__file__).resolve().parents[2] / "data"


@cache
def numbering_table() -> NumberingTable:
    """Return the numbering table that ships with chakka, read and checked once."""
    return parse_tables({path.name: path.read_bytes() for path in (DATA / "numbering").glob("*.csv")})


def tariff_names() -> tuple[str, ...]:
    """Return the names of the tariffs that ship with chakka (files `NAME.toml`, `NAME@DATE.toml`)."""
    return tuple(sorted({path.stem.partition("@")[0] for path in (DATA / "tariffs").glob("*.toml")}))


@cache
def shipped_tariff(name: str) -> Tariff:
    """Return the newest version of one of `tariff_names()`, with the older ones behind it."""
    files = [path for path in (DATA / "tariffs").glob("*.toml") if path.stem.partition("@")[0] == name]
    areas = numbering_table().charge_areas
    return in_succession(parse_tariff(path.read_bytes(), areas, shipped_holidays) for path in files)


@cache
def shipped_tariffs() -> Mapping[str, Tariff]:
    """Return every tariff that ships with chakka by name."""
    return MappingProxyType({name: shipped_tariff(name) for name in tariff_names()})
