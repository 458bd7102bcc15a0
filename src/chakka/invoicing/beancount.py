"""The books as a beancount 3 file, which any accountant's program can check (`bean-check`)."""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby

from chakka.invoicing.journal_entries import Account, JournalEntry, Posting
from chakka.invoicing.period import first_day, month_of, next_month
from chakka.money import MICRO_YEN

NAMES = {
    Account.RECEIVABLE: "Assets:Receivable",
    Account.UNBILLED: "Assets:Unbilled",
    Account.CALLS: "Income:Calls",
    Account.FEES: "Income:Fees",
    Account.LEVIES: "Income:Levies",
    Account.TAX: "Liabilities:Consumption-Tax",
    Account.ROUNDING: "Expenses:Rounding",
}
OPENING = "Equity:Opening-Balances"
# What beancount takes as a component of an account; `X-` begins the ids that it would not take.
COMPONENT = re.compile(r"(?!X-)[A-Z0-9][A-Za-z0-9-]*")

Balances = dict[str, int]


def beancount(entries: Iterable[JournalEntry], title: str, since: date | None = None) -> str:
    """Return a whole beancount file: options, accounts, transactions, balances after each month.

    since:   the first day that is written out; what lies before is brought forward as one transaction.
    Amounts: yen with six decimals, so that beancount's tolerance is less than a micro-yen.
    """
    ordered = sorted(entries, key=lambda entry: (entry.on, entry.key))
    before = [entry for entry in ordered if since and entry.on < since]
    written = ordered[len(before) :]
    balances: Balances = {}
    _add(balances, before)
    opened_on = since or (written[0].on if written else date(1970, 1, 1))
    blocks = [*_opening(balances, opened_on), *_months(written, balances)]
    accounts = [f"{opened_on} open {account} JPY\n" for account in sorted({*balances, OPENING})]
    return "\n".join([_options(title, opened_on), "".join(accounts), *blocks])


def account_name(posting: Posting) -> str:
    """Return the beancount account of a posting: `Assets:Receivable:S-000123`, `Income:Calls`."""
    name = NAMES[posting.account]
    return f"{name}:{_component(posting.subscriber)}" if posting.subscriber else name


def _component(subscriber: str) -> str:
    if COMPONENT.fullmatch(subscriber):
        return subscriber
    return f"X-{subscriber.encode().hex()}"


def _options(title: str, opened_on: date) -> str:
    return (
        f'option "title" {_string(title)}\n'
        'option "operating_currency" "JPY"\n\n'
        f'{opened_on} commodity JPY\n  name: "Japanese yen"\n'
    )


def _add(balances: Balances, entries: Iterable[JournalEntry]) -> None:
    for entry in entries:
        for posting in entry.postings:
            account = account_name(posting)
            balances[account] = balances.get(account, 0) + posting.amount_uy


def _opening(balances: Balances, on: date) -> Iterator[str]:
    brought = [(account, amount_uy) for account, amount_uy in sorted(balances.items()) if amount_uy]
    if brought:
        rows = "".join(_row(account, amount_uy) for account, amount_uy in brought)
        difference_uy = -sum(amount_uy for _, amount_uy in brought)
        equity = _row(OPENING, difference_uy) if difference_uy else ""
        yield f'{on} * "Brought forward"\n{rows}{equity}'


def _months(entries: list[JournalEntry], balances: Balances) -> Iterator[str]:
    for month, group in groupby(entries, key=lambda entry: month_of(entry.on)):
        in_month = list(group)
        yield from map(_transaction, in_month)
        _add(balances, in_month)
        yield _assertions(balances, first_day(next_month(month)))


def _transaction(entry: JournalEntry) -> str:
    rows = "".join(_row(account_name(posting), posting.amount_uy) for posting in entry.postings)
    return f"{entry.on} * {_string(entry.narration)}\n  key: {_string(entry.key)}\n{rows}"


def _assertions(balances: Balances, on: date) -> str:
    return "".join(
        f"{on} balance {account} {_amount(amount_uy)} ~ 0 JPY\n"
        for account, amount_uy in sorted(balances.items())
    )


def _row(account: str, amount_uy: int) -> str:
    return f"  {account}  {_amount(amount_uy)} JPY\n"


def _amount(amount_uy: int) -> str:
    yen, micro = divmod(abs(amount_uy), MICRO_YEN)
    return f"{'-' if amount_uy < 0 else ''}{yen}.{micro:06d}"


def _string(text: str) -> str:
    printable = "".join(character if character.isprintable() else " " for character in text)
    return '"' + printable.replace("\\", "\\\\").replace('"', '\\"') + '"'
