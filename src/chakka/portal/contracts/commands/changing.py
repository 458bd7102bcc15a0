"""`chakka contract change`: options added, dropped or held in another number, as one job."""

import argparse
from datetime import date

import msgspec
from django.db import transaction

from chakka.cli.arguments import freephone_number, login_name
from chakka.errors import Problem
from chakka.portal.contracts.changing import Change, change_contract
from chakka.portal.contracts.commands import words
from chakka.portal.contracts.finding import items_on
from chakka.portal.contracts.models import Contract, StepKind, WorkOrder
from chakka.portal.contracts.quoting import fee_yen, sum_monthly_yen
from chakka.portal.contracts.steps import Step, keep_step


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the action."""
    command = subparsers.add_parser("change", help="add, drop or count options from a day on")
    command.add_argument("number", type=freephone_number, help="freephone number")
    command.add_argument("--from", dest="first", type=words.day, required=True, metavar="DATE")
    command.add_argument("--add", nargs="+", default=[], metavar="OPTION", action="extend")
    command.add_argument("--drop", nargs="+", default=[], metavar="OPTION", action="extend")
    command.add_argument("--quantity", nargs="+", default=[], metavar="OPTION=N", action="extend")
    command.add_argument("--fee", type=words.fee, metavar="YEN", help="agreed; left out: by the price list")
    command.add_argument("--id", type=words.name, help="of the work order; left out: by number and day")
    words.add_late(command)
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Change the contract and print the fee of the job and the monthly price that it makes."""
    problems: list[Problem] = []
    change = Change(
        number=arguments.number,
        day=arguments.first,
        added=words.options(arguments.add, "add", problems),
        dropped=words.options(arguments.drop, "drop", problems),
        quantities=words.quantities(arguments.quantity, problems),
        fee_yen=arguments.fee,
        order_id=arguments.id,
        late=arguments.late,
    )
    words.refuse(f"the contract of {change.number} cannot be changed so", problems)
    with transaction.atomic():
        contract, order = change_contract(change)
        shown = _shown(change, contract, order)
        step = Step(kind=StepKind.CHANGED, day=change.day, what=_what(change), fee_yen=shown.fee_yen)
        keep_step(contract, step, login_name())
    print(msgspec.json.encode(shown).decode() if arguments.json else _text(shown))
    return 0


class _Changed(msgspec.Struct, frozen=True, kw_only=True):
    """What a change made. monthly_yen: of the whole contract from that day on, without tax."""

    number: str
    day: date
    order_id: str | None
    fee_yen: int | None
    monthly_yen: int


def _shown(change: Change, contract: Contract, order: WorkOrder | None) -> _Changed:
    terms = words.terms()
    return _Changed(
        number=change.number,
        day=change.day,
        order_id=order.order_id if order else None,
        fee_yen=fee_yen(order, change.number, terms) if order else None,
        monthly_yen=sum_monthly_yen(items_on(contract, change.day), change.day, terms),
    )


def _what(change: Change) -> str:
    added = {option: change.quantities.get(option, 1) for option in change.added}
    dropped = (f"without {option}" for option in sorted(change.dropped))
    return " ".join((words.counted({**added, **change.quantities}), *dropped)).strip()


def _text(shown: _Changed) -> str:
    job = f"order {shown.order_id}: {shown.fee_yen:,} yen" if shown.order_id else "no work, no fee"
    return f"{shown.number} from {shown.day} on: {shown.monthly_yen:,} yen a month; {job}"
