"""`chakka contract stop`: the end of a contract."""

import argparse

import msgspec
from django.db import transaction

from chakka.cli.arguments import freephone_number, login_name
from chakka.portal.contracts.commands import words
from chakka.portal.contracts.models import StepKind
from chakka.portal.contracts.steps import Step, keep_step
from chakka.portal.contracts.stopping import stop_contract


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the action."""
    command = subparsers.add_parser("stop", help="end a contract")
    command.add_argument("number", type=freephone_number, help="freephone number")
    command.add_argument(
        "--on", type=words.day, required=True, metavar="DATE", help="the first day without it"
    )
    words.add_late(command)
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Stop the contract and print what was to begin later and no longer does."""
    with transaction.atomic():
        contract, withdrawn = stop_contract(arguments.number, arguments.on, late=arguments.late)
        what = f"withdrawn: {', '.join(withdrawn) or 'nothing'}"
        keep_step(contract, Step(kind=StepKind.STOPPED, day=arguments.on, what=what), login_name())
    if arguments.json:
        row = {"number": arguments.number, "start": contract.start, "stop": arguments.on}
        print(msgspec.json.encode({**row, "withdrawn": withdrawn}).decode())
        return 0
    print(f"{arguments.number} was under contract from {contract.start} until before {arguments.on}")
    for name in withdrawn:
        print(f"withdrawn: {name}")
    return 0
