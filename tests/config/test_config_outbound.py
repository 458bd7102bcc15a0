"""The outbound trunk of the configuration: where lines call out (signalling.md §4)."""

from pathlib import Path

import pytest

from chakka.config import Config
from chakka.config_text import parse_config
from chakka.errors import InputError


def read(text: str) -> Config:
    return parse_config(text.encode(), Path("/srv/chakka"))


def test_one_trunk_can_be_the_way_out() -> None:
    config = read(
        '[[trunk]]\nname = "in"\nhosts = ["192.0.2.1"]\n'
        '[[trunk]]\nname = "out"\nhosts = ["192.0.2.2"]\noutbound = true\npresents_in = ["pai"]\n'
    )
    assert config.outbound is not None
    assert (config.outbound.name, config.outbound.presents_in) == ("out", ("pai",))


def test_without_one_lines_cannot_call_out() -> None:
    assert read('[[trunk]]\nname = "in"\nhosts = ["192.0.2.1"]\n').outbound is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[[trunk]]\nname = "a"\nhosts = ["192.0.2.1"]\noutbound = true\n'
            '[[trunk]]\nname = "b"\nhosts = ["192.0.2.2"]\noutbound = true\n',
            "only one trunk can be outbound, not a, b",
        ),
        (
            '[[trunk]]\nname = "a"\npeer_user = "x"\npeer_password = "y"\noutbound = true\n',
            "an outbound trunk needs hosts",
        ),
        (
            '[[trunk]]\nname = "a"\nhosts = ["192.0.2.1"]\npresents_in = ["to"]\n',
            "Invalid enum value 'to'",
        ),
    ],
)
def test_what_cannot_be_called_is_a_problem(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(text)
