"""`chakka live show|set`: block list, caps in yen, suspension and emergency switch, from the next call on."""

import argparse
import sys
from collections.abc import Iterable

import msgspec

from chakka.cli.arguments import cap, duration, freephone_number, instant, login_name, minutes, percentage
from chakka.cli.data_directory import add_data_option, places
from chakka.cli.live_change import changed, has_caps, wanted
from chakka.cli.plan_file import problem_lines
from chakka.clock import utc_ms
from chakka.errors import InputError, Problem
from chakka.localtime import jst_iso
from chakka.routing.live_facts import LiveFacts, MoneyStop, current, decode
from chakka.routing.live_text import document, withheld_blocks, write_live
from chakka.stores.plan_store import PlanStore


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    command = subparsers.add_parser("live", help="show or change what holds for a number without a publish")
    verbs = command.add_subparsers(dest="verb", required=True, metavar="show|set")
    show = verbs.add_parser("show", help="print the live facts of a number, as `live:` of a plan text")
    change = verbs.add_parser("set", help="change them; all that is asked for, or nothing")
    _add_blocks(change)
    _add_switches(change)
    _add_caps(change)
    for verb, function in ((show, run_show), (change, run_set)):
        verb.add_argument("number", type=freephone_number, help="the freephone number")
        add_data_option(verb)
        verb.add_argument("--json", action="store_true")
        verb.set_defaults(run=function)


def _add_blocks(command: argparse.ArgumentParser) -> None:
    for option, value, text in (
        ("--block", "CALLER", "refuse this calling number"),
        ("--unblock", "CALLER", "take it off the block list"),
        ("--block-caller", "CALL", "refuse whoever made this call, shown or withheld"),
        ("--unblock-caller", "CALL", "let that caller in again"),
    ):
        command.add_argument(option, metavar=value, action="append", default=[], help=text)
    end = command.add_mutually_exclusive_group()
    end.add_argument("--until", type=instant, help="end of the block or of the money guard's stop")
    end.add_argument("--for", dest="time", type=duration, metavar="30d", help="the same, counted from now")
    command.add_argument("--why", default="", help="why, kept with the block")
    command.add_argument("--by", default=login_name(), help="who blocks (default: %(default)s)")


def _add_switches(command: argparse.ArgumentParser) -> None:
    suspension = command.add_mutually_exclusive_group()
    suspension.add_argument("--suspend", action="store_const", const=True, dest="suspended")
    suspension.add_argument("--resume", action="store_const", const=False, dest="suspended")
    command.add_argument(
        "--money-guard", choices=("on", "off"), help="on: stop calls by hand, whatever the caps say"
    )
    command.add_argument("--emergency", choices=("on", "off"), help="let the prepared plan answer, or not")
    command.add_argument("--minutes", type=minutes, help="for how long (default: what the plan says)")


def _add_caps(command: argparse.ArgumentParser) -> None:
    for option, text in (
        ("--cap-day", "in a day, before tax"),
        ("--cap-month", "in a month"),
        ("--cap-caller-day", "by each caller in a day"),
    ):
        command.add_argument(
            option, type=cap, metavar="YEN|none", help=f"stop calls when so much is spent {text}"
        )
    command.add_argument(
        "--warn",
        type=percentage,
        nargs="+",
        metavar="PERCENT",
        help="warn when so much of a cap of a day or month is spent (default: 80); 0: never",
    )


def run_show(arguments: argparse.Namespace) -> int:
    """Print the live facts that hold now; a number without any has an empty block."""
    try:
        with PlanStore.open(places(arguments).plans) as store:
            facts = decode(store.read_live(arguments.number))
    except (InputError, msgspec.DecodeError) as fault:
        print(f"chakka live: {fault}", file=sys.stderr)
        return 2
    _show(arguments, current(facts, utc_ms()))
    return 0


def run_set(arguments: argparse.Namespace) -> int:
    """Change the live facts and print them; or print every problem and return 1, nothing changed."""
    mistake = _mistake(arguments)
    if mistake:
        print(f"chakka live set: {mistake}", file=sys.stderr)
        return 2
    now_ms = utc_ms()
    try:
        with PlanStore.open(places(arguments).plans, readonly=False) as store:
            steps = wanted(arguments, store, now_ms)
            facts = changed(store, arguments.number, steps, now_ms)
    except InputError as fault:
        if fault.problems:
            _show_problems(fault.problems, as_json=arguments.json)
            return 1
        print(f"chakka live: {fault}", file=sys.stderr)
        return 2
    _show(arguments, facts)
    return 0


def _mistake(arguments: argparse.Namespace) -> str | None:
    """Return what is wrong with the options together, whatever the number."""
    blocks = arguments.block or arguments.block_caller
    others = arguments.unblock or arguments.unblock_caller or arguments.suspended is not None
    switches = arguments.money_guard or arguments.emergency
    if not (blocks or others or switches or has_caps(arguments)):
        return "nothing to set; see chakka live set --help"
    has_end = arguments.until is not None or arguments.time is not None
    if has_end and not blocks and arguments.money_guard != "on":
        return "--until and --for go with --block, --block-caller or --money-guard on"
    if arguments.minutes is not None and arguments.emergency != "on":
        return "--minutes goes with --emergency on"
    return None


def _show(arguments: argparse.Namespace, facts: LiveFacts) -> None:
    hidden = len(withheld_blocks(facts))
    if arguments.json:
        shown = {
            "number": arguments.number,
            "live": document(facts),
            "withheld_blocks": hidden,
            "stopped": {
                "until": None if facts.cap_stop is None else _until(facts.cap_stop),
                "callers": len(facts.caller_stops),
            },
        }
        print(msgspec.json.encode(shown).decode())
        return
    print(write_live(facts).decode(), end="")
    if hidden:
        print(f"# blocked as well, numbers not to be shown: {hidden}")
    if facts.cap_stop is not None:
        print(f"# a cap is reached: no more calls before {_until(facts.cap_stop)}")
    if facts.caller_stops:
        print(f"# callers stopped because their cap is reached: {len(facts.caller_stops)}")


def _until(stop: MoneyStop) -> str | None:
    return None if stop.until_ms is None else jst_iso(stop.until_ms)


def _show_problems(problems: Iterable[Problem], *, as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode({"live": None, "problems": list(problems)}).decode())
    else:
        print(problem_lines(problems))
