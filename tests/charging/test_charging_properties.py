"""What holds of every price: shifted and scaled tariffs, order, the bounds of instants and durations."""

import random

import msgspec
import pytest
from drawn_calls import calls, tariff_text
from hypothesis import given, settings
from hypothesis import strategies as st

from chakka.charging.rate import Charge, RatedCall, Suspense, rate
from chakka.charging.tariff import END_MS, LONGEST_MS, Bands, DayBands, Tariff, TariffRule
from chakka.errors import InputError
from chakka.facts import parse_tariff, shipped_tariff, shipped_tariffs
from chakka.localtime import DAY_MS, parse_instant_ms

HIKARI, LEGACY = shipped_tariff("hikari-wide"), shipped_tariff("legacy")
ANSWERED = parse_instant_ms("2026-10-15T10:00:00+09:00")
WEEK_MS = 7 * DAY_MS

durations = st.integers(min_value=0, max_value=10**8)
seeds = st.integers(min_value=0, max_value=10**6)


def drawn(seed: int) -> tuple[Tariff, list[RatedCall]]:
    draw = random.Random(seed)
    tariff = parse_tariff(tariff_text(draw).encode())
    return tariff, [RatedCall(**call) for call in calls(draw, 20)]


def changed(tariff: Tariff, scale: int = 1, more_uy: int = 0) -> Tariff:
    """The tariff with all prices and set-ups multiplied, then the price of a unit raised."""

    def rule(one: TariffRule) -> TariffRule:
        return msgspec.structs.replace(
            one, unit_price_uy=one.unit_price_uy * scale + more_uy, setup_uy=one.setup_uy * scale
        )

    def day(one: DayBands) -> DayBands:
        return msgspec.structs.replace(one, rules=tuple(map(rule, one.rules)))

    bands = {
        key: Bands(days=tuple(map(day, one.days)), only=one.only and rule(one.only))
        for key, one in tariff.bands.items()
    }
    return msgspec.structs.replace(tariff, bands=bands)


@settings(max_examples=40)
@given(seeds, st.integers(min_value=0, max_value=1000))
def test_prices_times_a_number_are_charges_times_that_number(seed: int, scale: int) -> None:
    tariff, made = drawn(seed)
    for call in made:
        before, after = rate(call, tariff), rate(call, changed(tariff, scale=scale))
        if isinstance(before, Charge):
            assert after == msgspec.structs.replace(before, amount_uy=before.amount_uy * scale)
        else:
            assert after == before


@settings(max_examples=40)
@given(seeds, st.integers(min_value=0, max_value=10**9))
def test_a_dearer_unit_makes_a_call_dearer_by_its_units(seed: int, more_uy: int) -> None:
    tariff, made = drawn(seed)
    for call in made:
        before, after = rate(call, tariff), rate(call, changed(tariff, more_uy=more_uy))
        if isinstance(before, Charge):
            assert after == msgspec.structs.replace(
                before, amount_uy=before.amount_uy + before.units * more_uy
            )
        else:
            assert after == before


@given(st.integers(min_value=0, max_value=WEEK_MS), durations, st.booleans())
def test_a_call_a_week_later_costs_the_same_where_there_is_no_holiday(
    offset: int, ms: int, fault: bool
) -> None:
    """1 to 10 October and 15 to 28 October 2026 have none."""
    at_ms = parse_instant_ms("2026-10-14T00:00:00+09:00") + offset

    def cost(answered_at_ms: int) -> int:
        result = rate(
            RatedCall(caller_class="fixed", answered_at_ms=answered_at_ms, conversation_ms=ms, fault=fault),
            LEGACY,
        )
        assert isinstance(result, Charge)
        return result.amount_uy

    assert cost(at_ms) == cost(at_ms + WEEK_MS)


@settings(max_examples=40)
@given(seeds, durations, st.integers(min_value=0, max_value=10**6), st.booleans())
def test_p1_a_longer_call_never_has_fewer_units_by_any_tariff(
    seed: int, ms: int, more: int, fault: bool
) -> None:
    tariff, _ = drawn(seed)
    for word in tariff.classes:
        shorter, longer = (
            rate(
                RatedCall(caller_class=word, answered_at_ms=ANSWERED, conversation_ms=one, fault=fault),
                tariff,
            )
            for one in (ms, ms + more)
        )
        assert isinstance(shorter, Charge)
        assert isinstance(longer, Charge)
        assert shorter.units <= longer.units


@settings(max_examples=20)
@given(st.permutations(range(20)))
def test_the_order_of_calls_changes_no_charge(order: list[int]) -> None:
    tariff, made = drawn(11)
    charges = [rate(call, tariff) for call in made]
    assert [rate(made[place], tariff) for place in order] == [charges[place] for place in order]


def fixed(answered_at_ms: int, conversation_ms: int = 1) -> RatedCall:
    return RatedCall(caller_class="fixed", answered_at_ms=answered_at_ms, conversation_ms=conversation_ms)


@pytest.mark.parametrize(("at_ms", "month"), [(0, "1970-01"), (END_MS - 1, "9999-12")])
def test_the_first_and_the_last_instant_have_a_price(at_ms: int, month: str) -> None:
    result = rate(fixed(at_ms), HIKARI)
    assert isinstance(result, Charge)
    assert result.usage_month == month


@pytest.mark.parametrize("at_ms", [-1, END_MS, 2**63 - 1, -(2**63)])
def test_an_instant_that_no_calendar_has_is_in_suspense(at_ms: int) -> None:
    assert rate(fixed(at_ms), HIKARI) == Suspense(reason="bad_instant", tariff_version=HIKARI.version)


def test_a_call_of_a_year_has_a_price_and_a_longer_one_is_in_suspense() -> None:
    longest = rate(fixed(ANSWERED, LONGEST_MS), HIKARI)
    assert isinstance(longest, Charge)
    assert longest.units == 366 * 24 * 20
    assert rate(fixed(ANSWERED, LONGEST_MS + 1), HIKARI) == Suspense(
        reason="bad_duration", tariff_version=HIKARI.version
    )


DEAREST = """
name = "dearest"
title = "The dearest that 64 bits allow"
source = "test"
[classes]
fixed = []
[[rules]]
id = "one"
class = "fixed"
unit_ms = 1
unit_price_uy = PRICE
setup_uy = 100_000_000_000
minimum_units = 10_000
"""


def test_the_dearest_call_of_the_dearest_tariff_fits_into_64_bits() -> None:
    price = 4 * 10**18 // (LONGEST_MS + 1)
    tariff = parse_tariff(DEAREST.replace("PRICE", str(price)).encode())
    dearest = rate(fixed(ANSWERED, LONGEST_MS), tariff)
    assert isinstance(dearest, Charge)
    assert dearest.amount_uy == LONGEST_MS * price + 10**11 < 2**63
    with pytest.raises(InputError, match="'one' could cost more in one call than 64 bits hold"):
        parse_tariff(DEAREST.replace("PRICE", str(price + 1)).encode())


@pytest.mark.parametrize("unit_ms", [1, 700, 790])
def test_the_dearest_price_is_that_of_all_units_that_a_call_of_a_year_can_begin(unit_ms: int) -> None:
    text = DEAREST.replace("unit_ms = 1\n", f"unit_ms = {unit_ms}\n")
    price = 4 * 10**18 // (LONGEST_MS // unit_ms + 1)
    assert parse_tariff(text.replace("PRICE", str(price)).encode()).name == "dearest"
    with pytest.raises(InputError, match="64 bits"):
        parse_tariff(text.replace("PRICE", str(price + 1)).encode())


def test_every_class_that_can_be_connected_has_a_price_in_hikari_wide_and_freedial() -> None:
    """Admitted are fixed and payphone by area, mobile and fmc by prefecture, unknown as fixed."""
    for word in ("fixed", "payphone", "mobile", "fmc", "unknown"):
        call = RatedCall(caller_class=word, answered_at_ms=ANSWERED, conversation_ms=1)
        for name in ("hikari-wide", "freedial"):
            result = rate(call, shipped_tariffs()[name])
            assert isinstance(result, Charge)
            assert result.amount_uy > 0


@pytest.mark.parametrize("word", ["mobile", "payphone", "fmc"])
def test_legacy_has_published_prices_for_fixed_callers_alone_so_others_wait(word: str) -> None:
    call = RatedCall(caller_class=word, answered_at_ms=ANSWERED, conversation_ms=1)
    assert rate(call, LEGACY) == Suspense(reason="no_rule", tariff_version=LEGACY.version)


@pytest.mark.parametrize("word", ["martian", "", "FIXED"])
def test_a_class_that_nobody_has_heard_of_is_in_suspense(word: str) -> None:
    call = RatedCall(caller_class=word, answered_at_ms=ANSWERED, conversation_ms=1)
    assert rate(call, HIKARI) == Suspense(reason="no_rule", tariff_version=HIKARI.version)
