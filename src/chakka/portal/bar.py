"""The bar on top of every page: which number, what happens to its calls now."""

from django.http import HttpRequest

from chakka.clock import utc_ms
from chakka.localtime import jst_date
from chakka.portal.access import contracts
from chakka.portal.accounts.models import User
from chakka.portal.situation.now import Reception, reception

_CHOSEN = "number"


def choose(request: HttpRequest, number: str) -> None:
    """Let the pages of this session be about another number, if the viewer has it."""
    if number in _numbers(request):
        request.session[_CHOSEN] = number


def chosen(request: HttpRequest) -> str | None:
    """Return the number that the pages are about: as chosen, else the first; None if the viewer has none."""
    numbers = _numbers(request)
    number: str = request.session.get(_CHOSEN, "")
    return number if number in numbers else next(iter(numbers), None)


def bar(request: HttpRequest) -> dict[str, object]:
    """Return what the templates' bar shows, to those who have a number."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or user.subscriber is None:
        return {}
    number = chosen(request)
    now = Reception.NO_PLAN if number is None else reception(number, utc_ms())
    return {"numbers": _numbers(request), "chosen": number, "reception": now}


def _numbers(request: HttpRequest) -> list[str]:
    """Return the viewer's numbers, asked for once in a request."""
    if not hasattr(request, "chakka_numbers"):
        on = contracts(request, jst_date(utc_ms()))
        request.chakka_numbers = [row.number_id for row in on]  # type: ignore[attr-defined]
    numbers: list[str] = request.chakka_numbers  # type: ignore[attr-defined]
    return numbers
