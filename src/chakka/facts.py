"""Facts that ship with chakka, read from `data/` once: numbering table and tariffs; and published tariffs."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from chakka.charging import publish
from chakka.charging.succession import alone, each_version, in_succession
from chakka.charging.tariff import Tariff
from chakka.errors import InputError
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


def parse_tariff(content: bytes) -> Tariff:
    """Return the tariff that a TOML text holds. Raises: InputError with every problem."""
    return publish.parse_tariff(content, numbering_table().charge_areas, shipped_holidays)


def tariff_names() -> tuple[str, ...]:
    """Return the names of the tariffs that ship with chakka."""
    return tuple(shipped_tariffs())


def shipped_tariff(name: str) -> Tariff:
    """Return the newest version of one of `tariff_names()`, with the older ones behind it."""
    return shipped_tariffs()[name]


@cache
def shipped_tariffs() -> Mapping[str, Tariff]:
    """Return every tariff that ships with chakka by name (files `NAME.toml`, `NAME@DATE.toml`)."""
    return MappingProxyType(_by_name(map(parse_tariff, _shipped_texts())))


def tariff_texts(published: Path) -> dict[str, bytes]:
    """Return version → text of every tariff: shipped with chakka, or published in a directory.

    Raises: InputError if a published file is damaged.
    """
    return {parse_tariff(text).version: text for text in _shipped_texts()} | TariffStore(published).texts()


def tariffs(published: Path) -> Mapping[str, Tariff]:
    """Return every tariff by name, its newest version with the older ones behind it: shipped and published.

    Raises: InputError if a published file is no tariff, or not the one that its name says.
    """
    versions = (_unchanged(version, text) for version, text in tariff_texts(published).items())
    return MappingProxyType(_by_name(versions))


def tariff_version(name: str, published: Path) -> Tariff:
    """Return the newest version of the tariff `NAME`, or the version `NAME@HASH`, each with the older ones.

    Raises: InputError that says which there are, or that a published file is damaged.
    """
    known = tariffs(published)
    newest = known.get(name.partition("@")[0])
    for version in each_version(newest) if newest else ():
        if name in (version.name, version.version):
            return version
    raise InputError(f"there is no tariff {name}; there are {', '.join(known)}")


def tariff_named(name: str, published: Path) -> Tariff:
    """Return the tariff `NAME` with all its versions, or `NAME@HASH` as if it had always been in force.

    Raises: InputError as `tariff_version`.
    """
    version = tariff_version(name, published)
    return alone(version) if "@" in name else version


def _shipped_texts() -> list[bytes]:
    return [path.read_bytes() for path in sorted((DATA / "tariffs").glob("*.toml"))]


def _unchanged(version: str, content: bytes) -> Tariff:
    try:
        tariff = parse_tariff(content)
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
