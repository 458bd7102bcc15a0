"""Month keys on disk: made once, private, destroyed for ever (charging.md §6)."""

import multiprocessing
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from chakka.errors import InputError
from chakka.localtime import DAY_MS, parse_instant_ms
from chakka.records.seal import SECRET_BYTES, seal, unseal
from chakka.stores.keys import Destruction, KeyStore

NOVEMBER_TENTH = parse_instant_ms("2026-11-10T12:00+09:00")
FIRST_OF_NOVEMBER = parse_instant_ms("2026-11-01T00:00+09:00")


def destruction(month: str, at_ms: int = NOVEMBER_TENTH) -> Destruction:
    return Destruction(month=month, at_ms=at_ms, by="kato", reason="asked for")


def store_of(directory: Path, *months: str) -> KeyStore:
    store = KeyStore(directory)
    for month in months:
        assert store.make(month)
    return store


def test_a_key_is_made_once_and_stays_the_same(tmp_path: Path) -> None:
    store = store_of(tmp_path / "keys", "2026-11")
    sealed = seal(key_of(store, "2026-11"), b"0422511234", "c1")
    assert not store.make("2026-11")
    assert unseal(key_of(KeyStore(tmp_path / "keys"), "2026-11"), sealed, "c1") == b"0422511234"


def key_of(store: KeyStore, month: str):
    key = store.key(month)
    assert key is not None
    return key


def test_every_month_has_another_key(tmp_path: Path) -> None:
    store_of(tmp_path, "2026-11", "2026-12")
    secrets = {path.read_bytes() for path in tmp_path.iterdir()}
    assert len(secrets) == 2
    assert {len(secret) for secret in secrets} == {SECRET_BYTES}


def test_the_month_of_a_call_is_that_of_its_arrival_in_japan(tmp_path: Path) -> None:
    store = store_of(tmp_path, "2026-11")
    assert store.key_at(FIRST_OF_NOVEMBER) is not None
    assert store.key_at(FIRST_OF_NOVEMBER - 1) is None


def test_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    store_of(tmp_path / "keys", "2026-11")
    (key,) = (tmp_path / "keys").iterdir()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def make_at_once(directory: Path, start) -> None:
    start.wait()
    KeyStore(directory).make("2026-11")


def test_two_processes_that_make_a_key_at_once_have_one(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    start = context.Event()
    makers = [context.Process(target=make_at_once, args=(tmp_path, start)) for _ in range(4)]
    for maker in makers:
        maker.start()
    start.set()
    for maker in makers:
        maker.join()
    assert [maker.exitcode for maker in makers] == [0] * 4
    assert [path.name for path in tmp_path.iterdir()] == ["2026-11.key"]


def test_a_destroyed_key_is_gone_and_why_is_known(tmp_path: Path) -> None:
    store = store_of(tmp_path, "2026-09", "2026-10")
    store.destroy(destruction("2026-09"))
    assert (store.months(), store.destructions()) == (["2026-10"], [destruction("2026-09")])
    assert store.key("2026-09") is None
    assert KeyStore(tmp_path).destruction("2026-09") == destruction("2026-09")
    assert KeyStore(tmp_path).destruction("2026-10") is None


def test_the_secret_is_overwritten_before_the_file_goes(tmp_path: Path) -> None:
    store = store_of(tmp_path, "2026-09")
    kept = tmp_path / "another name of the same octets on disk"
    os.link(tmp_path / "2026-09.key", kept)
    store.destroy(destruction("2026-09"))
    assert kept.read_bytes() == bytes(SECRET_BYTES)


def test_a_destroyed_month_never_has_a_key_again(tmp_path: Path) -> None:
    store = store_of(tmp_path, "2026-09")
    copy = (tmp_path / "2026-09.key").read_bytes()
    store.destroy(destruction("2026-09"))
    assert not store.make("2026-09")
    (tmp_path / "2026-09.key").write_bytes(copy)
    assert KeyStore(tmp_path).key("2026-09") is None


@pytest.mark.parametrize(
    ("month", "at_ms"),
    [
        ("2026-12", NOVEMBER_TENTH),
        ("2026-11", NOVEMBER_TENTH),
        # A call that came at midnight may be up for hours, and its records on their way.
        ("2026-10", FIRST_OF_NOVEMBER),
        ("2026-10", FIRST_OF_NOVEMBER + DAY_MS - 1),
    ],
)
def test_a_month_that_is_not_long_over_keeps_its_key(tmp_path: Path, month: str, at_ms: int) -> None:
    store = store_of(tmp_path, month)
    with pytest.raises(InputError, match="over for a day"):
        store.destroy(destruction(month, at_ms))
    assert store.months() == [month]


def test_a_month_can_go_a_day_after_its_end(tmp_path: Path) -> None:
    store = store_of(tmp_path, "2026-10")
    store.destroy(destruction("2026-10", FIRST_OF_NOVEMBER + DAY_MS))
    assert store.months() == []


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "november", "../2026-09", ""])
def test_what_is_no_month_is_not_destroyed(tmp_path: Path, month: str) -> None:
    with pytest.raises(InputError, match="is no month"):
        KeyStore(tmp_path).destroy(destruction(month))


def test_a_month_without_a_key_cannot_lose_it(tmp_path: Path) -> None:
    store = store_of(tmp_path, "2026-09")
    store.destroy(destruction("2026-09"))
    for month, message in (("2026-09", "it was destroyed"), ("2026-08", "has no key$")):
        with pytest.raises(InputError, match=message):
            store.destroy(destruction(month))


def test_a_destruction_that_a_crash_cut_short_is_finished(tmp_path: Path) -> None:
    """What is wanted is on the disk first; a key beside it is not used, and goes."""
    secret = tmp_path / "2026-09.key"
    store_of(tmp_path, "2026-09")
    copy = secret.read_bytes()
    KeyStore(tmp_path).destroy(destruction("2026-09"))
    secret.write_bytes(copy)
    KeyStore(tmp_path).finish_destructions()
    assert not secret.exists()
    assert KeyStore(tmp_path).destruction("2026-09") == destruction("2026-09")


@pytest.mark.parametrize(
    ("retention_months", "overdue"), [(1, ["2026-08", "2026-09"]), (2, ["2026-08"]), (3, [])]
)
def test_a_key_is_kept_for_so_many_whole_months_after_its_own(
    tmp_path: Path, retention_months: int, overdue: list[str]
) -> None:
    store = store_of(tmp_path, "2026-08", "2026-09", "2026-10", "2026-11", "2026-12")
    assert store.overdue(NOVEMBER_TENTH, retention_months) == overdue


def test_retention_counts_over_the_turn_of_the_year(tmp_path: Path) -> None:
    store = store_of(tmp_path, "2025-12", "2026-01")
    february = parse_instant_ms("2026-03-10T12:00+09:00")
    assert store.overdue(february, 2) == ["2025-12"]


@pytest.mark.parametrize("octets", [b"", b"x" * 31, b"x" * 33])
def test_a_damaged_key_is_said_and_not_taken_for_a_missing_one(tmp_path: Path, octets: bytes) -> None:
    (tmp_path / "2026-11.key").write_bytes(octets)
    with pytest.raises(InputError, match="key of 2026-11"):
        KeyStore(tmp_path).key("2026-11")


def test_a_damaged_destruction_is_said(tmp_path: Path) -> None:
    (tmp_path / "2026-09.destroyed").write_bytes(b"{")
    with pytest.raises(InputError, match="destruction of the key of 2026-09"):
        KeyStore(tmp_path).destructions()


def test_no_directory_is_no_keys(tmp_path: Path) -> None:
    store = KeyStore(tmp_path / "nowhere")
    assert (store.months(), store.destructions(), store.key("2026-11")) == ([], [], None)
    assert store.overdue(NOVEMBER_TENTH, 1) == []


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    store_of(tmp_path, "2026-11")
    for name in ("notes.key", "2026-99.key", "2026-11.key.bak"):
        (tmp_path / name).write_bytes(b"x")
    assert KeyStore(tmp_path).months() == ["2026-11"]


def full_disk(_descriptor: int) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    "act", [lambda store: store.make("2026-11"), lambda store: store.destroy(destruction("2026-09"))]
)
def test_a_disk_that_refuses_leaves_nothing_half_done(
    tmp_path: Path, act: Callable[[KeyStore], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(tmp_path, "2026-09")
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        act(store)
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["2026-09.key"]
    assert KeyStore(tmp_path).key("2026-09") is not None
