"""`chakka account` as a Django command: everything is set up when this module is imported."""

import sys

from django.core.management.base import BaseCommand

from chakka.portal.accounts.commands.account import main


class Command(BaseCommand):
    """Passes the words on: chakka's commands have their own manners (exit codes, one line for a mistake)."""

    def run_from_argv(self, argv: list[str]) -> None:
        """Run and exit with 0 good, 1 problems, 2 wrong usage."""
        sys.exit(main(argv[2:]))
