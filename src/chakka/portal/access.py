"""Who may see what: every object that a page shows is looked up here, within what its viewer has.

A stranger's object is not found, as one that does not exist.
"""

from datetime import date

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from chakka.portal.accounts.models import Subscriber, User
from chakka.portal.billing.models import Invoice
from chakka.portal.contracts.finding import contracts_on
from chakka.portal.contracts.models import Contract


def subscriber_of(request: HttpRequest) -> Subscriber:
    """Return for whom a person who is logged in acts. Raises: PermissionDenied for operators."""
    user = request.user
    if not isinstance(user, User) or user.subscriber is None:
        raise PermissionDenied("pages of subscribers")
    return user.subscriber


def contracts(request: HttpRequest, day: date) -> QuerySet[Contract]:
    """Return the contracts that the viewer has on a day, by number."""
    return contracts_on(day).filter(subscriber=subscriber_of(request)).order_by("number_id")


def invoices(request: HttpRequest) -> QuerySet[Invoice]:
    """Return the viewer's invoices, the newest first."""
    return Invoice.objects.filter(subscriber=subscriber_of(request)).order_by("-sequence")


def invoice(request: HttpRequest, number: str) -> Invoice:
    """Return one of the viewer's invoices. Raises: Http404."""
    found = invoices(request).filter(number=number).first()
    if found is None:
        raise Http404(number)
    return found
