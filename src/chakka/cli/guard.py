"""`chakka guard`: what is spent of the caps in yen, calls that are up included, and what was warned of."""

import argparse
import sys
from collections.abc import Iterator
from typing import Any

import msgspec

from chakka.charging.guard import Spent
from chakka.cli.arguments import freephone_number
from chakka.cli.data_directory import add_data_option, ledger_to_read, places
from chakka.clock import utc_ms
from chakka.errors import InputError
from chakka.facts import numbering_table, tariff_named
from chakka.ingest.rating import Rules
from chakka.ingest.spending import spent_of
from chakka.localtime import jst_iso
from chakka.money import MICRO_YEN, yen_text
from chakka.routing.live_facts import LiveFacts, current, decode
from chakka.stores.ledger import Ledger, Warned
from chakka.stores.plan_store import PlanStore

_LAST_WARNINGS = 10


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    command = subparsers.add_parser("guard", help="what is spent of the caps in yen, and what was warned of")
    command.add_argument(
        "number", nargs="?", type=freephone_number, help="one number (default: all that have caps)"
    )
    add_data_option(command)
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print caps and what is spent; 1 if calls to a number are stopped, 2 if it cannot be said."""
    now_ms, where = utc_ms(), places(arguments)
    try:
        facts = _facts(arguments, now_ms)
        rules = Rules(tariff=tariff_named(where.tariff, where.tariffs), table=numbering_table())
        with ledger_to_read(arguments) as ledger:
            spent = spent_of({number: of.caps for number, of in facts.items()}, ledger, now_ms, rules)
            rows = [_row(number, facts[number], spent[number], ledger) for number in sorted(facts)]
    except (InputError, msgspec.DecodeError) as fault:
        print(f"chakka guard: {fault}", file=sys.stderr)
        return 2
    if arguments.json:
        print(msgspec.json.encode({"numbers": rows}).decode())
    else:
        for row in rows:
            print("\n".join(_lines(row)))
    return 1 if any(row["stopped_until"] for row in rows) else 0


def _facts(arguments: argparse.Namespace, now_ms: int) -> dict[str, LiveFacts]:
    with PlanStore.open(places(arguments).plans) as store:
        if arguments.number is None:
            found = {number: current(decode(octets), now_ms) for number, octets in store.live().items()}
            return {number: facts for number, facts in found.items() if facts.caps.is_set()}
        if store.read(arguments.number) is None:
            raise InputError(f"{arguments.number} has no plan in service")
        return {arguments.number: current(decode(store.read_live(arguments.number)), now_ms)}


def _row(number: str, facts: LiveFacts, spent: Spent, ledger: Ledger) -> dict[str, Any]:
    caps, stop = facts.caps, facts.cap_stop
    return {
        "number": number,
        "caps": [
            {"of": name, "cap_yen": cap_yen, "spent_uy": spent_uy}
            for name, cap_yen, spent_uy in (
                ("day", caps.day_yen, spent.day_uy),
                ("month", caps.month_yen, spent.month_uy),
            )
            if cap_yen is not None
        ],
        "caller_day_yen": caps.caller_day_yen,
        "callers_stopped": len(facts.caller_stops),
        "stopped_until": None if stop is None or stop.until_ms is None else jst_iso(stop.until_ms),
        "warnings": [msgspec.structs.asdict(one) for one in ledger.warnings(number, _LAST_WARNINGS)],
    }


def _lines(row: dict[str, Any]) -> Iterator[str]:
    yield f"{row['number']}{'' if row['caps'] or row['caller_day_yen'] else '  no caps'}"
    for cap in row["caps"]:
        percent = cap["spent_uy"] * 100 // (cap["cap_yen"] * MICRO_YEN)
        yield f"  {cap['of']:<12}{yen_text(cap['spent_uy'])} of {cap['cap_yen']} yen, {percent} %"
    if row["caller_day_yen"] is not None:
        yield f"  {'caller':<12}{row['caller_day_yen']} yen a day; stopped: {row['callers_stopped']}"
    if row["stopped_until"]:
        yield f"  {'stopped':<12}until {row['stopped_until']}"
    for one in row["warnings"]:
        yield f"  {_warning(Warned(**one))}"


def _warning(one: Warned) -> str:
    whose = f" (caller {one.caller_tag[:8] or 'without a number'})" if one.scope == "caller_day" else ""
    return f"{jst_iso(one.at_ms)}  {one.percent} % of {one.cap_yen} yen in {one.period}{whose}"
