"""What the configuration says on documents besides who issues them."""

from chakka.config import BillingSettings
from chakka.invoicing.html import Notes
from chakka.invoicing.pint import PintProfile


def notes(settings: BillingSettings) -> Notes:
    """Return how to pay and whom to ask, as invoices say it."""
    return Notes(payment=settings.payment, contact=settings.contact)


def pint_profile(settings: BillingSettings) -> PintProfile:
    """Return which specification the XML of documents claims."""
    return PintProfile(customization_id=settings.specification)
