"""How every command reads its arguments: one parser that refuses in one line, and the kinds of value."""

import argparse
import getpass
import os
import re
from typing import NoReturn

from chakka.localtime import DAY_MS, MINUTE_MS, parse_instant_ms

_LONGEST_REASON = 200
# What `none` means where a cap in yen is asked for.
NO_CAP = -1
_UNITS_MS = {"m": MINUTE_MS, "h": 60 * MINUTE_MS, "d": DAY_MS}


class CommandParser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong and where help is, and exits with 2."""

    def error(self, message: str) -> NoReturn:
        """Print the mistake and exit."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def instant(text: str) -> int:
    """Return the instant (ms UTC) of an ISO 8601 text with an offset."""
    try:
        return parse_instant_ms(text)
    except ValueError as fault:
        raise argparse.ArgumentTypeError(f"{text!r} is no instant: {fault}") from fault


def duration(text: str) -> int:
    """Return the milliseconds of a time such as 30d, 12h or 45m."""
    found = re.fullmatch("([1-9][0-9]{0,4})([mhd])", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write 45m, 12h or 30d")
    return int(found[1]) * _UNITS_MS[found[2]]


def minutes(text: str) -> int:
    """Return a number of minutes, 1 to 999999999 as in a plan."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of minutes; it is 1 or more")
    return int(text)


def cap(text: str) -> int:
    """Return a cap in whole yen, or `NO_CAP` for `none`."""
    if text == "none":
        return NO_CAP
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise argparse.ArgumentTypeError(f"{text!r} is no cap: write whole yen, or none")
    return int(text)


def percentage(text: str) -> int:
    """Return a percentage in whole numbers."""
    if not (text.isascii() and text.isdigit() and len(text) <= 3):
        raise argparse.ArgumentTypeError(f"{text!r} is no percentage: write 80")
    return int(text)


def freephone_number(text: str) -> str:
    """Return a freephone number in digits."""
    return text.replace("-", "")


def plan_key(text: str) -> str:
    """Return what a plan stands under in the store: its number, or for a prepared plan `NUMBER/NAME`."""
    number, slash, name = text.partition("/")
    return f"{freephone_number(number)}{slash}{name}"


def running_number(text: str) -> int:
    """Return a whole number from 0 on."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise argparse.ArgumentTypeError(f"{text!r} is no running number; it is 0, 1, 2, …")
    return int(text)


def reason(text: str) -> str:
    """Return why somebody does what is kept for ever: a few words."""
    words = text.strip()
    if not words or len(words) > _LONGEST_REASON:
        raise argparse.ArgumentTypeError(f"{text!r} says nothing, or more than {_LONGEST_REASON} characters")
    return words


def usage_month(text: str) -> str:
    """Return a month as YYYY-MM."""
    if not re.fullmatch("[0-9]{4}-(0[1-9]|1[0-2])", text) or text < "1970-01":
        raise argparse.ArgumentTypeError(f"{text!r} is no month: write 2026-10")
    return text


def login_name() -> str:
    """Return who runs the command: the login name, or `uid N` where the system has no name for it."""
    try:
        return getpass.getuser()
    # No name in the environment and none in the password file: KeyError until Python 3.12, then OSError.
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
