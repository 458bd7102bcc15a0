"""`chakka explain`: why a call went where it went, and why it costs what it costs (charging.md §4)."""

import argparse
import sys
from collections.abc import Iterator

import msgspec

from chakka.cli.call_row import as_object, charge, conversation, destination, legs, outcome
from chakka.cli.carried import CarriedBy, carried_by
from chakka.cli.data_directory import add_data_option, ledger_to_read, places
from chakka.cli.reckoning import reckoning
from chakka.cli.seen_call import SeenCall, add_full_option, seen
from chakka.errors import InputError
from chakka.localtime import jst_iso
from chakka.records.model import CallKind, Leg
from chakka.routing.document import Language, sentences
from chakka.stores.ledger import LedgerCall


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    command = subparsers.add_parser("explain", help="explain one call: facts, decision, legs, charge")
    command.add_argument("call", help="the call's id, from `chakka calls`")
    command.add_argument("--language", choices=("ja", "en"), default="ja")
    add_full_option(command)
    add_data_option(command)
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the explanation; return 1 if the ledger has no such call, 2 if there is no ledger."""
    try:
        with ledger_to_read(arguments) as ledger:
            found = ledger.call(arguments.call)
        calls = seen([found] if found else [], arguments)
    except InputError as fault:
        print(f"chakka explain: {fault}", file=sys.stderr)
        return 2
    if not calls:
        print(f"no call {arguments.call!r}", file=sys.stderr)
        return 1
    (call,) = calls
    steps, lines = _reckoned(found, arguments)
    decided = sentences(call.record.facts.trace, arguments.language)
    if arguments.json:
        more = {"sentences": decided, "reckoning": steps, "invoice_lines": lines}
        print(msgspec.json.encode(as_object(call) | more).decode())
    else:
        print("\n".join((*as_lines(call, arguments.language), *_reckoning(steps, lines))))
    return 0


def _reckoned(
    call: LedgerCall | None, arguments: argparse.Namespace
) -> tuple[tuple[str, ...], list[CarriedBy] | None]:
    """Return the steps to a call's charge, and the lines of invoices that carry it; None if none can."""
    config = places(arguments)
    if call is None or call.rated is None:
        return (), None
    steps = reckoning(call, config.tariffs)
    if call.rated.suspense is not None:
        return steps, None
    return steps, carried_by(call.record.facts.call_id, config)


def _reckoning(steps: tuple[str, ...], lines: list[CarriedBy] | None) -> Iterator[str]:
    for place, step in enumerate(steps):
        yield f"{'' if place else 'reckoning':<14}{step}"
    if lines is not None and not lines:
        yield "invoice       none carries it yet"
    for line in lines or ():
        yield f"invoice       {line.invoice}, in the sum of {line.key}, {line.net_yen:,} yen"


def as_lines(call: SeenCall, language: Language) -> Iterator[str]:
    """Yield the explanation as lines for people."""
    facts, attempt = call.record.facts, call.record.facts.attempt
    yield f"call          {facts.call_id}  (SIP Call-ID {call.sip_call_id()})"
    yield f"arrived       {jst_iso(attempt.at_ms)}  to {call.callee(attempt.called_number)}"
    yield f"kind          {facts.kind}" + (f", of line number {line}" if (line := call.line()) else "")
    if facts.kind is CallKind.OUTGOING:
        yield f"presented     {facts.presented or 'no number'}"
    yield f"caller        {call.caller()}"
    yield f"class         {attempt.caller_class}, charged as {attempt.rating_class}"
    yield f"place         {attempt.charge_area or '-'}, {attempt.prefecture or '-'}"
    if attempt.sources:
        yield f"known from    {', '.join(f'{fact}: {source}' for fact, source in attempt.sources.items())}"
    if facts.plan:
        yield f"plan          {facts.plan}"
    yield f"decision      {facts.outcome}" + (f", group {facts.group}" if facts.group else "")
    yield from (f"              {sentence}" for sentence in sentences(facts.trace, language))
    yield from map(_leg, legs(call))
    yield from _end(call)
    yield from _charge(call)


def _leg(leg: Leg) -> str:
    rang = f", ringing {jst_iso(leg.ringing_at_ms)}" if leg.ringing_at_ms is not None else ""
    status = f", status {leg.status}" if leg.status else ""
    cause = f", cause {leg.cause}" if leg.cause is not None else ""
    return f"leg           {leg.destination}: seized {jst_iso(leg.seized_at_ms)}{rang}{status}{cause}"


def _end(call: SeenCall) -> Iterator[str]:
    record = call.record
    yield f"outcome       {outcome(call)}" + (
        f", announcement {record.announcement}" if record.announcement else ""
    )
    if record.answered_at_ms is not None:
        yield f"answered      {jst_iso(record.answered_at_ms)} by {destination(call)}"
    if record.released_at_ms is not None:
        by = f" by {record.released_by}" if record.released_by else f", status {record.status}"
        cause = f", cause {record.cause}" if record.cause is not None else ""
        yield f"released      {jst_iso(record.released_at_ms)}{by}{cause}"
    if record.conversation_ms is not None:
        notes = [word for word, holds in (("estimated", record.estimated), ("fault", record.fault)) if holds]
        yield f"conversation  {conversation(record.conversation_ms)}" + "".join(f", {note}" for note in notes)


def _charge(call: SeenCall) -> Iterator[str]:
    rated = call.rated
    if rated is None and call.record.facts.kind is not CallKind.FREEPHONE:
        yield "charge        none: outside the freephone service"
        return
    if rated is None:
        yield "charge        none: " + (
            "the call is up" if call.record.answered_at_ms is not None else "the call was not answered"
        )
        return
    if rated.suspense:
        yield f"charge        in suspense: {rated.suspense}"
    else:
        yield f"charge        {rated.units} units, {charge(call)} yen, usage month {rated.usage_month}"
        yield f"rule          {rated.rule}"
    if rated.assumed:
        yield f"assumed       {rated.assumed}"
    yield f"tariff        {rated.tariff_version}"
