"""What the rules share: the commonest problem, and finding what is listed twice."""

from collections.abc import Hashable, Iterable, Iterator

from chakka.errors import Problem


def bad_value(where: str, message: str) -> Problem:
    """Return the problem of a value that is out of its range or repeats another."""
    return Problem(code="bad_value", where=where, message=message)


def repeats(values: Iterable[Hashable]) -> Iterator[int]:
    """Return the index of every value that has occurred before."""
    seen: set[Hashable] = set()
    for i, value in enumerate(values):
        if value in seen:
            yield i
        seen.add(value)
