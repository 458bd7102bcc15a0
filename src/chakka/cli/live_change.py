"""What `chakka live set` asks for, as steps from facts to facts; nothing is changed if any has a problem."""

import argparse
from collections.abc import Callable, Iterable

import msgspec

from chakka.cli.arguments import NO_CAP
from chakka.cli.data_directory import ledger_to_read, places
from chakka.cli.seen_call import note_looks, unsealed
from chakka.contract.text import read
from chakka.errors import InputError, Problem
from chakka.facts import numbering_table
from chakka.localtime import MINUTE_MS, jst_iso
from chakka.routing.attempt import Presentation
from chakka.routing.live_facts import (
    Block,
    EmergencyRun,
    LiveFacts,
    MoneyStop,
    current,
    decode,
    encode,
)
from chakka.routing.live_text import (
    LONGEST_NOTE,
    MOST_BLOCKS,
    blocked_number,
    cap_fault,
    warnings_fault,
    withheld_blocks,
)
from chakka.stores.keys import KeyStore
from chakka.stores.plan_store import PlanStore, prepared

Step = Callable[[LiveFacts], LiveFacts]
Problems = list[Problem]


def wanted(arguments: argparse.Namespace, store: PlanStore, now_ms: int) -> list[Step]:
    """Return the steps that the options ask for. Raises: InputError with every problem."""
    problems: Problems = []
    until_ms = arguments.until if arguments.time is None else now_ms + arguments.time
    if until_ms is not None and until_ms <= now_ms:
        problems.append(_problem("bad_value", "until", f"{jst_iso(until_ms)} is past"))
    if len(arguments.why) > LONGEST_NOTE:
        message = f"{len(arguments.why)} characters; at most {LONGEST_NOTE} are kept"
        problems.append(_problem("bad_value", "why", message))
    if store.read(arguments.number) is None:
        problems.append(_problem("unknown_name", "number", f"{arguments.number} has no plan in service"))
    steps = [
        *_blocking(arguments, until_ms, problems),
        *_unblocking(arguments, problems),
        *_switching(arguments, until_ms),
        *_capping(arguments, problems),
        *_emergency(arguments, store, now_ms, problems),
    ]
    refuse(problems)
    return steps


def changed(store: PlanStore, number: str, steps: Iterable[Step], now_ms: int) -> LiveFacts:
    """Return the number's live facts after the steps took effect, all in one transaction.

    Raises: InputError, with problems if a step cannot be taken from the facts that there are.
    """

    def change(stored: bytes | None) -> bytes:
        facts = current(decode(stored), now_ms)
        for step in steps:
            facts = step(facts)
        return encode(facts)

    try:
        return decode(store.change_live(number, change))
    except msgspec.DecodeError as fault:
        raise InputError(f"live facts of {number}: {fault}") from fault


def _blocking(arguments: argparse.Namespace, until_ms: int | None, problems: Problems) -> list[Step]:
    entry = Block(until_ms=until_ms, why=arguments.why, by=arguments.by)
    withheld = msgspec.structs.replace(entry, is_withheld=True)
    steps = [_block(number, entry) for number in _numbers(arguments.block, "block", problems)]
    for number, is_shown in _callers(arguments, arguments.block_caller, "block-caller", problems):
        steps.append(_block(number, entry if is_shown else withheld))
    return steps


def _unblocking(arguments: argparse.Namespace, problems: Problems) -> list[Step]:
    callers = _callers(arguments, arguments.unblock_caller, "unblock-caller", problems)
    named = _numbers(arguments.unblock, "unblock", problems)
    return [_unblock(number, number) for number in named] + [
        _unblock(number, number if is_shown else "the caller of that call") for number, is_shown in callers
    ]


def _numbers(written: Iterable[str], where: str, problems: Problems) -> list[str]:
    found = []
    for text in written:
        number = blocked_number(text, numbering_table())
        if number is None:
            problems.append(_problem("number_invalid", where, f"{text!r} is no telephone number"))
        else:
            found.append(number)
    return found


def _callers(
    arguments: argparse.Namespace, calls: Iterable[str], where: str, problems: Problems
) -> list[tuple[str, bool]]:
    """Return the calling number of each call, and whether it may be shown; noted as looks at the calls."""
    if not calls:
        return []
    found: dict[str, tuple[str, bool]] = {}
    keys = KeyStore(places(arguments).keys)
    with ledger_to_read(arguments) as ledger:
        for call_id in calls:
            known = ledger.call(call_id)
            call = unsealed(known, keys) if known is not None else None
            attempt = call.record.facts.attempt if call is not None else None
            if call is None or attempt is None or attempt.called_number != arguments.number:
                message = f"{arguments.number} had no call {call_id!r}"
                problems.append(_problem("unknown_name", where, message))
            elif call.hidden:
                message = f"the number of call {call_id} cannot be read: {call.hidden}"
                problems.append(_problem("bad_value", where, message))
            elif not attempt.calling_number:
                message = f"call {call_id} came without a number; withheld: refuse in the plan stops such"
                problems.append(_problem("bad_value", where, message))
            else:
                found[call_id] = attempt.calling_number, attempt.presentation is Presentation.ALLOWED
    note_looks(arguments, f"{where}: {arguments.why}", found)
    return list(found.values())


def _block(number: str, entry: Block) -> Step:
    def step(facts: LiveFacts) -> LiveFacts:
        known = facts.blocks.get(number)
        # Who knows a number only by a call must not learn it, whoever blocks it again.
        kept = msgspec.structs.replace(entry, is_withheld=known.is_withheld) if known else entry
        blocks = {**facts.blocks, number: kept}
        if len(blocks) > MOST_BLOCKS:
            refuse([_problem("bad_value", "block", f"a block list has at most {MOST_BLOCKS} numbers")])
        return msgspec.structs.replace(facts, blocks=blocks)

    return step


def _unblock(number: str, shown: str) -> Step:
    def step(facts: LiveFacts) -> LiveFacts:
        if number not in facts.blocks:
            refuse([_problem("unknown_name", "unblock", f"{shown} is not on the block list")])
        blocks = {kept: block for kept, block in facts.blocks.items() if kept != number}
        return msgspec.structs.replace(facts, blocks=blocks)

    return step


def _switching(arguments: argparse.Namespace, until_ms: int | None) -> list[Step]:
    steps = []
    if arguments.suspended is not None:
        steps.append(_replacing(suspended=arguments.suspended))
    if arguments.money_guard is not None:
        stop = MoneyStop(until_ms=until_ms) if arguments.money_guard == "on" else None
        steps.append(_replacing(money_stop=stop))
    return steps


def has_caps(arguments: argparse.Namespace) -> bool:
    """Return whether the options say anything about caps in yen."""
    options = (arguments.cap_day, arguments.cap_month, arguments.cap_caller_day, arguments.warn)
    return any(option is not None for option in options)


def _capping(arguments: argparse.Namespace, problems: Problems) -> list[Step]:
    """An option that is left out leaves its cap as it is; NO_CAP takes it away."""
    if not has_caps(arguments):
        return []
    options = {
        "day_yen": arguments.cap_day,
        "month_yen": arguments.cap_month,
        "caller_day_yen": arguments.cap_caller_day,
    }
    given = {name: yen for name, yen in options.items() if yen is not None}
    for name, yen in given.items():
        fault = None if yen == NO_CAP else cap_fault(yen)
        if fault is not None:
            problems.append(_problem("bad_value", f"caps.{name.removesuffix('_yen')}", fault))
    fields: dict[str, object] = {name: None if yen == NO_CAP else yen for name, yen in given.items()}
    if arguments.warn is not None:
        percents = tuple(sorted({percent for percent in arguments.warn if percent}))
        fault = warnings_fault(percents)
        if fault is not None:
            problems.append(_problem("bad_value", "caps.warn", fault))
        fields["warn_percent"] = percents
    return [lambda facts: msgspec.structs.replace(facts, caps=msgspec.structs.replace(facts.caps, **fields))]


def _emergency(
    arguments: argparse.Namespace, store: PlanStore, now_ms: int, problems: Problems
) -> list[Step]:
    if arguments.emergency is None:
        return []
    if arguments.emergency == "off":
        return [_replacing(emergency=None)]
    history = store.history(arguments.number)
    text = history[-1].text if history else None
    contract = read(text, numbering_table())[0] if text else None
    if contract is None or contract.emergency is None:
        message = f"the plan of {arguments.number} names no emergency plan"
        problems.append(_problem("missing_key", "emergency", message))
        return []
    name, minutes = contract.emergency.plan, arguments.minutes or contract.emergency.minutes
    problems += unprepared(store, arguments.number, name)
    return [_replacing(emergency=EmergencyRun(plan=name, until_ms=now_ms + minutes * MINUTE_MS))]


def unprepared(store: PlanStore, number: str, name: str) -> list[Problem]:
    """Return the problem of an emergency plan that was never prepared."""
    if store.read(prepared(number, name)) is not None:
        return []
    message = f"plan {name!r} was never prepared; chakka publish FILE --as {name} does it"
    return [_problem("unknown_name", "emergency.plan", message)]


def replacing_all(facts: LiveFacts) -> Step:
    """Return the step to other facts; what no text shows stays: blocks of withheld numbers, and stops that
    only the money guard sets and lifts."""
    return lambda known: msgspec.structs.replace(
        facts,
        blocks={**facts.blocks, **withheld_blocks(known)},
        cap_stop=known.cap_stop,
        caller_stops=known.caller_stops,
    )


def _replacing(**fields: object) -> Step:
    return lambda facts: msgspec.structs.replace(facts, **fields)


def _problem(code: str, where: str, message: str) -> Problem:
    return Problem(code=code, where=where, message=message)


def refuse(problems: Problems) -> None:
    """Raise InputError if there is any problem."""
    if problems:
        raise InputError("the live facts stay as they are", problems)
