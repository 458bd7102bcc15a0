"""Live facts as text: the block `live:` that is exported beside a plan (plan-format.md)."""

import re

from chakka.contract.nodes import Node, Pairs, key_place
from chakka.contract.readers import BOOLEAN, TEXT, Key, Reader, Reading, mapping, structure, text
from chakka.contract.text import parse_node
from chakka.contract.write import Tree, tree_yaml
from chakka.errors import Problem
from chakka.localtime import jst_iso, parse_instant_ms
from chakka.numbering.table import NumberingTable
from chakka.routing.live_facts import Block, EmergencyRun, LiveFacts, MoneyStop

# Every call to the number reads the list: half a megabyte is copied and compared in some 30 µs.
MOST_BLOCKS = 10_000
LONGEST_NOTE = 200
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


def _block(*, until: int | None = None, why: str = "", by: str = "") -> Block:
    return Block(until_ms=until, why=why, by=by)


def _stop(*, until: int | None = None) -> MoneyStop:
    return MoneyStop(until_ms=until)


def _run(*, plan: str, until: int) -> EmergencyRun:
    return EmergencyRun(plan=plan, until_ms=until)


INSTANT = Reader(read=_instant, blank=0)
NOTE = Key(reader=Reader(read=_note, blank=""))
BLOCK = structure(_block, {"until": Key(reader=INSTANT), "why": NOTE, "by": NOTE})
RUN = {"plan": Key(reader=TEXT, required=True), "until": Key(reader=INSTANT, required=True)}
LIVE = structure(
    LiveFacts,
    {
        "suspended": Key(reader=BOOLEAN),
        "money_stop": Key(reader=structure(_stop, {"until": Key(reader=INSTANT)})),
        "emergency": Key(reader=structure(_run, RUN)),
        "blocks": Key(reader=Reader(read=_blocks, blank={})),
    },
)
