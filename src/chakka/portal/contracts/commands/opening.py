"""`chakka contract open`: a number for a subscriber, active from a day on."""

import argparse

import msgspec
from django.db import transaction

from chakka.cli.arguments import freephone_number, login_name
from chakka.portal.accounts.finding import subscriber_of
from chakka.portal.contracts.commands import words
from chakka.portal.contracts.commands.asking import add_opening_arguments, asked_opening
from chakka.portal.contracts.finding import number_problems
from chakka.portal.contracts.models import StepKind
from chakka.portal.contracts.opening import open_contract
from chakka.portal.contracts.quoting import fee_yen, first_months
from chakka.portal.contracts.steps import Step, keep_step


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the action."""
    command = subparsers.add_parser("open", help="open a number for a subscriber")
    command.add_argument("number", type=freephone_number, help="freephone number")
    command.add_argument("--subscriber", required=True, metavar="CODE")
    add_opening_arguments(command)
    words.add_late(command)
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Open the contract and print what its first month comes to."""
    problems = number_problems(arguments.number)
    opening = asked_opening(arguments, problems)
    subscriber = subscriber_of(arguments.subscriber, problems)
    if opening is None or subscriber is None or problems:
        words.refuse(f"{arguments.number} cannot be opened", problems)
        return 1
    with transaction.atomic():
        contract = open_contract(subscriber, msgspec.structs.replace(opening, late=arguments.late))
        # Whatever has no price or no tax rate is refused now, and not when the month is billed.
        terms = words.terms()
        quote, _ = first_months(opening, terms)
        fee = fee_yen(contract.work_orders.get(), opening.number, terms)
        what = f"for {subscriber.code}: {words.counted(opening.quantities)}"
        step = Step(kind=StepKind.OPENED, day=opening.start, what=what, fee_yen=fee)
        keep_step(contract, step, login_name())
    if arguments.json:
        opened = {"number": opening.number, "subscriber": subscriber.code, "start": contract.start}
        print(msgspec.json.encode({**opened, "first_month": quote}).decode())
        return 0
    print(f"{opening.number} is {subscriber.code}'s from {contract.start} on; {words.quote_text(quote)}")
    return 0
