"""Calls whose node went silent and did not come back (charging.md P10)."""

from chakka.ingest.batch import keep
from chakka.ingest.rating import Rules
from chakka.records import fold
from chakka.records.fold import CallEntries
from chakka.records.left_open import CallBeingSetUp, CallLeftOpen, OpenCall, close
from chakka.records.model import Answered, Seized
from chakka.stores.ledger import Ledger, LedgerChange, Rated

# Twice the session timer of 300 s (charging.md P10, reliability.md §2).
SILENCE_MS = 600_000
# Behind the node's name, where ingest speaks in its place. What the node says itself wins: `~` sorts behind.
_IN_ITS_PLACE = "~"


def close_calls_of_silent_nodes(ledger: Ledger, now_ms: int, rules: Rules) -> list[Rated]:
    """Return the charges of calls that are closed at their last proof of life, flagged estimated.

    A call is closed once its node has said nothing of it for twice the session timer. A real end, or the
    node's own estimate, supersedes ours when it comes.
    """
    silent_since_ms = now_ms - SILENCE_MS
    with ledger.writing() as change:
        open_calls = change.calls_without_end(silent_since_ms)
        closed = {
            call_id: state
            for call_id, call in open_calls.items()
            if (state := _closed(call, change, silent_since_ms)) is not None
        }
        return keep(closed, change, rules)


def _closed(call: CallEntries, change: LedgerChange, silent_since_ms: int) -> CallEntries | None:
    """Return the call with its estimated end, or None if its node may still be alive."""
    begun = call.answered[0] if call.answered else call.seized[0] if call.seized else None
    if begun is None:
        return None
    node, boot, sequence = begun.key
    proved_ms = max(begun.entry.monotonic_ms, *(kept.entry.monotonic_ms or 0 for kept in call.confirmed), 0)
    tick = change.proof_of_life(node, boot)
    if tick is not None:
        if tick.at_ms >= silent_since_ms:
            return None
        # The call has no end, so it was there at every tick of its boot since it began.
        proved_ms = max(proved_ms, tick.monotonic_ms)
    return fold.add(call, (node + _IN_ITS_PLACE, boot, sequence), close(_left_open(begun.entry, proved_ms)))


def _left_open(begun: Answered | Seized, proved_ms: int) -> CallLeftOpen:
    if isinstance(begun, Answered):
        return OpenCall(answered=begun, proved_ms=proved_ms)
    return CallBeingSetUp(seized=begun, proved_ms=proved_ms)
