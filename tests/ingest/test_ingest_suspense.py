"""Calls that wait in suspense are charged once the tariff says what they cost (charging.md §2)."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import msgspec
import pytest
from journalled_calls import answered, confirmed, released, whole_call
from ledgers import journal, keyed

from chakka.charging.succession import dated
from chakka.charging.tariff import Tariff
from chakka.cli.main import main
from chakka.facts import DATA, parse_tariff, tariff_named
from chakka.ingest.batch import take
from chakka.ingest.rating import Rules
from chakka.ingest.recompute import Sources, compare, recompute, scratch_ledger
from chakka.ingest.suspense import rate_suspended
from chakka.numbering.model import CallerClass
from chakka.records.model import Entry
from chakka.stores.open_ledger import open_ledger

TEXT = (DATA / "tariffs/hikari-wide.toml").read_bytes()
SHIP = b"""
[[rules]]
id = "ship"
class = "ship"
unit_ms = 6_000
unit_price_uy = 10_000_000
"""
Command = Callable[..., tuple[int, str]]


def of_ship(call_id: str) -> list[Entry]:
    """A call of 6.001 s from a ship, which no rule of the shipped tariff charges."""
    known = answered(call_id)
    attempt = msgspec.structs.replace(known.facts.attempt, rating_class=CallerClass.SHIP)
    facts = msgspec.structs.replace(known.facts, attempt=attempt)
    return [msgspec.structs.replace(known, facts=facts), confirmed(call_id), released(call_id, 6_001)]


def with_ships(path: Path) -> bytes:
    text = TEXT.replace(b"payphone = []", b"payphone = []\nship = []") + SHIP
    text = dated(text, date(2026, 1, 1))
    path.write_bytes(text)
    return text


@pytest.fixture
def chakka(tmp_path: Path, rules: Rules, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command on a ledger with two calls of ships and one of a fixed telephone."""
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        take(keyed([*of_ship("s1"), *whole_call("c1"), *of_ship("s2")]), ledger, rules)

    def run(*words: str) -> tuple[int, str]:
        code = main([*words, "--data", str(tmp_path)])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run


def test_calls_in_suspense_are_listed_with_the_reason(chakka: Command) -> None:
    code, text = chakka("suspense", "list")
    lines = text.splitlines()
    assert (code, [line.split()[0] for line in lines]) == (1, ["CALL", "s1", "s2", "2"])
    assert "ship" in lines[1]
    assert "no_rule" in lines[1]
    found = json.loads(chakka("suspense", "list", "--month", "2026-11", "--json")[1])
    assert [(one["call_id"], one["conversation_ms"]) for one in found] == [("s1", 6_001), ("s2", 6_001)]
    assert chakka("suspense", "list", "--month", "2026-10") == (0, "0 calls in suspense\n")


def test_without_a_new_rule_they_wait_and_it_is_said(chakka: Command) -> None:
    code, text = chakka("suspense", "rate")
    assert code == 1
    assert "0 calls charged by hikari-wide@" in text
    assert "2 still in suspense: no_rule" in text


def test_they_are_charged_once_a_version_adds_their_class(chakka: Command, tmp_path: Path) -> None:
    with_ships(tmp_path / "ships.toml")
    assert chakka("tariff", "publish", str(tmp_path / "ships.toml"))[0] == 0
    code, text = chakka("suspense", "rate", "--month", "2026-11")
    assert (code, text.endswith(": 40 yen\n"), text.startswith("2 calls charged")) == (0, True, True)
    assert chakka("suspense", "list")[0] == 0
    assert json.loads(chakka("suspense", "rate", "--json")[1])["charged"] == 0


def test_stopped_it_says_that_the_rest_still_waits(chakka: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chakka.cli.suspense.rate_suspended", stopped)
    code, text = chakka("suspense", "rate")
    assert (code, "what was charged is kept, the rest still waits" in text) == (1, True)


def stopped(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_missing_ledger_is_wrong_usage(chakka: Command, tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").unlink()
    assert chakka("suspense", "list")[0] == 2
    assert chakka("suspense", "rate")[0] == 2
    assert not (tmp_path / "ledger.sqlite").exists()


def test_only_calls_in_suspense_are_rated_and_the_sums_follow(
    place: str, tmp_path: Path, rules: Rules
) -> None:
    """What was charged before keeps the version it was charged by, though a newer one is in force."""
    (tmp_path / "tariffs").mkdir()
    text = with_ships(tmp_path / "tariffs/new.toml")
    newest = msgspec.structs.replace(rules, tariff=_published(text, tmp_path / "tariffs"))
    told: list[int] = []
    with open_ledger(place) as ledger:
        take(keyed([*of_ship("s1"), *whole_call("c1")]), ledger, rules)
        assert [total.rating_class for total in ledger.usage()] == ["fixed"]
        before = ledger.call("c1")
        found = rate_suspended(ledger, newest, None, told.append)
        assert (found.charged, found.amount_uy, found.waiting, told) == (1, 20_000_000, {}, [1])
        charged = ledger.call("s1")
        assert charged is not None and charged.rated is not None
        assert (charged.rated.units, charged.rated.tariff_version) == (2, newest.tariff.version)
        assert ledger.call("c1") == before
        sums = [(total.rating_class, total.amount_uy) for total in ledger.usage("2026-11")]
        assert sums == [("fixed", 16_000_000), ("ship", 20_000_000)]
        assert list(ledger.in_suspense()) == []
        assert rate_suspended(ledger, newest, None, told.append).charged == 0


def test_calls_of_ships_that_come_later_are_charged_alike(place: str, tmp_path: Path, rules: Rules) -> None:
    (tmp_path / "tariffs").mkdir()
    text = with_ships(tmp_path / "tariffs/new.toml")
    newest = msgspec.structs.replace(rules, tariff=_published(text, tmp_path / "tariffs"))
    with open_ledger(place) as ledger:
        take(keyed(of_ship("s1")), ledger, rules)
        rate_suspended(ledger, newest, None, lambda _: None)
        take(keyed(of_ship("s2"), boot=2), ledger, newest)
        one, other = ledger.call("s1"), ledger.call("s2")
        assert one is not None and other is not None and one.rated is not None and other.rated is not None
        assert msgspec.structs.replace(one.rated, call_id="s2") == other.rated


def test_the_books_are_the_same_as_if_the_class_had_always_been_declared(
    place: str, tmp_path: Path, rules: Rules
) -> None:
    """The fixed call was charged by the version before; the new one would charge the same."""
    (tmp_path / "tariffs").mkdir()
    text = with_ships(tmp_path / "tariffs/new.toml")
    newest = msgspec.structs.replace(rules, tariff=_published(text, tmp_path / "tariffs"))
    entries = [*of_ship("s1"), *whole_call("c1")]
    journal(tmp_path / "journal", entries)
    sources = Sources(journal=tmp_path / "journal", now_ms=0)
    with open_ledger(place) as ledger:
        take(keyed(entries), ledger, rules)
        for suspended in (1, 0):
            with scratch_ledger(None, newest) as scratch:
                assert recompute(ledger, scratch, sources, newest, lambda _: None) == []
                found = {one.table: one.differences for one in compare(ledger, scratch, None)}
            assert (found["rated"], found["totals"]) == (suspended, suspended)
            assert ledger.conservation().suspense == suspended
            rate_suspended(ledger, newest, None, lambda _: None)


def _published(text: bytes, directory: Path) -> Tariff:
    (directory / "new.toml").rename(directory / f"{parse_tariff(text).version}.toml")
    return tariff_named("hikari-wide", directory)
