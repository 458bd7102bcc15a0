"""Facts that ship with chakka, read from `data/` once: the numbering table, holidays, tariffs."""

from pathlib import Path

# The repository's data/ folder; an editable install keeps it beside src/.
DATA = Path(__file__).resolve().parents[2] / "data"
