"""A tariff made ready for batches: what `rate` finds in mappings, as columns to be looked up by place.

Every table is filled by the same functions that `rate` uses for one call, so that there is one place for each
rule.
"""

from collections.abc import Iterator

import msgspec
import polars as pl

from chakka.charging.rate import bands_key
from chakka.charging.tariff import DAY_MINUTES, BandAt, Bands, DayKind, Tariff, TariffRule
from chakka.numbering.model import CallerClass

# Minutes of the four kinds of day: how many places one key takes in `VersionPrices.rules`.
KEY_MINUTES = len(DayKind) * DAY_MINUTES
# Before every instant that a call may have, and after it.
ALWAYS_MS, NEVER_MS = -(2**63), 2**63 - 1


class VersionPrices(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a tariff as columns.

    starts_ms, ends_ms: the instants `[starts, ends)` at which the version is in force.
    groups:   carrier groups that the version knows; areas: charge areas that lie on its grid.
    verticals, horizontals: place of each area on the grid.
    keys:     by `code` (below): place of the key whose rules hold, null where no rule does.
    assumed:  by `code`: the facts that were assumed, joined by commas.
    is_banded: by key: more than one rule holds in the course of a week.
    rules:    by key, kind of day and minute: place of the rule; band_ends: the minute its band ends.
    terms:    the rules, one in a row: id, unit_ms, unit_price_uy, setup_uy, minimum_units.
    """

    tariff: Tariff
    starts_ms: int
    ends_ms: int
    groups: tuple[str, ...]
    areas: tuple[str, ...]
    verticals: pl.Series
    horizontals: pl.Series
    keys: pl.Series
    assumed: pl.Series
    is_banded: pl.Series
    rules: pl.Series
    band_ends: pl.Series
    terms: pl.DataFrame

    @property
    def has_bands(self) -> bool:
        """Whether any price depends on the time."""
        return bool(self.is_banded.any())

    @property
    def is_by_unit_start(self) -> bool:
        """Whether the units of one call can fall into several bands."""
        return self.tariff.band_at is BandAt.UNIT_START and self.has_bands


class Prices(msgspec.Struct, frozen=True, kw_only=True):
    """A tariff as columns, its newest version first."""

    newest: Tariff
    versions: tuple[VersionPrices, ...]


CLASSES = tuple(word.value for word in CallerClass)


def prices(tariff: Tariff) -> Prices:
    """Return a tariff made ready for `rate_frame`; `tariff` is its newest version."""
    return Prices(newest=tariff, versions=tuple(_versions(tariff)))


def _versions(tariff: Tariff) -> Iterator[VersionPrices]:
    version: Tariff | None = tariff
    ends_ms = NEVER_MS
    while version is not None:
        starts_ms = ALWAYS_MS if version.valid_from_ms is None else version.valid_from_ms
        yield _version_prices(version, starts_ms, ends_ms)
        ends_ms, version = starts_ms, version.succeeds


def _version_prices(version: Tariff, starts_ms: int, ends_ms: int) -> VersionPrices:
    groups = tuple(sorted({group for known in version.classes.values() for group in known}))
    place_of_key = {key: place for place, key in enumerate(version.bands)}
    coded = [bands_key(*code, version) for code in _codes(version, groups)]
    place_of_rule, rules = _rules(version)
    minutes = [minute for bands in version.bands.values() for minute in _minutes(bands)]
    return VersionPrices(
        tariff=version,
        starts_ms=starts_ms,
        ends_ms=ends_ms,
        groups=groups,
        areas=tuple(version.grid),
        verticals=pl.Series([place[0] for place in version.grid.values()], dtype=pl.Int64),
        horizontals=pl.Series([place[1] for place in version.grid.values()], dtype=pl.Int64),
        keys=pl.Series([place_of_key.get(key) for key, _ in coded], dtype=pl.Int64),
        assumed=pl.Series([",".join(assumed) for _, assumed in coded], dtype=pl.String),
        is_banded=pl.Series([bands.only is None for bands in version.bands.values()], dtype=pl.Boolean),
        rules=pl.Series([place_of_rule[rule.id] for rule, _ in minutes], dtype=pl.Int64),
        band_ends=pl.Series([end for _, end in minutes], dtype=pl.Int64),
        terms=_terms(rules),
    )


def _codes(version: Tariff, groups: tuple[str, ...]) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield (class, carrier group, zone) in the order in which `batch` counts them.

    The class and the group that are "" stand for any that nobody has heard of; the last group and the last
    zone, None, for one that is not known.
    """
    zones = (*(zone.name for zone in version.zones), None)
    for caller_class in (*CLASSES, ""):
        for group in (*groups, "", None):
            for zone in zones:
                yield caller_class, group, zone


def _rules(version: Tariff) -> tuple[dict[str, int], list[TariffRule]]:
    found = {rule.id: rule for bands in version.bands.values() for day in bands.days for rule in day.rules}
    return {name: place for place, name in enumerate(found)}, list(found.values())


def _minutes(bands: Bands) -> Iterator[tuple[TariffRule, int]]:
    """Yield the rule of every minute of the four kinds of day, and the minute at which its band ends."""
    for day in bands.days:
        for minute in range(DAY_MINUTES):
            yield day.at(minute), day.end_after(minute)


def _terms(rules: list[TariffRule]) -> pl.DataFrame:
    return pl.DataFrame(
        [msgspec.structs.asdict(rule) for rule in rules],
        schema={
            "id": pl.String,
            "unit_ms": pl.Int64,
            "unit_price_uy": pl.Int64,
            "setup_uy": pl.Int64,
            "minimum_units": pl.Int64,
        },
    )
