"""`chakka check`: is a plan fit to be published, and what will happen to its calls?"""

import argparse
import sys
from pathlib import Path

import msgspec

from chakka.cli.plan_file import problem_lines, read_plan
from chakka.cli.proof_text import summary_text
from chakka.errors import InputError
from chakka.facts import numbering_table
from chakka.routing.calendar import shipped_holidays
from chakka.routing.check import CheckResult, check


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    command = subparsers.add_parser("check", help="check a plan and prove what happens to its calls")
    command.add_argument("plan", type=Path, help="the plan as YAML or JSON")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print every problem and return 1; or print the summary of the proof and return 0."""
    try:
        result = checked(arguments.plan)
    except InputError as fault:
        print(f"chakka check: {fault}", file=sys.stderr)
        return 2
    print(as_json(result) if arguments.json else as_text(result))
    return 1 if result.problems else 0


def checked(path: Path) -> CheckResult:
    """Return the problems of a plan file, or the summary of its proof."""
    contract, problems = read_plan(path)
    if contract is None:
        return CheckResult(problems=problems, summary=None)
    return check(contract, numbering_table(), shipped_holidays())


def as_json(result: CheckResult) -> str:
    """Return the result as one JSON object with the keys of plan-format.md."""
    problems = [
        {"code": problem.code, "where": problem.where, "message": problem.message}
        for problem in result.problems
    ]
    return msgspec.json.encode({"problems": problems, "summary": result.summary}).decode()


def as_text(result: CheckResult) -> str:
    """Return the result as lines for people."""
    if result.summary is None:
        count = len(result.problems)
        return f"{problem_lines(result.problems)}\n{count} {'problem' if count == 1 else 'problems'}"
    return f"no problems\n{summary_text(result.summary)}"
