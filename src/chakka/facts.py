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


@cache
def shipped_tariffs() -> Mapping[str, Tariff]:
    """Return the tariffs that ship with chakka by name: the newest version of each, older ones behind it."""
    versions: dict[str, list[Tariff]] = {}
    for path in sorted((DATA / "tariffs").glob("*.toml")):
        tariff = parse_tariff(path.read_bytes(), numbering_table().charge_areas, shipped_holidays)
        versions.setdefault(tariff.name, []).append(tariff)
    return MappingProxyType({name: in_succession(found) for name, found in versions.items()})
