"""Any valid contract, any call, any state of the world, for property tests."""

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import strategies as st
from routing_contracts import FREEPHONE, LINES, NAGOYA, OSAKA, REST, SHIBUYA, TABLE, TOKYO, options

from chakka.contract.model import (
    Blocked,
    Change,
    Contract,
    DateRule,
    Group,
    Hours,
    Limits,
    Origin,
    Ratio,
    Rules,
    Schedule,
    Slot,
    UnknownOrigin,
    Withheld,
)
from chakka.localtime import parse_instant_ms
from chakka.numbering.model import CallerClass
from chakka.routing.attempt import CallAttempt, Live, Presentation

NUMBERS = (TOKYO, SHIBUYA, OSAKA, NAGOYA)
PATTERNS = ("p", "q", "r")
FIRST_MS, LAST_MS = parse_instant_ms("2026-11-01T00:00Z"), parse_instant_ms("2027-02-28T23:59Z")

numbers = st.sampled_from(NUMBERS)
pattern_names = st.sampled_from(PATTERNS)
some_weights = st.dictionaries(numbers, st.integers(0, 9), min_size=1).filter(lambda w: any(w.values()))


@st.composite
def slots(draw: st.DrawFn, weights: st.SearchStrategy[Mapping[str, int]] | None = None) -> tuple[Slot, ...]:
    """Return slots of one day that do not overlap; some touch, some reach 24:00."""
    edges = sorted(draw(st.sets(st.sampled_from((0, 1, 540, 720, 780, 1080, 1439, 1440)), max_size=6)))
    return tuple(
        Slot(start=start, end=end, weights=None if weights is None else draw(weights))
        for start, end in pairwise(edges)
        if draw(st.booleans())
    )


@st.composite
def date_rules(draw: st.DrawFn) -> tuple[DateRule, ...]:
    """Return a range or none, and single dates inside and around it."""
    start = date(2026, 12, 20) + timedelta(days=draw(st.integers(0, 20)))
    end = start + timedelta(days=draw(st.integers(1, 20)))
    ranges = [DateRule(first=start, last=end, pattern=draw(pattern_names))] if draw(st.booleans()) else []
    singles = draw(st.sets(st.dates(date(2026, 12, 15), date(2027, 1, 31)), max_size=3))
    return (
        *ranges,
        *(DateRule(first=day, last=day, pattern=draw(pattern_names)) for day in sorted(singles)),
    )


@st.composite
def schedules(draw: st.DrawFn, weights: st.SearchStrategy[Mapping[str, int]] | None = None) -> Schedule:
    """Return a schedule with every kind of day."""
    return Schedule(
        patterns={name: draw(slots(weights)) for name in PATTERNS},
        week=tuple(draw(pattern_names) for _ in range(7)),  # type: ignore[arg-type]
        holiday=draw(st.none() | pattern_names),
        dates=draw(date_rules()),
    )


@st.composite
def hours(draw: st.DrawFn, number: str) -> Hours:
    """Return hours of one number, by the schedules `c0` and `c1`."""
    names = st.sampled_from(("c0", "c1"))
    target = draw(numbers.filter(lambda other: other != number))
    return Hours(
        off_hours=draw(st.none() | names),
        change=draw(st.none() | st.builds(Change, schedule=names, to=st.just(target))),
    )


@st.composite
def origins(draw: st.DrawFn) -> list[Origin]:
    """Return the origins of one to three groups that share no area; the last may be the rest."""
    regions = draw(st.permutations(TABLE.regions))
    cuts = sorted(draw(st.sets(st.integers(1, 8), min_size=0, max_size=2)))
    parts = [regions[a:b] for a, b in pairwise((0, *cuts, 9))]
    made = [Origin(regions=tuple(part)) for part in parts]
    if draw(st.booleans()):
        made[-1] = REST
    elif len(made) > 1 and draw(st.booleans()):
        made.pop()
    return made


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    """Return a contract without problems."""
    rules = draw(st.sampled_from(Rules))
    kinds = ["to", "overflow"] + (["ratio", "both"] if rules is Rules.EXTENDED else [])
    made: dict[str, Schedule] = {"c0": draw(schedules()), "c1": draw(schedules())}
    groups = []
    for place, origin in enumerate(draw(origins())):
        kind = draw(st.sampled_from(kinds))
        weights = draw(some_weights)
        name = f"w{place}" if kind in ("ratio", "both") and draw(st.booleans()) else None
        if name is not None:
            members = st.dictionaries(st.sampled_from(sorted(weights)), st.integers(1, 9), min_size=1)
            made[name] = draw(schedules(members))
        groups.append(
            Group(
                name=f"g{place}",
                origin=origin,
                mobile=draw(st.booleans()),
                to=draw(numbers) if kind == "to" else None,
                overflow=tuple(draw(st.lists(numbers, min_size=1, unique=True)))
                if kind in ("overflow", "both")
                else (),
                ratio=Ratio(weights=weights, schedule=name) if kind in ("ratio", "both") else None,
                ring_seconds=draw(st.none() | st.integers(5, 180)),
            )
        )
    accepting = [group.name for group in groups if group.mobile]
    return Contract(
        number=FREEPHONE,
        options=options(rules),
        rules=rules,
        restriction_guidance=draw(st.booleans()),
        unknown_origin=UnknownOrigin(
            fixed=draw(st.none() | st.sampled_from(["refuse", *(group.name for group in groups)])),
            mobile=draw(st.none() | st.sampled_from(["refuse", *accepting])),
        ),
        lines=LINES,
        groups=tuple(groups),
        limits=Limits(calls=draw(st.none() | st.integers(1, 3))),
        withheld=draw(st.sampled_from(Withheld)),
        blocked=draw(st.sampled_from(Blocked)),
        hours={number: draw(hours(number)) for number in sorted(draw(st.sets(numbers)))},
        schedules=made,
    )


def _name(names: list[str]) -> st.SearchStrategy[str | None]:
    return st.none() | st.sampled_from(names) | st.text(max_size=4)


attempts = st.builds(
    CallAttempt,
    called_number=st.just(FREEPHONE),
    presentation=st.sampled_from(Presentation),
    caller_class=st.sampled_from(CallerClass),
    charge_area=_name([area.name for area in TABLE.charge_areas]),
    prefecture=_name([prefecture.name for prefecture in TABLE.prefectures]),
    has_g711=st.sampled_from((True, True, True, False)),
    at_ms=st.integers(FIRST_MS, LAST_MS) | st.integers(-(10**15), 10**15),
)
lives = st.builds(
    Live,
    busy=st.frozensets(numbers),
    calls_up=st.integers(0, 3),
    blocked=st.sampled_from((False, False, False, True)),
    money_guard=st.sampled_from((False, False, False, True)),
    suspended=st.sampled_from((False, False, False, True)),
)
