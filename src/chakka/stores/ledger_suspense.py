"""Calls that cannot be charged as things stand, as a ledger has them (charging.md §2)."""

from collections.abc import Iterator

import msgspec

from chakka.stores.engine import Engine


class InSuspense(msgspec.Struct, frozen=True, kw_only=True):
    """An answered call without a charge. reason: as in `charging.rate.Suspense`."""

    call_id: str
    number: str
    usage_month: str
    answered_at_ms: int
    rating_class: str
    carrier_group: str | None
    conversation_ms: int
    reason: str
    tariff_version: str


_SELECT = (
    "SELECT rated.call_id, rated.number, rated.usage_month, finals.answered_at_ms, rated.rating_class,"
    " finals.carrier_group, rated.conversation_ms, rated.suspense, rated.tariff_version FROM rated"
    " JOIN finals ON finals.call_id = rated.call_id AND finals.day = rated.day"
    " WHERE rated.suspense IS NOT NULL"
)
_ORDER = "ORDER BY rated.usage_month, rated.call_id"


def in_suspense(engine: Engine, usage_month: str | None) -> Iterator[InSuspense]:
    """Yield the calls in suspense, of a usage month or of all, by month and call."""
    where, values = ("", ()) if usage_month is None else ("AND rated.usage_month = ?", (usage_month,))
    names = InSuspense.__struct_fields__
    for row in engine.stream(f"{_SELECT} {where} {_ORDER}", values):
        yield InSuspense(**dict(zip(names, row, strict=True)))
