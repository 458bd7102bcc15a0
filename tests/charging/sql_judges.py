"""Rating once more, in SQL and straight from the TOML text: judges that share nothing with `rate`.

The same statement runs in DuckDB (BIGINT) and in SQLite, whose integer division differs in name only.
"""

import hashlib
import sqlite3
import tomllib
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple

import duckdb
import jpholiday

from chakka.numbering.table import NumberingTable

KINDS = ("weekday", "saturday", "sunday", "holiday")
EPOCH = date(1970, 1, 1)
YEARS = range(2025, 2035)
ALL_DAY = {kind: ["00:00-24:00"] for kind in KINDS}
FOREVER_MS = 2**62

TABLES = """
CREATE TABLE calls (id BIGINT PRIMARY KEY, class TEXT, began BIGINT, ms BIGINT, grp TEXT, fault BOOLEAN,
    confirmed BOOLEAN, from_area TEXT, home_area TEXT);
CREATE TABLE areas (name TEXT PRIMARY KEY, v BIGINT, h BIGINT);
CREATE TABLE versions (ver BIGINT PRIMARY KEY, name TEXT, starts BIGINT, ends BIGINT, band_at TEXT,
    default_grp TEXT, unknown_zone TEXT, zones BIGINT);
CREATE TABLE classes (ver BIGINT, class TEXT, has_groups BOOLEAN);
CREATE TABLE groups (ver BIGINT, class TEXT, grp TEXT);
CREATE TABLE zones (ver BIGINT, place BIGINT, name TEXT, max_km BIGINT);
CREATE TABLE days (ver BIGINT, day BIGINT, kind TEXT, PRIMARY KEY (ver, day));
CREATE TABLE rules (ver BIGINT, rule TEXT, class TEXT, grp TEXT, zone TEXT, unit BIGINT, price BIGINT,
    setup BIGINT, least BIGINT);
CREATE TABLE bands (ver BIGINT, rule TEXT, kind TEXT, starts BIGINT, ends BIGINT);
"""

# Calls with version, zone by squared distance on the 2 km grid, and the facts that were assumed.
KEYED = """
CREATE TABLE keyed AS
SELECT c.id, c.began, c.ms, c.fault, c.confirmed, v.ver, v.band_at, 0 AS rules,
    CASE WHEN c.class = 'unknown' THEN 'fixed' ELSE c.class END AS class,
    CASE WHEN d.has_groups THEN coalesce(c.grp, v.default_grp) END AS grp,
    d.class IS NOT NULL AND (NOT d.has_groups OR EXISTS (SELECT 1 FROM groups g WHERE g.ver = v.ver
        AND g.class = d.class AND g.grp = coalesce(c.grp, v.default_grp))) AS declared,
    CASE WHEN v.zones = 1 THEN 0 WHEN h.v IS NULL OR o.v IS NULL THEN
        (SELECT min(z.place) FROM zones z WHERE z.ver = v.ver AND z.name = v.unknown_zone)
    ELSE (SELECT min(z.place) FROM zones z WHERE z.ver = v.ver AND (z.max_km IS NULL OR
        4 * ((h.v - o.v) * (h.v - o.v) + (h.h - o.h) * (h.h - o.h)) <= z.max_km * z.max_km)) END AS zone,
    CASE WHEN c.class = 'unknown' THEN 'class,' ELSE '' END
    || CASE WHEN d.has_groups AND c.grp IS NULL THEN 'carrier_group,' ELSE '' END
    || CASE WHEN v.zones > 1 AND (h.v IS NULL OR o.v IS NULL) THEN 'zone,' ELSE '' END AS assumed
FROM calls c JOIN versions v ON v.starts <= c.began AND c.began < v.ends
LEFT JOIN classes d ON d.ver = v.ver AND d.class = CASE WHEN c.class = 'unknown' THEN 'fixed' ELSE c.class END
LEFT JOIN areas h ON h.name = c.from_area
LEFT JOIN areas o ON o.name = c.home_area
WHERE c.began >= 0 AND c.began < 253402268400000
"""

# Each rule that a call could be charged by, with its times.
CANDIDATES = """
CREATE TABLE candidates AS
SELECT k.id, r.ver, r.rule, r.unit, r.price, r.setup, r.least
FROM keyed k JOIN rules r ON r.ver = k.ver AND r.class = k.class AND (r.grp IS NULL OR r.grp = k.grp)
JOIN zones z ON z.ver = k.ver AND z.place = k.zone AND (r.zone IS NULL OR r.zone = z.name)
WHERE k.declared AND k.confirmed AND k.ms BETWEEN 0 AND 31622400000
"""

# Unit after unit from the answer to the release; under `answer` the first unit alone, for its rule.
UNITS = """
CREATE TABLE units AS
WITH RECURSIVE walk (id, n, began, rule, unit, price, setup, least) AS (
    SELECT k.id, 0, k.began, c.rule, c.unit, c.price, c.setup, c.least
    FROM keyed k JOIN candidates c ON c.id = k.id
    LEFT JOIN days d ON d.ver = k.ver AND d.day = {day_of_call}
    LEFT JOIN bands b ON b.ver = c.ver AND b.rule = c.rule AND b.kind = d.kind
        AND b.starts <= {minute_of_call} AND {minute_of_call} < b.ends
    WHERE k.rules = 1 OR b.rule IS NOT NULL
    UNION ALL
    SELECT w.id, w.n + 1, w.began + w.unit, c.rule, c.unit, c.price, c.setup, c.least
    FROM walk w JOIN keyed k ON k.id = w.id JOIN candidates c ON c.id = w.id
    JOIN days d ON d.ver = k.ver AND d.day = {day_of_next}
    JOIN bands b ON b.ver = c.ver AND b.rule = c.rule AND b.kind = d.kind
        AND b.starts <= {minute_of_next} AND {minute_of_next} < b.ends
    WHERE k.band_at = 'unit_start' AND k.rules > 1 AND w.began + w.unit < k.began + k.ms
)
SELECT * FROM walk
"""

# The units that count: those begun, after a fault those completed.
COUNTED = """
CREATE TABLE counted AS
SELECT u.id, u.n, u.rule, u.price FROM units u JOIN keyed k ON k.id = u.id
WHERE k.ms > 0 AND (NOT k.fault OR u.began + u.unit <= k.began + k.ms)
"""

# A unit that was to begin on a day of which nobody knows whether it is a holiday.
LOST = """
CREATE TABLE lost AS
SELECT DISTINCT k.id FROM keyed k JOIN units u ON u.id = k.id
JOIN days d ON d.ver = k.ver AND d.day = {day_of_next_unit}
WHERE k.band_at = 'unit_start' AND k.rules > 1 AND u.began + u.unit < k.began + k.ms AND d.kind IS NULL
"""

RATED = """
CREATE TABLE rated AS
WITH stepped AS (SELECT id, count(*) AS units, sum(price) AS cost FROM counted GROUP BY id),
plain AS (
    SELECT k.id, f.rule, f.setup, f.price, CASE WHEN k.fault THEN 0 ELSE f.least END AS least,
        k.rules > 1 AND k.band_at = 'unit_start' AS walked,
        {whole} + CASE WHEN NOT k.fault AND k.ms % f.unit > 0 THEN 1 ELSE 0 END AS units
    FROM keyed k JOIN units f ON f.id = k.id AND f.n = 0
),
summed AS (
    SELECT p.id, p.rule, p.setup, p.least, p.price,
        CASE WHEN walked THEN coalesce(s.units, 0) ELSE p.units END AS units,
        CASE WHEN walked THEN coalesce(s.cost, 0) ELSE p.units * p.price END AS cost
    FROM plain p LEFT JOIN stepped s ON s.id = p.id
)
SELECT c.id,
    CASE WHEN c.began >= 0 AND c.began < 253402268400000 THEN {month} END AS month,
    CASE WHEN NOT k.confirmed THEN 0 WHEN l.id IS NULL THEN
        CASE WHEN s.units < s.least THEN s.least ELSE s.units END END AS units,
    CASE WHEN NOT k.confirmed THEN 0 WHEN l.id IS NULL THEN
        s.cost + CASE WHEN s.units < s.least THEN (s.least - s.units) * s.price ELSE 0 END
        + CASE WHEN s.units > 0 OR s.least > 0 THEN s.setup ELSE 0 END END AS amount,
    coalesce(v.name, (SELECT name FROM versions WHERE ver = 0)) AS version,
    CASE WHEN NOT k.confirmed THEN 'not_confirmed' WHEN l.id IS NULL THEN s.rule END AS rule,
    CASE WHEN s.id IS NOT NULL AND l.id IS NULL THEN k.assumed ELSE '' END AS assumed,
    CASE WHEN c.began < 0 OR c.began >= 253402268400000 THEN 'bad_instant'
        WHEN k.id IS NULL THEN 'no_tariff'
        WHEN NOT k.confirmed THEN NULL
        WHEN c.ms NOT BETWEEN 0 AND 31622400000 THEN 'bad_duration'
        WHEN k.rules = 0 THEN 'no_rule'
        WHEN s.id IS NULL OR l.id IS NOT NULL THEN 'no_calendar' END AS suspense
FROM calls c LEFT JOIN keyed k ON k.id = c.id LEFT JOIN versions v ON v.ver = k.ver
LEFT JOIN summed s ON s.id = c.id LEFT JOIN lost l ON l.id = c.id
"""
VERDICTS = "SELECT id, month, units, amount, version, rule, assumed, suspense FROM rated ORDER BY id"
TOTALS = """
SELECT month, count(*), sum(units), sum(amount) FROM rated WHERE suspense IS NULL
GROUP BY month ORDER BY month
"""
LATER_RULES = "SELECT id, rule, min(n) FROM counted GROUP BY id, rule ORDER BY id, 3"

Row = tuple[Any, ...]
Calls = Sequence[dict[str, Any]]


class Judgement(NamedTuple):
    """What an engine makes of calls.

    verdicts: of each call month, units, amount, version, rule, assumed, suspense.
    totals:   of each month the number of calls that are charged, and the sums of units and amount.
    """

    verdicts: list[Row]
    totals: list[Row]


def judged_by_duckdb(calls: Calls, versions: Sequence[bytes], table: NumberingTable) -> Judgement:
    """Return what DuckDB makes of the calls; `versions` are TOML texts, the newest first."""
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    connection.execute(TABLES)
    for name, rows in _rows(calls, versions, table):
        columns = ", ".join(f"unnest(${place + 1})" for place in range(len(rows[0])))
        values = [list(column) for column in zip(*rows, strict=True)]
        connection.execute(f"INSERT INTO {name} SELECT {columns}", values)
    month = "strftime(make_timestamp((c.began + 32400000) * 1000), '%Y-%m')"
    return _judged("//", month, lambda statement: connection.execute(statement).fetchall())


def judged_by_sqlite(calls: Calls, versions: Sequence[bytes], table: NumberingTable) -> Judgement:
    """Return what SQLite makes of the calls; `versions` are TOML texts, the newest first."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(TABLES)
    for name, rows in _rows(calls, versions, table):
        connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(rows[0]))})", rows)
    month = "strftime('%Y-%m', (c.began + 32400000) / 1000, 'unixepoch')"
    return _judged("/", month, lambda statement: connection.execute(statement).fetchall())


def _judged(div: str, month: str, ask: Callable[[str], list[Row]]) -> Judgement:
    for statement in _statements(div):
        ask(statement)
    ask(RATED.format(whole=f"(k.ms {div} f.unit)", month=month))
    return Judgement(verdicts=_verdicts(ask(VERDICTS), ask(LATER_RULES)), totals=ask(TOTALS))


def _statements(div: str) -> Iterator[str]:
    def local(at: str) -> dict[str, str]:
        return {
            "day": f"(({at} + 32400000) {div} 86400000)",
            "minute": f"(({at} + 32400000) % 86400000 {div} 60000)",
        }

    call, later, unit = local("k.began"), local("(w.began + w.unit)"), local("(u.began + u.unit)")
    yield KEYED
    yield CANDIDATES
    yield "UPDATE keyed SET rules = (SELECT count(*) FROM candidates c WHERE c.id = keyed.id)"
    yield "CREATE INDEX keyed_id ON keyed (id)"
    yield "CREATE INDEX candidates_id ON candidates (id)"
    yield UNITS.format(
        day_of_call=call["day"],
        minute_of_call=call["minute"],
        day_of_next=later["day"],
        minute_of_next=later["minute"],
    )
    yield COUNTED
    yield LOST.format(day_of_next_unit=unit["day"])


def _verdicts(rated: list[Row], later: list[Row]) -> list[Row]:
    rules: dict[int, list[str]] = {}
    for call, rule, _ in later:
        rules.setdefault(call, []).append(rule)
    return [_verdict(row, rules.get(row[0], [])) for row in rated]


def _verdict(row: Row, later: list[str]) -> Row:
    _, month, units, amount, version, rule, assumed, suspense = row
    if units and rule != "not_confirmed":
        rule = "+".join(dict.fromkeys([rule, *later]))
    return month, units, amount, version, rule, assumed.rstrip(","), suspense


def _rows(calls: Calls, versions: Sequence[bytes], table: NumberingTable) -> Iterator[tuple[str, list[Row]]]:
    """Yield the rows of each table that has any."""
    yield "calls", [(place, *call.values()) for place, call in enumerate(calls)]
    yield "areas", [(area.name, *area.grid) for area in table.charge_areas if area.grid]
    ends, found = FOREVER_MS, dict[str, list[Row]]()
    for number, text in enumerate(versions):
        tariff = tomllib.loads(text.decode())
        starts = _starts(tariff.get("valid_from"))
        for name, row in _version_rows(tariff, number):
            found.setdefault(name, []).append((number, *row))
        of_version = f"{tariff['name']}@{hashlib.sha256(text).hexdigest()[:16]}"
        zones = tariff.get("zones", [{"name": "all"}])
        found.setdefault("versions", []).append(
            (
                number,
                of_version,
                starts,
                ends,
                tariff.get("band_at", "answer"),
                tariff.get("default_carrier_group"),
                tariff.get("unknown_zone", zones[-1]["name"]),
                len(zones),
            )
        )
        days = {
            (call["answered_at_ms"] + 32_400_000) // 86_400_000
            for call in calls
            if 0 <= call["answered_at_ms"] < 2**48
        }
        days |= {day + 1 for day in days}
        found.setdefault("days", []).extend((number, day, _kind(day, tariff)) for day in sorted(days))
        ends = starts
    yield from found.items()


def _version_rows(tariff: dict[str, Any], number: int) -> Iterator[tuple[str, Row]]:
    for word, groups in tariff["classes"].items():
        yield "classes", (word, bool(groups))
        yield from (("groups", (word, group)) for group in groups)
    for place, zone in enumerate(tariff.get("zones", [{"name": "all"}])):
        yield "zones", (place, zone["name"], zone.get("max_km"))
    for rule in tariff["rules"]:
        yield (
            "rules",
            (
                rule["id"],
                rule["class"],
                rule.get("carrier_group"),
                rule.get("zone"),
                rule["unit_ms"],
                rule["unit_price_uy"],
                rule.get("setup_uy", 0),
                rule.get("minimum_units", 1),
            ),
        )
        for kind, times in rule.get("bands", ALL_DAY).items():
            for span in times:
                yield (
                    "bands",
                    (rule["id"], kind, *(int(time[:2]) * 60 + int(time[3:]) for time in span.split("-"))),
                )


def _starts(first_day: date | None) -> int:
    return -FOREVER_MS if first_day is None else (first_day - EPOCH).days * 86_400_000 - 32_400_000


@cache
def _public_holidays() -> frozenset[date]:
    return frozenset(day for year in YEARS for day, _ in jpholiday.year_holidays(year))


def _kind(number: int, tariff: dict[str, Any]) -> str | None:
    # 1970-01-01 was a Thursday. The day after the last of all dates is one of the year 10000.
    weekday = (*["weekday"] * 5, "saturday", "sunday")[(number + 3) % 7]
    day = EPOCH + timedelta(days=min(number, (date.max - EPOCH).days))
    if day.year not in YEARS:
        return None if _looks_at_the_kind_of_day(tariff) else weekday
    is_holiday = day in _public_holidays() or f"{day:%m-%d}" in tariff.get("also_holidays", ())
    return "holiday" if is_holiday and _looks_at_the_kind_of_day(tariff) else weekday


def _looks_at_the_kind_of_day(tariff: dict[str, Any]) -> bool:
    bands = [rule.get("bands", ALL_DAY) for rule in tariff["rules"]]
    return any(times.get(kind) != times.get("weekday") for times in bands for kind in KINDS)
