"""`chakka bill verify`: the chain, the rows, and every line computed again."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from django.conf import settings

from chakka.cli.digest import add_source_options, rules_of, told
from chakka.clock import utc_ms
from chakka.errors import Problem
from chakka.ingest.recompute import scratch_ledger
from chakka.portal.accounts.models import Subscriber
from chakka.portal.billing.commands.words import bar, month
from chakka.portal.billing.ledger import NoLedger, opened_ledger
from chakka.portal.billing.models import BillingRun, Invoice, RunState
from chakka.portal.billing.recomputing import draft_problems, ledger_problems
from chakka.portal.billing.run import Month
from chakka.portal.billing.verifying import differences, row_problems, series_problems
from chakka.stores.ledger import Ledger


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the action."""
    command = subparsers.add_parser("verify", help="prove the books: chain, gaps, sums, every line again")
    command.add_argument("--month", type=month, help="compute the lines of this month alone again")
    command.add_argument(
        "--recompute", action="store_true", help="from the journal up: ledger, lines and drafts"
    )
    add_source_options(command)
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
    with _ground(arguments) as (ledger, found):
        problems += found
        if months:
            problems += _differences(months, ledger)
        if arguments.recompute:
            problems += _drafts(ledger)
    for problem in problems:
        print(_shown(problem, arguments.json))
    if not arguments.json:
        amount = "0 yen difference" if not problems else f"{len(problems)} problems"
        print(f"{Invoice.objects.count()} documents, {len(months)} months computed again: {amount}")
    return 1 if problems else 0


@contextmanager
def _ground(arguments: argparse.Namespace) -> Iterator[tuple[Ledger | NoLedger, list[Problem]]]:
    """Give the ledger that lines are computed from, and what is wrong with it.

    With --recompute that is one of its own, told again what the ledger was told.
    """
    with opened_ledger(settings.CONFIG) as books:
        if not arguments.recompute or isinstance(books, NoLedger):
            yield books, []
            return
        rules = rules_of(arguments, settings.CONFIG)
        with books.at_one_instant(), scratch_ledger(arguments.scratch, rules) as scratch:
            lacking = told(books, scratch, arguments, settings.CONFIG)
            yield scratch, [*lacking, *ledger_problems(books, scratch)]


def _differences(months: list[str], ledger: Ledger | NoLedger) -> list[Problem]:
    billing = Month(max(months), ledger, settings.CONFIG, utc_ms())
    with bar("lines", Subscriber.objects.count()) as advance:
        return list(differences(billing.drafting, months, advance))


def _drafts(ledger: Ledger | NoLedger) -> Iterator[Problem]:
    """Yield the drafts of months that are not issued yet which would be other now."""
    for run in BillingRun.objects.exclude(state=RunState.ISSUED).order_by("month"):
        billing = Month(run.month, ledger, settings.CONFIG, utc_ms())
        with bar(f"drafts of {run.month}", Subscriber.objects.count()) as advance:
            yield from draft_problems(run, billing.drafting, advance)


def _shown(problem: Problem, as_json: bool) -> str:
    return msgspec.json.encode(problem).decode() if as_json else f"{problem.code}: {problem.message}"
