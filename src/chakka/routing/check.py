"""`check`: is a contract fit to be published, and if so, what will happen to its calls?"""

import msgspec

from chakka.contract.model import Contract
from chakka.contract.rules import problems as rule_problems
from chakka.errors import Problem
from chakka.numbering.table import NumberingTable
from chakka.routing.calendar import Holidays
from chakka.routing.compile import compile_plan
from chakka.routing.prove import prove


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """The problems of a contract; without any, the summary of its proof (`Proof.summary`)."""

    problems: list[Problem]
    summary: dict[str, object] | None


def check(contract: Contract, table: NumberingTable, holidays: Holidays) -> CheckResult:
    """Return every problem that keeps a contract from being published, or the summary of its proof.

    Source: service.md R3.8, §9.2.
    """
    problems = rule_problems(contract, table)
    if problems:
        return CheckResult(problems=problems, summary=None)
    proof = prove(contract, compile_plan(contract, table, holidays), table)
    problems = [finding.problem() for finding in proof.findings if finding.is_problem]
    return CheckResult(problems=problems, summary=None if problems else proof.summary())
