"""Live facts as text: the block `live:` that is exported beside a plan (plan-format.md)."""

import re

from chakka.contract.nodes import Node, Pairs, key_place
from chakka.contract.readers import (
    BOOLEAN,
    INTEGER,
    TEXT,
    Key,
    Reader,
    Reading,
    integer,
    items,
    mapping,
    structure,
    text,
)
from chakka.contract.text import parse_node
from chakka.contract.write import Tree, tree_yaml
from chakka.errors import Problem
from chakka.localtime import jst_iso, parse_instant_ms
from chakka.numbering.table import NumberingTable
from chakka.routing.live_facts import NO_CAPS, Block, Caps, EmergencyRun, LiveFacts, MoneyStop

# Every call to the number reads the list: half a megabyte is copied and compared in some 30 µs.
MOST_BLOCKS = 10_000
LONGEST_NOTE = 200
MOST_WARNINGS = 10
MOST_YEN = 999_999_999
_CALLING_NUMBER = re.compile(r"\+?[0-9]{2,20}")


def document(facts: LiveFacts) -> dict[str, Tree]:
    """Return the facts as plain values, what equals its default left out; withheld numbers are not said."""
    run, stop = facts.emergency, facts.money_stop
    tree: dict[str, Tree] = {}
    if facts.suspended:
        tree["suspended"] = True
    if stop is not None:
        tree["money_stop"] = _until(stop.until_ms)
    if run is not None:
        tree["emergency"] = {"plan": run.plan, "until": jst_iso(run.until_ms)}
    blocks = {number: _block_tree(block) for number, block in shown_blocks(facts).items()}
    if blocks:
        tree["blocks"] = dict(sorted(blocks.items()))
    if facts.caps != NO_CAPS:
        tree["caps"] = _caps_tree(facts.caps)
    return tree


def write_live(facts: LiveFacts) -> bytes:
    """Return the block `live:` as YAML; to be put after a plan's own text."""
    return tree_yaml({"live": document(facts)})


def shown_blocks(facts: LiveFacts) -> dict[str, Block]:
    """Return the entries whose numbers may be shown."""
    return {number: block for number, block in facts.blocks.items() if not block.is_withheld}


def withheld_blocks(facts: LiveFacts) -> dict[str, Block]:
    """Return the entries whose numbers must not be shown."""
    return {number: block for number, block in facts.blocks.items() if block.is_withheld}


def read_live(written: bytes, table: NumberingTable) -> tuple[LiveFacts | None, list[Problem]]:
    """Return the live facts that a plan text has under `live:`, or None and everything wrong with them.

    written: UTF-8, YAML or JSON, as `contract.text.read` takes it; the plan itself is not looked at.
    """
    node, problems = parse_node(written)
    if not isinstance(node, Pairs) or "live" not in node.pairs:
        missing = Problem(code="missing_key", where="live", message="the text has no block 'live'")
        return None, problems or [missing]
    reading = Reading(table=table, problems=problems)
    facts = LIVE.read(node.pairs["live"], "live", reading)
    return (facts if isinstance(facts, LiveFacts) and not problems else None), problems


def blocked_number(written: str, table: NumberingTable) -> str | None:
    """Return a calling number in the form in which calls bring it, None if the text is no number."""
    number = table.lookup(written).number
    return number if _CALLING_NUMBER.fullmatch(number) else None


def cap_fault(yen: int) -> str | None:
    """Return why an amount is no cap, None if it is one."""
    return None if 1 <= yen <= MOST_YEN else f"{yen} is no cap: 1 to {MOST_YEN} yen"


def warnings_fault(percents: tuple[int, ...]) -> str | None:
    """Return why percentages are none to warn at, None if they are."""
    if len(percents) > MOST_WARNINGS:
        return f"{len(percents)} warnings; at most {MOST_WARNINGS} are given"
    wrong = [percent for percent in percents if not 1 <= percent <= 99]
    return f"{wrong[0]} is no percentage to warn at: 1 to 99" if wrong else None


def _caps_tree(caps: Caps) -> dict[str, Tree]:
    amounts = {"day": caps.day_yen, "month": caps.month_yen, "caller_day": caps.caller_day_yen}
    tree: dict[str, Tree] = {name: yen for name, yen in amounts.items() if yen is not None}
    if caps.warn_percent != NO_CAPS.warn_percent:
        tree["warn"] = list(caps.warn_percent)
    return tree


def _until(until_ms: int | None) -> dict[str, Tree]:
    return {} if until_ms is None else {"until": jst_iso(until_ms)}


def _block_tree(block: Block) -> Tree:
    notes: dict[str, Tree] = {"why": block.why} if block.why else {}
    return _until(block.until_ms) | notes | ({"by": block.by} if block.by else {})


def _instant(node: Node, place: str, reading: Reading) -> int | None:
    written = text(node, place, reading)
    if written is None:
        return None
    try:
        return parse_instant_ms(written)
    except ValueError as fault:
        reading.report("bad_value", place, f"{written!r} is no instant: {fault}")
        return None


def _note(node: Node, place: str, reading: Reading) -> str | None:
    written = text(node, place, reading)
    if written is not None and len(written) > LONGEST_NOTE:
        reading.report("bad_value", place, f"{len(written)} characters; at most {LONGEST_NOTE} are kept")
    return written


def _blocks(node: Node, place: str, reading: Reading) -> dict[str, object] | None:
    read = mapping(BLOCK, lambda written: blocked_number(written, reading.table) or written).read(
        node, place, reading
    )
    if not isinstance(read, dict):
        return None
    for number in read:
        if blocked_number(number, reading.table) is None:
            reading.report("number_invalid", key_place(place, number), f"{number!r} is no telephone number")
    if len(read) > MOST_BLOCKS:
        reading.report("bad_value", place, f"{len(read)} numbers; a block list has at most {MOST_BLOCKS}")
    return read


def _yen(node: Node, place: str, reading: Reading) -> int | None:
    yen = integer(node, place, reading)
    fault = None if yen is None else cap_fault(yen)
    if fault is not None:
        reading.report("bad_value", place, fault)
    return yen


def _warnings(node: Node, place: str, reading: Reading) -> tuple[int, ...] | None:
    read = items(INTEGER).read(node, place, reading)
    if not isinstance(read, tuple):
        return None
    fault = warnings_fault(read)
    if fault is not None:
        reading.report("bad_value", place, fault)
    return tuple(sorted(set(read)))


def _caps(
    *,
    day: int | None = None,
    month: int | None = None,
    caller_day: int | None = None,
    warn: tuple[int, ...] = NO_CAPS.warn_percent,
) -> Caps:
    return Caps(day_yen=day, month_yen=month, caller_day_yen=caller_day, warn_percent=warn)


def _block(*, until: int | None = None, why: str = "", by: str = "") -> Block:
    return Block(until_ms=until, why=why, by=by)


def _stop(*, until: int | None = None) -> MoneyStop:
    return MoneyStop(until_ms=until)


def _run(*, plan: str, until: int) -> EmergencyRun:
    return EmergencyRun(plan=plan, until_ms=until)


INSTANT = Reader(read=_instant, blank=0)
NOTE = Key(reader=Reader(read=_note, blank=""))
BLOCK = structure(_block, {"until": Key(reader=INSTANT), "why": NOTE, "by": NOTE})
YEN = Key(reader=Reader(read=_yen, blank=0))
CAPS = structure(
    _caps,
    {"day": YEN, "month": YEN, "caller_day": YEN, "warn": Key(reader=Reader(read=_warnings, blank=()))},
)
RUN = {"plan": Key(reader=TEXT, required=True), "until": Key(reader=INSTANT, required=True)}
LIVE = structure(
    LiveFacts,
    {
        "suspended": Key(reader=BOOLEAN),
        "money_stop": Key(reader=structure(_stop, {"until": Key(reader=INSTANT)})),
        "emergency": Key(reader=structure(_run, RUN)),
        "blocks": Key(reader=Reader(read=_blocks, blank={})),
        "caps": Key(reader=CAPS),
    },
)
