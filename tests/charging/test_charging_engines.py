"""One price, four engines: `rate`, Polars, DuckDB and SQLite agree on every call to the last micro-yen."""

import random
from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from drawn_calls import calls, tariff_text
from sql_judges import Judgement, judged_by_duckdb, judged_by_sqlite

from chakka.charging.batch import CALLS, exact_sum, rate_frame
from chakka.charging.columns import prices
from chakka.charging.rate import Charge, RatedCall, rate
from chakka.charging.succession import in_succession
from chakka.charging.tariff import Tariff
from chakka.facts import DATA, numbering_table, parse_tariff, tariff_names
from chakka.localtime import usage_month

Verdict = tuple[Any, ...]


def verdict(call: dict[str, Any], tariff: Tariff) -> Verdict:
    """What `rate` says of a call, in the order of CHARGES."""
    result = rate(RatedCall(**call), tariff)
    if isinstance(result, Charge):
        month, assumed = result.usage_month, ",".join(result.assumed)
        return month, result.units, result.amount_uy, result.tariff_version, result.rule, assumed, None
    month_or_none = None if result.reason == "bad_instant" else usage_month(call["answered_at_ms"])
    return month_or_none, None, None, result.tariff_version, None, "", result.reason


def frame(drawn: Sequence[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(drawn, schema=CALLS)


def judged_by_polars(drawn: list[dict[str, Any]], tariff: Tariff) -> Judgement:
    charges = rate_frame(frame(drawn), prices(tariff))
    charged = charges.filter(pl.col("suspense").is_null())
    totals = [
        (month, of_month.height, exact_sum(of_month["units"]), exact_sum(of_month["amount_uy"]))
        for (month,), of_month in charged.sort("usage_month").group_by("usage_month", maintain_order=True)
    ]
    return Judgement(verdicts=charges.rows(), totals=totals)


def judged_by_rate(drawn: list[dict[str, Any]], tariff: Tariff) -> Judgement:
    verdicts = [verdict(call, tariff) for call in drawn]
    totals: dict[str, Verdict] = {}
    for month, units, amount_uy, *_, suspense in verdicts:
        if suspense is None:
            calls, of_units, of_amount = totals.get(month, (0, 0, 0))
            totals[month] = calls + 1, of_units + units, of_amount + amount_uy
    return Judgement(verdicts=verdicts, totals=[(month, *totals[month]) for month in sorted(totals)])


def assert_all_agree(drawn: list[dict[str, Any]], texts: list[bytes]) -> list[Verdict]:
    """`texts` are the versions, the newest first."""
    tariff = in_succession(map(parse_tariff, texts))
    ours = judged_by_rate(drawn, tariff)
    for engine, other in (
        ("Polars", judged_by_polars(drawn, tariff)),
        ("DuckDB", judged_by_duckdb(drawn, texts, numbering_table())),
        ("SQLite", judged_by_sqlite(drawn, texts, numbering_table())),
    ):
        assert len(other.verdicts) == len(ours.verdicts)
        for call, one, another in zip(drawn, ours.verdicts, other.verdicts, strict=True):
            assert another == one, (engine, call)
        assert other.totals == ours.totals, engine
    return ours.verdicts


def shipped_text(name: str) -> bytes:
    return (DATA / f"tariffs/{name}.toml").read_bytes()


def drawn_versions(draw: random.Random) -> list[bytes]:
    first = draw.choice((None, "2026-10-05"))
    starts = ["2026-11-20", "2026-10-28", first][draw.randrange(3) :]
    return [tariff_text(draw, valid_from=start).encode() for start in starts]


@pytest.mark.parametrize("name", tariff_names())
def test_four_engines_agree_on_every_call_by_the_shipped_tariffs(name: str) -> None:
    verdicts = assert_all_agree(calls(random.Random(name), 1_000), [shipped_text(name)])
    assert sum(1 for one in verdicts if one[2]) > 100


@pytest.mark.parametrize("seed", range(4))
def test_four_engines_agree_by_drawn_tariffs_of_several_versions(seed: int) -> None:
    draw = random.Random(seed)
    assert_all_agree(calls(draw, 200), drawn_versions(draw))


@pytest.mark.slow
@pytest.mark.parametrize("name", tariff_names())
def test_four_engines_agree_on_ten_thousand_calls_by_each_shipped_tariff(name: str) -> None:
    verdicts = assert_all_agree(calls(random.Random(f"more {name}"), 10_000), [shipped_text(name)])
    assert sum(1 for one in verdicts if one[2]) > 1_000


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 140))
def test_four_engines_agree_by_many_drawn_tariffs(seed: int) -> None:
    draw = random.Random(seed)
    assert_all_agree(calls(draw, 400), drawn_versions(draw))


def test_the_drawn_calls_meet_every_reason_and_cross_bands() -> None:
    """What the comparisons above are worth: each kind of outcome comes up in them."""
    draw = random.Random(7)
    met: set[object] = set()
    crossed = 0
    for _ in range(30):
        tariff = in_succession(map(parse_tariff, drawn_versions(draw)))
        for call in calls(draw, 200):
            *_, rule, assumed, suspense = verdict(call, tariff)
            met |= {suspense, *(assumed.split(","))}
            crossed += "+" in (rule or "")
    reasons = {"no_rule", "no_tariff", "no_calendar", "bad_duration", "bad_instant", None}
    assert met >= reasons | {"class", "carrier_group", "zone"}
    assert crossed > 100
