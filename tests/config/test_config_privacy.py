"""`[privacy]`: how long callers' numbers can be read (charging.md §6)."""

from pathlib import Path

import pytest

from chakka.config_text import parse_config
from chakka.errors import InputError

BASE = Path("/etc/chakka")


def test_numbers_can_be_read_for_six_months_unless_said_otherwise() -> None:
    assert parse_config(b"", BASE).privacy.retention_months == 6
    assert parse_config(b"[privacy]\nretention_months = 3\n", BASE).privacy.retention_months == 3


def test_keys_and_access_log_lie_in_the_data_directory() -> None:
    config = parse_config(b'[data]\ndir = "data"\n', BASE)
    assert (config.keys, config.access_log) == (BASE / "data" / "keys", BASE / "data" / "access.log")


@pytest.mark.parametrize("value", ["0", "-1", "121", '"for ever"', "1.5"])
def test_a_retention_that_is_no_number_of_months_is_refused(value: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_config(f"[privacy]\nretention_months = {value}\n".encode(), BASE)
    (problem,) = refused.value.problems
    assert problem.where.startswith("privacy")


def test_a_misspelt_setting_is_not_taken_for_a_default() -> None:
    with pytest.raises(InputError):
        parse_config(b"[privacy]\nretention = 3\n", BASE)
