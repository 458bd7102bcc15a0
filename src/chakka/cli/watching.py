"""Calls as they happen, one line of text for each event of the feed."""

from datetime import datetime
from typing import Any

from chakka.localtime import JST
from chakka.money import yen_text


def line_of(event: dict[str, Any], now: datetime | None = None) -> str | None:
    """Return the line to print for an event, None for one that says nothing to people.

    event: a datagram of the feed: `kind` names it, `call_id` the call.
    """
    text = _text(event)
    if text is None:
        return None
    clock = (now or datetime.now(JST)).strftime("%H:%M:%S")
    return f"{clock}  {str(event.get('call_id', ''))[-6:]}  {text}"


def _text(event: dict[str, Any]) -> str | None:
    match event.get("kind"):
        case "decided":
            return _decided(event)
        case "ringing":
            return f"ringing    {event['destination']}"
        case "announcing":
            return f"announcing {event['announcement']}"
        case "answered":
            return f"answered   {event['destination']}"
        case "released" if "conversation_ms" in event:
            return f"released   by {event['by']} after {event['conversation_ms'] / 1000:.1f} s"
        case "released":
            return f"released   {event['reason']} ({event['status']})"
        case "rated":
            return _rated(event)
        case "money_guard":
            return _money_guard(event)
        case "shed":
            return f"shed       {event['calls']} calls to {event['number'] or 'no number'} in a minute (503)"
        case "registered":
            return f"registered {event['number']} at {event['telephones']} telephones"
        case "reachable" | "unreachable" as kind:
            return f"{kind:<11} {event['host']} port {event['port']}"
    return None


def _decided(event: dict[str, Any]) -> str:
    caller = f"{event['calling_number']} ({event['caller_class']} {event['charge_area'] or '?'})"
    towards = ", ".join(event["targets"]) or event["reason"]
    return f"call       {caller} → {event['called_number']}: {event['outcome']} {towards}"


def _money_guard(event: dict[str, Any]) -> str:
    whose = " by one caller" if event["caller_tag"] else ""
    return (
        f"guard      {event['number']}: {yen_text(event['spent_uy'])} of {event['cap_yen']} yen"
        f" in {event['period']}{whose}, {event['percent']} %"
    )


def _rated(event: dict[str, Any]) -> str:
    if event.get("suspense"):
        return f"suspense   {event['suspense']}"
    return f"price      {yen_text(event['amount_uy'])} yen, {event['units']} units ({event['rule']})"
