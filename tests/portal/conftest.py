"""What holds for all tests of the portal."""

import pytest

from chakka.portal.billing.terms import publish_shipped


@pytest.fixture
def books(db: None) -> None:
    """An empty business database with the shipped prices, levies and tax rates."""
    publish_shipped()
