"""`chakka decide`: what a caller would get from a plan at an instant, and why (plan-format.md)."""

import argparse
import sys
from pathlib import Path

import msgspec

from chakka.cli.arguments import instant, running_number
from chakka.cli.plan_file import problem_lines, read_plan
from chakka.contract.model import Contract
from chakka.errors import InputError, Problem
from chakka.facts import numbering_table
from chakka.numbering.model import CallerClass
from chakka.numbering.table import NumberingTable
from chakka.routing.attempt import CallAttempt, Live, Presentation, attempt_of
from chakka.routing.calendar import shipped_holidays
from chakka.routing.check import check
from chakka.routing.compile import compile_plan
from chakka.routing.decide import decide
from chakka.routing.decision import Decision
from chakka.routing.document import Language, sentences


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    command = subparsers.add_parser("decide", help="what a caller would get from a plan")
    command.add_argument("plan", type=Path, help="plan file, YAML or JSON")
    command.add_argument(
        "--from", dest="calling_number", required=True, metavar="NUMBER", help="calling number: 0422511234"
    )
    command.add_argument(
        "--at", type=instant, required=True, metavar="INSTANT", help="with offset: 2026-11-23T10:00+09:00"
    )
    command.add_argument(
        "--class",
        dest="caller_class",
        choices=[each.value for each in CallerClass],
        metavar="CLASS",
        help="instead of what the number says: fixed, payphone, mobile, ip_phone, international, …",
    )
    command.add_argument("--prefecture", type=_prefecture, help="of a mobile caller: name or two-digit code")
    command.add_argument("--carrier-group", metavar="GROUP", help="of a mobile caller")
    command.add_argument("--anonymous", action="store_true", help="the caller hides the number")
    command.add_argument(
        "--busy", action="append", default=[], metavar="NUMBER", help="a busy line number; can be repeated"
    )
    command.add_argument(
        "--draw", type=running_number, default=0, metavar="N", help="running number in the ratio: 0, 1, 2, …"
    )
    command.add_argument("--language", choices=["ja", "en"], default="en", help="of the trace as text")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the decision; 0 decided, 1 the plan has problems, 2 wrong usage."""
    table = numbering_table()
    try:
        contract, problems = read_plan(arguments.plan)
        if contract is not None:
            problems = check(contract, table, shipped_holidays()).problems
        if contract is None or problems:
            return _refused(problems, as_json=arguments.json)
        decision = _decision(contract, _attempt(arguments, contract, table), arguments)
    except InputError as fault:
        print(f"chakka decide: {fault}", file=sys.stderr)
        return 2
    print(_json(decision) if arguments.json else _text(decision, arguments.language))
    return 0


def _attempt(arguments: argparse.Namespace, contract: Contract, table: NumberingTable) -> CallAttempt:
    """Return the attempt that the arguments describe; what is given replaces what the number says."""
    attempt = attempt_of(table.lookup(arguments.calling_number), contract.number, arguments.at)
    if arguments.caller_class is not None:
        caller_class = CallerClass(arguments.caller_class)
        # A mobile caller's prefecture is a fact of signalling: no number tells it.
        attempt = msgspec.structs.replace(
            attempt, caller_class=caller_class, rating_class=caller_class, prefecture=None
        )
    return msgspec.structs.replace(
        attempt,
        presentation=Presentation.WITHHELD if arguments.anonymous else Presentation.ALLOWED,
        prefecture=arguments.prefecture or attempt.prefecture,
        carrier_group=arguments.carrier_group,
    )


def _prefecture(name_or_code: str) -> str:
    found = numbering_table().prefecture(name_or_code)
    if found is None:
        raise argparse.ArgumentTypeError(f"{name_or_code!r} is no prefecture of Japan")
    return found.name


def _busy(written: list[str], contract: Contract) -> frozenset[str]:
    numbers = frozenset(number.replace("-", "") for number in written)
    strangers = numbers.difference(*(line.numbers for line in contract.lines))
    if strangers:
        raise InputError(f"--busy {', '.join(sorted(strangers))}: no line number of the plan")
    return numbers


def _decision(contract: Contract, attempt: CallAttempt, arguments: argparse.Namespace) -> Decision:
    plan = compile_plan(contract, numbering_table(), shipped_holidays())
    live = Live(busy=_busy(arguments.busy, contract))
    first = decide(plan, attempt, {}, live)
    if first.sequence is None:
        return first
    # Which sequence a call hits does not depend on the draw; the running number counts that one.
    return decide(plan, attempt, {first.sequence: arguments.draw}, live)


def _json(decision: Decision) -> str:
    return msgspec.json.encode(
        {
            "outcome": decision.outcome,
            "targets": decision.targets,
            "announcement": decision.announcement,
            "group": decision.group,
            "reason": decision.reason,
            "plan": decision.plan,
            "trace": decision.trace,
        }
    ).decode()


def _text(decision: Decision, language: Language) -> str:
    rows = (
        ("outcome", decision.outcome.value),
        ("reason", decision.reason.value),
        ("targets", " → ".join(decision.targets)),
        ("announcement", decision.announcement),
        ("group", decision.group),
        ("plan", decision.plan),
    )
    lines = [f"{name:<14}{value}" for name, value in rows if value]
    return "\n".join([*lines, *(f"  {sentence}" for sentence in sentences(decision.trace, language))])


def _refused(problems: list[Problem], *, as_json: bool) -> int:
    if as_json:
        print(msgspec.json.encode({"problems": problems}).decode())
    else:
        print(problem_lines(problems))
    return 1
