"""The app billing."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Names the app."""

    name = "chakka.portal.billing"
    label = "billing"
