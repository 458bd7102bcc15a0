"""`chakka account demo`: the login of the demo business, shown whenever the demo starts."""

import argparse
import os
from pathlib import Path

import msgspec
from django.conf import settings

from chakka.portal.accounts.login_id import shown_login_id
from chakka.portal.accounts.logins import NewLogin, create_login
from chakka.portal.accounts.models import User
from chakka.portal.billing.demo import CODE

_EMAIL = "demo@shop.example"


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the action."""
    command = subparsers.add_parser("demo", help="make the login of the demo business, or show it again")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Show where and how to log in."""
    login = demo_login(settings.CONFIG.directory)
    if not settings.PORTAL.listen:
        print("Portal: nowhere; the configuration has no [portal] listen")
        return 0
    print(f"Portal: {'https' if settings.PORTAL.https else 'http'}://{settings.PORTAL.listen}/")
    if login is not None:
        print(f"        login id {shown_login_id(login.login_id)}, password {login.password}")
    return 0


def demo_login(directory: Path) -> NewLogin | None:
    """Return the demo login with its first password, made if there is none; None if it was made elsewhere."""
    file = directory / "demo_login.json"
    if User.objects.filter(email=_EMAIL).exists():
        return msgspec.json.decode(file.read_bytes(), type=NewLogin) if file.exists() else None
    login = create_login(_EMAIL, CODE)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as written:
        written.write(msgspec.json.encode(login))
    return login
