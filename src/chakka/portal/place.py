"""Which configuration and data directory the business world has: by CHAKKA_CONFIG and CHAKKA_DATA."""

import os
from pathlib import Path

from chakka.config import Config
from chakka.config_text import parse_config


def place() -> Config:
    """Return the configuration: of the file $CHAKKA_CONFIG, else of `chakka.toml` in the data directory.

    The data directory is $CHAKKA_DATA, else `var/` here; without any file everything has its default there.
    """
    data = Path(os.environ.get("CHAKKA_DATA", "var"))
    file = Path(os.environ.get("CHAKKA_CONFIG", data / "chakka.toml"))
    if not file.exists() and "CHAKKA_CONFIG" not in os.environ:
        return Config(directory=data)
    return parse_config(file.read_bytes(), file.parent)
