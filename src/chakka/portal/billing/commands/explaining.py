"""`chakka bill explain`: how an invoice, a line or a call came to its yen."""

import argparse

from django.conf import settings

from chakka.portal.billing.explaining import explain
from chakka.portal.billing.ledger import opened_ledger


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the action."""
    command = subparsers.add_parser("explain", help="say how an invoice, a line or a call came to its yen")
    command.add_argument("subject", help="number of an invoice, key of a line, or id of a call")
    command.set_defaults(run=explain_one)


def explain_one(arguments: argparse.Namespace) -> int:
    """Print the explanation."""
    with opened_ledger(settings.CONFIG) as ledger:
        print("\n".join(explain(arguments.subject, ledger)))
    return 0
