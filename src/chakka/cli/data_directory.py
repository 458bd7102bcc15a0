"""Where a command finds what the service keeps: `--data`, else $CHAKKA_DATA, else `var/` here."""

import argparse
import os
from pathlib import Path

from chakka.config import Config


def add_data_option(command: argparse.ArgumentParser) -> None:
    """Add `--data DIR` to a command."""
    default = Path(os.environ.get("CHAKKA_DATA", "var"))
    command.add_argument("--data", type=Path, default=default, help=f"data directory (default: {default})")


def places(arguments: argparse.Namespace) -> Config:
    """Return where plan store, journal and ledger are."""
    return Config(directory=arguments.data)
