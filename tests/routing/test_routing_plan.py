"""Compiled plans: what they carry, their bytes and their hash."""

import dataclasses

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from routing_contracts import (
    HOLIDAYS,
    LINES,
    NATIONWIDE,
    OSAKA,
    REST,
    SHIBUYA,
    TABLE,
    TOKYO,
    closed,
    compiled,
    contract,
    every_day,
    on,
    overflow,
    ratio,
    to,
)

from chakka.contract.model import Announcements, Contract, Limits, Origin
from chakka.routing.calendar import holidays_between
from chakka.routing.compile import plan_hash
from chakka.routing.plan import decode, encode

EAST = Origin(regions=("北海道", "東北", "関東", "中部"))
DEMO = contract(
    overflow(TOKYO, OSAKA, name="east", origin=EAST),
    overflow(OSAKA, TOKYO, name="west", origin=REST),
    schedules={"night": every_day("00:00-09:00", "18:00-24:00", holiday="all")},
    hours={TOKYO: closed("night"), OSAKA: closed("night")},
)


def test_a_plan_carries_what_the_call_plane_needs_without_the_contract() -> None:
    plan = compiled(
        contract(
            to(TOKYO),
            guidance=True,
            whisper=True,
            restriction_guidance=False,
            limits=Limits(calls=20, per_number={TOKYO: 2}, per_second=5, per_caller_per_minute=6),
            number_notification=(SHIBUYA,),
            announcements=Announcements(off_hours="sha256:" + "0" * 64),
        )
    )
    assert plan.number == "0120123456"
    assert [(line.id, line.channels, line.numbers) for line in plan.lines] == [
        (line.id, line.channels, line.numbers) for line in LINES
    ]
    assert (plan.guidance, plan.whisper, plan.restriction_guidance) == (True, True, False)
    assert (plan.calls, plan.per_second, plan.per_caller_per_minute) == (20, 5, 6)
    assert plan.per_number == {TOKYO: 2}
    assert plan.number_notification == (SHIBUYA,)
    assert plan.off_hours_text == "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("made", "most"),
    [(contract(to(TOKYO)), 400), (contract(ratio({TOKYO: 3, OSAKA: 1})), 400), (DEMO, 3_200)],
)
def test_a_plan_is_small(made: Contract, most: int) -> None:
    assert len(encode(compiled(made))) <= most


def test_holidays_are_carried_only_by_plans_that_ask_for_them() -> None:
    assert compiled(contract(to(TOKYO))).holiday_bits == b""
    plan = compiled(DEMO)
    years = range(min(HOLIDAYS.ordinals) - 400, max(HOLIDAYS.ordinals) + 400)
    assert {day for day in years if plan.is_holiday(day)} == HOLIDAYS.ordinals


def test_the_hash_is_the_same_for_the_same_text_and_facts() -> None:
    assert compiled(DEMO).hash == compiled(DEMO).hash == plan_hash(DEMO, TABLE, HOLIDAYS)
    assert len(compiled(DEMO).hash) == 64


def test_the_hash_covers_text_numbering_table_and_holiday_list() -> None:
    other_text = msgspec.structs.replace(DEMO, guidance=True)
    other_holidays = holidays_between(2026, 2026)
    other_table = dataclasses.replace(TABLE, id="other")
    hashes = {
        plan_hash(DEMO, TABLE, HOLIDAYS),
        plan_hash(other_text, TABLE, HOLIDAYS),
        plan_hash(DEMO, TABLE, other_holidays),
        plan_hash(DEMO, other_table, HOLIDAYS),
    }
    assert len(hashes) == 4


def test_the_order_of_single_dates_and_ranges_in_the_text_does_not_matter() -> None:
    rules = (on("2026-12-29", "2027-01-03", "all"), on("2026-12-31", "2026-12-31", "none"))
    forward, backward = (
        compiled(contract(to(TOKYO), schedules={"s": every_day(dates=dates)})).calendars
        for dates in (rules, rules[::-1])
    )
    assert forward == backward


@pytest.mark.parametrize("cut", range(0, len(encode(compiled(contract(to(TOKYO))))), 7))
def test_bytes_cut_short_are_no_plan(cut: int) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(encode(compiled(contract(to(TOKYO))))[:cut])


@given(st.binary(max_size=200))
def test_junk_is_no_plan(junk: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(junk)


def test_a_plan_is_read_from_a_memory_map_without_copying_it_first() -> None:
    data = encode(compiled(DEMO))
    assert decode(memoryview(data)) == compiled(DEMO)


def test_the_commonest_group_of_the_country_is_not_listed_by_name() -> None:
    assert compiled(contract(to(TOKYO, origin=NATIONWIDE))).areas.names == ""
    listed = compiled(contract(to(TOKYO, origin=Origin(charge_areas=("静岡", "浜松"))))).areas.names
    assert listed == "\n静岡\n浜松\n" or listed == "\n浜松\n静岡\n"
