"""Where a command finds what the service keeps (`chakka.config_file`)."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chakka.config import Config
from chakka.config_file import configuration
from chakka.errors import InputError
from chakka.stores.ledger import Ledger, LedgerUnavailable
from chakka.stores.open_ledger import open_ledger_to_read


def add_data_option(command: argparse.ArgumentParser) -> None:
    """Add `--data DIR` to a command."""
    default = "$CHAKKA_DATA, else as the configuration says, else var/"
    command.add_argument("--data", type=Path, help=f"data directory (default: {default})")


def places(arguments: argparse.Namespace) -> Config:
    """Return where plan store, journal and ledger are. A faulty configuration ends the command."""
    try:
        return configuration(arguments.data)
    except (InputError, OSError) as fault:
        print(f"chakka.toml: {fault}", file=sys.stderr)
        raise SystemExit(2) from fault


@contextmanager
def ledger_to_read(arguments: argparse.Namespace) -> Iterator[Ledger]:
    """Give the ledger for questions. Raises: InputError if there is none, or it cannot be used for now."""
    try:
        with open_ledger_to_read(places(arguments).ledger_place) as ledger:
            yield ledger
    except LedgerUnavailable as fault:
        raise InputError(str(fault)) from fault
