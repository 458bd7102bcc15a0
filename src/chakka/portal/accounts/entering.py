"""Entry by login id and password, and the lock (service.md R7.2, reliability.md §4).

An entry is a form of ours, whole, sent for the first time. Everything else is none: it changes no count, and
its password is compared to nothing that anybody learns of.
"""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from django.contrib.auth.hashers import check_password, make_password
from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import Case, F, Value, When

from chakka.config import PortalSettings
from chakka.portal.accounts.login_id import read_login_id
from chakka.portal.accounts.models import Entry, EntryResult, Lock, User

WRONG_ENTRIES = 3
# An open page can be left for a night; what is older is asked for anew.
_FORM_LASTS_S = 86_400
_SALT = "chakka.entry"
# Compared to when nobody has the id, so that it takes as long.
_NOBODY = make_password(secrets.token_urlsafe())


class Outcome(StrEnum):
    """What becomes of a form that was sent."""

    IN = "in"
    WRONG = "wrong"
    LOCKED = "locked"
    NO_ENTRY = "no_entry"
    NO_LOGIN_ID = "no_login_id"
    THROTTLED = "throttled"


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """A form as it was sent, and from where. form: of `new_form`; agent: what the browser calls itself."""

    login_id: str
    password: str
    form: str
    address: str
    agent: str = ""


class Entered(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. user: who is in, or whose count has changed. wrong_entries: in a row by now."""

    outcome: Outcome
    user: User | None = None
    wrong_entries: int = 0


def new_form() -> str:
    """Return what makes a form one of ours, and tells it from all others."""
    return signing.dumps(secrets.token_hex(16), salt=_SALT)


def enter(attempt: Attempt, now: datetime, settings: PortalSettings) -> Entered:
    """Return what becomes of a form; of wrong entries exactly three in a row lock the login."""
    form = _form(attempt.form)
    if form is None or not attempt.login_id.strip() or not attempt.password:
        return Entered(outcome=Outcome.NO_ENTRY)
    login_id = read_login_id(attempt.login_id)
    if login_id is None:
        return Entered(outcome=Outcome.NO_LOGIN_ID)
    if _is_throttled(attempt.address, login_id, now, settings):
        return Entered(outcome=Outcome.THROTTLED)
    user = User.objects.filter(login_id=login_id, is_active=True).first()
    is_right = _is_right(user, attempt.password)
    entry = Entry(
        login_id=login_id,
        user=user,
        address=attempt.address,
        agent=attempt.agent[:200],
        at=now,
        form=form,
        result=EntryResult.WRONG,
    )
    try:
        with transaction.atomic():
            return _counted(entry, is_right=is_right)
    except IntegrityError:
        # The same form, sent twice; whichever came first has counted.
        return Entered(outcome=Outcome.NO_ENTRY)


def _form(signed: str) -> str | None:
    try:
        form: str = signing.loads(signed, salt=_SALT, max_age=_FORM_LASTS_S)
    except signing.BadSignature:
        return None
    return form


def _is_throttled(address: str, login_id: str, now: datetime, settings: PortalSettings) -> bool:
    """Return whether this address has failed too often with other ids to try one more."""
    failed = Entry.objects.filter(
        address=address, at__gt=now - timedelta(seconds=settings.failures_within)
    ).exclude(result=EntryResult.RIGHT)
    ids = list(failed.values_list("login_id", flat=True))
    return len(ids) > settings.failures and len(set(ids)) > 1 and login_id not in ids


def _is_right(user: User | None, password: str) -> bool:
    if user is None:
        check_password(password, _NOBODY)
        return False
    return user.check_password(password)


def _counted(entry: Entry, *, is_right: bool) -> Entered:
    """Return what an entry leads to, after it was counted and kept."""
    entry.save(force_insert=True)
    user = entry.user
    if user is None:
        return Entered(outcome=Outcome.WRONG)
    # One statement each counts and locks, or resets: of entries at the same moment none is lost or too many.
    login = User.objects.filter(pk=user.pk, is_locked=False)
    if is_right:
        is_open = login.update(wrong_entries=0)
    else:
        is_open = login.update(
            wrong_entries=F("wrong_entries") + 1,
            is_locked=Case(
                When(wrong_entries__gte=WRONG_ENTRIES - 1, then=Value(True)), default=Value(False)
            ),
        )
    if not is_open:
        _keep_result(entry, EntryResult.WHILE_LOCKED)
        # Only who knows the password learns that the login is locked.
        return Entered(outcome=Outcome.LOCKED, user=user) if is_right else Entered(outcome=Outcome.WRONG)
    user.refresh_from_db(fields=["wrong_entries", "is_locked"])
    if is_right:
        _keep_result(entry, EntryResult.RIGHT)
        return Entered(outcome=Outcome.IN, user=user)
    if user.is_locked:
        Lock.objects.create(user=user, at=entry.at)
    return Entered(outcome=Outcome.WRONG, user=user, wrong_entries=user.wrong_entries)


def _keep_result(entry: Entry, result: EntryResult) -> None:
    entry.result = result
    entry.save(update_fields=["result"])
