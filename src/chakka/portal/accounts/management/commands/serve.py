"""`python -m chakka.portal --config FILE serve`: the portal as a process of a node."""

from django.core.management.base import BaseCommand

from chakka.portal.server import serve


class Command(BaseCommand):
    """Serves until it is told to stop."""

    def run_from_argv(self, argv: list[str]) -> None:
        """Serve."""
        serve()
