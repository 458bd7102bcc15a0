"""From a tariff's text to a published version: refused unless every call it declares has one price."""

import hashlib
from calendar import isleap
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date

import msgspec

from chakka.charging.coverage import Span, bands_of, faults
from chakka.charging.document import Header, RuleText, TariffDocument, read_document
from chakka.charging.tariff import DAY_MINUTES, LONGEST_MS, BandKey, Bands, DayKind, Tariff, TariffRule
from chakka.errors import InputError, Problem
from chakka.localtime import jst_instant_ms
from chakka.numbering.model import CallerClass, ChargeArea
from chakka.routing.calendar import Holidays

# A year with a 29 February, so that every day of any year can be named.
LEAP_YEAR = 2000
LEAP_DAY = (2, 29)
# Less than half of what int64 holds: units that begin in several bands, set-up and minimum units come on top.
MOST_UY = 4 * 10**18


def read_tariff(
    content: bytes, areas: Iterable[ChargeArea], holidays: Callable[[], Holidays]
) -> tuple[Tariff | None, list[Problem]]:
    """Return the tariff that a TOML text holds, or None and every problem of it.

    areas:    where the charge areas lie, for tariffs by distance.
    holidays: gives the public holidays; asked only if a price differs by kind of day.
    Source:   charging.md §2 (completeness); the form is described in data/tariffs/README.md.
    """
    document, problems = read_document(content)
    if document is None:
        return None, problems
    problems = [*_header_problems(document), *_rule_problems(document)]
    if problems:
        return None, problems
    spans = {key: list(_spans(document, key)) for key in _keys(document)}
    problems = [
        Problem(code=code, where="rules", message=f"{_key_text(key)}: {message}")
        for key, found in spans.items()
        for code, message in faults(found)
    ]
    if problems:
        return None, problems
    tariff = _tariff(document, content, {key: bands_of(found) for key, found in spans.items()})
    return _with_facts(tariff, document.header, areas, holidays), []


def parse_tariff(content: bytes, areas: Iterable[ChargeArea], holidays: Callable[[], Holidays]) -> Tariff:
    """Return the tariff that a TOML text holds.

    Raises: InputError with every problem.
    """
    tariff, problems = read_tariff(content, areas, holidays)
    if tariff is None:
        first = problems[0]
        raise InputError(
            f"the tariff has {len(problems)} problems; the first: {first.where}: {first.message}", problems
        )
    return tariff


def _header_problems(document: TariffDocument) -> Iterator[Problem]:
    header = document.header
    if not header.classes or CallerClass.UNKNOWN in header.classes:
        message = "declare the classes that have rules; callers of unknown class are rated as fixed"
        yield Problem(code="bad_value", where="classes", message=message)
    for caller_class, groups in header.classes.items():
        if groups and header.default_carrier_group not in groups:
            message = f"{header.default_carrier_group!r} is no carrier group of {caller_class}"
            yield Problem(code="unknown_name", where="default_carrier_group", message=message)
    for place, text in enumerate(header.also_holidays):
        if _month_day(text) is None:
            message = f"{text!r} is no day of the year; write MM-DD"
            yield Problem(code="bad_value", where=f"also_holidays[{place}]", message=message)
    yield from _zone_problems(document)


def _zone_problems(document: TariffDocument) -> Iterator[Problem]:
    names = [zone.name for zone in document.zones]
    limits = [zone.max_km for zone in document.zones]
    near = [limit for limit in limits[:-1] if limit is not None]
    if limits[-1] is not None or len(near) < len(limits) - 1 or near != sorted(set(near)):
        message = f"max_km {limits} must rise from zone to zone, and the last zone has none"
        yield Problem(code="bad_value", where="zones", message=message)
    if len(set(names)) < len(names):
        message = f"a zone is named twice: {', '.join(names)}"
        yield Problem(code="bad_value", where="zones", message=message)
    unknown = document.header.unknown_zone
    if unknown is not None and unknown not in names:
        message = f"{unknown!r} is not one of the zones {', '.join(names)}"
        yield Problem(code="unknown_name", where="unknown_zone", message=message)


def _rule_problems(document: TariffDocument) -> Iterator[Problem]:
    seen: set[str] = set()
    for place, rule in enumerate(document.rules):
        if rule.id in seen:
            yield Problem(code="bad_value", where=f"rules[{place}].id", message=f"{rule.id!r} is used twice")
        seen.add(rule.id)
        if _most_uy(rule) > MOST_UY:
            message = (
                f"{rule.id!r} could cost more in one call than 64 bits hold; fewer micro-yen or a longer unit"
            )
            yield Problem(code="bad_value", where=f"rules[{place}].unit_price_uy", message=message)
        for field, message in _unknown_names(rule, document):
            yield Problem(code="unknown_name", where=f"rules[{place}].{field}", message=message)
        for kind, times in (rule.bands or {}).items():
            for text in times:
                start, end = _minutes(text)
                if not start < end <= DAY_MINUTES:
                    message = f"{text!r} must start before it ends, at 24:00 the latest"
                    where = f"rules[{place}].bands.{kind}"
                    yield Problem(code="slot_invalid", where=where, message=message)


def _most_uy(rule: RuleText) -> int:
    """Return what the longest call costs by a rule; more than that only by the set-up and minimum units."""
    return (LONGEST_MS // rule.unit_ms + 1) * rule.unit_price_uy


def _unknown_names(rule: RuleText, document: TariffDocument) -> Iterator[tuple[str, str]]:
    groups = document.header.classes.get(rule.caller_class)
    if groups is None:
        yield "class", f"{rule.caller_class} is not declared in classes"
    elif rule.carrier_group is not None and rule.carrier_group not in groups:
        yield "carrier_group", f"{rule.carrier_group!r} is no carrier group of {rule.caller_class}"
    if rule.zone is not None and rule.zone not in {zone.name for zone in document.zones}:
        yield "zone", f"{rule.zone!r} is not one of the zones"


def _keys(document: TariffDocument) -> Iterator[BandKey]:
    for caller_class, groups in document.header.classes.items():
        for group in groups or (None,):
            for zone in document.zones:
                yield caller_class, group, zone.name


def _key_text(key: BandKey) -> str:
    caller_class, group, zone = key
    return f"{caller_class} {group} {zone}" if group else f"{caller_class} {zone}"


def _spans(document: TariffDocument, key: BandKey) -> Iterator[Span]:
    """Return when each rule of a key holds."""
    for rule in document.rules:
        mine = (rule.caller_class, rule.carrier_group or key[1], rule.zone or key[2])
        if mine == key:
            yield from _spans_of(rule)


def _spans_of(rule: RuleText) -> Iterator[Span]:
    priced = TariffRule(
        id=rule.id,
        unit_ms=rule.unit_ms,
        unit_price_uy=rule.unit_price_uy,
        setup_uy=rule.setup_uy,
        minimum_units=rule.minimum_units,
    )
    if rule.bands is None:
        yield from (Span(kind, 0, DAY_MINUTES, priced) for kind in DayKind)
        return
    for name, times in rule.bands.items():
        for text in times:
            yield Span(DayKind[name.upper()], *_minutes(text), priced)


def _minutes(text: str) -> tuple[int, int]:
    """Return `[start, end)` of `HH:MM-HH:MM` in minutes."""
    return int(text[0:2]) * 60 + int(text[3:5]), int(text[6:8]) * 60 + int(text[9:11])


def _month_day(text: str) -> tuple[int, int] | None:
    try:
        day = date.fromisoformat(f"{LEAP_YEAR}-{text}")
    except ValueError:
        return None
    return day.month, day.day


def _tariff(document: TariffDocument, content: bytes, bands: Mapping[BandKey, Bands]) -> Tariff:
    header = document.header
    return Tariff(
        name=header.name,
        version=f"{header.name}@{hashlib.sha256(content).hexdigest()[:16]}",
        title=header.title,
        source=header.source,
        example=header.example,
        classes={word.value: groups for word, groups in header.classes.items()},
        zones=document.zones,
        unknown_zone=header.unknown_zone or document.zones[-1].name,
        bands=bands,
        default_carrier_group=header.default_carrier_group,
        band_at=header.band_at,
        valid_from_ms=None if header.valid_from is None else jst_instant_ms(header.valid_from.toordinal(), 0),
    )


def _with_facts(
    tariff: Tariff, header: Header, areas: Iterable[ChargeArea], holidays: Callable[[], Holidays]
) -> Tariff:
    """Return the tariff with the days and distances that its prices depend on, and with no others."""
    if any(day != bands.days[0] for bands in tariff.bands.values() for day in bands.days):
        listed = holidays()
        years = range(listed.first_year, listed.last_year + 1)
        tariff = msgspec.structs.replace(
            tariff,
            holidays=listed.ordinals | _also_holidays(header, years),
            known_days=range(date(years[0], 1, 1).toordinal(), date(years[-1], 12, 31).toordinal() + 1),
        )
    if len(tariff.zones) > 1:
        grid = {area.name: area.grid for area in areas if area.grid is not None}
        tariff = msgspec.structs.replace(tariff, grid=grid)
    return tariff


def _also_holidays(header: Header, years: range) -> set[int]:
    days = [day for text in header.also_holidays if (day := _month_day(text)) is not None]
    return {
        date(year, month, day).toordinal()
        for year in years
        for month, day in days
        if (month, day) != LEAP_DAY or isleap(year)
    }
