"""What the books ask of a ledger: totals to be billed, and what stands against billing them."""

import re
from collections.abc import Iterator

from chakka.errors import InputError
from chakka.localtime import jst_day_and_minute, jst_instant_ms, jst_iso, parse_instant_ms
from chakka.stores.engine import Engine, Row
from chakka.stores.ranges import missing
from chakka.stores.usage import Blocker, UsageTotal

__all__ = ["Blocker", "UsageTotal", "blockers", "usage"]

_TOTALS = "SELECT number, usage_month, rating_class, calls, units, conversation_ms, amount_uy FROM totals"
_IN_MONTH = "finals.day >= ? AND finals.day < ?"


def usage(engine: Engine, usage_month: str | None) -> list[UsageTotal]:
    """Return the totals, of one usage month or of all, by number, month and class."""
    where, values = ("", ()) if usage_month is None else (" AND usage_month = ?", (usage_month,))
    rows = engine.rows(f"{_TOTALS} WHERE calls <> 0{where} ORDER BY 1, 2, 3", values)
    return [
        UsageTotal(
            number=row[0],
            usage_month=row[1],
            rating_class=row[2],
            calls=row[3],
            units=row[4],
            conversation_ms=row[5],
            amount_uy=row[6],
        )
        for row in rows
    ]


def blockers(engine: Engine, usage_month: str) -> Iterator[Blocker]:
    """Yield what stands against billing a usage month, in a fixed order.

    What cannot be said to be of another month stands against every month: a sequence that is missing, an
    entry or a row that cannot be read.
    Raises: InputError if `usage_month` is no month.
    """
    days = month_days(usage_month)
    yield from _in_suspense(engine, usage_month)
    yield from _open_calls(engine, days)
    yield from _conflicts(engine, days)
    yield from _differences(engine, days)
    yield from _gaps(engine)
    yield from _unreadable(engine)
    yield from _set_aside(engine, days)


def month_days(usage_month: str) -> tuple[int, int]:
    """Return the first day of a month `YYYY-MM` and the first behind it, as date ordinals."""
    if not re.fullmatch("[0-9]{4}-(0[1-9]|1[0-2])", usage_month) or usage_month.startswith("0000"):
        raise InputError(f"{usage_month!r} is no month: write YYYY-MM")
    year, month = map(int, usage_month.split("-"))
    after = f"{year + month // 12:04d}-{month % 12 + 1:02d}"
    return _first_day(usage_month), _first_day(after)


def _first_day(usage_month: str) -> int:
    return jst_day_and_minute(parse_instant_ms(f"{usage_month}-01T00:00:00+09:00"))[0]


def _in_suspense(engine: Engine, usage_month: str) -> Iterator[Blocker]:
    rows = engine.rows(
        "SELECT call_id, number, suspense, rating_class, tariff_version FROM rated"
        " WHERE usage_month = ? AND suspense IS NOT NULL ORDER BY call_id",
        (usage_month,),
    )
    for call_id, number, reason, rating_class, version in rows:
        message = f"call {call_id} of class {rating_class!r} cannot be charged by {version}: {reason}"
        yield Blocker(kind="suspense", key=f"suspense/{call_id}", message=message, number=number)


def _open_calls(engine: Engine, days: tuple[int, int]) -> Iterator[Blocker]:
    rows = engine.rows(
        "SELECT call_id, number, source, arrived_at_ms FROM finals"
        f" WHERE is_open = 1 AND kind = 'freephone' AND {_IN_MONTH} ORDER BY call_id",
        days,
    )
    for call_id, number, source, arrived_at_ms in rows:
        message = f"call {call_id} of {jst_iso(arrived_at_ms)} has no end yet, says {source}"
        yield Blocker(kind="open_call", key=f"open_call/{call_id}", message=message, number=number)


def _conflicts(engine: Engine, days: tuple[int, int]) -> Iterator[Blocker]:
    rows = engine.rows(
        "SELECT said.call_id, number, said.node, said.boot, said.sequence, finals.source, finals.sequence"
        " FROM (SELECT call_id, node, boot, sequence FROM conflicts"
        " UNION ALL SELECT call_id, source, 0, sequence FROM rivals WHERE standing = 'conflict') AS said"
        f" JOIN finals ON finals.call_id = said.call_id WHERE kind = 'freephone' AND {_IN_MONTH}"
        " ORDER BY 1, 3, 4, 5",
        days,
    )
    for call_id, number, node, boot, sequence, source, first in rows:
        message = (
            f"call {call_id}: what {node} says under {sequence} contradicts what {source} says under {first},"
            " which is charged"
        )
        key = f"conflict/{call_id}/{node}/{boot}/{sequence}"
        yield Blocker(kind="conflict", key=key, message=message, number=number)


def _differences(engine: Engine, days: tuple[int, int]) -> Iterator[Blocker]:
    """Yield the minutes in which a source counted other calls than there are records of.

    Minutes behind the last that a source counted are not counted yet, or were not before it died.
    """
    rows = engine.rows(
        "SELECT minutes.source, minutes.minute_ms, arrived, answered, counted_calls, counted_answered"
        " FROM minutes JOIN counted ON counted.source = minutes.source"
        " WHERE minutes.minute_ms >= ? AND minutes.minute_ms < ?"
        " AND (minutes.minute_ms <= counted.minute_ms OR is_whole = 1)"
        " AND (arrived <> counted_calls OR answered <> counted_answered) ORDER BY 1, 2",
        tuple(jst_instant_ms(day, 0) for day in days),
    )
    for source, minute_ms, arrived, answered, counted_calls, counted_answered in rows:
        message = (
            f"{source} counted {counted_calls} calls and {counted_answered} answers in the minute"
            f" {jst_iso(minute_ms)}; there are records of {arrived} and {answered}"
        )
        yield Blocker(kind="difference", key=f"difference/{source}/{minute_ms}", message=message)


def _gaps(engine: Engine) -> Iterator[Blocker]:
    """Yield what is missing between the sequences that were taken, and boots of which nothing was."""
    sources: dict[str, dict[int, list[tuple[int, int]]]] = {}
    for node, boot, first, last in engine.rows(
        "SELECT node, boot, first, last FROM delivered"
        " UNION ALL SELECT source, 0, sequence, sequence FROM set_aside WHERE sequence IS NOT NULL"
        " ORDER BY 1, 2, 3"
    ):
        sources.setdefault(node, {}).setdefault(boot, []).append((first, last))
    for node, boots in sources.items():
        for boot in range(1, max(boots)):
            if boot not in boots:
                message = f"nothing of boot {boot} of {node} was delivered"
                yield Blocker(kind="gap", key=f"gap/{node}/{boot}", message=message)
        for boot, ranges in boots.items():
            for first, last in missing(ranges):
                name = f"{node} boot {boot}" if boot else node
                message = f"{name}: sequences {first} to {last} were not delivered"
                yield Blocker(kind="gap", key=f"gap/{node}/{boot}/{first}-{last}", message=message)


def _unreadable(engine: Engine) -> Iterator[Blocker]:
    for node, boot, sequence in engine.rows(
        "SELECT node, boot, sequence FROM unreadable ORDER BY node, boot, sequence"
    ):
        key = f"unreadable/{node}/{boot}/{sequence}"
        message = f"entry {sequence} of boot {boot} of {node} cannot be read"
        yield Blocker(kind="unreadable", key=key, message=message)


def _set_aside(engine: Engine, days: tuple[int, int]) -> Iterator[Blocker]:
    rows: list[Row] = engine.rows(
        "SELECT source, content, message FROM set_aside WHERE at_ms IS NULL OR (at_ms >= ? AND at_ms < ?)"
        " ORDER BY source, content",
        tuple(jst_instant_ms(day, 0) for day in days),
    )
    for source, content, message in rows:
        key = f"set_aside/{source}/{content}"
        yield Blocker(kind="set_aside", key=key, message=f"{source}: {message}")
