"""Contracts and calls in the words of the service, for the tests of routing."""

from collections.abc import Mapping
from datetime import date

import msgspec

from chakka.contract.model import (
    Change,
    Contract,
    DateRule,
    Group,
    Hours,
    Line,
    Option,
    Origin,
    Ratio,
    Rules,
    Schedule,
    Slot,
)
from chakka.facts import numbering_table
from chakka.localtime import parse_instant_ms
from chakka.numbering.model import CallerClass
from chakka.routing.attempt import IDLE, CallAttempt, Live, attempt_of
from chakka.routing.calendar import shipped_holidays
from chakka.routing.compile import compile_plan
from chakka.routing.decide import decide
from chakka.routing.decision import Decision
from chakka.routing.plan import CompiledPlan

TABLE = numbering_table()
HOLIDAYS = shipped_holidays()

FREEPHONE = "0120123456"
TOKYO, SHIBUYA, OSAKA, NAGOYA = "0352001234", "0352001235", "0662001234", "0522001234"
LINES = (
    Line(id="tokyo", channels=2, numbers=(TOKYO, SHIBUYA)),
    Line(id="osaka", channels=1, numbers=(OSAKA,)),
    Line(id="nagoya", channels=1, numbers=(NAGOYA,)),
)
NATIONWIDE = Origin(nationwide=True)
REST = Origin(rest=True)

# Callers: 武蔵野三鷹 in 東京都, 大阪, a mobile, a 050 number.
FROM_MITAKA, FROM_OSAKA, FROM_MOBILE, FROM_050 = "0422511234", "0661001234", "09012345678", "05012345678"
# Tuesday 2026-11-24 is an ordinary working day; Monday 2026-11-23 is 勤労感謝の日.
TUESDAY_10 = "2026-11-24T10:00+09:00"


def options(rules: Rules) -> tuple[Option, ...]:
    """Return every option that the rules allow together."""
    strict = rules is Rules.STRICT
    return tuple(option for option in Option if not (strict and option is Option.RATIO_DISTRIBUTION))


def contract(*groups: Group, **fields: object) -> Contract:
    """Return a contract with the lines above and every option, in extended rules unless told otherwise."""
    given = {"rules": Rules.EXTENDED, "lines": LINES, **fields}
    return Contract(
        number=FREEPHONE,
        groups=groups,
        options=options(Rules(given["rules"])),
        **given,  # type: ignore[arg-type]
    )


def to(number: str, **fields: object) -> Group:
    """Return a nationwide group `all` that accepts mobiles and rings one number."""
    return _group(to=number, **fields)


def overflow(*numbers: str, **fields: object) -> Group:
    """Return a nationwide group with a busy overflow list."""
    return _group(overflow=numbers, **fields)


def ratio(weights: Mapping[str, int], schedule: str | None = None, **fields: object) -> Group:
    """Return a nationwide group with a ratio distribution."""
    return _group(ratio=Ratio(weights=weights, schedule=schedule), **fields)


def _group(**fields: object) -> Group:
    return Group(**{"name": "all", "origin": NATIONWIDE, "mobile": True, **fields})  # type: ignore[arg-type]


def minutes(text: str) -> tuple[int, int]:
    """Return `09:00-18:00` as minutes of the day."""
    start, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in text.split("-"))
    return start, end


def slot(text: str, weights: Mapping[str, int] | None = None) -> Slot:
    """Return `09:00-18:00` as a slot."""
    start, end = minutes(text)
    return Slot(start=start, end=end, weights=weights)


def every_day(*slots: str, **fields: object) -> Schedule:
    """Return a schedule with the same slots on every weekday."""
    patterns = {"day": tuple(slot(text) for text in slots), "none": (), "all": (slot("00:00-24:00"),)}
    return msgspec.structs.replace(Schedule(patterns=patterns, week=("day",) * 7), **fields)


def weights_every_day(**slots: Mapping[str, int]) -> Schedule:
    """Return a weight schedule: `h09_12={…}` is the slot 09:00-12:00 of every day."""
    made = tuple(slot(f"{key[1:3]}:00-{key[4:6]}:00", weights) for key, weights in slots.items())
    return Schedule(patterns={"day": made}, week=("day",) * 7)


def on(first: str, last: str, pattern: str) -> DateRule:
    """Return a date rule."""
    return DateRule(first=date.fromisoformat(first), last=date.fromisoformat(last), pattern=pattern)


def closed(schedule: str) -> Hours:
    """Return hours with an off-hours schedule."""
    return Hours(off_hours=schedule)


def changed(schedule: str, target: str) -> Hours:
    """Return hours with a destination change."""
    return Hours(change=Change(schedule=schedule, to=target))


def compiled(made: Contract) -> CompiledPlan:
    """Return the contract's plan."""
    return compile_plan(made, TABLE, HOLIDAYS)


def call(number: str = FROM_MITAKA, at: str = TUESDAY_10, **fields: object) -> CallAttempt:
    """Return an attempt from a number at a JST time; fields of signalling go on top."""
    return msgspec.structs.replace(
        attempt_of(TABLE.lookup(number), FREEPHONE, parse_instant_ms(at)), **fields
    )


def call_of(caller_class: CallerClass, **fields: object) -> CallAttempt:
    """Return an attempt of which signalling tells the class and the given facts alone."""
    return CallAttempt(
        called_number=FREEPHONE,
        caller_class=caller_class,
        at_ms=parse_instant_ms(TUESDAY_10),
        **fields,  # type: ignore[arg-type]
    )


def decided(
    made: Contract | CompiledPlan, attempt: CallAttempt, live: Live = IDLE, draw: int = 0
) -> Decision:
    """Return the decision on a call; `draw` is the running number of whatever sequence it hits."""
    plan = compiled(made) if isinstance(made, Contract) else made
    first = decide(plan, attempt, {}, live)
    return first if first.sequence is None else decide(plan, attempt, {first.sequence: draw}, live)
