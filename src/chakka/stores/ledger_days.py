"""How many calls came to a number in a while, by what became of them."""

import msgspec

from chakka.stores.engine import Engine


class ReasonCount(msgspec.Struct, frozen=True, kw_only=True):
    """Calls that ended for one reason: how many, how many of them answered, their conversation time."""

    reason: str
    calls: int
    answered: int
    conversation_ms: int


def count_by_reason(engine: Engine, number: str, since_ms: int, until_ms: int) -> list[ReasonCount]:
    """Return the counts of calls that arrived in `[since_ms, until_ms)`, the most frequent reason first."""
    rows = engine.rows(
        "SELECT reason, COUNT(*), COUNT(answered_at_ms), SUM(COALESCE(conversation_ms, 0)) FROM finals"
        " WHERE number = ? AND arrived_at_ms >= ? AND arrived_at_ms < ? AND kind = 'freephone'"
        " GROUP BY reason ORDER BY COUNT(*) DESC, reason",
        (number, since_ms, until_ms),
    )
    return [
        ReasonCount(reason=reason, calls=calls, answered=answered, conversation_ms=int(conversation_ms))
        for reason, calls, answered, conversation_ms in rows
    ]
