"""Facts that ship with chakka, read from `data/` once: the numbering table, tariffs; and published tariffs."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import msgspec

from chakka.charging import publish
from chakka.charging.succession import each_version, in_succession
from chakka.charging.tariff import Tariff
from chakka.errors import InputError, Problem
from chakka.numbering.parse import parse_tables
from chakka.numbering.table import NumberingTable
from chakka.routing.calendar import shipped_holidays
from chakka.stores.tariff_store import TariffStore

# The repository's data/ folder; an editable install keeps it beside src/.
DATA = Path(__file__).resolve().parents[2] / "data"


@cache
def numbering_table() -> NumberingTable:
    """Return the numbering table that ships with chakka, read and checked once."""
    return parse_tables({path.name: path.read_bytes() for path in (DATA / "numbering").glob("*.csv")})


def read_tariff(content: bytes) -> tuple[Tariff | None, list[Problem]]:
    """Return the tariff that a TOML text holds, by the shipped areas and holidays, or None and its problems."""
    return publish.read_tariff(content, numbering_table().charge_areas, shipped_holidays)


def tariff_names() -> tuple[str, ...]:
    """Return the names of the tariffs that ship with chakka."""
    return tuple(shipped_tariffs())


def shipped_tariff(name: str) -> Tariff:
    """Return the newest version of one of `tariff_names()`, with the older ones behind it."""
    return shipped_tariffs()[name]


@cache
def shipped_tariffs() -> Mapping[str, Tariff]:
    """Return every tariff that ships with chakka by name (files `NAME.toml`, `NAME@DATE.toml`)."""
    return MappingProxyType(_by_name(map(_parsed, _shipped_texts())))


def tariff_texts(published: Path) -> dict[str, bytes]:
    """Return version → text of every tariff: shipped with chakka, or published in a directory.

    Raises: InputError if a published file is damaged.
    """
    return {_parsed(text).version: text for text in _shipped_texts()} | TariffStore(published).texts()


def tariffs(published: Path) -> Mapping[str, Tariff]:
    """Return every tariff by name, its newest version with the older ones behind it: shipped and published.

    Raises: InputError if a published file is no tariff, or not the one that its name says.
    """
    versions = (_unchanged(version, text) for version, text in tariff_texts(published).items())
    return MappingProxyType(_by_name(versions))


def tariff_named(name: str, published: Path) -> Tariff:
    """Return a tariff of `tariffs`, or of its versions the one that is named `NAME@HASH`, without older ones.

    Raises: InputError that says which there are.
    """
    known = tariffs(published)
    if name in known:
        return known[name]
    newest = known.get(name.partition("@")[0])
    version = next((one for one in each_version(newest) if one.version == name), None) if newest else None
    if version is None:
        raise InputError(f"no tariff {name}: there are {', '.join(known)}")
    return msgspec.structs.replace(version, valid_from_ms=None, succeeds=None)


def _shipped_texts() -> list[bytes]:
    return [path.read_bytes() for path in sorted((DATA / "tariffs").glob("*.toml"))]


def _parsed(content: bytes) -> Tariff:
    return publish.parse_tariff(content, numbering_table().charge_areas, shipped_holidays)


def _unchanged(version: str, content: bytes) -> Tariff:
    try:
        tariff = _parsed(content)
    except InputError as fault:
        raise InputError(f"published tariff {version}: {fault}", fault.problems) from fault
    if tariff.version != version:
        raise InputError(f"published tariff {version} was changed: its content is that of {tariff.version}")
    return tariff


def _by_name(versions: Iterable[Tariff]) -> dict[str, Tariff]:
    found: dict[str, list[Tariff]] = {}
    for version in versions:
        found.setdefault(version.name, []).append(version)
    return {name: in_succession(found[name]) for name in sorted(found)}
