"""A tariff for people and as JSON: its prices, its versions."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from chakka.charging.coverage import clock
from chakka.charging.succession import each_version
from chakka.charging.tariff import DAY_MINUTES, Bands, DayKind, Tariff, TariffRule
from chakka.cli.calls import table
from chakka.localtime import jst_date
from chakka.money import yen_text


def summary(tariff: Tariff) -> dict[str, object]:
    """Return a version as an object for JSON: what it is called, from when it holds, and its rules."""
    return {
        "name": tariff.name,
        "version": tariff.version,
        "title": tariff.title,
        "source": tariff.source,
        "example": tariff.example,
        "valid_from": first_day(tariff),
        "band_at": tariff.band_at,
        "default_carrier_group": tariff.default_carrier_group,
        "unknown_zone": tariff.unknown_zone,
        "classes": dict(tariff.classes),
        "zones": tariff.zones,
        "rules": list(_rules(tariff).values()),
    }


def first_day(tariff: Tariff) -> str | None:
    """Return the first day (JST) of a version, None = since ever."""
    return None if tariff.valid_from_ms is None else jst_date(tariff.valid_from_ms).isoformat()


def as_lines(tariff: Tariff) -> Iterator[str]:
    """Yield a version as lines for people."""
    yield f"{tariff.version}  {tariff.title}" + (" (example)" if tariff.example else "")
    yield f"source      {tariff.source}"
    yield f"valid from  {first_day(tariff) or 'ever'}"
    if tariff.default_carrier_group is not None:
        yield f"carrier not known: group {tariff.default_carrier_group}"
    if len(tariff.zones) > 1:
        yield f"area not known: zone {tariff.unknown_zone}"
    has_zones = len(tariff.zones) > 1
    rows = [
        row
        for key, bands in tariff.bands.items()
        for row in _price_rows(" ".join(filter(None, key if has_zones else key[:2])), bands)
    ]
    yield table([("callers", "price", "when", "rule"), *rows])


def versions_table(newest: Iterable[Tariff], as_json: bool) -> str:
    """Return every version of tariffs, each tariff's newest first."""
    versions = [version for tariff in newest for version in each_version(tariff)]
    if as_json:
        rows = [
            {"name": one.name, "version": one.version, "valid_from": first_day(one), "title": one.title}
            for one in versions
        ]
        return msgspec.json.encode(rows).decode()
    lines = [(one.version, first_day(one) or "ever", one.title) for one in versions]
    return table([("version", "valid from", "title"), *lines])


def price_text(rule: TariffRule) -> str:
    """Return what a rule costs: `8 yen / 180 s`, with set-up and minimum if there are any."""
    seconds, ms = divmod(rule.unit_ms, 1000)
    unit = f"{seconds}.{ms:03d}".rstrip("0") if ms else str(seconds)
    setup = f", {yen_text(rule.setup_uy)} yen set-up" if rule.setup_uy else ""
    least = f", at least {rule.minimum_units} units" if rule.minimum_units > 1 else ""
    return f"{yen_text(rule.unit_price_uy)} yen / {unit} s{setup}{least}"


def _rules(tariff: Tariff) -> Mapping[str, TariffRule]:
    return {rule.id: rule for bands in tariff.bands.values() for day in bands.days for rule in day.rules}


def _price_rows(callers: str, bands: Bands) -> Iterator[tuple[str, str, str, str]]:
    if bands.only is not None:
        yield callers, price_text(bands.only), "", bands.only.id
        return
    rules = {rule.id: rule for day in bands.days for rule in day.rules}
    for rule in rules.values():
        yield callers, price_text(rule), _when(bands, rule), rule.id


def _when(bands: Bands, rule: TariffRule) -> str:
    """Return when a rule holds: `weekday 08:00-19:00; …`."""
    times = []
    for kind in DayKind:
        day = bands.days[kind]
        ends = (*day.starts[1:], DAY_MINUTES)
        spans = [
            f"{clock(start)}-{clock(end)}"
            for start, end, held in zip(day.starts, ends, day.rules, strict=True)
            if held.id == rule.id
        ]
        if spans:
            times.append(f"{kind.name.lower()} {' '.join(spans)}")
    return "; ".join(times)
