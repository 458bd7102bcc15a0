"""The calls of a month that are charged or in suspense, flat: what rating them anew needs."""

from collections.abc import Iterator

from chakka.stores.engine import Engine, Row
from chakka.stores.ledger_books import month_days

_SELECT = (
    "SELECT rated.number, rated.rating_class, finals.rating_class, finals.answered_at_ms,"
    " finals.conversation_ms, finals.carrier_group, finals.fault, finals.is_confirmed, finals.charge_area,"
    " finals.home_area, finals.destination, rated.amount_uy FROM finals"
    " JOIN rated ON rated.call_id = finals.call_id AND rated.day = finals.day"
    " WHERE finals.day >= ? AND finals.day < ?"
)


def charged_calls(engine: Engine, usage_month: str, number: str | None) -> Iterator[Row]:
    """Yield the calls of a usage month, of one freephone number or of all, in no order.

    A row is: number, class as which it was charged, class, answered_at_ms, conversation_ms, carrier group,
    fault, is_confirmed, caller's charge area, home area, destination, amount in micro-yen or None.
    Raises: InputError if `usage_month` is no month; LedgerUnavailable to be tried again.
    """
    days = month_days(usage_month)
    if number is None:
        return engine.stream(_SELECT, days)
    return engine.stream(f"{_SELECT} AND finals.number = ?", (*days, number))
