"""`chakka bill verify`: the chain, the rows, and every line computed again."""

import argparse

import msgspec
from django.conf import settings

from chakka.errors import Problem
from chakka.portal.accounts.models import Subscriber
from chakka.portal.billing.commands.words import bar, month, opened
from chakka.portal.billing.models import BillingRun, Invoice, RunState
from chakka.portal.billing.verifying import differences, row_problems, series_problems


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the action."""
    command = subparsers.add_parser("verify", help="prove the books: chain, gaps, sums, every line again")
    command.add_argument("--month", type=month, help="compute the lines of this month alone again")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=verify_books)


def verify_books(arguments: argparse.Namespace) -> int:
    """Print every problem; 1 if there is any."""
    problems = list(series_problems(settings.CONFIG.billing.series))
    with bar("documents", Invoice.objects.count()) as advance:
        problems += row_problems(advance)
    months = list(BillingRun.objects.filter(state=RunState.ISSUED).values_list("month", flat=True))
    if arguments.month is not None:
        months = [one for one in months if one == arguments.month]
    if months:
        problems += _differences(months)
    for problem in problems:
        print(_shown(problem, arguments.json))
    if not arguments.json:
        amount = "0 yen difference" if not problems else f"{len(problems)} problems"
        print(f"{Invoice.objects.count()} documents, {len(months)} months computed again: {amount}")
    return 1 if problems else 0


def _differences(months: list[str]) -> list[Problem]:
    with opened(max(months)) as billing, bar("lines", Subscriber.objects.count()) as advance:
        return list(differences(billing.drafting, months, advance))


def _shown(problem: Problem, as_json: bool) -> str:
    return msgspec.json.encode(problem).decode() if as_json else f"{problem.code}: {problem.message}"
