"""`chakka account create`, `role`, `list`."""

import argparse

import msgspec

from chakka.portal.accounts.login_id import shown_login_id
from chakka.portal.accounts.logins import create_login, give_role, login_of
from chakka.portal.accounts.models import User


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the actions."""
    create = subparsers.add_parser("create", help="make a login; its password is shown once")
    create.add_argument("--email", required=True)
    _add_side(create)
    create.add_argument("--json", action="store_true")
    create.set_defaults(run=run_create)
    role = subparsers.add_parser("role", help="say for whom a login acts")
    role.add_argument("login")
    _add_side(role)
    role.add_argument("--json", action="store_true")
    role.set_defaults(run=run_role)
    listing = subparsers.add_parser("list", help="list logins")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=run_list)


def run_create(arguments: argparse.Namespace) -> int:
    """Make a login and show it."""
    made = create_login(arguments.email, arguments.subscriber)
    if arguments.json:
        print(msgspec.json.encode(made).decode())
    else:
        print(f"login id  {shown_login_id(made.login_id)}\npassword  {made.password}")
    return 0


def run_role(arguments: argparse.Namespace) -> int:
    """Give a login another role."""
    _show([give_role(login_of(arguments.login), arguments.subscriber)], as_json=arguments.json)
    return 0


def run_list(arguments: argparse.Namespace) -> int:
    """List every login."""
    users = User.objects.select_related("subscriber").order_by("login_id")
    _show(list(users), as_json=arguments.json)
    return 0


def _add_side(command: argparse.ArgumentParser) -> None:
    side = command.add_mutually_exclusive_group(required=True)
    side.add_argument("--subscriber", metavar="CODE", help="acts for this subscriber")
    side.add_argument("--operator", action="store_true", help="acts for the operator")


def _show(users: list[User], *, as_json: bool) -> None:
    rows = [
        {
            "login_id": user.login_id,
            "email": user.email,
            "role": user.role,
            "subscriber": user.subscriber.code if user.subscriber else None,
            "is_locked": user.is_locked,
        }
        for user in users
    ]
    if as_json:
        print(msgspec.json.encode(rows).decode())
        return
    for row in rows:
        locked = "locked" if row["is_locked"] else ""
        whom = row["subscriber"] or "operator"
        print(f"{shown_login_id(str(row['login_id'])):<14}{whom:<22}{row['email']:<32}{locked}".rstrip())
