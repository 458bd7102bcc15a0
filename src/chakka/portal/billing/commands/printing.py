"""`chakka bill pdf`: a document as PDF."""

import argparse

from chakka.portal.billing.commands.exporting import add_output, write
from chakka.portal.billing.documents import invoice_of, original_of, stored_invoice
from chakka.portal.billing.pdf import invoice_pdf


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the action."""
    command = subparsers.add_parser("pdf", help="write a document as PDF")
    command.add_argument("number")
    add_output(command)
    command.set_defaults(run=write_pdf)


def write_pdf(arguments: argparse.Namespace) -> int:
    """Write one document as PDF, with its JP PINT XML attached."""
    row = stored_invoice(arguments.number)
    return write(invoice_pdf(invoice_of(row), original_of(row)), arguments.output)
