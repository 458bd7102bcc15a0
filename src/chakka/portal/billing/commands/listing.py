"""`chakka bill list`, `search`, `show`: what was issued."""

import argparse
from collections.abc import Iterable

import msgspec

from chakka.portal.billing.models import Invoice


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the actions."""
    command = subparsers.add_parser("list", help="list every issued invoice")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=list_all)


def list_all(arguments: argparse.Namespace) -> int:
    """Print the invoices in the order of their numbers."""
    show_rows(Invoice.objects.order_by("sequence"), arguments.json)
    return 0


def show_rows(invoices: Iterable[Invoice], as_json: bool) -> None:
    """Print one line for each invoice."""
    for invoice in invoices:
        print(_json_row(invoice) if as_json else _text_row(invoice))


def _json_row(invoice: Invoice) -> str:
    row = {
        "number": invoice.number,
        "kind": invoice.kind,
        "issued_on": invoice.issued_on,
        "counterparty": invoice.counterparty,
        "total_yen": invoice.total_yen,
    }
    return msgspec.json.encode(row).decode()


def _text_row(invoice: Invoice) -> str:
    what = f"{invoice.number:<14}{invoice.issued_on}  {invoice.kind:<10}"
    return f"{what}{invoice.total_yen:>12,}  {invoice.counterparty}"
