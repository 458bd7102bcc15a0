"""Tariffs and calls drawn from a seed: complete tariffs, and calls with every oddity that one can have."""

import random
from collections.abc import Iterator
from itertools import pairwise

from chakka.facts import numbering_table

CLASSES = ("fixed", "mobile", "payphone", "fmc", "ip_phone")
GROUPS = ("a", "b", "c")
KINDS = ("weekday", "saturday", "sunday", "holiday")
UNITS_MS = (4_500, 15_500, 20_000, 22_500, 26_000, 60_000, 180_000)
DAY_MS = 86_400_000
# 2026-10-01T00:00+09:00.
OCTOBER_MS = 1_790_780_400_000
# 2035-01-01T00:00+09:00: holidays are known until then.
UNKNOWN_MS = 2_051_190_000_000


def tariff_text(draw: random.Random, name: str = "drawn", valid_from: str | None = None) -> str:
    """Return the TOML of a complete tariff."""
    classes = {
        word: draw.sample(GROUPS, draw.choice((0, 0, 2, 3)))
        for word in draw.sample(CLASSES, draw.randint(3, len(CLASSES)))
    }
    limits = sorted(draw.sample(range(500), draw.randint(0, 2)))
    zones = [f"z{place}" for place in range(len(limits) + 1)]
    band_at = draw.choice(("answer", "unit_start", "unit_start"))
    lines = [f'name = "{name}"', 'title = "drawn"', 'source = "drawn"', f'band_at = "{band_at}"']
    groups = [group for of_class in classes.values() for group in of_class]
    if groups:
        # One that every class with groups has.
        classes = {
            word: sorted({*of_class, groups[0]}) if of_class else [] for word, of_class in classes.items()
        }
        lines.append(f'default_carrier_group = "{groups[0]}"')
    if draw.random() < 0.5:
        lines.append(f'unknown_zone = "{draw.choice(zones)}"')
    if valid_from:
        lines.append(f"valid_from = {valid_from}")
    lines.append('also_holidays = ["01-02", "10-07"]')
    lines += ["[classes]", *(f"{word} = {list(map(str, of_class))!r}" for word, of_class in classes.items())]
    for place, zone in enumerate(zones):
        lines += [
            "[[zones]]",
            f'name = "{zone}"',
            *(f"max_km = {limit}" for limit in limits[place : place + 1]),
        ]
    for word, of_class in classes.items():
        for scope in _scopes(draw, of_class, zones):
            lines += _rules(draw, word, scope)
    return "\n".join(lines) + "\n"


def _scopes(draw: random.Random, groups: list[str], zones: list[str]) -> Iterator[dict[str, str]]:
    """Yield which carrier groups and zones of a class have rules of their own; absent: all."""
    by_group, by_zone = draw.random() < 0.7, draw.random() < 0.7
    for group in groups if groups and by_group else (None,):
        for zone in zones if by_zone else (None,):
            yield {key: word for key, word in (("carrier_group", group), ("zone", zone)) if word}


def _rules(draw: random.Random, word: str, scope: dict[str, str]) -> Iterator[str]:
    """Yield one rule for all times, or several that share out the minutes of the four kinds of day."""
    times = [_shared_out(draw, draw.choice((1, 2, 3))) for _ in KINDS]
    is_banded = any(len(shares) > 1 for shares in times)
    for place in range(max(map(len, times))):
        yield "[[rules]]"
        yield f'id = "{"-".join((word, *scope.values(), str(place)))}"'
        yield f'class = "{word}"'
        yield from (f'{key} = "{value}"' for key, value in scope.items())
        yield f"unit_ms = {draw.choice((*UNITS_MS, draw.randint(1_000, 300_000)))}"
        yield f"unit_price_uy = {draw.choice((0, 8_500_000, draw.randint(1, 10**8)))}"
        if draw.random() < 0.3:
            yield f"setup_uy = {draw.randint(0, 10**8)}"
        if draw.random() < 0.3:
            yield f"minimum_units = {draw.randint(1, 5)}"
        for kind, shares in zip(KINDS, times, strict=True):
            if is_banded and place < len(shares):
                yield f"bands.{kind} = {shares[place]!r}"


def _shared_out(draw: random.Random, count: int) -> list[list[str]]:
    """Return the spans of a day's minutes by rule; each of them has some."""
    if count == 1:
        return [["00:00-24:00"]]
    cuts = [0, *sorted(draw.sample(range(1, 1440), draw.choice((3, 20, 60)))), 1440]
    shares: list[list[str]] = [[] for _ in range(count)]
    for place, (start, end) in enumerate(pairwise(cuts)):
        span = f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"
        shares[place if place < count else draw.randrange(count)].append(span)
    return shares


def calls(draw: random.Random, count: int, longest_ms: int = 3_600_000) -> list[dict[str, object]]:
    """Return calls as `RatedCall` names their facts; some impossible, some at edges of units and bands."""
    areas = [area.name for area in numbering_table().charge_areas]
    some = [None, "no such area", *draw.sample(areas, 12)]
    return [
        {
            "caller_class": draw.choice((*CLASSES * 4, "unknown", "unknown", "satellite", "martian", "")),
            "answered_at_ms": _answered(draw),
            "conversation_ms": _conversation(draw, longest_ms),
            "carrier_group": draw.choice((None, None, *GROUPS * 3, "z", "")),
            "fault": draw.random() < 0.15,
            "is_confirmed": draw.random() < 0.95,
            "from_area": draw.choice(some),
            "home_area": draw.choice(some),
        }
        for _ in range(count)
    ]


def _answered(draw: random.Random) -> int:
    odd = draw.random()
    if odd < 0.03:
        return draw.choice((-1, 0, 1, 2**62, -(2**62), 253_402_268_399_999, 253_402_268_400_000))
    if odd < 0.06:
        return UNKNOWN_MS + draw.randint(-3_600_000, 3_600_000)
    if odd < 0.2:
        return OCTOBER_MS + 60_000 * draw.randrange(62 * 1440) + draw.choice((-1, 0, 1))
    return OCTOBER_MS + draw.randrange(62 * DAY_MS)


def _conversation(draw: random.Random, longest_ms: int) -> int:
    odd = draw.random()
    if odd < 0.03:
        return draw.choice((-1, -(2**62), 366 * DAY_MS + 1, 2**62))
    if odd < 0.3:
        return draw.choice(UNITS_MS) * draw.randint(0, 8) + draw.choice((0, 0, 1))
    return draw.randint(0, draw.choice((600_000, longest_ms)))
