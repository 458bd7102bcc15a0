"""`chakka rate`: what a call costs by a tariff."""

import argparse
import sys

import msgspec

from chakka.charging.rate import Charge, RatedCall, Suspense, rate
from chakka.charging.tariff import LONGEST_MS
from chakka.cli.arguments import instant
from chakka.cli.data_directory import add_data_option, places
from chakka.errors import InputError
from chakka.facts import numbering_table, tariff_named
from chakka.localtime import jst_iso
from chakka.money import yen_text
from chakka.numbering.model import CallerClass


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    command = subparsers.add_parser("rate", help="say what a call costs, and by which rule")
    command.add_argument("--tariff", required=True, help="hikari-wide, freedial, …; NAME@HASH: one version")
    command.add_argument(
        "--class",
        dest="caller_class",
        required=True,
        choices=[word.value for word in CallerClass],
        metavar="CLASS",
    )
    command.add_argument("--carrier-group", metavar="GROUP", help="of a mobile caller")
    command.add_argument("--answered", required=True, type=instant, metavar="2026-10-31T14:59:30Z")
    command.add_argument("--ms", required=True, type=_duration, help="answer to release in milliseconds")
    command.add_argument("--fault", action="store_true", help="cut by a fault of the network")
    command.add_argument("--from-area", metavar="AREA", help="charge area of the caller")
    command.add_argument("--home-area", metavar="AREA", help="charge area of the subscriber")
    add_data_option(command)
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the charge (0), or why there is none (1); wrong names are wrong usage (2)."""
    faults = _wrong_areas(arguments)
    try:
        tariff = tariff_named(arguments.tariff, places(arguments).tariffs)
    except InputError as fault:
        faults.insert(0, f"--tariff: {fault}")
    if faults:
        print("\n".join(f"chakka rate: {fault}" for fault in faults), file=sys.stderr)
        return 2
    call = RatedCall(
        caller_class=CallerClass(arguments.caller_class),
        carrier_group=arguments.carrier_group,
        answered_at_ms=arguments.answered,
        conversation_ms=arguments.ms,
        fault=arguments.fault,
        from_area=arguments.from_area,
        home_area=arguments.home_area,
    )
    result = rate(call, tariff)
    print(as_json(result) if arguments.json else as_text(call, result))
    return 1 if isinstance(result, Suspense) else 0


def as_json(result: Charge | Suspense) -> str:
    """Return the result as one JSON object (plan-format.md); `assumed` only if any fact was."""
    if isinstance(result, Suspense):
        return msgspec.json.encode({"suspense": result.reason}).decode()
    charge = msgspec.structs.asdict(result)
    if not result.assumed:
        del charge["assumed"]
    return msgspec.json.encode(charge).decode()


def as_text(call: RatedCall, result: Charge | Suspense) -> str:
    """Return the result as lines for people."""
    if isinstance(result, Suspense):
        return f"in suspense: {result.reason} ({result.tariff_version}, {call.caller_class})"
    rows = (
        ("amount", f"{yen_text(result.amount_uy)} yen"),
        ("units", str(result.units)),
        ("rule", f"{result.rule} of {result.tariff_version}"),
        ("answered", jst_iso(call.answered_at_ms)),
        ("usage month", result.usage_month),
        ("assumed", ", ".join(result.assumed)),
    )
    return "\n".join(f"{name:<12}{value}" for name, value in rows if value)


def _wrong_areas(arguments: argparse.Namespace) -> list[str]:
    faults = []
    for option, name in (("--from-area", arguments.from_area), ("--home-area", arguments.home_area)):
        if name is not None and numbering_table().charge_area(name) is None:
            faults.append(f"{option} {name}: no charge area has this name")
    return faults


def _duration(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12 and int(text) <= LONGEST_MS):
        raise argparse.ArgumentTypeError(f"{text!r} is not milliseconds from 0 to {LONGEST_MS} (366 days)")
    return int(text)
