"""Calls in suspense are rated again, once the tariff says what they cost (charging.md §2)."""

from collections.abc import Callable, Sequence
from itertools import islice

import msgspec

from chakka.ingest.rating import Rules, hold, rate_final
from chakka.records.final import is_chargeable
from chakka.stores.ledger import Ledger, LedgerChange, Rated

# Calls in one transaction.
_BATCH = 1_000


class Rerated(msgspec.Struct, frozen=True, kw_only=True):
    """What became of calls in suspense. waiting: why those that are still there are → how many."""

    charged: int = 0
    amount_uy: int = 0
    waiting: dict[str, int] = {}


def rate_suspended(
    ledger: Ledger, rules: Rules, usage_month: str | None, on_calls: Callable[[int], object]
) -> Rerated:
    """Return what became of the calls in suspense, of a usage month or of all, after charges are kept.

    Only calls in suspense are rated. It may be stopped at any point, and done again.
    on_calls: told how many calls were looked at since it was told before.
    Raises:   InputError if `usage_month` is no month; LedgerUnavailable.
    """
    waiting = iter([one.call_id for one in ledger.in_suspense(usage_month)])
    charged = amount_uy = 0
    still: dict[str, int] = {}
    while call_ids := list(islice(waiting, _BATCH)):
        with ledger.writing() as change:
            rated = _rate(call_ids, change, rules)
        done = [one for one in rated if one.suspense is None]
        charged += len(done)
        amount_uy += sum(one.amount_uy or 0 for one in done)
        for one in rated:
            if one.suspense is not None:
                still[one.suspense] = still.get(one.suspense, 0) + 1
        on_calls(len(call_ids))
    return Rerated(charged=charged, amount_uy=amount_uy, waiting=dict(sorted(still.items())))


def _rate(call_ids: Sequence[str], change: LedgerChange, rules: Rules) -> list[Rated]:
    """Return what calls cost by their records as they are now: a correction may have come since."""
    records = change.records_of(call_ids)
    held = [found[0] for found in records.values() if is_chargeable(found[0])]
    rated = [rate_final(final, rules) for final in held]
    done = {one.call_id: records[one.call_id] for one in rated if one.suspense is None}
    hold(done, done, change, rules)
    return rated
