"""`chakka contract directory`: how many listings a number has from an issue of the directory on."""

import argparse

import msgspec
from django.db import transaction

from chakka.cli.arguments import freephone_number, login_name
from chakka.errors import InputError
from chakka.invoicing.fees import FREE_LISTINGS
from chakka.portal.billing.commands.words import today
from chakka.portal.contracts.commands import words
from chakka.portal.contracts.directory import ListingOrder, carried, order_listings
from chakka.portal.contracts.models import StepKind
from chakka.portal.contracts.steps import Step, keep_step


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the action."""
    command = subparsers.add_parser("directory", help="order or cancel listings in the telephone directory")
    command.add_argument("number", type=freephone_number, help="freephone number")
    command.add_argument("--issue", type=words.name, required=True, help="the first issue, such as 2026-12")
    command.add_argument(
        "--issued-on", type=words.day, metavar="DATE", help="of an issue that is not known yet"
    )
    count = command.add_mutually_exclusive_group(required=True)
    count.add_argument("--listings", type=_count, metavar="N", help="how many it carries, the free one too")
    count.add_argument("--cancel", dest="listings", action="store_const", const=0, help="none any more")
    command.add_argument("--text", default="", help="of new listings; left out: the subscriber's name")
    command.add_argument("--on", type=words.day, metavar="DATE", help="day of the order; left out: today")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Order the listings and print what the issue carries."""
    order = ListingOrder(
        number=arguments.number,
        issue=arguments.issue,
        issued_on=arguments.issued_on,
        count=arguments.listings,
        ordered_on=arguments.on or today(),
        text=_text_of_listing(arguments.text),
    )
    with transaction.atomic():
        contract, issue = order_listings(order)
        what = f"{order.count} listings from issue {issue.name} on"
        step = Step(kind=StepKind.LISTED, day=order.ordered_on, what=what)
        keep_step(contract, step, login_name())
    listings = carried(contract, issue)
    charged = max(0, len(listings) - FREE_LISTINGS)
    if arguments.json:
        keys = [listing.key for listing in listings]
        row = {"number": order.number, "issue": issue.name, "issued_on": issue.issued_on}
        print(msgspec.json.encode({**row, "listings": keys, "charged": charged}).decode())
        return 0
    print(
        f"{order.number}: {len(listings)} listings from issue {issue.name} ({issue.issued_on}) on, "
        f"{charged} of them charged"
    )
    return 0


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 3):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of listings; it is 0 to 999")
    return int(text)


def _text_of_listing(text: str) -> str:
    if len(text) > _LONGEST_TEXT or not text.isprintable():
        raise InputError(f"{text!r} is no listing: at most {_LONGEST_TEXT} characters in one line")
    return text


# As the table has it.
_LONGEST_TEXT = 200
