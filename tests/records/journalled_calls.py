"""Calls as the call plane journals them, for tests."""

import msgspec

from chakka.numbering.model import CallerClass
from chakka.records.model import (
    Answered,
    CallFacts,
    Confirmed,
    Entry,
    Leg,
    Released,
    ReleasedBy,
    Seized,
    Tick,
    Unanswered,
)
from chakka.routing.attempt import CallAttempt
from chakka.routing.decision import Outcome, Reason

# 2026-11-24 10:00 JST, a Tuesday.
TEN_O_CLOCK_MS = 1_795_482_000_000
FREEPHONE, TOKYO = "0120123456", "0352001234"


def facts(call_id: str, outcome: Outcome = Outcome.CONNECT, at_ms: int = TEN_O_CLOCK_MS) -> CallFacts:
    attempt = CallAttempt(
        called_number=FREEPHONE,
        calling_number="0422511234",
        caller_class=CallerClass.FIXED,
        rating_class=CallerClass.FIXED,
        charge_area="武蔵野三鷹",
        prefecture="東京都",
        at_ms=at_ms,
    )
    leg = Leg(destination=TOKYO, address="sip:127.0.0.1:5070", seized_at_ms=at_ms, ringing_at_ms=at_ms + 100)
    return CallFacts(
        call_id=call_id,
        sip_call_id=f"{call_id}@trunk",
        attempt=attempt,
        outcome=outcome,
        group="east",
        plan="abc",
        trace=(("area", "武蔵野三鷹", "east"),),
        legs=(leg,) if outcome is Outcome.CONNECT else (),
    )


def seized(call_id: str, reason: Reason = Reason.OK, monotonic_ms: int = 1_000) -> Seized:
    is_sought = reason is Reason.OK
    known = facts(call_id, Outcome.CONNECT if is_sought else Outcome.ANNOUNCE)
    return Seized(
        facts=msgspec.structs.replace(known, legs=()),
        reason=reason,
        announcement=None if is_sought else reason.value,
        monotonic_ms=monotonic_ms,
    )


def answered(call_id: str, monotonic_ms: int = 1_000) -> Answered:
    return Answered(
        facts=facts(call_id),
        destination=TOKYO,
        answered_at_ms=TEN_O_CLOCK_MS + 3_000,
        monotonic_ms=monotonic_ms,
    )


def confirmed(call_id: str, monotonic_ms: int | None = None) -> Confirmed:
    return Confirmed(call_id=call_id, at_ms=TEN_O_CLOCK_MS + 3_040, monotonic_ms=monotonic_ms)


def released(call_id: str, conversation_ms: int = 180_001) -> Released:
    return Released(
        call_id=call_id,
        released_at_ms=TEN_O_CLOCK_MS + 3_000 + conversation_ms,
        conversation_ms=conversation_ms,
        released_by=ReleasedBy.CALLER,
        cause=16,
    )


def refused(call_id: str) -> Unanswered:
    return Unanswered(
        facts=facts(call_id, Outcome.ANNOUNCE),
        reason=Reason.OFF_HOURS,
        announcement="off_hours",
        status=480,
        cause=21,
        released_at_ms=TEN_O_CLOCK_MS + 15_000,
    )


def tick(monotonic_ms: int, *calls: str, seized: tuple[str, ...] = ()) -> Tick:
    return Tick(at_ms=TEN_O_CLOCK_MS + monotonic_ms, monotonic_ms=monotonic_ms, calls=calls, seized=seized)


def whole_call(call_id: str, conversation_ms: int = 180_001) -> list[Entry]:
    return [answered(call_id), confirmed(call_id), released(call_id, conversation_ms)]
