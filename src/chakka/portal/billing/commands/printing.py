"""`chakka bill pdf`: a document as PDF."""

import argparse

from django.conf import settings

from chakka.portal.billing.commands.exporting import add_output, write
from chakka.portal.billing.documents import invoice_of, original_of, stored_invoice
from chakka.portal.billing.letterhead import notes, pint_profile
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
    billing = settings.CONFIG.billing
    pdf = invoice_pdf(invoice_of(row), original_of(row), notes(billing), pint_profile(billing))
    return write(pdf, arguments.output)
