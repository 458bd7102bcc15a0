"""How every command reads its arguments: one parser that refuses in one line, and the kinds of value."""

import argparse
import getpass
import os
from typing import NoReturn

from chakka.localtime import parse_instant_ms


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


def running_number(text: str) -> int:
    """Return a whole number from 0 on."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise argparse.ArgumentTypeError(f"{text!r} is no running number; it is 0, 1, 2, …")
    return int(text)


def login_name() -> str:
    """Return who runs the command: the login name, or `uid N` where the system has no name for it."""
    try:
        return getpass.getuser()
    # No name in the environment and none in the password file: KeyError until Python 3.12, then OSError.
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
