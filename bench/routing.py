"""Print what deciding costs: `decide`, `decode` + `decide` from bytes, and the proof of a large plan."""

from collections.abc import Callable
from datetime import date
from statistics import median
from time import perf_counter_ns

from chakka.contract.model import (
    Change,
    Contract,
    DateRule,
    Group,
    Hours,
    Limits,
    Line,
    Origin,
    Ratio,
    Schedule,
    Slot,
    UnknownOrigin,
)
from chakka.facts import numbering_table
from chakka.localtime import parse_instant_ms
from chakka.numbering.table import NumberingTable
from chakka.routing.attempt import Live, attempt_of
from chakka.routing.calendar import shipped_holidays
from chakka.routing.compile import compile_plan
from chakka.routing.decide import decide
from chakka.routing.plan import decode, encode
from chakka.routing.prove import prove

REGIONS = ("北海道", "東北", "関東", "中部", "近畿", "中国", "四国", "九州", "沖縄")
NUMBERS = tuple(f"03520012{place:02}" for place in range(40))
NIGHT = (Slot(start=0, end=540), Slot(start=1080, end=1440))
ALL_DAY = (Slot(start=0, end=1440),)


def schedules(count: int) -> dict[str, Schedule]:
    """Return night, lunch and weight schedules, each group's a little apart from the others'."""
    made = {}
    for place in range(count):
        made[f"night{place}"] = Schedule(
            patterns={"weekday": (Slot(start=0, end=540 + place), NIGHT[1]), "all_day": ALL_DAY, "open": ()},
            week=("weekday",) * 5 + ("all_day",) * 2,
            holiday="all_day",
            dates=(
                DateRule(first=date(2026, 12, 29), last=date(2027, 1, 3), pattern="all_day"),
                DateRule(first=date(2026, 12, 28), last=date(2026, 12, 28), pattern="open"),
            ),
        )
        made[f"lunch{place}"] = Schedule(
            patterns={"lunch": (Slot(start=720 + place, end=780),), "none": ()},
            week=("lunch",) * 5 + ("none",) * 2,
        )
        weights = dict.fromkeys(members(place), 1)
        made[f"shift{place}"] = Schedule(
            patterns={"evening": (Slot(start=1020 + place, end=1260, weights=weights),), "none": ()},
            week=("evening",) * 5 + ("none",) * 2,
        )
    return made


def members(place: int) -> tuple[str, ...]:
    """Return the four line numbers of one group."""
    return NUMBERS[4 * place : 4 * place + 4]


def contract(count: int) -> Contract:
    """Return a contract of `count` groups with every kind of schedule, in extended rules."""
    groups = tuple(
        Group(
            name=f"group{place}",
            origin=Origin(regions=(REGIONS[place],)) if place < 9 else Origin(rest=True),
            mobile=True,
            ratio=Ratio(weights=dict.fromkeys(members(place), place % 9 + 1), schedule=f"shift{place}"),
            overflow=members(place),
            ring_seconds=20,
        )
        for place in range(count)
    )
    hours = {
        number: Hours(
            off_hours=f"night{place}", change=Change(schedule=f"lunch{place}", to=members(place)[0])
        )
        for place in range(count)
        for number in members(place)[1:]
    }
    return Contract(
        number="0120123456",
        guidance=True,
        unknown_origin=UnknownOrigin(fixed="group0", mobile="refuse"),
        lines=(Line(id="tokyo", channels=100, numbers=NUMBERS),),
        groups=groups,
        hours=hours,
        schedules=schedules(count),
        limits=Limits(calls=100, per_number={NUMBERS[0]: 2}, per_second=10, per_caller_per_minute=6),
    )


def median_us(work: Callable[[], object], rounds: int = 20_000) -> float:
    """Return the median time of one call in microseconds."""
    taken = []
    for _ in range(rounds):
        start = perf_counter_ns()
        work()
        taken.append(perf_counter_ns() - start)
    return median(taken) / 1000


def report(title: str, made: Contract, table: NumberingTable) -> None:
    """Print the cost of one plan's decisions."""
    plan = compile_plan(made, table, shipped_holidays())
    data = encode(plan)
    attempt = attempt_of(table.lookup("0422511234"), made.number, parse_instant_ms("2026-11-20T12:30+09:00"))
    live = Live(busy=frozenset({NUMBERS[9]}))
    print(f"{title}: {len(data):,} bytes")
    print(f"  decide            {median_us(lambda: decide(plan, attempt, {}, live)):7.2f} µs")
    print(f"  decode + decide   {median_us(lambda: decide(decode(data), attempt, {}, live)):7.2f} µs")


def main() -> None:
    """Print all figures."""
    table = numbering_table()
    one = Contract(
        number="0120123456",
        lines=(Line(id="tokyo", numbers=(NUMBERS[0],)),),
        groups=(Group(name="japan", origin=Origin(nationwide=True), mobile=True, to=NUMBERS[0]),),
    )
    report("one group, one number", one, table)
    report("three groups, every option", contract(3), table)
    large = contract(10)
    report("ten groups, every option", large, table)
    start = perf_counter_ns()
    plan = compile_plan(large, table, shipped_holidays())
    compiled = perf_counter_ns()
    proof = prove(large, plan, table)
    print(f"  compile           {(compiled - start) / 1e6:7.0f} ms")
    print(f"  prove             {(perf_counter_ns() - compiled) / 1e6:7.0f} ms, {proof.decisions} decisions")


if __name__ == "__main__":
    main()
