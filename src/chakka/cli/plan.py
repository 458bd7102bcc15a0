"""`chakka plan show|history|withdraw`: what is published for a number, what was, and its end."""

import argparse
import sys

import msgspec

from chakka.cli.arguments import login_name, plan_key
from chakka.cli.data_directory import add_data_option, places
from chakka.clock import utc_ms
from chakka.errors import InputError
from chakka.localtime import jst_iso
from chakka.routing.live_facts import LiveFacts, current, decode
from chakka.routing.live_text import document, write_live
from chakka.stores.plan_store import PlanStore, Published, Version


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    command = subparsers.add_parser("plan", help="show the published plan of a number, or its history")
    verbs = command.add_subparsers(dest="verb", required=True, metavar="show|history|withdraw")
    show = verbs.add_parser("show", help="print the plan's text")
    show.add_argument("--hash", help="an earlier version (default: the one in service)")
    show.add_argument("--live", action="store_true", help="with the live facts, as `live:` beside the plan")
    history = verbs.add_parser("history", help="list every version that was published")
    withdraw = verbs.add_parser("withdraw", help="take the number out of service; its history stays")
    withdraw.add_argument("--by", default=login_name(), help="who withdraws (default: %(default)s)")
    withdraw.add_argument("--why", default="", help="why, for the history")
    for verb, function in ((show, run_show), (history, run_history), (withdraw, run_withdraw)):
        verb.add_argument(
            "number", type=plan_key, help="the freephone number, or NUMBER/NAME for a prepared plan"
        )
        add_data_option(verb)
        verb.add_argument("--json", action="store_true")
        verb.set_defaults(run=function)


def run_show(arguments: argparse.Namespace) -> int:
    """Print the text of a version; return 1 if the number has no such version in service."""
    try:
        versions = _history(arguments)
        live = _live(arguments) if arguments.live else None
    except (InputError, msgspec.DecodeError) as fault:
        print(f"chakka plan: {fault}", file=sys.stderr)
        return 2
    wanted = arguments.hash or (versions[-1].published.hash if versions else "")
    version = next((one for one in reversed(versions) if one.published.hash == wanted and one.text), None)
    if version is None:
        print(f"{arguments.number} has no plan {arguments.hash or 'in service'}", file=sys.stderr)
        return 1
    if arguments.json:
        print(_as_json(version, live))
    else:
        print(f"{(version.text or b'').decode()}{'' if live is None else write_live(live).decode()}", end="")
    return 0


def run_history(arguments: argparse.Namespace) -> int:
    """Print one line for each version, oldest first; return 1 if the number never had one."""
    try:
        versions = _history(arguments)
    except InputError as fault:
        print(f"chakka plan: {fault}", file=sys.stderr)
        return 2
    if arguments.json:
        print(f"[{','.join(map(_as_json, versions))}]")
    else:
        print("\n".join(map(_line, versions)) or f"{arguments.number} was never published")
    return 0 if versions else 1


def run_withdraw(arguments: argparse.Namespace) -> int:
    """Take the number out of service; return 1 if it was not in service."""
    number = arguments.number
    done = Published(at_ms=utc_ms(), by=arguments.by, why=arguments.why, hash="")
    try:
        with PlanStore.open(places(arguments).plans, readonly=False) as store:
            sequence = store.withdraw(number, done)
    except InputError as fault:
        print(f"chakka plan: {fault}", file=sys.stderr)
        return 1
    if arguments.json:
        print(msgspec.json.encode({"number": number, "sequence": sequence}).decode())
    else:
        print(f"{number} is withdrawn")
    return 0


def _history(arguments: argparse.Namespace) -> list[Version]:
    with PlanStore.open(places(arguments).plans) as store:
        return store.history(arguments.number)


def _live(arguments: argparse.Namespace) -> LiveFacts:
    """A prepared plan has the live facts of its number."""
    with PlanStore.open(places(arguments).plans) as store:
        return current(decode(store.read_live(arguments.number.partition("/")[0])), utc_ms())


def _as_json(version: Version, live: LiveFacts | None = None) -> str:
    published = version.published
    beside = {} if live is None else {"live": document(live)}
    return msgspec.json.encode(
        beside
        | {
            "number": version.number,
            "sequence": version.sequence,
            "hash": published.hash or None,
            "at": jst_iso(published.at_ms),
            "by": published.by,
            "why": published.why,
            "text": version.text.decode() if version.text is not None else None,
        }
    ).decode()


def _line(version: Version) -> str:
    published = version.published
    what = published.hash or "withdrawn"
    return "  ".join(filter(None, (jst_iso(published.at_ms), what, published.by, published.why)))
