"""Listings of a number in the telephone directory: from an issue on, until they are cancelled (R8.6)."""

from collections.abc import Iterator
from datetime import date

import msgspec
from django.db import transaction

from chakka.errors import InputError, Problem
from chakka.portal.contracts.closed import closed_problems
from chakka.portal.contracts.finding import contract_on, locked_number, next_key
from chakka.portal.contracts.models import Contract, DirectoryIssue, DirectoryListing


class ListingOrder(msgspec.Struct, frozen=True, kw_only=True):
    """How many listings a number has from an issue on.

    issue:     by name. issued_on: the day on which it comes out; None if the issue is known.
    ordered_on: the day of the order: what an issue carries is settled when it comes out.
    text:      of new listings.
    """

    number: str
    issue: str
    issued_on: date | None
    count: int
    ordered_on: date
    text: str = ""


def order_listings(order: ListingOrder) -> tuple[Contract, DirectoryIssue]:
    """Return the contract, and the issue that carries so many of its listings now; the newest are cancelled.

    Raises: InputError with every problem: an unknown issue, one that came out or was billed, no contract.
    """
    with transaction.atomic():
        locked_number(order.number)
        contract = contract_on(order.number, order.ordered_on)
        issue = _issue(order)
        problems = list(_problems(order, issue))
        if problems:
            raise InputError(f"the listings of {order.number} cannot be ordered", problems)
        listings = carried(contract, issue)
        _cancel(listings[order.count :], order.ordered_on)
        for _ in range(order.count - len(listings)):
            _begin(order, contract)
        return contract, issue


def carried(contract: Contract, issue: DirectoryIssue) -> list[DirectoryListing]:
    """Return the listings of a contract that an issue carries, the oldest first."""
    rows = contract.listings.filter(start__lte=issue.issued_on)
    found = [row for row in rows if row.cancelled_on is None or row.cancelled_on >= issue.issued_on]
    return sorted(found, key=lambda row: int(row.key.rpartition("/")[2]))


def _issue(order: ListingOrder) -> DirectoryIssue:
    """Return the issue, made if it was not known; what is refused afterwards takes it back."""
    known = DirectoryIssue.objects.filter(name=order.issue).first()
    if known is not None:
        return known
    if order.issued_on is None:
        message = f"the issue {order.issue!r} is not known; say when it comes out: --issued-on"
        problem = Problem(where="issue", code="unknown_issue", message=message)
        raise InputError(message, [problem])
    return DirectoryIssue.objects.create(name=order.issue, issued_on=order.issued_on)


def _problems(order: ListingOrder, issue: DirectoryIssue) -> Iterator[Problem]:
    out = issue.issued_on
    if order.issued_on is not None and order.issued_on != out:
        message = f"the issue {order.issue!r} comes out on {out}, not on {order.issued_on}"
        yield Problem(where="issued-on", code="contradiction", message=message)
    if order.ordered_on >= out:
        message = f"the issue {order.issue!r} comes out on {out}: on {order.ordered_on} it is settled"
        yield Problem(where="issue", code="issue_is_out", message=message)
    # A line charges an issue once: what changed after it was billed would be on no invoice.
    yield from closed_problems("issue", out, late=False)


def _cancel(listings: list[DirectoryListing], day: date) -> None:
    for listing in listings:
        listing.cancelled_on = day
        listing.save()


def _begin(order: ListingOrder, contract: Contract) -> None:
    keys = DirectoryListing.objects.filter(contract__number_id=order.number).values_list("key", flat=True)
    DirectoryListing.objects.create(
        contract=contract,
        key=next_key(order.number, "listing", keys),
        text=order.text or contract.subscriber.name,
        start=order.ordered_on,
    )
