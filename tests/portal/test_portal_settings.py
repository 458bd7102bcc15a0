"""The Django project: where its database is, its key, what a deployment check says."""

import stat
from pathlib import Path

import pytest
from django.core import checks
from django.core.management import call_command

from chakka.errors import InputError
from chakka.portal.database import database
from chakka.portal.secret import secret_key


def test_the_key_is_made_once_and_readable_for_its_owner_alone(tmp_path: Path) -> None:
    directory = tmp_path / "new"
    key = secret_key(directory)
    assert len(key) > 50
    assert secret_key(directory) == key
    assert stat.S_IMODE((directory / "secret_key").stat().st_mode) == 0o600
    assert [file.name for file in directory.iterdir()] == ["secret_key"]


def test_a_deployment_check_has_nothing_to_say() -> None:
    assert checks.run_checks(include_deployment_checks=True) == []


@pytest.mark.django_db
def test_the_migrations_are_what_the_models_say() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_left_out_the_database_is_a_file_of_the_data_directory(tmp_path: Path) -> None:
    setting = database("", tmp_path)
    assert setting["NAME"] == tmp_path / "business.sqlite"
    assert setting["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


def test_a_url_names_a_postgresql_database(tmp_path: Path) -> None:
    setting = database("postgresql://chakka:p%40ss@db.example:5433/books?sslmode=require", tmp_path)
    assert {name: setting[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")} == {
        "NAME": "books",
        "USER": "chakka",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": "5433",
        "OPTIONS": {"sslmode": "require"},
    }


def test_all_but_the_name_may_stand_in_the_query(tmp_path: Path) -> None:
    setting = database("postgresql:///books?host=/run/postgresql&user=chakka&port=5433", tmp_path)
    found = {name: setting[name] for name in ("HOST", "USER", "PORT", "OPTIONS")}
    assert found == {"HOST": "/run/postgresql", "USER": "chakka", "PORT": "5433", "OPTIONS": {}}


@pytest.mark.parametrize("url", ["mysql://db/books", "postgresql://db", "books.sqlite", "postgresql://db/"])
def test_other_urls_are_refused_without_showing_a_password(url: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="write postgresql://"):
        database(url, tmp_path)
    with pytest.raises(InputError) as refusal:
        database("mysql://chakka:secret@db/books", tmp_path)
    assert "secret" not in str(refusal.value)
