"""`chakka contract price`: what a contract would cost in its first and second month."""

import argparse

import msgspec

from chakka.errors import Problem
from chakka.portal.contracts.commands import words
from chakka.portal.contracts.commands.asking import add_opening_arguments, asked_opening
from chakka.portal.contracts.quoting import first_months


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the action."""
    command = subparsers.add_parser("price", help="say what a contract would cost")
    add_opening_arguments(command)
    # What has no number yet has its price all the same.
    command.set_defaults(run=run, number="")


def run(arguments: argparse.Namespace) -> int:
    """Print the first and the second month, computed as invoices are."""
    problems: list[Problem] = []
    opening = asked_opening(arguments, problems)
    if opening is None or problems:
        words.refuse("this has no price", problems)
        return 1
    first, second = first_months(opening, words.terms())
    if arguments.json:
        print(msgspec.json.encode({"first_month": first, "second_month": second}).decode())
        return 0
    print(words.quote_text(first))
    print(words.quote_text(second))
    return 0
