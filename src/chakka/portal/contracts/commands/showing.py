"""`chakka contract list`, `show`: what is under contract on a day, with the monthly price of that day."""

import argparse
from collections.abc import Iterator
from datetime import date, datetime

import msgspec
from django.utils.timezone import localtime

from chakka.cli.arguments import freephone_number
from chakka.invoicing.model import Terms
from chakka.portal.billing.commands.words import today
from chakka.portal.contracts.commands import words
from chakka.portal.contracts.finding import contract_on, contracts_on, items_on
from chakka.portal.contracts.models import Contract, ContractItem
from chakka.portal.contracts.quoting import fee_yen, monthly_yen, sum_monthly_yen


class _Held(msgspec.Struct, frozen=True, kw_only=True):
    item: str
    quantity: int
    start: date
    stop: date | None
    monthly_yen: int


class _Ordered(msgspec.Struct, frozen=True, kw_only=True):
    order_id: str
    kind: str
    completed_on: date | None
    fee_yen: int | None


class _Listed(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    text: str
    start: date
    cancelled_on: date | None


class _Taken(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime
    by: str
    kind: str
    day: date
    what: str
    fee_yen: int | None


class _Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A contract on a day, in yen without tax. later: items that begin after the day."""

    number: str
    subscriber: str
    start: date
    stop: date | None
    at: date
    monthly_yen: int
    items: list[_Held]
    later: list[_Held]
    work: list[_Ordered]
    listings: list[_Listed]
    steps: list[_Taken]


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the actions."""
    listing = subparsers.add_parser("list", help="list the contracts that run on a day")
    listing.add_argument("--subscriber", metavar="CODE", help="only this one's")
    _add_common(listing)
    listing.set_defaults(run=list_running)
    show = subparsers.add_parser("show", help="show the contract of a number on a day")
    show.add_argument("number", type=freephone_number, help="freephone number")
    _add_common(show)
    show.set_defaults(run=show_one)


def _add_common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--at", type=words.day, metavar="DATE", help="left out: today")
    command.add_argument("--json", action="store_true")


def list_running(arguments: argparse.Namespace) -> int:
    """Print one line for each contract."""
    at, terms = arguments.at or today(), words.terms()
    found = contracts_on(at).select_related("subscriber").order_by("number")
    if arguments.subscriber is not None:
        found = found.filter(subscriber__code=arguments.subscriber)
    for contract in found:
        row = {
            "number": contract.number_id,
            "subscriber": contract.subscriber.code,
            "start": contract.start,
            "stop": contract.stop,
            "monthly_yen": sum_monthly_yen(items_on(contract, at), at, terms),
        }
        print(msgspec.json.encode(row).decode() if arguments.json else _list_text(contract, row))
    return 0


def show_one(arguments: argparse.Namespace) -> int:
    """Print a contract with all that it has."""
    at = arguments.at or today()
    shown = _shown(contract_on(arguments.number, at), at, words.terms())
    if arguments.json:
        print(msgspec.json.encode(shown).decode())
        return 0
    until = f" until before {shown.stop}" if shown.stop else ""
    print(f"{shown.number}  {shown.subscriber}  from {shown.start}{until}")
    for line in _lines(shown):
        print(line)
    return 0


def _shown(contract: Contract, at: date, terms: Terms) -> _Shown:
    held = items_on(contract, at)
    later = contract.items.filter(start__gt=at).order_by("start", "key")
    orders = contract.work_orders.order_by("completed_on", "order_id")
    return _Shown(
        number=contract.number_id,
        subscriber=contract.subscriber.code,
        start=contract.start,
        stop=contract.stop,
        at=at,
        monthly_yen=sum_monthly_yen(held, at, terms),
        items=[_held(row, at, terms) for row in held],
        later=[_held(row, row.start, terms) for row in later],
        work=[
            _Ordered(
                order_id=order.order_id,
                kind=order.kind,
                completed_on=order.completed_on,
                fee_yen=fee_yen(order, contract.number_id, terms),
            )
            for order in orders
        ],
        listings=[
            _Listed(key=row.key, text=row.text, start=row.start, cancelled_on=row.cancelled_on)
            for row in contract.listings.order_by("start", "key")
        ],
        steps=[
            _Taken(at=step.at, by=step.by, kind=step.kind, day=step.day, what=step.what, fee_yen=step.fee_yen)
            for step in contract.steps.order_by("pk")
        ],
    )


def _held(row: ContractItem, at: date, terms: Terms) -> _Held:
    return _Held(
        item=row.item,
        quantity=row.quantity,
        start=row.start,
        stop=row.stop,
        monthly_yen=monthly_yen(row, at, terms),
    )


def _lines(shown: _Shown) -> Iterator[str]:
    for row in (*shown.items, *shown.later):
        until = f" until before {row.stop}" if row.stop else ""
        yield f"{row.monthly_yen:>12,}  {row.item} × {row.quantity}, from {row.start}{until}"
    yield f"{shown.monthly_yen:>12,}  a month on {shown.at}, without tax, levies and calls"
    for order in shown.work:
        fee = "not completed" if order.fee_yen is None else f"{order.fee_yen:,} yen"
        yield f"work {order.order_id} ({order.kind}) {order.completed_on or ''}: {fee}"
    for listing in shown.listings:
        until = f", cancelled on {listing.cancelled_on}" if listing.cancelled_on else ""
        yield f"listing {listing.key} from {listing.start}{until}: {listing.text}"
    for step in shown.steps:
        fee = "" if step.fee_yen is None else f", {step.fee_yen:,} yen"
        yield f"{localtime(step.at):%Y-%m-%d %H:%M}  {step.by} {step.kind} from {step.day}: {step.what}{fee}"


def _list_text(contract: Contract, row: dict[str, object]) -> str:
    whose = f"{contract.number_id:<12}{contract.subscriber.code:<21}"
    until = f" until before {contract.stop}" if contract.stop else ""
    return f"{whose}{row['monthly_yen']:>10,}  from {contract.start}{until}"
