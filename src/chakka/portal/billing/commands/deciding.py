"""`chakka bill blockers`, `decide`: what stands against billing a month, and deciding about it."""

import argparse
from collections.abc import Iterable

import msgspec

from chakka.cli.arguments import login_name
from chakka.errors import InputError
from chakka.portal.billing import models
from chakka.portal.billing.checks import decide, open_blockers
from chakka.portal.billing.commands.words import month, opened
from chakka.stores.usage import Blocker


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the actions."""
    blockers = subparsers.add_parser("blockers", help="say what stands against billing a month")
    blockers.add_argument("--month", type=month, required=True)
    blockers.add_argument("--json", action="store_true")
    blockers.set_defaults(run=list_blockers)
    deciding = subparsers.add_parser("decide", help="bill a month although something stands against it")
    deciding.add_argument("key", nargs="+", help="as chakka bill blockers names it")
    deciding.add_argument("--month", type=month, required=True)
    deciding.add_argument("--reason", required=True, help="kept with your name")
    deciding.set_defaults(run=decide_all)


def list_blockers(arguments: argparse.Namespace) -> int:
    """Print what nobody has decided about; 1 if there is any."""
    found = open_blockers(_blockers(arguments.month))
    show_blockers(found, arguments.json)
    return 1 if found else 0


def decide_all(arguments: argparse.Namespace) -> int:
    """Record a decision about each key."""
    found = {blocker.key: blocker for blocker in _blockers(arguments.month)}
    unknown = [key for key in arguments.key if key not in found]
    if unknown:
        raise InputError(f"{', '.join(unknown)}: nothing of this name stands against {arguments.month}")
    for key in arguments.key:
        decide(arguments.month, found[key], login_name(), arguments.reason)
        print(f"decided: {key}")
    return 0


def show_blockers(blockers: Iterable[Blocker], as_json: bool) -> None:
    """Print one line for each."""
    for blocker in blockers:
        print(msgspec.json.encode(blocker).decode() if as_json else f"{blocker.key}: {blocker.message}")


def _blockers(wanted: str) -> list[Blocker]:
    run = models.BillingRun.objects.filter(month=wanted).first()
    with opened(wanted) as billing:
        return list(billing.blockers(run))
