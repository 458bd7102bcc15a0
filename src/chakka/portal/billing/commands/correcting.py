"""`chakka bill credit`, `adjust`: what was wrong is given back or charged, with who and why."""

import argparse

from chakka.cli.arguments import freephone_number, login_name
from chakka.portal.billing.adjusting import Wish, adjust
from chakka.portal.billing.commands.words import day, issuing, opened, yen
from chakka.portal.billing.crediting import credit
from chakka.portal.billing.documents import stored_invoice


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the actions."""
    crediting = subparsers.add_parser("credit", help="correct an invoice: a credit and the corrected one")
    crediting.add_argument("number", help="of the invoice")
    crediting.add_argument("--reason", required=True, help="kept with your name")
    crediting.add_argument(
        "--whole", action="store_true", help="take all of it back; the next run bills anew"
    )
    crediting.add_argument("--date", type=day, help="of the documents; left out: today")
    crediting.set_defaults(run=credit_one)
    adjusting = subparsers.add_parser("adjust", help="put an amount on the next invoice")
    adjusting.add_argument("number", type=freephone_number, help="freephone number")
    adjusting.add_argument("yen", type=yen, help="without tax; negative: given back")
    adjusting.add_argument("--from", dest="first", type=day, required=True, metavar="DATE")
    adjusting.add_argument("--to", dest="last", type=day, metavar="DATE", help="left out: that one day")
    adjusting.add_argument("--reason", required=True, help="stands on the invoice, and here with your name")
    adjusting.set_defaults(run=adjust_one)


def credit_one(arguments: argparse.Namespace) -> int:
    """Issue credit and corrected invoice, computed from ledger and contracts as they are now."""
    row = stored_invoice(arguments.number)
    with opened(row.run.month) as billing:
        reasoned = issuing(arguments, arguments.reason)
        documents = credit(row, billing.drafting, reasoned, whole=arguments.whole)
    for document in documents:
        print(f"{document.number}  {document.body.kind}  {document.body.total_yen:,} yen")
    return 0


def adjust_one(arguments: argparse.Namespace) -> int:
    """Keep the adjustment for the next run."""
    wish = Wish(
        number=arguments.number,
        net_yen=arguments.yen,
        period_first=arguments.first,
        period_last=arguments.last or arguments.first,
        reason=arguments.reason,
    )
    print(f"{adjust(wish, login_name())}: {arguments.yen:,} yen go on the next invoice of {arguments.number}")
    return 0
