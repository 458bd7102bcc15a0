"""What a subscriber's details may be, each fault with its rule; and keeping them."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from django.db import transaction

from chakka.errors import InputError, Problem
from chakka.invoicing.registration import registration_problems
from chakka.portal.accounts.finding import subscriber_of
from chakka.portal.accounts.models import PaymentTerms, Subscriber

# By the names of the columns; what is left out of a change stays as it is.
Details = Mapping[str, str]
REQUIRED = ("name", "postal_code", "address")

_CODE = "[A-Z0-9][A-Z0-9-]{0,19}"
_POSTAL_CODE = "[0-9]{3}-[0-9]{4}"
_KANA = "[ァ-ヶー・゛゜　 （）A-Za-z0-9０-９.&-]{0,100}"


def add_subscriber(code: str, details: Details, *, corporation: bool = True) -> Subscriber:
    """Return the new subscriber. Raises: InputError with every problem.

    corporation: its registration number has a check digit.
    """
    with transaction.atomic():
        problems = [*_code_problems(code), *_missing(details), *_faults(details, corporation=corporation)]
        if problems:
            raise InputError(f"the subscriber {code} cannot be added", problems)
        return Subscriber.objects.create(code=code, **details)


def change_subscriber(code: str, details: Details, *, corporation: bool = True) -> Subscriber:
    """Return the changed subscriber; invoices that were issued stay as they are.

    Raises: InputError with every problem.
    """
    with transaction.atomic():
        problems: list[Problem] = []
        found = subscriber_of(code, problems)
        problems += _faults(details, corporation=corporation)
        if not details:
            problems.append(_problem("change", "nothing", "nothing is to be changed"))
        if found is None or problems:
            raise InputError(f"the subscriber {code} cannot be changed", problems)
        for name, text in details.items():
            setattr(found, name, text)
        found.save()
        return found


def _code_problems(code: str) -> Iterator[Problem]:
    if re.fullmatch(_CODE, code) is None:
        message = f"{code!r} is no code: up to 20 of A-Z, 0-9 and -, not beginning with -"
        yield _problem("code", "bad_value", message)
    elif Subscriber.objects.filter(code=code).exists():
        yield _problem("code", "duplicate", f"there is a subscriber {code!r} already")


def _missing(details: Details) -> Iterator[Problem]:
    for name in REQUIRED:
        if name not in details:
            yield _problem(
                name, "missing", f"a subscriber needs {name.replace('_', ' ')}: it stands on invoices"
            )


def _faults(details: Details, *, corporation: bool) -> Iterator[Problem]:
    for name, text in details.items():
        yield from (
            _registration(text, corporation) if name == "registration_number" else _CHECKS[name](name, text)
        )


def _registration(text: str, corporation: bool) -> tuple[Problem, ...]:
    return registration_problems(text, "registration_number", corporation=corporation) if text else ()


def _text(longest: int, name: str, text: str) -> Iterator[Problem]:
    if len(text) > longest or not text.isprintable():
        message = f"{text!r}: {name.replace('_', ' ')} is one line of at most {longest} characters"
        yield _problem(name, "bad_value", message)


def _required_text(longest: int, name: str, text: str) -> Iterator[Problem]:
    if not text.strip():
        yield _problem(name, "missing", f"{name.replace('_', ' ')} is empty, but stands on invoices")
    yield from _text(longest, name, text)


def _postal_code(name: str, text: str) -> Iterator[Problem]:
    if re.fullmatch(_POSTAL_CODE, text) is None:
        yield _problem(name, "bad_value", f"{text!r} is no postal code; write 100-0001")


def _postal_code_or_none(name: str, text: str) -> Iterator[Problem]:
    if text:
        yield from _postal_code(name, text)


def _kana(name: str, text: str) -> Iterator[Problem]:
    if re.fullmatch(_KANA, text) is None:
        yield _problem(name, "bad_value", f"{text!r} is not in katakana, at most 100 characters")


def _payment_terms(name: str, text: str) -> Iterator[Problem]:
    if text not in PaymentTerms.values:
        message = f"{text!r} are no terms of payment; there are {', '.join(PaymentTerms.values)}"
        yield _problem(name, "bad_value", message)


def _problem(where: str, code: str, message: str) -> Problem:
    return Problem(where=where, code=code, message=message)


_CHECKS: Mapping[str, Callable[[str, str], Iterator[Problem]]] = {
    "name": partial(_required_text, 100),
    "name_kana": _kana,
    "postal_code": _postal_code,
    "address": partial(_required_text, 200),
    "billing_name": partial(_text, 100),
    "billing_postal_code": _postal_code_or_none,
    "billing_address": partial(_text, 200),
    "payment_terms": _payment_terms,
}
