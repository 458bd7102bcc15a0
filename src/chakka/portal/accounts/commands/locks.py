"""`chakka account locks`, `unlock`."""

import argparse
from datetime import UTC, datetime

import msgspec

from chakka.cli.arguments import login_name
from chakka.localtime import JST
from chakka.portal.accounts.login_id import shown_login_id
from chakka.portal.accounts.logins import login_of
from chakka.portal.accounts.models import Lock
from chakka.portal.accounts.unlocking import Decision, evidence, is_by_strangers, unlock


class WrongEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One of the entries that led to a lock."""

    at: str
    address: str
    agent: str


class LockRow(msgspec.Struct, frozen=True, kw_only=True):
    """A lock as the listing shows it. by_strangers: a release without fee is proposed."""

    login_id: str
    lock: str
    at: str
    request: str
    by_strangers: bool
    entries: list[WrongEntry]


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the actions."""
    listing = subparsers.add_parser("locks", help="list locked logins, what led to it and what they ask for")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=run_locks)
    release = subparsers.add_parser("unlock", help="release a lock whose release was asked for")
    release.add_argument("login")
    release.add_argument("--reason", required=True, help="kept with the decision")
    release.add_argument("--without-fee", action="store_true", help="the release is charged otherwise (R7.2)")
    release.add_argument("--json", action="store_true")
    release.set_defaults(run=run_unlock)


def run_locks(arguments: argparse.Namespace) -> int:
    """List the open locks."""
    locks = Lock.objects.filter(released_at__isnull=True).select_related("user").order_by("at")
    rows = [_row(lock) for lock in locks]
    if arguments.json:
        print(msgspec.json.encode(rows).decode())
        return 0
    for row in rows:
        print(f"{shown_login_id(row.login_id)}  locked {row.at}")
        print(f"  asks: {row.request or 'nothing yet'}")
        for entry in row.entries:
            print(f"  wrong entry {entry.at} from {entry.address} {entry.agent}".rstrip())
        print(f"  proposed: {'without' if row.by_strangers else 'with'} fee")
    return 0


def run_unlock(arguments: argparse.Namespace) -> int:
    """Release a lock."""
    decision = Decision(
        by=login_name(),
        reason=arguments.reason,
        with_fee=not arguments.without_fee,
        at=datetime.now(UTC),
    )
    lock = unlock(login_of(arguments.login), decision)
    if arguments.json:
        print(msgspec.json.encode({"lock": str(lock), "with_fee": lock.with_fee}).decode())
    else:
        fee = "the fee goes on the next invoice" if lock.with_fee else "without a fee"
        print(f"{shown_login_id(lock.user.login_id)} is unlocked ({lock}), {fee}")
    return 0


def _row(lock: Lock) -> LockRow:
    return LockRow(
        login_id=lock.user.login_id,
        lock=str(lock),
        at=_instant(lock.at),
        request=lock.request if lock.requested_at else "",
        by_strangers=is_by_strangers(lock),
        entries=[
            WrongEntry(at=_instant(entry.at), address=entry.address, agent=entry.agent)
            for entry in evidence(lock)
        ],
    )


def _instant(at: datetime) -> str:
    return at.astimezone(JST).isoformat(timespec="seconds")
