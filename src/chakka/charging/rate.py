"""The charge of one call: one pure integer function (charging.md §2, §3, P1–P3)."""

from datetime import date
from functools import lru_cache

import msgspec

from chakka.charging.tariff import END_MS, LONGEST_MS, BandAt, BandKey, Bands, Tariff, TariffRule
from chakka.localtime import MINUTE_MS, jst_day_and_minute
from chakka.numbering.model import CallerClass

# `rule` of a call whose caller never sent the ACK (P1).
NOT_CONFIRMED = "not_confirmed"


class RatedCall(msgspec.Struct, frozen=True, kw_only=True):
    """An answered call as facts for rating.

    caller_class:    the rating class (service.md R2.5), a value of CallerClass; other words have no rule.
    carrier_group: of mobiles; None = not known.
    conversation_ms: answer to release by one node's clock.
    fault:           cut by a fault of the network, a crash of ours included.
    is_confirmed:    the caller's ACK came.
    from_area, home_area: charge areas of the caller and of the subscriber; None = not known.
    """

    caller_class: str
    answered_at_ms: int
    conversation_ms: int
    carrier_group: str | None = None
    fault: bool = False
    is_confirmed: bool = True
    from_area: str | None = None
    home_area: str | None = None


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """What a call costs, exactly.

    amount_uy:   micro-yen; nothing is rounded here.
    usage_month: `YYYY-MM` in JST of the answer (P3).
    rule:        id of the tariff rule; several joined by `+` when units fell into several bands.
    assumed:     which missing facts the tariff's defaults stood in for: `class`, `carrier_group`, `zone`.
    """

    units: int
    amount_uy: int
    usage_month: str
    tariff_version: str
    rule: str
    assumed: tuple[str, ...] = ()


class Suspense(msgspec.Struct, frozen=True, kw_only=True):
    """A call that cannot be charged until an operator decides; it is never 0 yen (charging.md §2).

    reason: `no_rule` (class or carrier group not declared), `no_tariff` (answered before the first
            version), `no_calendar` (no holiday list for the year), `bad_duration` (negative, or longer
            than `LONGEST_MS`), `bad_instant` (answered before 1970 or after 9999).
    """

    reason: str
    tariff_version: str


class Priced(msgspec.Struct, frozen=True):
    """The units of a call that fell under one rule, in the order of the call."""

    rule: TariffRule
    units: int


def rate(call: RatedCall, tariff: Tariff) -> Charge | Suspense:
    """Return what the call costs by the tariff version in force at its answer, or why nobody can say.

    tariff: the newest version; older ones hang on its `succeeds`.
    Source: charging.md §2, P1–P3.
    """
    if not 0 <= call.answered_at_ms < END_MS:
        return Suspense(reason="bad_instant", tariff_version=tariff.version)
    version = version_at(tariff, call.answered_at_ms)
    if version is None:
        return Suspense(reason="no_tariff", tariff_version=tariff.version)
    if not call.is_confirmed:
        return _charge(call, version, (), ())
    if not 0 <= call.conversation_ms <= LONGEST_MS:
        return Suspense(reason="bad_duration", tariff_version=version.version)
    zone = version.zone_between(call.from_area, call.home_area)
    key, assumed = bands_key(call.caller_class, call.carrier_group, zone, version)
    bands = version.bands.get(key)
    if bands is None:
        return Suspense(reason="no_rule", tariff_version=version.version)
    if bands.only is not None:
        units = units_of(call.conversation_ms, bands.only, call.fault)
        return _charge(call, version, (Priced(bands.only, units),), assumed)
    priced = priced_by_band(call, version, bands)
    if priced is None:
        return Suspense(reason="no_calendar", tariff_version=version.version)
    return _charge(call, version, priced, assumed)


def version_at(tariff: Tariff, at_ms: int) -> Tariff | None:
    """Return the version in force at an instant, None before the first (P2)."""
    version: Tariff | None = tariff
    while version is not None and version.valid_from_ms is not None and at_ms < version.valid_from_ms:
        version = version.succeeds
    return version


def units_of(conversation_ms: int, rule: TariffRule, fault: bool) -> int:
    """Return the units of an answered call: those begun, at least the minimum; after a fault only whole ones.

    Source: charging.md P1.
    """
    if fault:
        return conversation_ms // rule.unit_ms
    return max(rule.minimum_units, -(-conversation_ms // rule.unit_ms))


def bands_key(
    caller_class: str, carrier_group: str | None, zone: str | None, version: Tariff
) -> tuple[BandKey, tuple[str, ...]]:
    """Return under which key the rules of a call stand, and which facts were assumed for it.

    carrier_group, zone: None = not known; the tariff's defaults stand in.
    """
    assumed: tuple[str, ...] = ()
    if caller_class == CallerClass.UNKNOWN:
        # Connected callers of unknown class were treated as fixed ones (plan-format.md, admission).
        caller_class, assumed = CallerClass.FIXED, ("class",)
    if not version.classes.get(caller_class):
        carrier_group = None
    elif carrier_group is None:
        carrier_group, assumed = version.default_carrier_group, (*assumed, "carrier_group")
    if zone is None:
        zone, assumed = version.unknown_zone, (*assumed, "zone")
    return (caller_class, carrier_group, zone), assumed


def _charge(call: RatedCall, version: Tariff, priced: tuple[Priced, ...], assumed: tuple[str, ...]) -> Charge:
    amount_uy = units = 0
    for part in priced:
        units += part.units
        amount_uy += part.units * part.rule.unit_price_uy
    if units:
        amount_uy += priced[0].rule.setup_uy
    return Charge(
        units=units,
        amount_uy=amount_uy,
        usage_month=_month(jst_day_and_minute(call.answered_at_ms)[0]),
        tariff_version=version.version,
        rule="+".join(dict.fromkeys(part.rule.id for part in priced)) or NOT_CONFIRMED,
        assumed=assumed,
    )


def priced_by_band(call: RatedCall, version: Tariff, bands: Bands) -> tuple[Priced, ...] | None:
    """Return the units of a call by the rules of its bands, None if the kind of a day is not known (P2)."""
    day, minute = jst_day_and_minute(call.answered_at_ms)
    kind = version.day_kind(day)
    if kind is None:
        return None
    rule = bands.days[kind].at(minute)
    if version.band_at is BandAt.ANSWER:
        return (Priced(rule, units_of(call.conversation_ms, rule, call.fault)),)
    priced = _priced_by_unit_start(call, version, bands)
    if priced is None:
        return None
    missing = 0 if call.fault else rule.minimum_units - sum(part.units for part in priced)
    return (Priced(rule, max(0, missing)), *priced)


def _priced_by_unit_start(call: RatedCall, version: Tariff, bands: Bands) -> tuple[Priced, ...] | None:
    """Return the units by the rule in force at the start of each of them (P2, `unit_start`)."""
    priced: list[Priced] = []
    start, end = call.answered_at_ms, call.answered_at_ms + call.conversation_ms
    while start < end:
        found = _rule_at(start, version, bands)
        if found is None:
            return None
        rule, band_end = found
        units = -(-(min(end, band_end) - start) // rule.unit_ms)
        if call.fault:
            units = min(units, (end - start) // rule.unit_ms)
        if units == 0:
            break
        priced.append(Priced(rule, units))
        start += units * rule.unit_ms
    return tuple(priced)


def _rule_at(at_ms: int, version: Tariff, bands: Bands) -> tuple[TariffRule, int] | None:
    """Return the rule of an instant and the instant at which its band ends."""
    day, minute = jst_day_and_minute(at_ms)
    kind = version.day_kind(day)
    if kind is None:
        return None
    today = bands.days[kind]
    return today.at(minute), at_ms - at_ms % MINUTE_MS + (today.end_after(minute) - minute) * MINUTE_MS


@lru_cache(maxsize=4096)
def _month(day: int) -> str:
    # Of a day, not of an instant: a busy node asks for the same day again and again.
    return date.fromordinal(day).strftime("%Y-%m")
