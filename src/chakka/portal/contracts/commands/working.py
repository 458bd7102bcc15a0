"""`chakka contract work`: completed work beside options, such as the release of a lock."""

import argparse

import msgspec
from django.db import transaction

from chakka.cli.arguments import freephone_number, login_name
from chakka.portal.billing.commands.words import today
from chakka.portal.contracts.commands import words
from chakka.portal.contracts.models import StepKind
from chakka.portal.contracts.quoting import fee_yen
from chakka.portal.contracts.steps import Step, keep_step
from chakka.portal.contracts.work import Completion, WorkKind, complete_work


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the action."""
    command = subparsers.add_parser("work", help="keep completed work, which the next invoice charges")
    command.add_argument("number", type=freephone_number, help="freephone number")
    command.add_argument("--kind", choices=[kind.value for kind in WorkKind], required=True)
    command.add_argument("--completed", type=words.day, required=True, metavar="DATE")
    command.add_argument("--fee", type=words.fee, metavar="YEN", help="agreed; left out: by the price list")
    command.add_argument("--id", type=words.name, help="once for ever; left out: by kind, number and day")
    words.add_late(command)
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Keep the work and print its fee."""
    done = Completion(
        number=arguments.number,
        kind=WorkKind(arguments.kind),
        completed_on=arguments.completed,
        today=today(),
        order_id=arguments.id,
        fee_yen=arguments.fee,
        late=arguments.late,
    )
    with transaction.atomic():
        order = complete_work(done)
        charged = fee_yen(order, done.number, words.terms())
        step = Step(kind=StepKind.WORKED, day=done.completed_on, what=order.order_id, fee_yen=charged)
        keep_step(order.contract, step, login_name())
    if arguments.json:
        row = {"number": done.number, "order_id": order.order_id, "kind": done.kind, "fee_yen": charged}
        print(msgspec.json.encode(row).decode())
        return 0
    print(f"order {order.order_id}: {charged:,} yen go on the next invoice of {done.number}")
    return 0
