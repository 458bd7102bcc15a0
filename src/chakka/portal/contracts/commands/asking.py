"""The opening of a contract as it is asked for on the command line: by options, or by a plan."""

import argparse
from pathlib import Path

import msgspec

from chakka.cli.plan_file import read_plan
from chakka.errors import Problem
from chakka.portal.contracts.commands import words
from chakka.portal.contracts.opening import Opening, opening_by_plan


def add_opening_arguments(command: argparse.ArgumentParser) -> None:
    """Add what says what a contract begins with."""
    command.add_argument("--start", type=words.day, required=True, metavar="DATE", help="the first day")
    options = command.add_mutually_exclusive_group()
    options.add_argument("--option", nargs="+", default=[], metavar="OPTION", action="extend")
    options.add_argument("--plan", type=Path, help="take options, how often, and lines from this plan")
    command.add_argument("--quantity", nargs="+", default=[], metavar="OPTION=N", action="extend")
    command.add_argument("--fee", type=words.fee, metavar="YEN", help="agreed; left out: by the price list")
    command.add_argument("--json", action="store_true")


def asked_opening(arguments: argparse.Namespace, problems: list[Problem]) -> Opening | None:
    """Return the opening that the arguments ask for; what is wrong with them is added to the problems."""
    counted = words.quantities(arguments.quantity, problems)
    opening = _by_plan(arguments, problems) if arguments.plan else _by_options(arguments, problems)
    if opening is None:
        return None
    for option in counted.keys() - opening.quantities.keys():
        message = f"{option} has a quantity, but is not among the options"
        problems.append(Problem(where="quantity", code="not_held", message=message))
    return msgspec.structs.replace(
        opening,
        quantities={**opening.quantities, **counted},
        fee_yen=arguments.fee,
    )


def _by_options(arguments: argparse.Namespace, problems: list[Problem]) -> Opening:
    options = words.options(arguments.option, "option", problems)
    return Opening(
        number=arguments.number, start=arguments.start, quantities=dict.fromkeys(sorted(options), 1)
    )


def _by_plan(arguments: argparse.Namespace, problems: list[Problem]) -> Opening | None:
    plan, faults = read_plan(arguments.plan)
    if plan is None:
        problems += faults
        return None
    if arguments.number not in ("", plan.number):
        message = f"the plan is for {plan.number}, not for {arguments.number}"
        problems.append(Problem(where="plan", code="contradiction", message=message))
    return opening_by_plan(plan, arguments.start)
