"""`chakka bill list`, `search`, `show`: what was issued, by date, amount, counterparty (charging.md §5)."""

import argparse

import msgspec
from django.conf import settings
from django.db.models import QuerySet

from chakka.portal.billing.commands.words import day, month, yen
from chakka.portal.billing.documents import invoice_of, stored_invoice
from chakka.portal.billing.models import Invoice
from chakka.portal.billing.searching import Wanted, kept_until, search


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the actions."""
    for name, what in (("list", "list issued documents"), ("search", "search issued documents")):
        command = subparsers.add_parser(name, help=what)
        add_wanted(command)
        command.add_argument("--json", action="store_true")
        command.set_defaults(run=list_wanted)
    show = subparsers.add_parser("show", help="show one document with its lines")
    show.add_argument("number")
    show.add_argument("--json", action="store_true")
    show.set_defaults(run=show_one)


def add_wanted(command: argparse.ArgumentParser) -> None:
    """Add what documents can be searched by, alone or together."""
    command.add_argument("--month", type=month, help="of the billing run")
    command.add_argument("--from", dest="first", type=day, metavar="DATE", help="issued on this day or later")
    command.add_argument("--to", dest="last", type=day, metavar="DATE", help="issued on this day or before")
    command.add_argument("--min", dest="least", type=yen, metavar="YEN", help="total with tax, at least")
    command.add_argument("--max", dest="most", type=yen, metavar="YEN", help="total with tax, at most")
    command.add_argument("--counterparty", metavar="TEXT", help="part of the recipient's name, or the code")


def wanted(arguments: argparse.Namespace) -> QuerySet[Invoice]:
    """Return the documents that are asked for, in the order of issue."""
    return search(
        Wanted(
            month=arguments.month,
            first=arguments.first,
            last=arguments.last,
            least_yen=arguments.least,
            most_yen=arguments.most,
            counterparty=arguments.counterparty,
        )
    )


def list_wanted(arguments: argparse.Namespace) -> int:
    """Print one line for each document."""
    for row in wanted(arguments).iterator():
        print(_json_row(row) if arguments.json else _text_row(row))
    return 0


def show_one(arguments: argparse.Namespace) -> int:
    """Print one document."""
    row = stored_invoice(arguments.number)
    invoice = invoice_of(row)
    if arguments.json:
        print(msgspec.json.encode(invoice).decode())
        return 0
    body = invoice.body
    print(f"{invoice.number}  {body.kind}  {invoice.issued_on}, due {invoice.due_on}  {body.recipient.name}")
    if body.refers_to:
        print(f"corrects {body.refers_to}: {row.reason} ({row.by})")
    for line in body.lines:
        period = f"{line.period_first}/{line.period_last}"
        print(f"{line.net_yen:>12,}  {line.number}  {period}  {line.description}  [{line.key}]")
    for tax in body.taxes:
        print(f"{tax.tax_yen:>12,}  tax of {tax.permille}/1000 on {tax.net_yen:,}")
    print(f"{body.total_yen:>12,}  total")
    years = settings.CONFIG.billing.keep_years
    print(f"to be kept until {kept_until(invoice.issued_on, years)} ({years} years), issued by {row.by}")
    return 0


def _json_row(row: Invoice) -> str:
    names = ("number", "kind", "issued_on", "due_on", "counterparty", "net_yen", "tax_yen", "total_yen")
    found = {name: getattr(row, name) for name in names}
    refers_to = row.refers_to.number if row.refers_to else None
    return msgspec.json.encode({**found, "refers_to": refers_to}).decode()


def _text_row(row: Invoice) -> str:
    what = f"{row.number:<16}{row.issued_on}  {row.kind:<10}"
    return f"{what}{row.total_yen:>12,}  {row.counterparty}"
