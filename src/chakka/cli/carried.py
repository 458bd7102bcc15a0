"""Which lines of invoices carry a call: asked of the portal, which alone knows the business database."""

import os
import subprocess
import sys

import msgspec

from chakka.config import Config

# A portal that has no answer by then has none.
_WAIT_S = 60


class CarriedBy(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an issued invoice, and its yen."""

    key: str
    net_yen: int
    invoice: str


_LINES = msgspec.json.Decoder(list[CarriedBy])


def carried_by(call_id: str, config: Config) -> list[CarriedBy] | None:
    """Return the lines of invoices in force that have a call in their sums; None if there are no books."""
    if not config.database.url and not (config.directory / "business.sqlite").exists():
        return None
    # In a process of its own: commands must not import Django.
    command = (sys.executable, "-m", "chakka.portal", "bill", "explain", "--carried", "--", call_id)
    try:
        asked = subprocess.run(
            command,
            env={**os.environ, "CHAKKA_DATA": str(config.directory)},
            stdout=subprocess.PIPE,
            timeout=_WAIT_S,
            check=False,
        )
        return None if asked.returncode else _LINES.decode(asked.stdout)
    except (subprocess.TimeoutExpired, msgspec.DecodeError):
        return None
