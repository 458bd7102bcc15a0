"""Versions of a tariff: which may follow which, and that a published one stays as it is."""

from datetime import date
from pathlib import Path
from threading import Thread

import msgspec
import pytest

from chakka.charging.succession import (
    alone,
    dated,
    each_version,
    in_succession,
    only_adds,
    successor_problems,
)
from chakka.charging.tariff import Tariff
from chakka.errors import InputError
from chakka.facts import (
    DATA,
    parse_tariff,
    shipped_tariff,
    tariff_named,
    tariff_texts,
    tariff_version,
    tariffs,
)
from chakka.localtime import parse_instant_ms
from chakka.stores.tariff_store import TariffStore

TEXT = (DATA / "tariffs/freedial.toml").read_bytes()
NOW_MS = parse_instant_ms("2026-11-22T12:00:00+09:00")


def starting(day: str | None) -> Tariff:
    return parse_tariff(TEXT if day is None else dated(TEXT, date.fromisoformat(day)))


def refused(version: Tariff, newest: Tariff | None) -> list[str]:
    return [problem.message for problem in successor_problems(version, newest, NOW_MS)]


@pytest.mark.parametrize("day", [None, "2020-01-01", "2030-01-01"])
def test_the_first_version_of_a_name_may_begin_at_any_time(day: str | None) -> None:
    assert refused(starting(day), None) == []


@pytest.mark.parametrize("day", ["2026-11-23", "2030-01-01"])
def test_a_later_version_may_begin_in_the_future(day: str) -> None:
    assert refused(starting(day), starting(None)) == []


@pytest.mark.parametrize("day", ["2026-11-22", "2020-01-01"])
def test_a_later_version_must_not_begin_in_the_past_whose_calls_are_charged(day: str) -> None:
    [message] = refused(starting(day), starting(None))
    assert message == f"valid from {day} is past: calls since then are charged by {starting(None).version}"


def test_a_later_version_must_not_begin_at_this_very_moment() -> None:
    later, starts_ms = starting("2026-11-23"), parse_instant_ms("2026-11-23T00:00:00+09:00")
    assert successor_problems(later, starting(None), starts_ms - 1) == []
    [problem] = successor_problems(later, starting(None), starts_ms)
    assert (problem.code, problem.where) == ("too_early", "valid_from")


SHIP = b"""
[[rules]]
id = "ship"
class = "ship"
unit_ms = 6_000
unit_price_uy = 10_000_000
"""
WITH_SHIPS = TEXT.replace(b"payphone = []", b"payphone = []\nship = []") + SHIP


def test_a_version_that_only_adds_a_class_may_begin_in_the_past() -> None:
    added = parse_tariff(dated(WITH_SHIPS, date(2026, 1, 1)))
    assert refused(added, starting(None)) == []
    assert refused(added, starting("2026-01-02")) != []


def test_classes_with_carrier_groups_may_stay_as_they_are() -> None:
    before = (DATA / "tariffs/hikari-wide.toml").read_bytes()
    added = before.replace(b"payphone = []", b"payphone = []\nship = []") + SHIP
    assert any(groups for groups in parse_tariff(before).classes.values())
    assert refused(parse_tariff(dated(added, date(2026, 1, 1))), parse_tariff(before)) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"8_500_000", b"8_500_001"),
        (b"180_000", b"180_001"),
        (b'id = "mobile"', b'id = "cell"'),
    ],
)
def test_one_that_changes_a_price_as_well_may_not(before: bytes, after: bytes) -> None:
    assert before in WITH_SHIPS
    changed = parse_tariff(dated(WITH_SHIPS.replace(before, after), date(2026, 1, 1)))
    [message] = refused(changed, starting(None))
    assert "is past: calls since then are charged by" in message


def test_holidays_that_change_are_a_change_of_price() -> None:
    legacy = (DATA / "tariffs/legacy.toml").read_bytes()
    added = legacy.replace(b"fixed = []", b"fixed = []\nship = []") + SHIP
    before = parse_tariff(legacy)
    assert refused(parse_tariff(dated(added, date(2026, 1, 1))), before) == []
    fewer = added.replace(b'["01-02", "01-03"]', b'["01-02"]')
    assert refused(parse_tariff(dated(fewer, date(2026, 1, 1))), before) != []


@pytest.mark.parametrize(("later", "earlier"), [(1, 0), (0, 1)])
def test_a_version_that_knows_fewer_days_is_a_change_of_price(later: int, earlier: int) -> None:
    legacy = (DATA / "tariffs/legacy.toml").read_bytes()
    before = parse_tariff(legacy)
    added = parse_tariff(legacy.replace(b"fixed = []", b"fixed = []\nship = []") + SHIP)
    assert added.known_days is not None
    assert only_adds(added, before)
    fewer = range(added.known_days[0] + later, added.known_days[-1] + 1 - earlier)
    assert not only_adds(msgspec.structs.replace(added, known_days=fewer), before)


@pytest.mark.parametrize("day", [None, "2029-12-31", "2030-01-01"])
def test_a_version_must_begin_after_every_other(day: str | None) -> None:
    [message] = refused(starting(day), starting("2030-01-01"))
    since = f"valid from {day}" if day else "valid since ever"
    assert message == f"{since} is not after {starting('2030-01-01').version}, valid from 2030-01-01"


def test_a_second_version_since_ever_is_refused() -> None:
    other = parse_tariff(TEXT + b"# another\n")
    [message] = refused(other, starting(None))
    assert message == f"valid since ever is not after {starting(None).version}, valid since ever"


def test_a_version_begins_at_midnight_in_japan() -> None:
    assert starting("2027-04-01").valid_from_ms == parse_instant_ms("2027-04-01T00:00:00+09:00")


def test_a_text_that_says_when_it_begins_is_not_given_another_day() -> None:
    with pytest.raises(InputError, match="valid_from of its own") as refusal:
        dated(b"valid_from = 2027-04-01\n" + TEXT, date(2027, 5, 1))
    [problem] = refusal.value.problems
    assert (problem.code, problem.where) == ("bad_value", "valid_from")
    assert problem.message == str(refusal.value)


def test_the_versions_come_newest_first_and_one_of_them_can_stand_alone() -> None:
    newest = in_succession([starting("2027-01-01"), starting(None), starting("1960-01-01")])
    first_days = [version.valid_from_ms for version in each_version(newest)]
    assert first_days == [starting(day).valid_from_ms for day in ("2027-01-01", "1960-01-01", None)]
    assert (alone(newest).succeeds, alone(newest).valid_from_ms) == (None, None)
    assert alone(newest).version == newest.version


def write(directory: Path, text: bytes) -> str:
    version = parse_tariff(text).version
    store = TariffStore(directory)
    with store.publishing():
        store.write(version, text)
    return version


def test_without_a_store_there_are_the_shipped_tariffs(tmp_path: Path) -> None:
    absent = tmp_path / "none"
    assert set(tariffs(absent)) == {"freedial", "hikari-wide", "legacy"}
    assert tariff_named("legacy", absent) == shipped_tariff("legacy")
    assert not absent.exists()


def test_published_versions_stand_before_those_that_ship(tmp_path: Path) -> None:
    version = write(tmp_path, dated(TEXT, date(2027, 1, 1)))
    assert tariff_named("freedial", tmp_path).version == version
    assert tariff_named("freedial", tmp_path).succeeds == shipped_tariff("freedial")
    assert tariff_version(shipped_tariff("freedial").version, tmp_path) == shipped_tariff("freedial")
    assert tariff_named(version, tmp_path).valid_from_ms is None
    assert tariff_texts(tmp_path)[version] == dated(TEXT, date(2027, 1, 1))


@pytest.mark.parametrize("name", ["nothing", "freedial@0000000000000000", "nothing@1", ""])
def test_a_tariff_that_is_not_there_is_named_with_those_that_are(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"no tariff {name}; there are freedial, hikari-wide, legacy"):
        tariff_named(name, tmp_path)


def test_a_version_is_never_written_again(tmp_path: Path) -> None:
    version = write(tmp_path, dated(TEXT, date(2027, 1, 1)))
    with pytest.raises(FileExistsError):
        TariffStore(tmp_path).write(version, b"other")
    assert tariff_texts(tmp_path)[version] == dated(TEXT, date(2027, 1, 1))
    assert [path.name for path in tmp_path.iterdir()] == [f"{version}.toml"]


@pytest.mark.parametrize("size", [0, 1, 100, len(TEXT) // 2])
def test_a_file_that_was_cut_short_is_refused_by_name(size: int, tmp_path: Path) -> None:
    version = write(tmp_path, dated(TEXT, date(2027, 1, 1)))
    (tmp_path / f"{version}.toml").write_bytes(TEXT[:size])
    with pytest.raises(InputError, match=f"published tariff {version}"):
        tariffs(tmp_path)


def test_a_file_that_was_changed_is_refused_though_it_is_a_tariff(tmp_path: Path) -> None:
    version = write(tmp_path, dated(TEXT, date(2027, 1, 1)))
    (tmp_path / f"{version}.toml").write_bytes(
        dated(TEXT.replace(b"8_500_000", b"8_500_001"), date(2027, 1, 1))
    )
    with pytest.raises(InputError, match=f"published tariff {version} was changed"):
        tariffs(tmp_path)


def test_a_file_out_of_reach_is_refused(tmp_path: Path) -> None:
    (tmp_path / "freedial@1.toml").mkdir()
    with pytest.raises(InputError, match="freedial@1"):
        TariffStore(tmp_path).texts()


def test_two_people_cannot_publish_at_the_same_time(tmp_path: Path) -> None:
    store, order = TariffStore(tmp_path), []

    def second() -> None:
        with TariffStore(tmp_path).publishing():
            order.append("second")

    other = Thread(target=second)
    with store.publishing():
        other.start()
        other.join(0.05)
        order.append("first")
    other.join()
    assert order == ["first", "second"]
