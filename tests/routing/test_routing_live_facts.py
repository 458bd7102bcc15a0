"""Live facts as a value and as text: service.md §9.5–9.7, plan-format.md (`live:`)."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from routing_contracts import FREEPHONE, HOLIDAYS, TABLE, TOKYO, call, contract, decided, to

from chakka.contract.text import read, write_yaml
from chakka.routing.attempt import Live
from chakka.routing.check import check
from chakka.routing.document import sentences
from chakka.routing.live_facts import (
    NO_FACTS,
    Block,
    Caps,
    EmergencyRun,
    LiveFacts,
    MoneyStop,
    current,
    decode,
    encode,
)
from chakka.routing.live_text import (
    MOST_YEN,
    blocked_number,
    document,
    read_live,
    withheld_blocks,
    write_live,
)

CALLER, ABROAD = "0312345678", "+442079460000"
FULL = LiveFacts(
    suspended=True,
    money_stop=MoneyStop(until_ms=1_800_000_000_000),
    emergency=EmergencyRun(plan="storm", until_ms=1_800_000_000_001),
    blocks={ABROAD: Block(), CALLER: Block(until_ms=1_800_000_000_002, why='話: "x"', by="kato")},
)

INSTANTS = st.integers(0, 4_000_000_000_000)
YEN = st.integers(1, MOST_YEN)
NOTES = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30)
BLOCKS = st.builds(Block, until_ms=st.none() | INSTANTS, why=NOTES, by=NOTES)
FACTS = st.builds(
    LiveFacts,
    suspended=st.booleans(),
    money_stop=st.none() | st.builds(MoneyStop, until_ms=st.none() | INSTANTS),
    emergency=st.none() | st.builds(EmergencyRun, plan=NOTES, until_ms=INSTANTS),
    blocks=st.dictionaries(st.sampled_from((CALLER, ABROAD, "09012345678")), BLOCKS),
    caps=st.builds(
        Caps,
        day_yen=st.none() | YEN,
        month_yen=st.none() | YEN,
        caller_day_yen=st.none() | YEN,
        warn_percent=st.sets(st.integers(1, 99), max_size=10).map(lambda percents: tuple(sorted(percents))),
    ),
)
STOPPED = st.builds(
    msgspec.structs.replace,
    FACTS,
    cap_stop=st.none() | st.builds(MoneyStop, until_ms=INSTANTS),
    caller_stops=st.dictionaries(st.sampled_from(("", "ab", "cd")), INSTANTS),
)


def problems_of(text: str) -> list[tuple[str, str]]:
    facts, problems = read_live(text.encode(), TABLE)
    assert facts is None
    return [(problem.where, problem.code) for problem in problems]


# -- the value


@pytest.mark.parametrize(("at_ms", "holds"), [(99, True), (100, False), (101, False)])
def test_what_has_an_end_is_over_at_its_very_millisecond(at_ms: int, holds: bool) -> None:
    facts = LiveFacts(
        money_stop=MoneyStop(until_ms=100),
        emergency=EmergencyRun(plan="storm", until_ms=100),
        blocks={CALLER: Block(until_ms=100)},
    )
    assert facts.is_blocked(CALLER, at_ms) is holds
    assert facts.is_money_stopped(at_ms) is holds
    assert facts.emergency_plan(at_ms) == ("storm" if holds else None)
    assert current(facts, at_ms) == (facts if holds else NO_FACTS)


def test_what_has_no_end_holds_for_ever() -> None:
    facts = LiveFacts(money_stop=MoneyStop(), blocks={CALLER: Block()}, suspended=True)
    assert facts.is_blocked(CALLER, 2**60)
    assert facts.is_money_stopped(2**60)
    assert current(facts, 2**60) == facts


@pytest.mark.parametrize(("at_ms", "holds"), [(99, True), (100, False), (101, False)])
def test_stops_of_the_money_guard_are_over_with_their_period(at_ms: int, holds: bool) -> None:
    facts = LiveFacts(cap_stop=MoneyStop(until_ms=100), caller_stops={"ab": 100})
    assert facts.is_money_stopped(at_ms) is holds
    assert facts.is_caller_stopped("ab", at_ms) is holds
    assert not facts.is_caller_stopped("cd", at_ms)
    assert current(facts, at_ms) == (facts if holds else NO_FACTS)


@pytest.mark.parametrize("calling_number", [None, "", "0312345679", "312345678"])
def test_a_block_stops_its_number_alone(calling_number: str | None) -> None:
    assert not LiveFacts(blocks={CALLER: Block()}).is_blocked(calling_number, 0)


@given(STOPPED)
def test_bytes_bring_the_same_facts_back(facts: LiveFacts) -> None:
    assert decode(encode(facts)) == facts


def test_a_number_without_facts_has_those_that_hold_for_all() -> None:
    assert decode(None) == NO_FACTS


NO_UTF_8 = encode(LiveFacts(blocks={CALLER: Block(why="why")})).replace(
    b"\xa3why\xa3why", b"\xa3why\xa3\xff\xff\xff"
)


@pytest.mark.parametrize(
    "stored", [b"", b"\xc1", NO_UTF_8, b"\x80\x80", b'{"suspended":true}', encode(FULL)[:-1]]
)
def test_bytes_that_are_no_facts_are_refused(stored: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(stored)


def test_the_emergency_plan_stands_first_in_the_trace_and_is_said_in_words() -> None:
    decision = decided(contract(to(TOKYO)), call(), Live(emergency="storm"))
    assert decision.trace[0] == ("emergency", "storm")
    assert "storm" in sentences(decision.trace, "en")[0]
    assert "緊急" in sentences(decision.trace, "ja")[0]


# -- the text


@given(FACTS)
def test_text_brings_the_same_facts_back(facts: LiveFacts) -> None:
    assert read_live(write_live(facts), TABLE) == (facts, [])


def test_it_is_written_like_a_plan() -> None:
    assert write_live(FULL).decode() == (
        "live:\n"
        "  suspended: true\n"
        '  money_stop: {until: "2027-01-15T17:00:00.000+09:00"}\n'
        '  emergency: {plan: storm, until: "2027-01-15T17:00:00.001+09:00"}\n'
        "  blocks:\n"
        '    "+442079460000": {}\n'
        '    "0312345678": {until: "2027-01-15T17:00:00.002+09:00", why: "話: \\"x\\"", by: kato}\n'
    )


def test_caps_are_written_and_stops_of_the_money_guard_are_not() -> None:
    caps = Caps(day_yen=10_000, caller_day_yen=500, warn_percent=(50, 80))
    facts = LiveFacts(caps=caps, cap_stop=MoneyStop(until_ms=1), caller_stops={"ab": 1})
    written = write_live(facts).decode()
    assert written == "live:\n  caps:\n    day: 10000\n    caller_day: 500\n    warn: [50, 80]\n"
    assert read_live(written.encode(), TABLE) == (LiveFacts(caps=caps), [])


def test_caps_that_are_none_are_all_named() -> None:
    caps = "{day: 0, month: 1000000000, caller_day: much, warn: [80, 100], year: 1}"
    assert sorted(problems_of(f"live: {{caps: {caps}}}")) == [
        ("live.caps.caller_day", "bad_value"),
        ("live.caps.day", "bad_value"),
        ("live.caps.month", "bad_value"),
        ("live.caps.warn", "bad_value"),
        ("live.caps.year", "unknown_key"),
    ]


def test_beside_a_plan_it_changes_nothing_of_the_plan() -> None:
    plan = contract(to(TOKYO))
    text = write_yaml(plan)
    both, problems = read(text + write_live(FULL), TABLE)
    assert (both, problems) == (plan, [])
    assert both is not None
    assert check(both, TABLE, HOLIDAYS) == check(plan, TABLE, HOLIDAYS)
    assert read_live(text + write_live(FULL), TABLE) == (FULL, [])


def test_json_is_read_as_well() -> None:
    text = msgspec.json.encode({"number": FREEPHONE, "live": document(FULL)})
    assert read_live(text, TABLE) == (FULL, [])


def test_a_number_that_its_caller_withheld_is_never_written() -> None:
    facts = LiveFacts(blocks={CALLER: Block(is_withheld=True), ABROAD: Block()})
    assert CALLER not in write_live(facts).decode()
    assert list(withheld_blocks(facts)) == [CALLER]


@pytest.mark.parametrize(
    "written", ["03-1234-5678", "+81 3 1234 5678", "０３１２３４５６７８", "1840312345678"]
)
def test_a_number_is_blocked_however_it_is_written(written: str) -> None:
    assert blocked_number(written, TABLE) == CALLER
    facts, _ = read_live(f'live: {{blocks: {{"{written}": {{}}}}}}'.encode(), TABLE)
    assert facts is not None
    assert facts.is_blocked(CALLER, 0)


def test_every_problem_is_said_at_once() -> None:
    text = """
live:
  suspended: maybe
  guard: true
  money_stop: {until: tomorrow}
  emergency: {plan: storm}
  blocks:
    "somebody": {}
    "0312345678": {until: "2027-01-15T17:00:00", reason: x}
"""
    assert sorted(problems_of(text)) == [
        ("live.blocks.0312345678.reason", "unknown_key"),
        ("live.blocks.0312345678.until", "bad_value"),
        ("live.blocks.somebody", "number_invalid"),
        ("live.emergency.until", "missing_key"),
        ("live.guard", "unknown_key"),
        ("live.money_stop.until", "bad_value"),
        ("live.suspended", "bad_value"),
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('number: "0120123456"\n', ("live", "missing_key")),
        ("live: [x]\n", ("live", "bad_value")),
        ("live: {blocks: [x]}\n", ("live.blocks", "bad_value")),
        ("[]\n", ("live", "missing_key")),
        ('live: {blocks: {"0312345678": {}, "03-1234-5678": {}}}', ("live.blocks.03-1234-5678", "syntax")),
        (f'live: {{blocks: {{"03": {{why: {"x" * 201}}}}}}}', ("live.blocks.03.why", "bad_value")),
    ],
)
def test_a_text_without_fit_facts_is_refused(text: str, problem: tuple[str, str]) -> None:
    assert problems_of(text) == [problem]


def test_a_block_list_has_an_end() -> None:
    numbers = "".join(f'    "03{place:08}": {{}}\n' for place in range(10_001))
    assert problems_of(f"live:\n  blocks:\n{numbers}") == [("live.blocks", "bad_value")]
