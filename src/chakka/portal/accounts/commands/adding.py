"""`chakka subscriber add`, `change`: who pays, and where invoices go."""

import argparse

from chakka.portal.accounts.commands.showing import show_rows
from chakka.portal.accounts.details import Details, add_subscriber, change_subscriber

_DETAILS = {
    "name": "on invoices",
    "name_kana": "in katakana",
    "postal_code": "100-0001",
    "address": "on invoices",
    "registration_number": "T and 13 digits, if it has one",
    "payment_terms": "end_of_next_month (default) or thirty_days",
    "billing_name": "if invoices go to somebody else",
    "billing_postal_code": "if invoices go elsewhere",
    "billing_address": "if invoices go elsewhere",
}
_WORDS = {"name_kana": "kana", "payment_terms": "terms"}


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the actions."""
    adding = subparsers.add_parser("add", help="add a subscriber")
    adding.set_defaults(run=add_one)
    changing = subparsers.add_parser("change", help="change details; what is left out stays, '' empties")
    changing.set_defaults(run=change_one)
    for command in (adding, changing):
        command.add_argument("code", help="names it in the journal and in files, never changed: A-Z 0-9 -")
        for name, what in _DETAILS.items():
            option = f"--{_WORDS.get(name, name).replace('_', '-')}"
            command.add_argument(option, dest=name, metavar="TEXT", help=what)
        command.add_argument(
            "--sole-trader", action="store_true", help="its registration number has no check digit"
        )
        command.add_argument("--json", action="store_true")


def add_one(arguments: argparse.Namespace) -> int:
    """Add the subscriber and show it."""
    added = add_subscriber(arguments.code, _details(arguments), corporation=not arguments.sole_trader)
    show_rows([added], as_json=arguments.json)
    return 0


def change_one(arguments: argparse.Namespace) -> int:
    """Change the subscriber and show it."""
    changed = change_subscriber(arguments.code, _details(arguments), corporation=not arguments.sole_trader)
    show_rows([changed], as_json=arguments.json)
    return 0


def _details(arguments: argparse.Namespace) -> Details:
    given = {name: getattr(arguments, name) for name in _DETAILS}
    return {name: text.strip() for name, text in given.items() if text is not None}
