"""Batches: which tables can be rated, what is refused, sums that do not wrap, files of any size."""

import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from drawn_calls import calls
from hypothesis import given, settings
from hypothesis import strategies as st

from chakka.charging.batch import CALLS, CHARGES, exact_sum, problems_of, rate_frame
from chakka.charging.columns import prices
from chakka.charging.succession import in_succession
from chakka.cli.tariff_file import rate_file
from chakka.errors import InputError
from chakka.facts import DATA, parse_tariff, shipped_tariff
from chakka.localtime import parse_instant_ms

HIKARI, LEGACY = shipped_tariff("hikari-wide"), shipped_tariff("legacy")
BY_HIKARI = prices(HIKARI)
ANSWERED = parse_instant_ms("2026-10-15T10:00:00+09:00")


def table(**columns: Any) -> pl.DataFrame:
    given_columns = {"caller_class": "fixed", "answered_at_ms": ANSWERED, "conversation_ms": 1} | columns
    return pl.DataFrame(
        {name: found if isinstance(found, list) else [found] for name, found in given_columns.items()}
    )


def drawn(seed: int, count: int) -> pl.DataFrame:
    return pl.DataFrame(calls(random.Random(seed), count), schema=CALLS)


def test_e01_one_millisecond_costs_8_yen_and_180_001_cost_16() -> None:
    batch = table(
        caller_class=["fixed"] * 4, answered_at_ms=[ANSWERED] * 4, conversation_ms=[0, 1, 180_000, 180_001]
    )
    assert rate_frame(batch, BY_HIKARI)["amount_uy"].to_list() == [
        8_000_000,
        8_000_000,
        8_000_000,
        16_000_000,
    ]


def test_e03_the_batch_sums_to_exactly_60_and_a_half_yen() -> None:
    batch = table(
        caller_class=["mobile"] * 3 + ["fixed"],
        answered_at_ms=[ANSWERED] * 4,
        conversation_ms=[50_000] * 3 + [100_000],
        carrier_group=["b"] * 3 + [None],
    )
    assert exact_sum(rate_frame(batch, BY_HIKARI)["amount_uy"]) == 60_500_000


def test_e11_usage_months_are_jst() -> None:
    instants = [parse_instant_ms(text) for text in ("2026-10-31T14:59:30Z", "2026-10-31T15:00:00Z")]
    batch = table(caller_class=["fixed"] * 2, answered_at_ms=instants, conversation_ms=[1, 1])
    assert rate_frame(batch, BY_HIKARI)["usage_month"].to_list() == ["2026-10", "2026-11"]


def test_p2_each_call_is_charged_by_the_version_in_force_at_its_answer_and_the_rows_stay_in_order() -> None:
    text = (DATA / "tariffs/hikari-wide.toml").read_bytes()
    newest = parse_tariff(b"valid_from = 2026-10-16\n" + text.replace(b"8_000_000", b"9_000_000"))
    dearer = prices(in_succession([newest, HIKARI]))
    day = 86_400_000
    batch = table(
        caller_class=["fixed"] * 3,
        answered_at_ms=[ANSWERED + day, ANSWERED, ANSWERED + 2 * day],
        conversation_ms=[1] * 3,
    )
    charges = rate_frame(batch, dearer)
    assert charges["amount_uy"].to_list() == [9_000_000, 8_000_000, 9_000_000]
    assert charges["tariff_version"].to_list() == [newest.version, HIKARI.version, newest.version]


@pytest.mark.parametrize("count", range(1, 9))
def test_p2_calls_that_cross_bands_are_charged_alike_however_many_there_are(count: int) -> None:
    """One unit by day from 18:59:50, two by night from 19:00:12.5; as many calls as columns too."""
    legacy = (DATA / "tariffs/legacy.toml").read_bytes()
    by_unit_start = prices(parse_tariff(b'band_at = "unit_start"\n' + legacy))
    answered = parse_instant_ms("2026-10-15T18:59:50+09:00")
    batch = table(
        caller_class=["fixed"] * count, answered_at_ms=[answered] * count, conversation_ms=[60_000] * count
    )
    charges = rate_frame(batch, by_unit_start)
    assert (
        charges.select("units", "amount_uy", "rule").rows()
        == [(3, 30_000_000, "fixed-day+fixed-night")] * count
    )


def test_facts_that_are_left_out_are_those_of_an_ordinary_call() -> None:
    left_out = rate_frame(table(caller_class="mobile"), BY_HIKARI)
    said = table(
        caller_class="mobile",
        carrier_group=None,
        fault=False,
        is_confirmed=True,
        from_area=None,
        home_area=None,
    )
    assert left_out.rows() == rate_frame(said, BY_HIKARI).rows()
    assert left_out["assumed"].item() == "carrier_group"


def test_words_may_be_categories_and_integers_may_be_narrow() -> None:
    batch = drawn(1, 500).with_columns(pl.col("conversation_ms").clip(0, 2**31 - 1).alias("conversation_ms"))
    other = batch.with_columns(
        pl.col("caller_class").cast(pl.Categorical),
        pl.col("carrier_group").cast(pl.Categorical),
        pl.col("from_area").cast(pl.Enum(batch["from_area"].drop_nulls().unique())),
        pl.col("conversation_ms").cast(pl.Int32),
    )
    assert rate_frame(other, BY_HIKARI).rows() == rate_frame(batch, BY_HIKARI).rows()


def test_an_empty_batch_has_no_charges() -> None:
    charges = rate_frame(table().clear(), BY_HIKARI)
    assert charges.height == 0
    assert charges.schema == CHARGES


def test_the_columns_are_the_same_whatever_becomes_of_the_calls() -> None:
    for batch in (table(), table(answered_at_ms=-1), table(caller_class="ship"), table(is_confirmed=False)):
        assert rate_frame(batch, BY_HIKARI).schema == CHARGES


@pytest.mark.parametrize(
    ("column", "cells", "part"),
    [
        ("conversation_ms", pl.Series([1.5]), "holds Float64, not Int64"),
        ("conversation_ms", pl.Series(["1"]), "holds String, not Int64"),
        ("answered_at_ms", pl.Series([None]), "holds Null, not Int64"),
        ("answered_at_ms", pl.Series([2**63], dtype=pl.UInt64), "holds UInt64, not Int64"),
        ("caller_class", pl.Series([1]), "holds Int64, not String"),
        ("caller_class", pl.Series([None], dtype=pl.String), "has 1 empty cells"),
        ("fault", pl.Series([1]), "holds Int64, not Boolean"),
        ("is_confirmed", pl.Series([None], dtype=pl.Boolean), "has 1 empty cells"),
        ("carrier_group", pl.Series([1]), "holds Int64, not String"),
    ],
)
def test_a_table_of_other_columns_is_refused_with_the_offending_one(
    column: str, cells: pl.Series, part: str
) -> None:
    with pytest.raises(InputError) as refusal:
        rate_frame(table().with_columns(cells.alias(column)), BY_HIKARI)
    [problem] = refusal.value.problems
    assert problem.where == column
    assert part in problem.message


def test_all_columns_that_are_missing_are_named_at_once() -> None:
    assert [problem.where for problem in problems_of(pl.DataFrame({"fault": [True, None]}))] == [
        "caller_class",
        "answered_at_ms",
        "conversation_ms",
        "fault",
    ]


def test_a_call_that_is_not_answered_is_refused_not_rated_at_nothing() -> None:
    batch = table(answered_at_ms=[ANSWERED, None], caller_class=["fixed"] * 2, conversation_ms=[1, 2])
    with pytest.raises(InputError, match="answered_at_ms has 1 empty cells; only answered calls are rated"):
        rate_frame(batch, BY_HIKARI)


@given(st.lists(st.integers(min_value=-(2**63), max_value=2**63 - 1), max_size=50))
def test_a_sum_does_not_wrap(amounts: list[int]) -> None:
    assert exact_sum(pl.Series(amounts, dtype=pl.Int64)) == sum(amounts)


def test_a_plain_sum_would_wrap() -> None:
    """The trap that `exact_sum` is for (charging.md §7)."""
    amounts = pl.Series([2**62] * 4)
    assert amounts.sum() == 0
    assert exact_sum(amounts) == 2**64


@settings(max_examples=20)
@given(st.permutations(range(40)))
def test_the_order_of_a_batch_changes_no_charge(order: list[int]) -> None:
    batch = drawn(3, 40)
    charges = rate_frame(batch, prices(LEGACY))
    assert rate_frame(batch[order], prices(LEGACY)).rows() == charges[order].rows()


def test_a_file_is_rated_in_order_with_its_own_columns_kept(tmp_path: Path) -> None:
    batch = drawn(4, 3_000).with_row_index("call_id")
    batch.write_parquet(tmp_path / "calls.parquet", row_group_size=500)
    told: list[int] = []
    totals = rate_file(tmp_path / "calls.parquet", tmp_path / "rated.parquet", HIKARI, told.append)
    rated = pl.read_parquet(tmp_path / "rated.parquet")
    charges = rate_frame(batch, BY_HIKARI)
    assert rated.rows() == pl.concat([batch, charges], how="horizontal").rows()
    assert rated.columns == [*batch.columns, *CHARGES]
    assert (totals.calls, totals.units) == (3_000, charges["units"].sum())
    assert totals.amount_uy == charges["amount_uy"].sum()
    assert totals.suspended == charges["suspense"].drop_nulls().len()
    assert sum(told) == 3_000


def test_a_rated_file_is_rated_anew_in_place_of_its_old_charges(tmp_path: Path) -> None:
    drawn(5, 200).write_parquet(tmp_path / "calls.parquet")
    for source, target, tariff in (
        ("calls", "once", LEGACY),
        ("once", "twice", HIKARI),
        ("calls", "direct", HIKARI),
    ):
        rate_file(tmp_path / f"{source}.parquet", tmp_path / f"{target}.parquet", tariff, lambda _: None)
    assert pl.read_parquet(tmp_path / "twice.parquet").equals(pl.read_parquet(tmp_path / "direct.parquet"))


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (pl.DataFrame({"number": ["0120123456"]}), "there is no column caller_class"),
        (table(answered_at_ms=[None]), "holds Null"),
        (
            table(caller_class=["fixed"] * 2, answered_at_ms=[1, None], conversation_ms=[1, 1]),
            "1 empty cells",
        ),
    ],
)
def test_a_file_that_cannot_be_rated_leaves_the_other_as_it_was(
    content: pl.DataFrame, part: str, tmp_path: Path
) -> None:
    content.write_parquet(tmp_path / "calls.parquet")
    (tmp_path / "rated.parquet").write_bytes(b"yesterday's")
    with pytest.raises(InputError, match=part) as refusal:
        rate_file(tmp_path / "calls.parquet", tmp_path / "rated.parquet", HIKARI, lambda _: None)
    assert refusal.value.problems
    assert (tmp_path / "rated.parquet").read_bytes() == b"yesterday's"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("size", [0, 100, 5_000])
def test_a_torn_file_is_refused(size: int, tmp_path: Path) -> None:
    drawn(6, 500).write_parquet(tmp_path / "whole.parquet")
    (tmp_path / "calls.parquet").write_bytes((tmp_path / "whole.parquet").read_bytes()[:size])
    with pytest.raises(InputError, match=r"calls\.parquet"):
        rate_file(tmp_path / "calls.parquet", tmp_path / "rated.parquet", HIKARI, lambda _: None)
    assert not (tmp_path / "rated.parquet").exists()
