"""Login ids: nine random digits and a check digit, so that a slip is no entry (reliability.md §4)."""

import unicodedata
from collections.abc import Callable

DIGITS = 10


def new_login_id(random_below: Callable[[int], int]) -> str:
    """Return a new login id. random_below: gives a number from 0 to below its argument."""
    digits = f"{random_below(10 ** (DIGITS - 1)):0{DIGITS - 1}}"
    return digits + check_digit(digits)


def read_login_id(text: str) -> str | None:
    """Return the login id that a person typed, blanks and hyphens or not; None if it can be none."""
    digits = "".join(unicodedata.normalize("NFKC", text).replace("-", " ").split())
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        return None
    return digits if check_digit(digits[:-1]) == digits[-1] else None


def shown_login_id(login_id: str) -> str:
    """Return a login id as people copy it: in groups."""
    return f"{login_id[:3]}-{login_id[3:6]}-{login_id[6:]}"


def check_digit(digits: str) -> str:
    """Return the check digit of ISO/IEC 7064 MOD 11,10, which finds every single wrong digit."""
    product = 10
    for digit in digits:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)
