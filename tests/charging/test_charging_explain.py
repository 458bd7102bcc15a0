"""How a call came to its charge, in sentences whose figures are those of `rate` (charging.md §4)."""

import random
import re
from fractions import Fraction

from drawn_calls import calls, tariff_text
from hypothesis import given, settings
from hypothesis import strategies as st

from chakka.charging.explain import reckoned
from chakka.charging.rate import Charge, RatedCall, rate
from chakka.charging.succession import alone
from chakka.facts import parse_tariff, shipped_tariff
from chakka.localtime import parse_instant_ms
from chakka.money import MICRO_YEN

ANSWERED_MS = parse_instant_ms("2026-11-23T10:03:00+09:00")


def steps(tariff: str, caller_class: str, ms: int, **facts: object) -> tuple[str, ...]:
    call = RatedCall(
        caller_class=caller_class,
        answered_at_ms=ANSWERED_MS,
        conversation_ms=ms,
        **facts,  # type: ignore[arg-type]  # facts of the call by name
    )
    return reckoned(call, shipped_tariff(tariff)).steps


def test_e01_a_fixed_call_of_180_001_ms_is_two_units_of_8_yen() -> None:
    assert steps("hikari-wide", "fixed", 180_001) == (
        "conversation 180,001 ms = 3 min 0.001 s",
        f"tariff {shipped_tariff('hikari-wide').version}, in force since ever",
        "class fixed",
        "rule fixed: 8 yen for each 180 s begun",
        "units: max(1, ceil(180,001 / 180,000)) = 2",
        "2 × 8 = 16 yen",
    )


def test_p1_a_call_that_a_fault_cut_pays_for_whole_units_and_an_unconfirmed_one_for_none() -> None:
    cut = steps("hikari-wide", "fixed", 180_001, fault=True)
    assert cut[-2:] == (
        "cut by a fault of the network, so whole units alone: floor(180,001 / 180,000) = 1",
        "1 × 8 = 8 yen",
    )
    assert steps("hikari-wide", "fixed", 100, fault=True)[-1] == "0 units = 0 yen"
    assert steps("hikari-wide", "fixed", 100, is_confirmed=False)[-1].endswith("0 units, 0 yen")


def test_what_was_assumed_is_said() -> None:
    assert "class fixed, assumed: the class is unknown" in steps("hikari-wide", "unknown", 1)
    assert "carrier group a, assumed: the tariff's default" in steps("hikari-wide", "mobile", 1)
    assert "carrier group b" in steps("hikari-wide", "mobile", 1, carrier_group="b")


def test_p2_the_band_of_the_answer_is_named_with_the_kind_of_day() -> None:
    said = steps("legacy", "fixed", 61_000)
    assert "answered 2026-11-23 10:03, a public holiday: band 08:00–23:00" in said
    assert "rule fixed-night: 10 yen for each 26 s begun" in said


def test_a_call_in_suspense_says_why() -> None:
    found = reckoned(
        RatedCall(caller_class="ship", answered_at_ms=ANSWERED_MS, conversation_ms=1),
        shipped_tariff("hikari-wide"),
    )
    assert (found.units, found.amount_uy) == (None, None)
    assert found.steps[-1] == "in suspense: no_rule, so nobody can say what it costs"


def summed(step: str) -> tuple[Fraction, Fraction]:
    """Return what the terms of a step come to, and what it says that they do."""
    terms, said = step.removesuffix(" yen").split(" = ")
    total = Fraction(0)
    for term in terms.split(" + "):
        if found := re.fullmatch(r"(\d+) × ([\d.]+)", term):
            total += int(found[1]) * Fraction(found[2])
        elif found := re.fullmatch(r"([\d.]+) set-up", term):
            total += Fraction(found[1])
        else:
            assert term == "0 units"
    return total, Fraction(said)


@settings(max_examples=60, deadline=None)
@given(st.integers(min_value=0, max_value=10**6))
def test_the_last_step_adds_up_to_the_charge_whatever_the_tariff(seed: int) -> None:
    draw = random.Random(seed)
    tariff = parse_tariff(tariff_text(draw).encode())
    for call in (RatedCall(**one) for one in calls(draw, 20)):
        found, charge = reckoned(call, tariff), rate(call, alone(tariff))
        if not isinstance(charge, Charge):
            assert "in suspense: " in found.steps[-1]
        elif call.is_confirmed:
            exact = Fraction(charge.amount_uy, MICRO_YEN)
            assert summed(found.steps[-1]) == (exact, exact)
            assert (found.units, found.amount_uy) == (charge.units, charge.amount_uy)
