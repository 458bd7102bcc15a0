"""`chakka bill explain`: how an invoice, a line or a call came to its yen."""

import argparse

import msgspec
from django.conf import settings

from chakka.invoicing.explain import as_lines
from chakka.portal.billing.explaining import Ground, carried, explain
from chakka.portal.billing.ledger import opened_ledger


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the action."""
    command = subparsers.add_parser("explain", help="say how an invoice, a line or a call came to its yen")
    command.add_argument("subject", help="number of an invoice, key of a line, or id of a call")
    command.add_argument("--calls", action="store_true", help="list each call of lines for calls")
    command.add_argument(
        "--carried", action="store_true", help="of a call: say as JSON which lines of invoices carry it"
    )
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=explain_one)


def explain_one(arguments: argparse.Namespace) -> int:
    """Print the explanation."""
    with opened_ledger(settings.CONFIG) as ledger:
        if arguments.carried:
            call = ledger.call(arguments.subject)
            print(msgspec.json.encode(carried(call) if call else []).decode())
            return 0
        ground = Ground(calls=ledger, tariffs=settings.CONFIG.tariffs, each_call=arguments.calls)
        explained = explain(arguments.subject, ground)
    print(msgspec.json.encode(explained).decode() if arguments.json else "\n".join(as_lines(explained)))
    return 0
