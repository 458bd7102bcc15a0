"""Finds subscribers by their code."""

from chakka.errors import Problem
from chakka.portal.accounts.models import Subscriber


def subscriber_of(code: str, problems: list[Problem]) -> Subscriber | None:
    """Return the subscriber of a code; None, and a problem more, if there is none."""
    found = Subscriber.objects.filter(code=code).first()
    if found is None:
        message = f"there is no subscriber {code!r}; chakka subscriber list names all"
        problems.append(Problem(where="subscriber", code="no_subscriber", message=message))
    return found
