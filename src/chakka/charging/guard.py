"""The money guard: what has been spent of a number's caps, and what follows from that (service.md §9.5)."""

from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum

import msgspec

from chakka.localtime import jst_day_and_minute, jst_instant_ms, month_after, parse_instant_ms, usage_month
from chakka.money import MICRO_YEN
from chakka.routing.live_facts import Caps

# The percentage of a cap that is reached when it is spent.
WHOLE = 100
# Every call to the number reads the list of callers who are stopped.
MOST_CALLER_STOPS = 10_000


class Scope(StrEnum):
    """Of which cap something is said."""

    DAY = "day"
    MONTH = "month"
    CALLER_DAY = "caller_day"


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """The JST day (a date ordinal) and month in which an instant lies, and the instants at which they end."""

    day: int
    month: str
    day_end_ms: int
    month_end_ms: int


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What calls answered in a period cost so far, exactly: ended ones, and those that are up at their
    running price. callers: caller tag → spent in the day."""

    day_uy: int = 0
    month_uy: int = 0
    callers: Mapping[str, int] = {}


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """So many percent of a cap are spent. period: `YYYY-MM-DD` or `YYYY-MM`; caller_tag: "" if of all."""

    scope: Scope
    period: str
    percent: int
    cap_yen: int
    spent_uy: int
    caller_tag: str = ""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What follows: until when no call is let in (None: they are), and no call of some callers."""

    stop_until_ms: int | None = None
    caller_stops: Mapping[str, int] = {}
    reached: tuple[Reached, ...] = ()


def period_at(at_ms: int) -> Period:
    """Return the period of an instant."""
    day, month = jst_day_and_minute(at_ms)[0], usage_month(at_ms)
    return Period(
        day=day,
        month=month,
        day_end_ms=jst_instant_ms(day + 1, 0),
        month_end_ms=parse_instant_ms(f"{month_after(month)}-01T00:00+09:00"),
    )


def with_open_calls(spent: Spent, running: Mapping[tuple[int, str], int], day: int) -> Spent:
    """Return what is spent with the calls that are up.

    running: (day of the answer, caller tag) → what those calls of this month cost if they ended now.
    """
    callers = dict(spent.callers)
    for (answered_on, caller_tag), amount_uy in running.items():
        if answered_on == day:
            callers[caller_tag] = callers.get(caller_tag, 0) + amount_uy
    today_uy = sum(amount_uy for (answered_on, _), amount_uy in running.items() if answered_on == day)
    return Spent(
        day_uy=spent.day_uy + today_uy, month_uy=spent.month_uy + sum(running.values()), callers=callers
    )


def judge(caps: Caps, spent: Spent, period: Period) -> Verdict:
    """Return what follows from what is spent in the present period.

    A cap is reached when all of it is spent: the call that reaches it goes on, the next one is not let in.
    Of more than `MOST_CALLER_STOPS` callers over their cap, those who spent most are stopped.
    """
    standings = _standings(caps, spent, period)
    ends = [one.end_ms for one in standings if one.spent_uy >= one.cap_yen * MICRO_YEN]
    callers = _callers_over(caps, spent)[:MOST_CALLER_STOPS]
    return Verdict(
        stop_until_ms=max(ends, default=None),
        caller_stops=dict.fromkeys(sorted(callers), period.day_end_ms),
        reached=(
            *(reached for one in standings for reached in _reached(one, caps.warn_percent)),
            *(_reached_by(caller_tag, caps, spent, period) for caller_tag in callers),
        ),
    )


class _Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A cap of all callers together, and what is spent of it in its period, which ends at an instant."""

    scope: Scope
    period: str
    end_ms: int
    cap_yen: int
    spent_uy: int


def _standings(caps: Caps, spent: Spent, period: Period) -> list[_Standing]:
    today = date.fromordinal(period.day).isoformat()
    return [
        _Standing(scope=scope, period=name, end_ms=end_ms, cap_yen=cap_yen, spent_uy=spent_uy)
        for scope, name, end_ms, cap_yen, spent_uy in (
            (Scope.DAY, today, period.day_end_ms, caps.day_yen, spent.day_uy),
            (Scope.MONTH, period.month, period.month_end_ms, caps.month_yen, spent.month_uy),
        )
        if cap_yen is not None
    ]


def _callers_over(caps: Caps, spent: Spent) -> list[str]:
    cap_yen = caps.caller_day_yen
    if cap_yen is None:
        return []
    over = [(-amount_uy, tag) for tag, amount_uy in spent.callers.items() if amount_uy >= cap_yen * MICRO_YEN]
    return [tag for _, tag in sorted(over)]


def _reached(standing: _Standing, warn_percent: tuple[int, ...]) -> Iterator[Reached]:
    for percent in sorted({*warn_percent, WHOLE}):
        # Multiplied before it is compared: nothing is divided, so nothing is rounded.
        if standing.spent_uy * WHOLE >= standing.cap_yen * MICRO_YEN * percent:
            yield Reached(
                scope=standing.scope,
                period=standing.period,
                percent=percent,
                cap_yen=standing.cap_yen,
                spent_uy=standing.spent_uy,
            )


def _reached_by(caller_tag: str, caps: Caps, spent: Spent, period: Period) -> Reached:
    """Return that a caller is stopped. Of callers below their cap nothing is said."""
    assert caps.caller_day_yen is not None, "only then is a caller over the cap"
    return Reached(
        scope=Scope.CALLER_DAY,
        period=date.fromordinal(period.day).isoformat(),
        percent=WHOLE,
        cap_yen=caps.caller_day_yen,
        spent_uy=spent.callers[caller_tag],
        caller_tag=caller_tag,
    )
