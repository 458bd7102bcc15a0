"""Where configuration and data are: one answer for every command and the portal."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chakka.cli.data_directory import places
from chakka.config_file import configuration

HERE = '[data]\ndir = "books"\n[billing]\nissuer = "デモ電話株式会社"\n'


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is said, and the working directory is empty."""
    for name in ("CHAKKA_DATA", "CHAKKA_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")


def test_left_to_themselves_the_data_are_in_var_here() -> None:
    assert configuration().directory == Path("var")


def test_the_configuration_is_that_of_the_data_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAKKA_DATA", str(tmp_path))
    assert configuration().directory == tmp_path
    (tmp_path / "chakka.toml").write_text(HERE)
    assert configuration().billing.issuer == "デモ電話株式会社"
    assert configuration().directory == tmp_path
    assert configuration(tmp_path / "empty").directory == tmp_path / "empty"


def test_a_configuration_that_is_named_says_where_the_data_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "chakka.toml").write_text(HERE)
    monkeypatch.setenv("CHAKKA_CONFIG", str(tmp_path / "chakka.toml"))
    assert configuration().directory == tmp_path / "books"
    monkeypatch.setenv("CHAKKA_DATA", str(tmp_path / "empty"))
    assert configuration().directory == tmp_path / "empty"
    assert places(argparse.Namespace(data=tmp_path)).directory == tmp_path


def test_a_configuration_that_is_named_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAKKA_CONFIG", str(tmp_path / "nowhere.toml"))
    with pytest.raises(FileNotFoundError):
        configuration()


def test_an_empty_variable_does_not_scatter_the_data_over_the_working_directory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHAKKA_DATA", "")
    monkeypatch.setenv("CHAKKA_CONFIG", "")
    assert configuration().directory == Path("var")


def test_the_books_are_kept_beside_the_ledger_that_the_same_words_name(tmp_path: Path) -> None:
    (tmp_path / "chakka.toml").write_text(HERE)
    code = "import sys; from chakka.cli.main import main; sys.exit(main(sys.argv[1:]))"
    words = ("bill", "tables", "--data", str(tmp_path / "data"), "--config", str(tmp_path / "chakka.toml"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO")}
    subprocess.run([sys.executable, "-c", code, *words], check=True, env=environment, capture_output=True)
    assert (tmp_path / "data" / "business.sqlite").exists()
    assert not (tmp_path / "books").exists()
