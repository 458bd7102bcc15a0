"""How a call came to its charge: facts, rule, units and yen, in sentences (charging.md §4)."""

from collections.abc import Iterator

import msgspec

from chakka.charging.rate import Charge, Priced, RatedCall, bands_key, priced_by_band, rate, units_of
from chakka.charging.succession import alone
from chakka.charging.tariff import BandAt, Bands, DayKind, Tariff
from chakka.localtime import jst_date, jst_day_and_minute
from chakka.money import yen_text
from chakka.records.final import Final

_DAYS = {
    DayKind.WEEKDAY: "a weekday",
    DayKind.SATURDAY: "a Saturday",
    DayKind.SUNDAY: "a Sunday",
    DayKind.HOLIDAY: "a public holiday",
}


class Reckoning(msgspec.Struct, frozen=True, kw_only=True):
    """How a charge comes about. amount_uy, units: what the steps come to; None in suspense."""

    steps: tuple[str, ...]
    units: int | None
    amount_uy: int | None


def rated_call(final: Final, home_area: str | None) -> RatedCall:
    """Return a recorded call as facts for rating. home_area: of the line that answered."""
    assert final.answered_at_ms is not None, "only answered calls are charged"
    return RatedCall(
        caller_class=final.rating_class,
        carrier_group=final.carrier_group,
        answered_at_ms=final.answered_at_ms,
        conversation_ms=final.conversation_ms or 0,
        fault=final.fault,
        is_confirmed=final.is_confirmed,
        from_area=final.charge_area,
        home_area=home_area,
    )


def reckoned(call: RatedCall, version: Tariff) -> Reckoning:
    """Return how a call is charged by one version of a tariff.

    version: the one by which the call was charged. Source: charging.md §2, P1, P2.
    """
    result = rate(call, alone(version))
    if not isinstance(result, Charge):
        steps = (*_facts(call, version), f"in suspense: {result.reason}, so nobody can say what it costs")
    elif not call.is_confirmed:
        never = "the caller's ACK never came: not confirmed, 0 units, 0 yen"
        steps = (_duration(call), _version(version), never)
    else:
        steps = (*_facts(call, version), *_price(call, version, result))
    charge = result if isinstance(result, Charge) else None
    return Reckoning(
        steps=steps,
        units=charge.units if charge else None,
        amount_uy=charge.amount_uy if charge else None,
    )


def _facts(call: RatedCall, version: Tariff) -> Iterator[str]:
    zone = version.zone_between(call.from_area, call.home_area)
    (caller_class, group, zone_name), assumed = bands_key(
        call.caller_class, call.carrier_group, zone, version
    )
    yield _duration(call)
    yield _version(version)
    yield f"class {caller_class}" + (", assumed: the class is unknown" if "class" in assumed else "")
    if group is not None:
        default = "carrier_group" in assumed
        yield f"carrier group {group}" + (", assumed: the tariff's default" if default else "")
    if len(version.zones) > 1:
        places = f"{call.from_area or 'unknown'} to {call.home_area or 'unknown'}"
        yield f"zone {zone_name}, {places}" + (
            ", assumed: the tariff's farthest" if "zone" in assumed else ""
        )


def _duration(call: RatedCall) -> str:
    minutes, ms = divmod(call.conversation_ms, 60_000)
    return f"conversation {call.conversation_ms:,} ms = {minutes} min {ms // 1000}.{ms % 1000:03} s"


def _version(version: Tariff) -> str:
    since = version.valid_from_ms
    return f"tariff {version.version}, " + (
        "in force since ever" if since is None else f"in force from {jst_date(since)}"
    )


def _price(call: RatedCall, version: Tariff, charge: Charge) -> Iterator[str]:
    zone = version.zone_between(call.from_area, call.home_area)
    key, _ = bands_key(call.caller_class, call.carrier_group, zone, version)
    bands = version.bands[key]
    if bands.only is not None:
        priced: tuple[Priced, ...] = (Priced(bands.only, charge.units),)
    else:
        priced = priced_by_band(call, version, bands) or ()
        yield _band(call, version, bands)
    for rule in dict.fromkeys(part.rule for part in priced):
        yield f"rule {rule.id}: {yen_text(rule.unit_price_uy)} yen for each {_seconds(rule.unit_ms)} s begun"
    yield from _units(call, priced, version.band_at if bands.only is None else BandAt.ANSWER)
    yield _amount(priced, charge)


def _band(call: RatedCall, version: Tariff, bands: Bands) -> str:
    day, minute = jst_day_and_minute(call.answered_at_ms)
    kind = version.day_kind(day)
    assert kind is not None, "the call was charged, so its day is known"
    today = bands.days[kind]
    start = max(each for each in today.starts if each <= minute)
    band = f"{_clock(start)}–{_clock(today.end_after(minute))}"
    by = "" if version.band_at is BandAt.ANSWER else "; each unit by the band in which it begins"
    return f"answered {jst_date(call.answered_at_ms)} {_clock(minute)}, {_DAYS[kind]}: band {band}{by}"


def _units(call: RatedCall, priced: tuple[Priced, ...], band_at: BandAt) -> Iterator[str]:
    if band_at is BandAt.UNIT_START:
        yield from (f"{part.units} units begun under {part.rule.id}" for part in priced if part.units)
        return
    rule = priced[0].rule
    units = units_of(call.conversation_ms, rule, call.fault)
    share = f"{call.conversation_ms:,} / {rule.unit_ms:,}"
    if call.fault:
        yield f"cut by a fault of the network, so whole units alone: floor({share}) = {units}"
    else:
        yield f"units: max({rule.minimum_units}, ceil({share})) = {units}"


def _amount(priced: tuple[Priced, ...], charge: Charge) -> str:
    terms = [f"{part.units} × {yen_text(part.rule.unit_price_uy)}" for part in priced if part.units]
    setup_uy = priced[0].rule.setup_uy
    if charge.units and setup_uy:
        terms.append(f"{yen_text(setup_uy)} set-up")
    return f"{' + '.join(terms) or '0 units'} = {yen_text(charge.amount_uy)} yen"


def _seconds(unit_ms: int) -> str:
    seconds, ms = divmod(unit_ms, 1_000)
    return f"{seconds}.{ms:03}".rstrip("0").rstrip(".")


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
