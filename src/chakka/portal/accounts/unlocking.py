"""Release of a lock: asked for by the person, decided by an operator, charged once (service.md R7.2)."""

from collections.abc import Iterator
from datetime import date, datetime

import msgspec
from django.db import transaction

from chakka.errors import InputError, Problem
from chakka.invoicing.model import Item
from chakka.localtime import JST
from chakka.portal.accounts.entering import WRONG_ENTRIES
from chakka.portal.accounts.login_id import read_login_id
from chakka.portal.accounts.models import Entry, EntryResult, Lock, User
from chakka.portal.contracts.finding import contracts_on
from chakka.portal.contracts.models import WorkOrder


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """That a lock is released: by whom, why, and whether its fee goes on the next invoice."""

    by: str
    reason: str
    with_fee: bool
    at: datetime


def request_unlock(login_id: str, text: str, now: datetime) -> None:
    """Keep that a person asks for the release of a lock, once for each lock; of other ids nothing is kept."""
    found = Lock.objects.filter(
        user__login_id=read_login_id(login_id) or "", released_at__isnull=True, requested_at__isnull=True
    )
    found.update(requested_at=now, request=text[:500])


def open_lock(user: User) -> Lock | None:
    """Return the lock that a login is under."""
    return Lock.objects.filter(user=user, released_at__isnull=True).first()


def evidence(lock: Lock) -> list[Entry]:
    """Return the wrong entries that led to a lock, the oldest first."""
    wrong = Entry.objects.filter(user=lock.user, result=EntryResult.WRONG)
    if lock.released_at is not None:
        wrong = wrong.filter(at__lte=lock.released_at)
    # As they were counted: by the clock, entries at the same moment may be in another order.
    return list(wrong.order_by("-pk")[:WRONG_ENTRIES])[::-1]


def is_by_strangers(lock: Lock) -> bool:
    """Return whether no wrong entry came from where the login was ever entered: proposed without a fee."""
    known = Entry.objects.filter(user=lock.user, result=EntryResult.RIGHT).values_list("address", flat=True)
    return {entry.address for entry in evidence(lock)}.isdisjoint(known)


def unlock(user: User, decision: Decision) -> Lock:
    """Return the lock that was released; its fee, if any, is a work order that names the lock.

    Raises: InputError with every problem: no lock, nobody asked, no reason, no contract to charge.
    """
    with transaction.atomic():
        lock = Lock.objects.select_for_update().filter(user=user, released_at__isnull=True).first()
        problems = list(_problems(user, lock, decision))
        if lock is None or problems:
            message = f"login {user.login_id} cannot be unlocked"
            raise InputError(f"{message}: {'; '.join(each.message for each in problems)}", problems)
        lock.released_at, lock.released_by = decision.at, decision.by
        lock.reason, lock.with_fee = decision.reason, decision.with_fee
        lock.save()
        User.objects.filter(pk=user.pk).update(is_locked=False, wrong_entries=0)
        if decision.with_fee:
            _charge(lock, decision.at)
        return lock


def _problems(user: User, lock: Lock | None, decision: Decision) -> Iterator[Problem]:
    if lock is None:
        yield Problem(where="login", code="not_locked", message=f"{user.login_id} is not locked")
    elif lock.requested_at is None:
        message = "nobody has asked for it: only an unlock request releases a lock (R7.2)"
        yield Problem(where="login", code="no_request", message=message)
    if not decision.reason.strip():
        yield Problem(where="reason", code="missing", message="say why")
    if decision.with_fee and not contracts_on(_day(decision.at)).filter(subscriber=user.subscriber).exists():
        message = "there is no contract that the fee could be charged to; decide without it"
        yield Problem(where="fee", code="no_contract", message=message)


def _charge(lock: Lock, at: datetime) -> None:
    day = _day(at)
    contract = contracts_on(day).filter(subscriber=lock.user.subscriber).order_by("start", "pk")[0]
    WorkOrder.objects.create(
        order_id=f"unlock-{lock}",
        contract=contract,
        kind=Item.LOCK_RELEASE,
        completed_on=day,
        lock=str(lock),
    )


def _day(at: datetime) -> date:
    return at.astimezone(JST).date()
