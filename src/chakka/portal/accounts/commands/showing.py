"""`chakka subscriber list`, `show`: the subscribers and their details."""

import argparse
from collections.abc import Iterable

import msgspec

from chakka.errors import InputError, Problem
from chakka.portal.accounts.finding import subscriber_of
from chakka.portal.accounts.models import Subscriber

_SHOWN = (
    "code",
    "name",
    "name_kana",
    "postal_code",
    "address",
    "registration_number",
    "payment_terms",
    "billing_name",
    "billing_postal_code",
    "billing_address",
)


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the actions."""
    listing = subparsers.add_parser("list", help="list all subscribers")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=list_all)
    show = subparsers.add_parser("show", help="show one subscriber with its numbers")
    show.add_argument("code")
    show.add_argument("--json", action="store_true")
    show.set_defaults(run=show_one)


def list_all(arguments: argparse.Namespace) -> int:
    """Print one line for each subscriber."""
    show_rows(Subscriber.objects.order_by("code").iterator(), as_json=arguments.json)
    return 0


def show_one(arguments: argparse.Namespace) -> int:
    """Print the details of a subscriber and the contracts that it has or had."""
    problems: list[Problem] = []
    found = subscriber_of(arguments.code, problems)
    if found is None:
        raise InputError(f"there is no subscriber {arguments.code!r}", problems)
    contracts = found.contracts.order_by("start", "number")
    if arguments.json:
        rows = [{"number": row.number_id, "start": row.start, "stop": row.stop} for row in contracts]
        print(msgspec.json.encode({**_details(found), "contracts": rows}).decode())
        return 0
    for name, text in _details(found).items():
        print(f"{name:<20}{text}")
    for row in contracts:
        until = f" until before {row.stop}" if row.stop else ""
        print(f"{'contract':<20}{row.number_id} from {row.start}{until}")
    return 0


def show_rows(rows: Iterable[Subscriber], *, as_json: bool) -> None:
    """Print one line for each subscriber."""
    for row in rows:
        if as_json:
            print(msgspec.json.encode(_details(row)).decode())
        else:
            print(f"{row.code:<21}{row.name}  〒{row.postal_code} {row.address}")


def _details(row: Subscriber) -> dict[str, str]:
    return {name: getattr(row, name) for name in _SHOWN}
