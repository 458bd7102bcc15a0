"""`chakka bill publish`, `tables`: price list, levies and tax rates."""

import argparse
from pathlib import Path

from chakka.cli.arguments import login_name
from chakka.portal.billing.models import PublishedTable, TableKind
from chakka.portal.billing.terms import publish


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the actions."""
    command = subparsers.add_parser("publish", help="publish a price list, levies or tax rates")
    command.add_argument("kind", choices=[kind.value for kind in TableKind])
    command.add_argument("file", type=Path)
    command.set_defaults(run=publish_file)
    listing = subparsers.add_parser("tables", help="list what was published")
    listing.set_defaults(run=list_tables)


def publish_file(arguments: argparse.Namespace) -> int:
    """Publish a table; the newest of its name is the one in use."""
    print(publish(TableKind(arguments.kind), arguments.file.read_bytes(), login_name()))
    return 0


def list_tables(arguments: argparse.Namespace) -> int:
    """Print the versions of all tables, the newest last."""
    for table in PublishedTable.objects.order_by("kind", "pk"):
        print(f"{table.kind:<8}{table.at:%Y-%m-%d %H:%M}  {table.version}  ({table.by})")
    return 0
