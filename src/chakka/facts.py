"""Facts that ship with chakka, read from `data/` once: the numbering table, holidays, tariffs."""

from functools import cache
from pathlib import Path

from chakka.numbering.parse import parse_tables
from chakka.numbering.table import NumberingTable

# The repository's data/ folder; an editable install keeps it beside src/.
DATA = Path(__file__).resolve().parents[2] / "data"


@cache
def numbering_table() -> NumberingTable:
    """Return the numbering table that ships with chakka, read and checked once."""
    return parse_tables({path.name: path.read_bytes() for path in (DATA / "numbering").glob("*.csv")})
