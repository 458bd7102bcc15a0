"""`chakka publish`: from here on, calls to the plan's number are decided by it."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec

from chakka.cli.arguments import login_name
from chakka.cli.data_directory import add_data_option, places
from chakka.cli.live_change import changed, refuse, replacing_all, unprepared
from chakka.cli.plan_file import problem_lines, read_live_block, read_plan
from chakka.clock import utc_ms
from chakka.contract.model import Contract
from chakka.contract.setting_rules import is_name
from chakka.contract.text import write_yaml
from chakka.errors import InputError, Problem
from chakka.facts import numbering_table
from chakka.routing.calendar import shipped_holidays
from chakka.routing.check import check
from chakka.routing.compile import compile_plan, encode
from chakka.routing.live_facts import LiveFacts
from chakka.stores.plan_store import PlanStore, Publication, Published, prepared


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    command = subparsers.add_parser("publish", help="check a plan and put it into service")
    command.add_argument("plan", type=Path, help="the plan as YAML or JSON")
    beside = command.add_mutually_exclusive_group()
    beside.add_argument(
        "--as", dest="name", metavar="NAME", help="only prepare it under this name, for the emergency switch"
    )
    beside.add_argument(
        "--live", action="store_true", help="also replace the number's live facts by the text's block `live:`"
    )
    command.add_argument("--by", default=login_name(), help="who publishes (default: %(default)s)")
    command.add_argument("--why", default="", help="why, for the history")
    add_data_option(command)
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Publish and print the plan's hash; or print every problem and return 1, the number's plan unchanged."""
    try:
        contract, problems = read_plan(arguments.plan)
        if contract is not None:
            problems = [*check(contract, numbering_table(), shipped_holidays()).problems, *_name(arguments)]
        live, live_problems = read_live_block(arguments.plan) if arguments.live else (None, [])
        if contract is None or problems or live_problems:
            _print_problems([*problems, *live_problems], arguments.json)
            return 1
        plan_hash = publish(contract, live, arguments)
    except (InputError, OSError) as fault:
        if isinstance(fault, InputError) and fault.problems:
            _print_problems(fault.problems, arguments.json)
            return 1
        print(f"chakka publish: {fault}", file=sys.stderr)
        return 2
    print(_as_json(contract.number, plan_hash) if arguments.json else plan_hash)
    return 0


def publish(contract: Contract, live: LiveFacts | None, arguments: argparse.Namespace) -> str:
    """Return the hash of the plan after the store holds it. The contract is without problems.

    live:   what takes the place of the number's live facts, None to leave them.
    Raises: InputError with the problem, nothing published, if they name a plan that was never prepared.
    """
    plan = compile_plan(contract, numbering_table(), shipped_holidays())
    published = Published(at_ms=utc_ms(), by=arguments.by, why=arguments.why, hash=plan.hash)
    with PlanStore.open(places(arguments).plans, readonly=False) as store:
        if live is not None and live.emergency is not None:
            refuse(unprepared(store, contract.number, live.emergency.plan))
        key = prepared(contract.number, arguments.name) if arguments.name else contract.number
        publication = Publication(
            number=key,
            compiled=encode(plan),
            text=write_yaml(contract),
            published=published,
            notifying=plan.number_notification,
        )
        store.publish_all([publication])
        if live is not None:
            changed(store, contract.number, [replacing_all(live)], published.at_ms)
    return plan.hash


def _name(arguments: argparse.Namespace) -> list[Problem]:
    """Return the problem of a name that a plan could not name as its emergency plan."""
    if arguments.name is None or is_name(arguments.name):
        return []
    return [Problem(code="bad_value", where="--as", message=f"{arguments.name!r} is no name of a plan")]


def _as_json(number: str, plan_hash: str) -> str:
    return msgspec.json.encode({"number": number, "hash": plan_hash, "problems": []}).decode()


def _print_problems(problems: Iterable[Problem], as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode({"hash": None, "problems": list(problems)}).decode())
    else:
        print(problem_lines(problems))
