"""Ingest charges by the tariff versions that are published, also by those published while it runs."""

import logging
from pathlib import Path

import pytest

from chakka.errors import InputError
from chakka.facts import DATA, parse_tariff, shipped_tariff
from chakka.ingest.current_rules import CurrentRules
from chakka.stores.tariff_store import TariffStore

FREEDIAL = (DATA / "tariffs/freedial.toml").read_bytes()


def publish(directory: Path, content: bytes) -> str:
    version = parse_tariff(content).version
    store = TariffStore(directory)
    with store.publishing():
        store.write(version, content)
    return version


def test_a_version_that_is_published_is_taken_up_without_a_restart(tmp_path: Path) -> None:
    rules = CurrentRules("freedial", tmp_path)
    assert rules().tariff.version == shipped_tariff("freedial").version
    version = publish(tmp_path, b"valid_from = 2030-01-01\n" + FREEDIAL)
    assert rules().tariff.version == version
    assert rules().tariff.succeeds == shipped_tariff("freedial")
    assert rules() is rules()


def test_a_damaged_version_is_logged_and_calls_are_charged_as_before(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rules = CurrentRules("freedial", tmp_path)
    (tmp_path / "freedial@0123456789abcdef.toml").write_bytes(FREEDIAL[:40])
    with caplog.at_level(logging.ERROR):
        assert rules().tariff == shipped_tariff("freedial")
        assert rules().tariff == shipped_tariff("freedial")
    [line] = caplog.messages
    assert "freedial@0123456789abcdef" in line
    assert "as before" in line


def test_it_does_not_start_with_a_damaged_version(tmp_path: Path) -> None:
    version = publish(tmp_path, b"valid_from = 2030-01-01\n" + FREEDIAL)
    (tmp_path / f"{version}.toml").write_bytes(b"valid_from = 2030-01-02\n" + FREEDIAL)
    with pytest.raises(InputError, match=f"{version} was changed"):
        CurrentRules("freedial", tmp_path)
