"""`chakka contract stop`: the end of a contract."""

import argparse

import msgspec

from chakka.cli.arguments import freephone_number
from chakka.portal.contracts.commands import words
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
    stopped = stop_contract(arguments.number, arguments.on, late=arguments.late)
    if arguments.json:
        print(msgspec.json.encode(stopped).decode())
        return 0
    print(f"{stopped.number} was under contract from {stopped.start} until before {stopped.stop}")
    for name in stopped.withdrawn:
        print(f"withdrawn: {name}")
    return 0
