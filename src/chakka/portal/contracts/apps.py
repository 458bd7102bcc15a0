"""The app contracts."""

from django.apps import AppConfig


class ContractsConfig(AppConfig):
    """Names the app."""

    name = "chakka.portal.contracts"
    label = "contracts"
