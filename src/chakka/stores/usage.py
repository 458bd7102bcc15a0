"""What the books ask of a ledger, and its answers, whichever engine keeps it."""

from collections.abc import Iterator
from typing import Protocol

import msgspec


class UsageTotal(msgspec.Struct, frozen=True, kw_only=True):
    """Exact charges of the rated calls of one number, usage month and rating class; the ledger sums them."""

    number: str
    usage_month: str
    rating_class: str
    calls: int
    units: int
    conversation_ms: int
    amount_uy: int


class Blocker(msgspec.Struct, frozen=True, kw_only=True):
    """What stands against billing a month until it is mended or an operator decides (charging.md §4).

    kind:  `suspense`, `conflict`, `open_call`, `gap` (sequence missing), `difference` (answered calls counted
           by the plane ≠ records of the minute), `unreadable`.
    key:   names it for ever, so that a decision about it can be kept.
    """

    kind: str
    key: str
    message: str
    number: str | None = None


class Books(Protocol):
    """The part of a ledger that billing reads."""

    def usage(self, usage_month: str | None = None) -> list[UsageTotal]:
        """Return the totals, of one usage month or of all."""

    def blockers(self, usage_month: str) -> Iterator[Blocker]:
        """Yield what stands against billing a usage month."""
