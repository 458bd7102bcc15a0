"""Finds the configuration and the data directory, for every command and the portal alike."""

import os
from pathlib import Path

import msgspec

from chakka.config import Config
from chakka.config_text import parse_config


def configuration(directory: Path | None = None) -> Config:
    """Return the configuration: of the file $CHAKKA_CONFIG, else of `chakka.toml` in the data directory.

    directory: where the data are, whatever the configuration says. Left out: $CHAKKA_DATA, else what the
               configuration says, else `var/` here. A variable that is empty says nothing.
    Result:    without `chakka.toml` everything has its default.
    Raises:    InputError if the file is faulty; OSError if $CHAKKA_CONFIG is not there.
    """
    named = os.environ.get("CHAKKA_CONFIG")
    said = directory or (Path(os.environ["CHAKKA_DATA"]) if os.environ.get("CHAKKA_DATA") else None)
    data = said or Path("var")
    file = Path(named) if named else data / "chakka.toml"
    if not named and not file.exists():
        return Config(directory=data)
    config = parse_config(file.read_bytes(), file.parent)
    return config if said is None else msgspec.structs.replace(config, directory=said)
