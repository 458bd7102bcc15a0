"""`chakka bill seed-demo`: the demo business."""

import argparse

from chakka.portal.billing.commands.words import day, today
from chakka.portal.billing.demo import seed_demo


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the action."""
    command = subparsers.add_parser("seed-demo", help="add the demo subscriber, who has the demo numbers")
    command.add_argument("--start", type=day, help="of the contracts; left out: the first of this month")
    command.set_defaults(run=seed)


def seed(arguments: argparse.Namespace) -> int:
    """Add what is missing of the demo business."""
    for number in seed_demo(arguments.start or today().replace(day=1)):
        print(f"デモ商店 has {number}")
    return 0
