"""Double entry: what a batch of usage and an issued document do to the books, in micro-yen, balanced."""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum

import msgspec

from chakka.invoicing.model import CALLS_ITEM, Invoice, InvoiceBody, InvoiceKind, InvoiceLine, LineKind
from chakka.invoicing.refusal import refused
from chakka.money import MICRO_YEN
from chakka.stores.usage import UsageTotal


class Account(StrEnum):
    """The accounts that billing moves.

    UNBILLED holds rated calls that no invoice carries; ROUNDING what floors to yen took away from them.
    """

    RECEIVABLE = "receivable"
    UNBILLED = "unbilled"
    CALLS = "calls"
    FEES = "fees"
    LEVIES = "levies"
    TAX = "tax"
    ROUNDING = "rounding"


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """An amount on an account: debit positive, credit negative.

    subscriber: whose it is, on RECEIVABLE and UNBILLED.
    """

    account: Account
    amount_uy: int
    subscriber: str | None = None


class JournalEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Postings that sum to nothing. key: names the entry for ever: `invoice/INV2026-000001`, `usage/…`."""

    key: str
    on: date
    narration: str
    postings: tuple[Posting, ...]


UsageKey = tuple[str, str, str]


def usage_changes(before: Iterable[UsageTotal], after: Iterable[UsageTotal]) -> list[UsageTotal]:
    """Return by number, month and class what the ledger's totals changed by; no rows of nothing."""
    old = {_usage_key(total): total for total in before}
    new = {_usage_key(total): total for total in after}
    changes = (_change(old.get(key), new.get(key)) for key in sorted({*old, *new}))
    return [change for change in changes if change.amount_uy or change.calls]


def usage_entry(
    key: str, on: date, changes: Iterable[UsageTotal], subscriber_of: Mapping[str, str]
) -> JournalEntry:
    """Return the entry for calls that were rated, or rated anew: unbilled against income, exactly.

    subscriber_of: freephone number → subscriber.
    Raises:        InputError if a number is nobody's.
    """
    amounts: dict[str, int] = {}
    for change in changes:
        subscriber = subscriber_of.get(change.number)
        if subscriber is None:
            raise refused("no_subscriber", change.number, f"{change.number} is nobody's, but has calls")
        amounts[subscriber] = amounts.get(subscriber, 0) + change.amount_uy
    postings = [
        Posting(account=Account.UNBILLED, amount_uy=amount_uy, subscriber=subscriber)
        for subscriber, amount_uy in sorted(amounts.items())
    ]
    income = Posting(account=Account.CALLS, amount_uy=-sum(amounts.values()))
    return _entry(key, on, "calls rated", [*postings, income])


def invoice_entry(invoice: Invoice, subscriber: str) -> JournalEntry | None:
    """Return what an issued document does to the books; a corrected invoice nothing.

    A credit takes back the difference, so that the original less the credit is what the corrected one says.
    """
    if invoice.body.kind is InvoiceKind.CORRECTED:
        return None
    sign = -1 if invoice.body.kind is InvoiceKind.CREDIT else 1
    postings = [
        msgspec.structs.replace(posting, amount_uy=sign * posting.amount_uy)
        for posting in _invoice_postings(invoice.body, subscriber)
    ]
    return _entry(f"{invoice.body.kind}/{invoice.number}", invoice.issued_on, invoice.number, postings)


def _invoice_postings(body: InvoiceBody, subscriber: str) -> list[Posting]:
    amounts = {
        Account.RECEIVABLE: body.total_yen * MICRO_YEN,
        Account.TAX: -body.tax_yen * MICRO_YEN,
        Account.ROUNDING: sum(line.rounded_uy for line in body.lines),
    }
    for line in body.lines:
        account = _account(line)
        amounts[account] = amounts.get(account, 0) - line.net_yen * MICRO_YEN - line.rounded_uy
    return [
        Posting(
            account=account,
            amount_uy=amount_uy,
            subscriber=subscriber if account in (Account.RECEIVABLE, Account.UNBILLED) else None,
        )
        for account, amount_uy in amounts.items()
    ]


def _account(line: InvoiceLine) -> Account:
    if line.item == CALLS_ITEM:
        return Account.UNBILLED
    return Account.LEVIES if line.kind is LineKind.LEVY else Account.FEES


def _entry(key: str, on: date, narration: str, postings: list[Posting]) -> JournalEntry:
    moved = tuple(posting for posting in postings if posting.amount_uy)
    difference_uy = sum(posting.amount_uy for posting in moved)
    if difference_uy:
        raise refused("unbalanced", key, f"{key} does not balance: {difference_uy} micro-yen are left over")
    return JournalEntry(key=key, on=on, narration=narration, postings=moved)


def _usage_key(total: UsageTotal) -> UsageKey:
    return total.number, total.usage_month, total.rating_class


def _change(before: UsageTotal | None, after: UsageTotal | None) -> UsageTotal:
    either = after or before
    if either is None:
        raise ValueError("a change needs a total before or after")
    return UsageTotal(
        number=either.number,
        usage_month=either.usage_month,
        rating_class=either.rating_class,
        calls=(after.calls if after else 0) - (before.calls if before else 0),
        units=(after.units if after else 0) - (before.units if before else 0),
        conversation_ms=(after.conversation_ms if after else 0) - (before.conversation_ms if before else 0),
        amount_uy=(after.amount_uy if after else 0) - (before.amount_uy if before else 0),
    )
