"""`chakka bill pint`, `csv`, `export beancount`: documents for other programs."""

import argparse
import sys
from pathlib import Path

import msgspec
from django.conf import settings

from chakka.invoicing.beancount import beancount
from chakka.invoicing.csv_lines import Encoding, invoices_csv, lines_csv
from chakka.invoicing.journal_entries import JournalEntry
from chakka.invoicing.period import first_day, last_day
from chakka.invoicing.pint import pint
from chakka.portal.billing.commands.listing import add_wanted, wanted
from chakka.portal.billing.commands.words import month
from chakka.portal.billing.documents import invoice_of, original_of, stored_invoice
from chakka.portal.billing.letterhead import pint_profile
from chakka.portal.billing.models import JournalBatch

_ENTRY = msgspec.json.Decoder(JournalEntry)


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the actions."""
    xml = subparsers.add_parser("pint", help="write a document as JP PINT XML")
    xml.add_argument("number")
    add_output(xml)
    xml.set_defaults(run=write_pint)
    csv = subparsers.add_parser("csv", help="write documents, or their lines, as CSV")
    add_wanted(csv)
    csv.add_argument("--number", help="this document alone")
    csv.add_argument("--lines", action="store_true", help="a row for each line")
    csv.add_argument("--encoding", type=Encoding, choices=list(Encoding), default=Encoding.UTF8_BOM)
    add_output(csv)
    csv.set_defaults(run=write_csv)
    export = subparsers.add_parser("export", help="write the double-entry journal")
    export.add_argument("form", choices=["beancount"])
    export.add_argument("--month", type=month, help="this month, with what was before brought forward")
    add_output(export)
    export.set_defaults(run=write_journal)


def add_output(command: argparse.ArgumentParser) -> None:
    """Add -o FILE."""
    command.add_argument("-o", dest="output", type=Path, metavar="FILE", help="left out: standard output")


def write(content: bytes, output: Path | None) -> int:
    """Write a document to a file, or to standard output."""
    if output is None:
        sys.stdout.buffer.write(content)
    else:
        output.write_bytes(content)
    return 0


def write_pint(arguments: argparse.Namespace) -> int:
    """Write one document as XML."""
    row = stored_invoice(arguments.number)
    profile = pint_profile(settings.CONFIG.billing)
    return write(pint(invoice_of(row), original_of(row), profile), arguments.output)


def write_csv(arguments: argparse.Namespace) -> int:
    """Write the documents that are asked for as CSV."""
    rows = [stored_invoice(arguments.number)] if arguments.number else wanted(arguments)
    table = lines_csv if arguments.lines else invoices_csv
    return write(table(map(invoice_of, rows), arguments.encoding), arguments.output)


def write_journal(arguments: argparse.Namespace) -> int:
    """Write the journal up to the end of the month that is asked for."""
    batches = JournalBatch.objects.order_by("pk")
    since = None
    if arguments.month is not None:
        since = first_day(arguments.month)
        batches = batches.filter(booked_on__lte=last_day(arguments.month))
    entries = (_ENTRY.decode(entry) for entry in batches.values_list("entry", flat=True).iterator())
    title = settings.CONFIG.billing.issuer or "chakka"
    return write(beancount(entries, title, since).encode(), arguments.output)
