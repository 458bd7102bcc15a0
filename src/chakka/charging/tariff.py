"""A tariff: what a unit of a call costs, by class of caller, distance, day and minute of the answer."""

from bisect import bisect_right
from collections.abc import Mapping
from datetime import date
from enum import IntEnum, StrEnum
from typing import Annotated

import msgspec

from chakka.localtime import DAY_MS, jst_instant_ms

DAY_MINUTES = 1440
# A call of a year is a mistake of the pen; the bound keeps every charge within int64 (charging.md §7).
LONGEST_MS = 366 * DAY_MS
# The first instant behind the last day that has a date.
END_MS = jst_instant_ms(date.max.toordinal() + 1, 0)
# Charge areas stand on a grid of 2 km squares; distances are between squares.
GRID_KM = 2


class DayKind(IntEnum):
    """What kind of day a band is for; a public holiday is one whatever weekday it falls on."""

    WEEKDAY = 0
    SATURDAY = 1
    SUNDAY = 2
    HOLIDAY = 3


WEEK = (*[DayKind.WEEKDAY] * 5, DayKind.SATURDAY, DayKind.SUNDAY)


class BandAt(StrEnum):
    """Which moment chooses the band: the answer for the whole call, or each unit's own start (P2)."""

    ANSWER = "answer"
    UNIT_START = "unit_start"


class TariffRule(msgspec.Struct, frozen=True, kw_only=True):
    """What a unit costs. Prices in micro-yen; `setup_uy` once per charged call; at least `minimum_units`."""

    id: str
    unit_ms: int
    unit_price_uy: int
    setup_uy: int = 0
    minimum_units: int = 1


class DayBands(msgspec.Struct, frozen=True, kw_only=True):
    """One day's rules: `rules[i]` holds from minute `starts[i]` until the next start; `starts[0]` is 0."""

    starts: tuple[int, ...]
    rules: tuple[TariffRule, ...]

    def at(self, minute: int) -> TariffRule:
        """Return the rule of a minute of the day."""
        return self.rules[bisect_right(self.starts, minute) - 1]

    def end_after(self, minute: int) -> int:
        """Return the minute at which the band of `minute` ends, 1440 at the latest."""
        place = bisect_right(self.starts, minute)
        return self.starts[place] if place < len(self.starts) else DAY_MINUTES


class Bands(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one class, carrier group and zone: four days by DayKind; `only` when one rule is all."""

    days: tuple[DayBands, DayBands, DayBands, DayBands]
    only: TariffRule | None


class Zone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A range of distance between the caller's and the subscriber's charge area; `max_km` None: any."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z0-9_-]{1,40}$")]
    max_km: Annotated[int, msgspec.Meta(ge=0, le=10_000)] | None = None


# Class, carrier group (None: all alike), zone.
BandKey = tuple[str, str | None, str]


class Tariff(msgspec.Struct, frozen=True, kw_only=True):
    """One published version of a tariff: immutable, named by its content (charging.md §2).

    version:       `name@hash`.
    valid_from_ms: first instant of the version, None = since ever; `succeeds` is the version before it.
    classes:       the declared classes and the carrier groups of each, none = all carriers alike.
    zones:         by distance, nearest first; the last has no limit.
    bands:         (class, carrier group, zone) → rules; every one of them, every day, every minute.
    holidays:      date ordinals that count as public holidays for bands. `known_days`: the ordinals for
                   which they are known; None when no rule looks at them.
    grid:          charge area → square; empty when there is only one zone.
    """

    name: str
    version: str
    title: str
    source: str
    example: bool
    classes: Mapping[str, tuple[str, ...]]
    zones: tuple[Zone, ...]
    unknown_zone: str
    bands: Mapping[BandKey, Bands]
    default_carrier_group: str | None = None
    band_at: BandAt = BandAt.ANSWER
    valid_from_ms: int | None = None
    succeeds: "Tariff | None" = None
    holidays: frozenset[int] = frozenset()
    known_days: range | None = None
    grid: Mapping[str, tuple[int, int]] = {}

    def day_kind(self, day: int) -> DayKind | None:
        """Return the kind of a JST day (date ordinal) for bands, None where holidays are not known."""
        if self.known_days is not None and day not in self.known_days:
            return None
        # Ordinal 1 (0001-01-01) is a Monday.
        return DayKind.HOLIDAY if day in self.holidays else WEEK[(day - 1) % 7]

    def zone_between(self, from_area: str | None, home_area: str | None) -> str | None:
        """Return the zone of a call between two charge areas, None when one that is needed is not known."""
        if len(self.zones) == 1:
            return self.zones[0].name
        here, there = self.grid.get(from_area or ""), self.grid.get(home_area or "")
        if here is None or there is None:
            return None
        squared_km = GRID_KM**2 * ((here[0] - there[0]) ** 2 + (here[1] - there[1]) ** 2)
        return next(zone.name for zone in self.zones if zone.max_km is None or squared_km <= zone.max_km**2)
