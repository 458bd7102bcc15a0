"""Registration numbers of qualified invoice issuers: `T` and the 13 digits of a corporate number."""

import re

from chakka.errors import Problem

REGISTRATION = re.compile(r"T[0-9]{13}")
CORPORATE_NUMBER = re.compile(r"[0-9]{13}")


def check_digit(twelve_digits: str) -> int:
    """Return the leftmost digit of the corporate number whose other digits are these twelve.

    Source: charging.md §5; 法人番号の指定等に関する省令 第2条: 9 − (Σ Pₙ·Qₙ mod 9).
    """
    weighted = sum(
        int(digit) * (1 if place % 2 else 2) for place, digit in enumerate(reversed(twelve_digits), start=1)
    )
    return 9 - weighted % 9


def is_corporate_number(number: str) -> bool:
    """Return whether a text is a corporate number: 13 digits of which the first checks the others."""
    return CORPORATE_NUMBER.fullmatch(number) is not None and int(number[0]) == check_digit(number[1:])


def registration_problems(number: str, where: str, *, corporation: bool = True) -> tuple[Problem, ...]:
    """Return what is wrong with a registration number; nothing if it is right.

    corporation: False for sole traders and associations, whose 13 digits are no corporate number and
                 have no check digit.
    """
    if REGISTRATION.fullmatch(number) is None:
        message = f"{number!r} is no registration number: write T and 13 digits"
        return (Problem(code="registration_number", where=where, message=message),)
    if not corporation or is_corporate_number(number[1:]):
        return ()
    message = f"{number} has the check digit {number[1]}; for {number[2:]} it is {check_digit(number[2:])}"
    return (Problem(code="check_digit", where=where, message=message),)
