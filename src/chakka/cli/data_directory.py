"""Where a command finds what the service keeps: `--data`, else $CHAKKA_DATA, else `var/` here."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from chakka.config import Config
from chakka.config_text import parse_config
from chakka.errors import InputError
from chakka.stores.ledger import Ledger, LedgerUnavailable
from chakka.stores.open_ledger import open_ledger_to_read


def add_data_option(command: argparse.ArgumentParser) -> None:
    """Add `--data DIR` to a command."""
    default = Path(os.environ.get("CHAKKA_DATA", "var"))
    command.add_argument("--data", type=Path, default=default, help=f"data directory (default: {default})")


def places(arguments: argparse.Namespace) -> Config:
    """Return where plan store, journal and ledger are: as the configuration says, in the data directory.

    The configuration is the file $CHAKKA_CONFIG, else `chakka.toml` in the data directory, if it is there.
    A faulty one ends the command.
    """
    directory: Path = arguments.data
    file = Path(os.environ.get("CHAKKA_CONFIG", directory / "chakka.toml"))
    if not file.exists() and "CHAKKA_CONFIG" not in os.environ:
        return Config(directory=directory)
    try:
        return msgspec.structs.replace(parse_config(file.read_bytes(), file.parent), directory=directory)
    except (InputError, OSError) as fault:
        print(f"{file}: {fault}", file=sys.stderr)
        raise SystemExit(2) from fault


@contextmanager
def ledger_to_read(arguments: argparse.Namespace) -> Iterator[Ledger]:
    """Give the ledger for questions. Raises: InputError if there is none, or it cannot be used for now."""
    try:
        with open_ledger_to_read(places(arguments).ledger_place) as ledger:
            yield ledger
    except LedgerUnavailable as fault:
        raise InputError(str(fault)) from fault
