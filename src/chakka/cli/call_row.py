"""A call of the ledger as people see it: numbers as far as they may, times in JST, money in yen."""

import msgspec

from chakka.cli.seen_call import SeenCall
from chakka.localtime import jst_iso
from chakka.money import yen_text
from chakka.records.model import CallKind, Leg

HEADINGS = (
    "CALL",
    "ARRIVED",
    "KIND",
    "CALLER",
    "CLASS",
    "AREA",
    "OUTCOME",
    "DESTINATION",
    "CONVERSATION",
    "YEN",
)


def as_row(call: SeenCall) -> tuple[str, ...]:
    """Return the cells of one line of the table of calls, in the order of HEADINGS."""
    attempt = call.record.facts.attempt
    return (
        call.record.facts.call_id,
        jst_iso(attempt.at_ms)[:19].replace("T", " "),
        call.record.facts.kind.value,
        call.caller(),
        attempt.caller_class.value,
        attempt.charge_area or attempt.prefecture or "-",
        outcome(call),
        destination(call) or "-",
        conversation(call.record.conversation_ms),
        charge(call),
    )


def as_object(call: SeenCall) -> dict[str, object]:
    """Return one call as a JSON object; a withheld number is left out."""
    record, rated = call.record, call.rated
    facts, attempt = record.facts, record.facts.attempt
    return {
        "call_id": facts.call_id,
        "sip_call_id": call.sip_call_id(),
        "kind": facts.kind,
        "number": call.callee(attempt.called_number),
        "line": call.line(),
        "presented": facts.presented,
        "caller": call.caller(),
        "class": attempt.caller_class,
        "charge_area": attempt.charge_area,
        "prefecture": attempt.prefecture,
        "outcome": facts.outcome,
        "reason": record.reason,
        "announcement": record.announcement,
        "group": facts.group,
        "plan": facts.plan,
        "trace": facts.trace,
        "legs": legs(call),
        "status": record.status,
        "cause": record.cause,
        "destination": destination(call),
        "arrived_at": jst_iso(attempt.at_ms),
        "answered_at": _instant(record.answered_at_ms),
        "released_at": _instant(record.released_at_ms),
        "released_by": record.released_by,
        "conversation_ms": record.conversation_ms,
        "confirmed": record.is_confirmed,
        "estimated": record.estimated,
        "fault": record.fault,
        "units": rated.units if rated else None,
        "amount_uy": rated.amount_uy if rated else None,
        "usage_month": rated.usage_month if rated else None,
        "tariff_version": rated.tariff_version if rated else None,
        "rule": rated.rule if rated else None,
        "assumed": rated.assumed.split(",") if rated and rated.assumed else [],
        "suspense": rated.suspense if rated else None,
    }


def destination(call: SeenCall) -> str | None:
    """Return the number that answered, as it may be shown."""
    answered_by = call.record.destination
    return None if answered_by is None else call.callee(answered_by)


def legs(call: SeenCall) -> list[Leg]:
    """Return the branches of a call, as they may be shown."""
    facts = call.record.facts
    if call.is_whole or facts.kind is not CallKind.OUTGOING:
        return list(facts.legs)
    return [
        msgspec.structs.replace(
            leg,
            destination=call.callee(leg.destination),
            # It repeats the number.
            address=leg.address.split("@")[-1],
        )
        for leg in facts.legs
    ]


def outcome(call: SeenCall) -> str:
    """Return in one word what became of the call."""
    record = call.record
    if record.answered_at_ms is None:
        return record.reason.value
    if record.released_at_ms is None:
        return "talking"
    return "answered" if record.is_confirmed else "not_confirmed"


def conversation(conversation_ms: int | None) -> str:
    """Return a duration as `m:ss.mmm`, `-` for none."""
    if conversation_ms is None:
        return "-"
    seconds, ms = divmod(conversation_ms, 1000)
    return f"{seconds // 60}:{seconds % 60:02d}.{ms:03d}"


def charge(call: SeenCall) -> str:
    """Return the exact amount in yen, or why there is none."""
    if call.rated is None:
        return "-"
    if call.rated.amount_uy is None:
        return f"suspense: {call.rated.suspense}"
    return yen_text(call.rated.amount_uy)


def _instant(at_ms: int | None) -> str | None:
    return None if at_ms is None else jst_iso(at_ms)
