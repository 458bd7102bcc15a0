"""What holds for all tests, and the PostgreSQL that some of them need."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from postgres_server import binaries, new_database, running_server

# A loaded machine must not fail a test: hypothesis's clocks are no property of ours.
settings.register_profile("chakka", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# `make soak` looks for longer, and runs some tests thousands of times, which must say the same each time.
settings.register_profile("soak", settings.get_profile("chakka"), max_examples=1_000)
settings.register_profile("mutation", settings.get_profile("chakka"), max_examples=25, derandomize=True)
settings.load_profile("chakka")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a PostgreSQL as needing a peer program."""
    for item in items:
        if "postgres_server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.peer)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Path]:
    """A PostgreSQL server, as the directory of its socket."""
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: nothing is tested on it")
    with running_server(programs) as socket_directory:
        yield socket_directory


@pytest.fixture
def postgres_url(postgres_server: Path) -> Iterator[str]:
    """The URL of an empty database of its own."""
    with new_database(postgres_server) as url:
        yield url
