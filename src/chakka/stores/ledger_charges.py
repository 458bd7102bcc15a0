"""What the calls of a number cost in a month: by rule, and call by call (charging.md §4)."""

from collections.abc import Iterator

import msgspec

from chakka.stores.engine import Engine
from chakka.stores.ledger_books import month_days


class RuleCharges(msgspec.Struct, frozen=True, kw_only=True):
    """The calls of a number and month that were charged by one rule as one class."""

    rating_class: str
    rule: str
    tariff_version: str
    assumed: str
    calls: int
    units: int
    conversation_ms: int
    amount_uy: int


class CallCharge(msgspec.Struct, frozen=True, kw_only=True):
    """One call and what it costs."""

    call_id: str
    answered_at_ms: int
    rating_class: str
    rule: str
    conversation_ms: int
    units: int
    amount_uy: int


_FROM = (
    " FROM finals JOIN rated ON rated.call_id = finals.call_id AND rated.day = finals.day"
    " WHERE finals.number = ? AND finals.day >= ? AND finals.day < ? AND rated.suspense IS NULL"
)
_BY_RULE = (
    "SELECT rated.rating_class, rated.rule, rated.tariff_version, rated.assumed, count(*),"
    " CAST(sum(rated.units) AS bigint), CAST(sum(rated.conversation_ms) AS bigint),"
    f" CAST(sum(rated.amount_uy) AS bigint){_FROM} GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
)
_CALLS = (
    "SELECT rated.call_id, finals.answered_at_ms, rated.rating_class, rated.rule, rated.conversation_ms,"
    f" rated.units, rated.amount_uy{_FROM} ORDER BY finals.answered_at_ms, rated.call_id"
)


def charges_by_rule(engine: Engine, number: str, usage_month: str) -> list[RuleCharges]:
    """Return what the calls of a number cost in a month, by class, rule and tariff version.

    Raises: InputError if `usage_month` is no month.
    """
    rows = engine.rows(_BY_RULE, (number, *month_days(usage_month)))
    names = RuleCharges.__struct_fields__
    return [RuleCharges(**dict(zip(names, row, strict=True))) for row in rows]


def call_charges(engine: Engine, number: str, usage_month: str) -> Iterator[CallCharge]:
    """Yield what each of the same calls costs, by the time of answer."""
    names = CallCharge.__struct_fields__
    for row in engine.stream(_CALLS, (number, *month_days(usage_month))):
        yield CallCharge(**dict(zip(names, row, strict=True)))
