"""How invoicing refuses: with every problem of what it was given, not with the first."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from chakka.errors import InputError, Problem

Given = TypeVar("Given")
Made = TypeVar("Made")


def refused(code: str, where: str, message: str) -> InputError:
    """Return the error that refuses one thing."""
    return InputError(message, [Problem(code=code, where=where, message=message)])


def refused_all(subject: str, problems: list[Problem]) -> InputError:
    """Return the error that refuses a thing for all of its problems; there is at least one."""
    first = problems[0]
    return InputError(f"{subject}: {len(problems)} problems; the first: {first.message}", problems)


def made_of_each(make: Callable[[Given], Made], things: Iterable[Given], subject: str) -> list[Made]:
    """Return what `make` makes of each thing.

    Raises: InputError with the problems of all things that were refused.
    """
    made: list[Made] = []
    problems: list[Problem] = []
    for thing in things:
        try:
            made.append(make(thing))
        except InputError as fault:
            problems.extend(fault.problems)
    if problems:
        raise refused_all(subject, problems)
    return made
