"""What calls cost by day and caller, as the money guard asks for it (service.md §9.5), and its warnings.

`day_totals` are sums of `rated`, kept for every number. `caller_totals` are kept for numbers that are
watched, of the day for which they are: to add up all callers, whom nobody asks for, would cost more than all
else that is done for a call.
"""

from collections.abc import Container, Iterable, Mapping, Sequence

import msgspec

from chakka.records.final import Final
from chakka.stores.engine import Engine
from chakka.stores.ledger_values import FINAL_COLUMNS, final_of_row

# (number, JST day of the answer) → calls, micro-yen.
DayTotals = Mapping[tuple[str, int], Sequence[int]]
# (number, JST day of the answer, caller tag in hex) → calls, micro-yen.
CallerTotals = Mapping[tuple[str, int, str], Sequence[int]]


class Warned(msgspec.Struct, frozen=True, kw_only=True):
    """That so much of a cap was spent, said once.

    scope:      `day`, `month` or `caller_day`; period: the day or month, as ISO 8601 has it.
    percent:    of the cap; 100: calls are stopped. caller_tag: of the caller who is, else "".
    at_ms, spent_uy: when it was seen, and what was spent then.
    """

    number: str
    scope: str
    period: str
    percent: int
    cap_yen: int
    caller_tag: str
    at_ms: int
    spent_uy: int


_WARNED = ", ".join(Warned.__struct_fields__)
_TOLD_APART_BY = 6


def add_day_totals(engine: Engine, totals: DayTotals) -> None:
    """Add to what the calls of numbers cost by day."""
    engine.run_many(
        "INSERT INTO day_totals VALUES (?, ?, ?, ?) ON CONFLICT (day, number) DO UPDATE SET"
        " calls = day_totals.calls + excluded.calls, amount_uy = day_totals.amount_uy + excluded.amount_uy",
        [(day, number, *added) for (number, day), added in sorted(totals.items())],
    )


def watched(engine: Engine) -> dict[str, int]:
    """Return the numbers whose callers are told apart, and the day for which they are."""
    return dict(engine.rows("SELECT number, day FROM watched"))


def watch(engine: Engine, number: str, day: int) -> None:
    """Tell the callers of a number that is not watched apart from now on, for this day."""
    engine.run("INSERT INTO watched VALUES (?, ?)", (number, day))
    sums: dict[str, list[int]] = {}
    for caller_tag, amount_uy in engine.rows(
        "SELECT finals.caller_tag, rated.amount_uy FROM finals"
        " JOIN rated ON rated.call_id = finals.call_id AND rated.day = finals.day"
        " WHERE finals.number = ? AND finals.day = ? AND rated.suspense IS NULL",
        (number, day),
    ):
        added = sums.setdefault(bytes(caller_tag or b"").hex(), [0, 0])
        added[0] += 1
        added[1] += amount_uy
    _add_callers(engine, {(number, day, tag): added for tag, added in sums.items()})


def unwatch(engine: Engine, number: str) -> None:
    """Tell the callers of a number apart no more."""
    engine.run("DELETE FROM watched WHERE number = ?", (number,))
    engine.run("DELETE FROM caller_totals WHERE number = ?", (number,))


def add_caller_totals(engine: Engine, totals: CallerTotals) -> None:
    """Add to what callers cost, as far as they are told apart."""
    days = watched(engine) if totals else {}
    _add_callers(engine, {key: added for key, added in totals.items() if days.get(key[0]) == key[1]})


def _add_callers(engine: Engine, totals: CallerTotals) -> None:
    engine.run_many(
        "INSERT INTO caller_totals VALUES (?, ?, ?, ?, ?) ON CONFLICT (number, day, caller_tag) DO UPDATE SET"
        " calls = caller_totals.calls + excluded.calls,"
        " amount_uy = caller_totals.amount_uy + excluded.amount_uy",
        [(*key, *added) for key, added in sorted(totals.items())],
    )


def put_warnings(engine: Engine, wanted: Iterable[Warned]) -> list[Warned]:
    """Keep warnings; return those that had not been given before."""
    new = []
    for one in wanted:
        row = msgspec.structs.astuple(one)
        if engine.rows(
            "SELECT 1 FROM warnings WHERE number = ? AND scope = ? AND period = ? AND percent = ?"
            " AND cap_yen = ? AND caller_tag = ?",
            row[:_TOLD_APART_BY],
        ):
            continue
        engine.run("INSERT INTO warnings VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        new.append(one)
    return new


def warnings(engine: Engine, number: str, limit: int) -> list[Warned]:
    """Return the last warnings of a number, the newest first."""
    rows = engine.rows(
        f"SELECT {_WARNED} FROM warnings WHERE number = ?"
        " ORDER BY at_ms DESC, period DESC, scope, percent DESC, caller_tag LIMIT ?",
        (number, limit),
    )
    return [Warned(**dict(zip(Warned.__struct_fields__, row, strict=True))) for row in rows]


def spent(engine: Engine, numbers: Iterable[str], day: int, month: str) -> dict[str, tuple[int, int]]:
    """Return what ended calls of numbers cost in a day and in a month, in micro-yen."""
    among = f"number {engine.among}", engine.listed(numbers)
    sums: dict[str, tuple[int, int]] = {}
    for number, amount_uy in engine.rows(
        f"SELECT number, amount_uy FROM day_totals WHERE day = ? AND {among[0]}", (day, among[1])
    ):
        sums[number] = (amount_uy, 0)
    for number, amount_uy in engine.rows(
        f"SELECT number, amount_uy FROM totals WHERE {among[0]} AND usage_month = ?", (among[1], month)
    ):
        of_day, of_month = sums.get(number, (0, 0))
        sums[number] = (of_day, of_month + amount_uy)
    return sums


def spent_by_callers(
    engine: Engine, number: str, day: int, at_least_uy: int, tags: Iterable[str]
) -> dict[str, int]:
    """Return what callers of a number cost in a day: those who cost so much, and those of the tags."""
    rows = engine.rows(
        "SELECT caller_tag, amount_uy FROM caller_totals WHERE number = ? AND day = ?"
        f" AND (amount_uy >= ? OR caller_tag {engine.among})",
        (number, day, at_least_uy, engine.listed(tags)),
    )
    return dict(rows)


def calls_up(engine: Engine, numbers: Container[str], since_day: int) -> list[Final]:
    """Return the answered calls to numbers that have no end yet, answered on this day or later.

    Their conversation is as long as it is proved to be: to the node's last sign of life, by its own clock. So
    a call that ended long ago, but whose end was not taken yet, is not longer than it was. Of calls of other
    switches, it is what they have told.
    """
    rows = engine.rows(
        f"SELECT {', '.join(FINAL_COLUMNS)} FROM finals"
        " WHERE is_open = 1 AND day >= ? AND answered_at_ms IS NOT NULL AND kind = 'freephone'",
        (since_day,),
    )
    calls = [call for row in rows if (call := final_of_row(row)).number in numbers]
    proved = _proved_ms(engine, [call.call_id for call in calls])
    return [
        msgspec.structs.replace(call, conversation_ms=proved.get(call.call_id, call.conversation_ms or 0))
        for call in calls
    ]


def _proved_ms(engine: Engine, call_ids: Sequence[str]) -> dict[str, int]:
    """Return how long calls of our own are proved to be up; a call without an end was up at every tick."""
    if not call_ids:
        return {}
    ticks = {
        (node, boot): monotonic_ms
        for node, boot, monotonic_ms in engine.rows("SELECT node, boot, monotonic_ms FROM proof_of_life")
    }
    proved = {}
    for call_id, entries in engine.rows(
        f"SELECT call_id, entries FROM journalled WHERE call_id {engine.among}", (engine.listed(call_ids),)
    ):
        for kept in _ANSWERS.decode(entries).answered[:1]:
            begun_ms = kept.entry.monotonic_ms
            proved[call_id] = max(0, ticks.get(kept.key[:2], begun_ms) - begun_ms)
    return proved


class _Answer(msgspec.Struct, frozen=True):
    """Of an `Answered`, its clock."""

    monotonic_ms: int


class _KeptAnswer(msgspec.Struct, frozen=True):
    key: tuple[str, int, int]
    entry: _Answer


class _Answers(msgspec.Struct, frozen=True):
    """Of `CallEntries` as they are kept, the answers alone: the rest of it need not be read."""

    answered: tuple[_KeptAnswer, ...] = ()


_ANSWERS = msgspec.msgpack.Decoder(_Answers)
