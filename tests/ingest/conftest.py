"""The calls that tests journal are written once, beside the tests of the records."""

import sys
from pathlib import Path

import pytest

from chakka.facts import numbering_table, shipped_tariffs
from chakka.ingest.rating import Rules

sys.path.insert(0, str(Path(__file__).parents[1] / "records"))


@pytest.fixture(scope="session")
def rules() -> Rules:
    """Charged by the shipped example tariff: fixed lines 8 yen for 180 s."""
    return Rules(tariff=shipped_tariffs()["hikari-wide"], table=numbering_table())


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.peer)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new ledger is to be, once for each engine: all that is said of a ledger holds of both."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgres_url")
        return url
    return str(tmp_path / "ledger.sqlite")
