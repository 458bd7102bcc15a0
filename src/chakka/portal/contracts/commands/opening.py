"""`chakka contract open`: a number for a subscriber, active from a day on."""

import argparse

import msgspec
from django.db import transaction

from chakka.cli.arguments import freephone_number
from chakka.portal.accounts.finding import subscriber_of
from chakka.portal.contracts.commands import words
from chakka.portal.contracts.commands.asking import add_opening_arguments, asked_opening
from chakka.portal.contracts.finding import number_problems
from chakka.portal.contracts.opening import open_contract
from chakka.portal.contracts.quoting import first_months


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
        quote, _ = first_months(opening, words.terms())
    if arguments.json:
        opened = {"number": opening.number, "subscriber": subscriber.code, "start": contract.start}
        print(msgspec.json.encode({**opened, "first_month": quote}).decode())
        return 0
    print(f"{opening.number} is {subscriber.code}'s from {contract.start} on; {words.quote_text(quote)}")
    return 0
