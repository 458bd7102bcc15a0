"""What a watcher reads of lines that register, of addresses that fall silent, and of caps in yen."""

import pytest

from chakka.cli.watching import line_of


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ({"kind": "registered", "number": "0352001234", "telephones": 2}, "0352001234 at 2 telephones"),
        ({"kind": "unreachable", "host": "192.0.2.21", "port": 5060}, "unreachable 192.0.2.21 port 5060"),
        ({"kind": "reachable", "host": "192.0.2.21", "port": 5060}, "reachable   192.0.2.21 port 5060"),
        (
            {
                "kind": "money_guard",
                "number": "0120123456",
                "percent": 80,
                "period": "2026-11",
                "cap_yen": 1000,
                "spent_uy": 800_500_000,
                "caller_tag": "",
            },
            "0120123456: 800.5 of 1000 yen in 2026-11, 80 %",
        ),
    ],
)
def test_lines_addresses_and_caps_are_named(event: dict[str, object], text: str) -> None:
    line = line_of(event)
    assert line is not None
    assert line.endswith(text)
