"""What holds for all tests of money from end to end."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from billed_months import company

from chakka.facts import numbering_table, shipped_tariffs
from chakka.ingest.rating import Rules
from chakka.portal.billing.terms import publish_shipped
from chakka.stores.ledger import Ledger
from chakka.stores.open_ledger import open_ledger


@pytest.fixture
def prices(db: None) -> None:
    """The shipped prices, levies and tax rates."""
    publish_shipped()


@pytest.fixture
def books(prices: None) -> None:
    """A company with these prices."""
    company()


@pytest.fixture(scope="session")
def rules() -> Rules:
    """Charged by the shipped example tariff."""
    return Rules(tariff=shipped_tariffs()["hikari-wide"], table=numbering_table())


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.peer)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new ledger is to be, once for each engine."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgres_url")
        return url
    return str(tmp_path / "ledger.sqlite")


@pytest.fixture
def ledger(place: str) -> Iterator[Ledger]:
    """An empty ledger."""
    with open_ledger(place) as opened:
        yield opened
