"""The charges of many calls at once: the rules of `rate` on columns of 64-bit integers (charging.md §7).

A sum of such columns wraps silently; whoever adds charges up uses `exact_sum`. The charges themselves cannot:
`publish` refuses prices by which a call of `LONGEST_MS` would not fit.
"""

from collections.abc import Iterator

import polars as pl

from chakka.charging.columns import ALWAYS_MS, CLASSES, KEY_MINUTES, Prices, VersionPrices
from chakka.charging.rate import NOT_CONFIRMED, Charge, RatedCall, Suspense, rate
from chakka.charging.tariff import DAY_MINUTES, END_MS, GRID_KM, LONGEST_MS, WEEK, DayKind, Tariff
from chakka.errors import InputError, Problem
from chakka.localtime import DAY_MS, EPOCH_ORDINAL, JST_OFFSET_MS, MINUTE_MS

# The facts of a call as `RatedCall` names them; those with a value may be left out.
CALLS = {
    "caller_class": pl.String,
    "answered_at_ms": pl.Int64,
    "conversation_ms": pl.Int64,
    "carrier_group": pl.String,
    "fault": pl.Boolean,
    "is_confirmed": pl.Boolean,
    "from_area": pl.String,
    "home_area": pl.String,
}
DEFAULTS = {"carrier_group": None, "fault": False, "is_confirmed": True, "from_area": None, "home_area": None}
# What becomes of a call. Of one in suspense units, amount and rule are null; of all others `suspense` is.
CHARGES = pl.Schema(
    {
        "usage_month": pl.String,
        "units": pl.Int64,
        "amount_uy": pl.Int64,
        "tariff_version": pl.String,
        "rule": pl.String,
        "assumed": pl.String,
        "suspense": pl.String,
    }
)
_ROW = "row"
_LOW_BITS = 32


def rate_frame(calls: pl.DataFrame, prices: Prices) -> pl.DataFrame:
    """Return what becomes of each call, in the columns CHARGES: row by row what `rate` says of it.

    calls:  columns CALLS, others are not looked at; only answered calls.
    Raises: InputError if a column is missing, of another kind or has an empty cell that it must not have.
    Source: charging.md §2, §7, P1–P3.
    """
    facts = _facts(calls)
    parts = [part for part in _rated(facts, prices) if part.height]
    if not parts:
        return CHARGES.to_frame()
    whole = parts[0] if len(parts) == 1 else pl.concat(parts).sort(_ROW)
    return whole.select(list(CHARGES))


def exact_sum(amounts: pl.Series) -> int:
    """Return the sum of a column of integers without nulls, however large (charging.md §7)."""
    # Each half sums to less than 2^63 as long as there are fewer than 2^31 rows.
    high, low = int((amounts // 2**_LOW_BITS).sum()), int((amounts % 2**_LOW_BITS).sum())
    return (high << _LOW_BITS) + low


def problems_of(calls: pl.DataFrame) -> list[Problem]:
    """Return what keeps a table from being rated: columns that are missing or hold something else."""
    return [problem for name in CALLS for problem in _column_problems(name, calls)]


def _column_problems(name: str, calls: pl.DataFrame) -> Iterator[Problem]:
    if name not in calls.columns:
        if name not in DEFAULTS:
            yield Problem(code="missing_key", where=name, message=f"there is no column {name}")
        return
    column, wanted = calls[name], CALLS[name]
    if not _can_be(column.dtype, wanted):
        message = f"column {name} holds {column.dtype}, not {wanted.__name__}"
        yield Problem(code="bad_value", where=name, message=message)
    elif wanted is not pl.String or name not in DEFAULTS:
        empty = column.null_count()
        if empty:
            message = f"column {name} has {empty} empty cells; only answered calls are rated"
            yield Problem(code="bad_value", where=name, message=message)


def _can_be(found: pl.DataType, wanted: type[pl.DataType]) -> bool:
    if wanted is pl.Int64:
        return found.is_integer() and found != pl.UInt64
    if wanted is pl.String:
        return found in (pl.String, pl.Categorical, pl.Enum, pl.Null)
    return found == wanted


def _facts(calls: pl.DataFrame) -> pl.DataFrame:
    problems = problems_of(calls)
    if problems:
        raise InputError(f"the calls cannot be rated: {problems[0].message}", problems)
    columns = [
        pl.col(name) if name in calls.columns else pl.lit(DEFAULTS[name], dtype=kind).alias(name)
        for name, kind in CALLS.items()
    ]
    integers = pl.col("answered_at_ms", "conversation_ms").cast(pl.Int64)
    return calls.select(columns).with_columns(integers).with_row_index(_ROW)


def _rated(facts: pl.DataFrame, prices: Prices) -> Iterator[pl.DataFrame]:
    """Yield the charges in parts: by the version in force, or for want of one."""
    newest, known_ms = prices.newest.version, pl.col("answered_at_ms").is_between(0, END_MS, closed="left")
    if not facts.select(known_ms.all()).item():
        yield _suspended(facts.filter(~known_ms).with_columns(usage_month=None), "bad_instant", newest)
        facts = facts.filter(known_ms)
    for version in prices.versions:
        yield from _rated_by(_answered_between(facts, version.starts_ms, version.ends_ms), version)
    too_early = _answered_between(facts, ALWAYS_MS, prices.versions[-1].starts_ms)
    if too_early.height:
        yield _suspended(_with_days(too_early), "no_tariff", newest)


def _answered_between(facts: pl.DataFrame, starts_ms: int, ends_ms: int) -> pl.DataFrame:
    answered = pl.col("answered_at_ms")
    within = answered.is_between(starts_ms, ends_ms, closed="left")
    # Nearly always one version rules a whole batch, which is then not copied.
    return facts if facts.select(within.all()).item() else facts.filter(within)


def _suspended(rows: pl.DataFrame, reason: str, version: str) -> pl.DataFrame:
    nothing = rows.with_columns(units=None, amount_uy=None, rule=None, assumed=pl.lit(""))
    return _with_charges(nothing.with_columns(tariff_version=pl.lit(version), suspense=pl.lit(reason)))


def _with_charges(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(_ROW, *(pl.col(name).cast(kind) for name, kind in CHARGES.items()))


def _rated_by(rows: pl.DataFrame, version: VersionPrices) -> Iterator[pl.DataFrame]:
    if rows.is_empty():
        return
    priced = _priced(_placed(_with_days(rows), version), version)
    if not version.is_by_unit_start:
        yield _with_charges(priced)
        return
    # Units that start in several bands are counted band by band; few calls are so long.
    crosses = (pl.col("answered_at_ms") + pl.col("conversation_ms") > pl.col("band_ends_ms")).fill_null(False)
    yield _with_charges(priced.filter(~crosses))
    yield _one_by_one(priced.filter(crosses), version.tariff)


def _with_days(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the calls with JST day (date ordinal), minute of the day and usage month of the answer (P3)."""
    local = pl.col("answered_at_ms") + JST_OFFSET_MS
    dated = rows.with_columns(
        day=local // DAY_MS + EPOCH_ORDINAL,
        minute=local % DAY_MS // MINUTE_MS,
    )
    first, last = dated.select(pl.min("day"), pl.max("day").alias("last")).row(0)
    dates = (pl.int_range(first, last + 1) - EPOCH_ORDINAL).cast(pl.Int32).cast(pl.Date)
    months = pl.select(dates.dt.strftime("%Y-%m")).to_series()
    return dated.with_columns(usage_month=_at(months, pl.col("day") - first))


def _at(table: pl.Series, place: pl.Expr) -> pl.Expr:
    """Return what stands in a table at each place; null where the place is null."""
    return pl.lit(table).gather(place)


def _placed(rows: pl.DataFrame, version: VersionPrices) -> pl.DataFrame:
    """Return the calls with the key under which their rules stand and the facts assumed for it."""
    code = (_class() * (len(version.groups) + 2) + _group(version)) * (len(version.tariff.zones) + 1)
    coded = rows.with_columns(code=code + _zone(version))
    return coded.with_columns(
        key=_at(version.keys, pl.col("code")), assumed=_at(version.assumed, pl.col("code"))
    )


def _class() -> pl.Expr:
    return _place_in(CLASSES, "caller_class").fill_null(len(CLASSES))


def _group(version: VersionPrices) -> pl.Expr:
    if not version.groups:
        return pl.lit(1, dtype=pl.Int64)
    unheard_of = len(version.groups)
    known = _place_in(version.groups, "carrier_group").fill_null(unheard_of)
    return pl.when(pl.col("carrier_group").is_null()).then(unheard_of + 1).otherwise(known)


def _place_in(words: tuple[str, ...], column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Enum(words), strict=False).to_physical().cast(pl.Int64)


def _zone(version: VersionPrices) -> pl.Expr:
    """Return the place of the zone: how many limits the distance is beyond; behind them all if not known."""
    limits = [zone.max_km for zone in version.tariff.zones if zone.max_km is not None]
    if not limits:
        return pl.lit(0, dtype=pl.Int64)
    here, there = _place_in(version.areas, "from_area"), _place_in(version.areas, "home_area")
    vertical = _at(version.verticals, here) - _at(version.verticals, there)
    horizontal = _at(version.horizontals, here) - _at(version.horizontals, there)
    squared_km = GRID_KM**2 * (vertical * vertical + horizontal * horizontal)
    beyond = pl.sum_horizontal((squared_km > limit**2).cast(pl.Int64) for limit in limits)
    return pl.when(squared_km.is_null()).then(len(limits) + 1).otherwise(beyond)


def _priced(rows: pl.DataFrame, version: VersionPrices) -> pl.DataFrame:
    """Return the calls with units, amount and rule by the band at the answer, or with their suspense."""
    terms = [_at(version.terms[name], pl.col("place")).alias(name) for name in version.terms.columns]
    settled = _ruled(rows, version).with_columns(*terms, suspense=_suspense()).with_columns(units=_units())
    setup_uy = pl.when(pl.col("units") > 0).then(pl.col("setup_uy")).otherwise(0)
    rated = pl.col("suspense").is_null()
    charged = rated & pl.col("is_confirmed")
    amount_uy = pl.col("units") * pl.col("unit_price_uy") + setup_uy
    return settled.with_columns(
        amount_uy=pl.when(charged).then(amount_uy).when(rated).then(0),
        rule=pl.when(charged).then(pl.col("id")).when(rated).then(pl.lit(NOT_CONFIRMED)),
        assumed=pl.when(charged).then(pl.col("assumed")).otherwise(pl.lit("")),
        tariff_version=pl.lit(version.tariff.version),
    )


def _ruled(rows: pl.DataFrame, version: VersionPrices) -> pl.DataFrame:
    """Return the calls with the place of the rule at their answer, and when its band ends."""
    if not version.has_bands:
        return rows.with_columns(place=_at(version.rules, pl.col("key") * KEY_MINUTES), kind=pl.lit(0))
    banded = _at(version.is_banded, pl.col("key"))
    minute = (pl.col("key") * len(DayKind) + pl.col("kind")) * DAY_MINUTES + pl.col("minute")
    # A price that is the same all the time needs no calendar.
    found = rows.with_columns(kind=pl.when(banded).then(_kind(version.tariff)).otherwise(0))
    midnight_ms = pl.col("answered_at_ms") - (pl.col("answered_at_ms") + JST_OFFSET_MS) % DAY_MS
    return found.with_columns(
        place=_at(version.rules, minute),
        band_ends_ms=pl.when(banded).then(midnight_ms + _at(version.band_ends, minute) * MINUTE_MS),
    )


def _kind(tariff: Tariff) -> pl.Expr:
    """Return the kind of day of the answer, null where the holidays are not known."""
    day = pl.col("day")
    week = pl.Series([int(kind) for kind in WEEK], dtype=pl.Int64)
    is_holiday = day.is_in(pl.Series(sorted(tariff.holidays), dtype=pl.Int64).implode())
    kind = pl.when(is_holiday).then(int(DayKind.HOLIDAY)).otherwise(_at(week, (day - 1) % len(WEEK)))
    known = tariff.known_days
    return kind if known is None else pl.when(day.is_between(known[0], known[-1])).then(kind)


def _suspense() -> pl.Expr:
    """Return why a call cannot be charged, null if it can; the order of the reasons is that of `rate`."""
    fits = pl.col("conversation_ms").is_between(0, LONGEST_MS)
    return (
        pl.when(~pl.col("is_confirmed"))
        .then(None)
        .when(~fits)
        .then(pl.lit("bad_duration"))
        .when(pl.col("key").is_null())
        .then(pl.lit("no_rule"))
        .when(pl.col("kind").is_null())
        .then(pl.lit("no_calendar"))
    )


def _units() -> pl.Expr:
    """Return the units of a call (P1), null in suspense."""
    conversation, unit_ms = pl.col("conversation_ms"), pl.col("unit_ms")
    begun = pl.max_horizontal((conversation + unit_ms - 1) // unit_ms, "minimum_units")
    counted = pl.when(pl.col("fault")).then(conversation // unit_ms).otherwise(begun)
    return (
        pl.when(pl.col("suspense").is_not_null())
        .then(None)
        .when(pl.col("is_confirmed"))
        .then(counted)
        .otherwise(0)
    )


def _one_by_one(rows: pl.DataFrame, tariff: Tariff) -> pl.DataFrame:
    """Return the charges of calls that each go through `rate`."""
    calls = rows.select(list(CALLS)).iter_rows(named=True)
    charges = [_charge_row(rate(RatedCall(**call), tariff)) for call in calls]
    schema = {name: kind for name, kind in CHARGES.items() if name != "usage_month"}
    found = pl.DataFrame(charges, schema=schema, orient="row")
    return _with_charges(rows.select(_ROW, "usage_month").hstack(found))


def _charge_row(result: Charge | Suspense) -> tuple[object, ...]:
    if isinstance(result, Suspense):
        return None, None, result.tariff_version, None, "", result.reason
    assumed = ",".join(result.assumed)
    return result.units, result.amount_uy, result.tariff_version, result.rule, assumed, None
