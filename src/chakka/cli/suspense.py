"""`chakka suspense`: calls that no rule of the tariff charges, and charging them once one does."""

import argparse
import sys

import msgspec
from tqdm import tqdm

from chakka.cli.arguments import usage_month
from chakka.cli.calls import table
from chakka.cli.data_directory import add_data_option, ledger_to_read, places
from chakka.errors import InputError
from chakka.facts import numbering_table, tariff_named
from chakka.ingest.rating import Rules
from chakka.ingest.suspense import Rerated, rate_suspended
from chakka.localtime import jst_iso
from chakka.money import yen_text
from chakka.stores.ledger import LedgerUnavailable
from chakka.stores.ledger_suspense import InSuspense
from chakka.stores.open_ledger import is_url, open_ledger


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    command = subparsers.add_parser("suspense", help="calls that no rule of the tariff charges")
    verbs = command.add_subparsers(dest="verb", required=True, metavar="list|rate")
    listed = verbs.add_parser("list", help="list the calls in suspense, and why they are")
    listed.set_defaults(run=run_list)
    rated = verbs.add_parser(
        "rate", help="rate the calls in suspense, and no others, by the tariff as it is now"
    )
    rated.set_defaults(run=run_rate)
    for verb in (listed, rated):
        verb.add_argument("--month", type=usage_month, metavar="YYYY-MM", help="usage month (default: all)")
        add_data_option(verb)
        verb.add_argument("--json", action="store_true")


def run_list(arguments: argparse.Namespace) -> int:
    """Print the calls in suspense; return 1 if there are any, 2 if there is no ledger."""
    try:
        with ledger_to_read(arguments) as ledger:
            found = list(ledger.in_suspense(arguments.month))
    except InputError as fault:
        return _refused(fault)
    if arguments.json:
        print(msgspec.json.encode(found).decode())
    elif found:
        heading = ("CALL", "NUMBER", "ANSWERED", "CLASS", "CONVERSATION", "WHY", "TARIFF")
        print(table([heading, *map(_row, found)]))
    if not arguments.json:
        print(f"{len(found):,} calls in suspense")
    return 1 if found else 0


def run_rate(arguments: argparse.Namespace) -> int:
    """Print what was charged and what still waits; return 1 if anything does, 2 if it cannot be done."""
    config = places(arguments)
    try:
        if not is_url(config.ledger_place) and not config.ledger.exists():
            raise InputError(f"no ledger {config.ledger}: no call was recorded yet")
        rules = Rules(tariff=tariff_named(config.tariff, config.tariffs), table=numbering_table())
        with open_ledger(config.ledger_place) as ledger, tqdm(unit=" calls", disable=None) as bar:
            found = rate_suspended(ledger, rules, arguments.month, bar.update)
    except (InputError, LedgerUnavailable) as fault:
        return _refused(fault)
    except KeyboardInterrupt:
        print("chakka suspense: stopped; what was charged is kept, the rest still waits", file=sys.stderr)
        return 1
    version = rules.tariff.version
    if arguments.json:
        print(msgspec.json.encode({"tariff_version": version, **msgspec.structs.asdict(found)}).decode())
    else:
        print("\n".join(_lines(found, version)))
    return 1 if found.waiting else 0


def _lines(found: Rerated, version: str) -> list[str]:
    charged = f"{found.charged:,} calls charged by {version}: {yen_text(found.amount_uy)} yen"
    return [charged, *(f"{calls:,} still in suspense: {why}" for why, calls in found.waiting.items())]


def _row(one: InSuspense) -> tuple[str, ...]:
    group = f" {one.carrier_group}" if one.carrier_group else ""
    return (
        one.call_id,
        one.number,
        jst_iso(one.answered_at_ms)[:19].replace("T", " "),
        f"{one.rating_class}{group}",
        f"{one.conversation_ms} ms",
        one.reason,
        one.tariff_version,
    )


def _refused(fault: Exception) -> int:
    print(f"chakka suspense: {fault}", file=sys.stderr)
    return 2
