"""Logins: made with a random id and a random password, and for whom they act."""

import secrets

import msgspec
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from chakka.errors import InputError, Problem
from chakka.portal.accounts.login_id import new_login_id, read_login_id
from chakka.portal.accounts.models import Role, Subscriber, User

# 80 bits in letters and digits that nobody confuses.
_PASSWORD_LENGTH = 16
_PASSWORD_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


class NewLogin(msgspec.Struct, frozen=True, kw_only=True):
    """What a person is told once: the password is kept nowhere."""

    login_id: str
    password: str


def create_login(email: str, subscriber_code: str | None) -> NewLogin:
    """Return a new login of a subscriber; of the operator, for None.

    Raises: InputError with every problem: no e-mail address, one that has a login, no such subscriber.
    """
    with transaction.atomic():
        problems = list(_email_problems(email))
        subscriber, unknown = _subscriber(subscriber_code)
        if problems or unknown:
            found = [*problems, *unknown]
            raise InputError("; ".join(problem.message for problem in found), found)
        login_id = new_login_id(secrets.randbelow)
        while User.objects.filter(login_id=login_id).exists():
            login_id = new_login_id(secrets.randbelow)
        password = "".join(secrets.choice(_PASSWORD_LETTERS) for _ in range(_PASSWORD_LENGTH))
        User.objects.create_user(login_id, email, password, subscriber)
        return NewLogin(login_id=login_id, password=password)


def give_role(user: User, subscriber_code: str | None) -> User:
    """Return a login after it acts for a subscriber; for the operator, for None. Raises: InputError."""
    subscriber, unknown = _subscriber(subscriber_code)
    if unknown:
        raise InputError(unknown[0].message, unknown)
    user.subscriber = subscriber
    user.role = Role.OPERATOR if subscriber is None else Role.SUBSCRIBER
    user.save(update_fields=["subscriber", "role"])
    return user


def login_of(text: str) -> User:
    """Return the user of a login id as typed. Raises: InputError if there is none."""
    user = User.objects.select_related("subscriber").filter(login_id=read_login_id(text) or text).first()
    if user is None:
        message = f"{text!r} is no login id; chakka account list names them"
        raise InputError(message, [Problem(where="login", code="unknown", message=message)])
    return user


def _email_problems(email: str) -> list[Problem]:
    try:
        validate_email(email)
    except ValidationError:
        return [Problem(where="email", code="bad_value", message=f"{email!r} is no e-mail address")]
    if User.objects.filter(email__iexact=email).exists():
        return [Problem(where="email", code="duplicate", message=f"{email} has a login already")]
    return []


def _subscriber(code: str | None) -> tuple[Subscriber | None, list[Problem]]:
    if code is None:
        return None, []
    found = Subscriber.objects.filter(code=code).first()
    if found is None:
        message = f"{code!r} is no subscriber; chakka subscriber list names them"
        return None, [Problem(where="subscriber", code="unknown", message=message)]
    return found, []
