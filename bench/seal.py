"""What sealing adds to a call: its entries encoded plain, and sealed; and what reading one back costs."""

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TypeVar

import msgspec

from chakka.callplane.counts import Counts
from chakka.callplane.sealing import Sealing
from chakka.numbering.model import CallerClass
from chakka.records.entries import encode
from chakka.records.model import Answered, CallFacts, Confirmed, Entry, Leg, Released, ReleasedBy, Seized
from chakka.records.private import unsealed
from chakka.routing.attempt import CallAttempt
from chakka.routing.decision import Outcome, Reason
from chakka.stores.keys import KeyStore

Item = TypeVar("Item")

ROUNDS, CALLS = 15, 2_000
TARGET_US = 15.0
AT_MS = 1_795_482_000_000
# What one dialog of a bridged call comes to.
DIALOG = "x" * 600


def facts(call_id: str) -> CallFacts:
    """Return what is known of a call when its line answers."""
    attempt = CallAttempt(
        called_number="0120123456",
        calling_number="0422511234",
        caller_class=CallerClass.FIXED,
        rating_class=CallerClass.FIXED,
        charge_area="武蔵野三鷹",
        prefecture="東京都",
        at_ms=AT_MS,
        sources={"number": "pai", "class": "prefix", "area": "number"},
    )
    return CallFacts(
        call_id=call_id,
        sip_call_id="3c26700857a87f84@192.0.2.7",
        attempt=attempt,
        outcome=Outcome.CONNECT,
        group="east",
        plan=secrets.token_hex(32),
        trace=(("area", "武蔵野三鷹", "east"),),
        legs=(Leg(destination="0352001234", address="sip:127.0.0.1:5070", seized_at_ms=AT_MS),),
    )


def entries(call_id: str) -> list[Entry]:
    """Return all that the journal gets of one answered call."""
    known = facts(call_id)
    before = msgspec.structs.replace(known, legs=())
    return [
        Seized(facts=before, reason=Reason.OK, announcement=None, monotonic_ms=0),
        Answered(
            facts=known,
            destination="0352001234",
            answered_at_ms=AT_MS,
            monotonic_ms=0,
            caller_dialog=DIALOG,
            callee_dialog=DIALOG,
        ),
        Confirmed(call_id=known.call_id, at_ms=AT_MS, monotonic_ms=0),
        Released(
            call_id=known.call_id, released_at_ms=AT_MS, conversation_ms=1, released_by=ReleasedBy.CALLER
        ),
    ]


def us_each(do: Callable[[Item], object], items: Sequence[Item]) -> float:
    """Return the median of how long doing it to one of the items takes, in microseconds."""
    taken = []
    for _ in range(ROUNDS):
        started = perf_counter()
        for item in items:
            do(item)
        taken.append((perf_counter() - started) / len(items) * 1e6)
    return median(taken)


def main() -> None:
    """Print medians and the ratio to the target."""
    # More than sealing remembers.
    calls = [entries(f"{place:026}") for place in range(CALLS)]
    with TemporaryDirectory() as directory:
        sealing = Sealing(Path(directory), 6, Counts())
        sealing.turn(AT_MS)
        key = KeyStore(Path(directory)).key_at(AT_MS)
        assert key is not None
        plain = us_each(lambda call: [encode(entry) for entry in call], calls)
        sealed = us_each(lambda call: [encode(sealing.sealed(entry)) for entry in call], calls)
        known = [sealing.sealed(call[1]).facts for call in calls]
        assert all(facts.caller for facts in known)
        opened = us_each(lambda facts: unsealed(facts, key), known)
    added, ratio = sealed - plain, (sealed - plain) / TARGET_US
    print(f"entries of one answered call, plain  {plain:6.1f} µs")
    print(f"the same, sealed                     {sealed:6.1f} µs")
    print(f"added by sealing                     {added:6.1f} µs, target {TARGET_US:.0f} µs: {ratio:.2f}")
    print(f"one record unsealed                  {opened:6.1f} µs")


if __name__ == "__main__":
    main()
