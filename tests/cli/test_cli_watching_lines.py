"""What a watcher reads of lines that register, and of addresses that fall silent."""

import pytest

from chakka.cli.watching import line_of


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ({"kind": "registered", "number": "0352001234", "telephones": 2}, "0352001234 at 2 telephones"),
        ({"kind": "unreachable", "host": "192.0.2.21", "port": 5060}, "unreachable 192.0.2.21 port 5060"),
        ({"kind": "reachable", "host": "192.0.2.21", "port": 5060}, "reachable   192.0.2.21 port 5060"),
    ],
)
def test_lines_and_addresses_are_named(event: dict[str, object], text: str) -> None:
    line = line_of(event)
    assert line is not None
    assert line.endswith(text)
