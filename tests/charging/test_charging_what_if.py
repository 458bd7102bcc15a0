"""What recorded calls would have cost by another tariff: sums, and the command on both kinds of ledger."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chakka.charging.succession import dated
from chakka.charging.what_if import RECORDED, Comparison, Outcome, by_number, compare
from chakka.cli.main import main
from chakka.facts import DATA, numbering_table, shipped_tariff
from chakka.ingest.rating import Rules, hold
from chakka.localtime import parse_instant_ms
from chakka.records.final import Final
from chakka.stores.open_ledger import open_ledger, open_ledger_to_read

HIKARI, FREEDIAL = shipped_tariff("hikari-wide"), shipped_tariff("freedial")
ONE, OTHER = "0120123456", "08001234567"
ANSWERED = parse_instant_ms("2026-10-15T10:00:00+09:00")


def recorded(*rows: tuple[str, str, int, int | None]) -> pl.DataFrame:
    """Calls as (number, class, milliseconds, charged micro-yen)."""
    return pl.DataFrame(
        [
            (number, word, word, ANSWERED, ms, None, False, True, None, None, charged_uy)
            for number, word, ms, charged_uy in rows
        ],
        schema=RECORDED,
        orient="row",
    )


def test_calls_are_compared_by_number_and_class_with_suspense_counted_on_both_sides() -> None:
    calls = recorded(
        (ONE, "fixed", 1, 8_000_000),
        (ONE, "fixed", 180_001, 16_000_000),
        (ONE, "mobile", 50_000, None),
        (OTHER, "fixed", 1, 8_000_000),
        (OTHER, "ship", 1, None),
    )
    assert compare([calls], FREEDIAL) == [
        comparison(ONE, "fixed", 2, Outcome(amount_uy=24_000_000), Outcome(amount_uy=25_500_000)),
        comparison(ONE, "mobile", 1, Outcome(suspended=1), Outcome(amount_uy=30_000_000)),
        comparison(OTHER, "fixed", 1, Outcome(amount_uy=8_000_000), Outcome(amount_uy=8_500_000)),
        comparison(OTHER, "ship", 1, Outcome(suspended=1), Outcome(suspended=1)),
    ]


def comparison(number: str, word: str, calls: int, before: Outcome, after: Outcome) -> Comparison:
    return Comparison(number=number, rating_class=word, calls=calls, before=before, after=after)


def test_p4_yen_are_floored_once_for_each_number() -> None:
    calls = recorded((ONE, "fixed", 1, 500_000), (ONE, "mobile", 1, 500_000), (OTHER, "fixed", 1, 999_999))
    one, other = by_number(compare([calls], FREEDIAL))
    assert (one.number, one.rating_class, one.calls, one.before.yen, one.after.yen) == (ONE, "", 2, 1, 18)
    assert (other.before.yen, other.after.yen) == (0, 8)


@settings(max_examples=15)
@given(
    st.lists(st.integers(min_value=0, max_value=10**6), max_size=12), st.integers(min_value=1, max_value=7)
)
def test_it_does_not_matter_into_which_pieces_the_calls_are_cut(durations: list[int], size: int) -> None:
    calls = recorded(*((ONE if ms % 2 else OTHER, "fixed", ms, ms) for ms in durations))
    pieces = [calls[start : start + size] for start in range(0, calls.height, size)]
    assert compare(pieces, FREEDIAL) == compare([calls], FREEDIAL)


def test_sums_of_many_large_charges_do_not_wrap() -> None:
    calls = recorded(*[(ONE, "fixed", 1, 2**62)] * 5)
    assert compare([calls], FREEDIAL)[0].before.amount_uy == 5 * 2**62


def final(sequence: int, answered: str = "2026-10-15T10:00:00+09:00", **facts: object) -> Final:
    at_ms = parse_instant_ms(answered)
    known = {
        "source": "switch",
        "sequence": sequence,
        "call_id": f"call{sequence}",
        "number": ONE,
        "arrived_at_ms": at_ms - 5_000,
        "answered_at_ms": at_ms,
        "conversation_ms": 100_000,
        "rating_class": "fixed",
        "destination": "0352001234",
        "charge_area": "東京",
    }
    return Final(**(known | facts))


# One number with three mobile calls and a fixed one, a call just after midnight of the next month, a ship.
FINALS = (
    *(final(place, rating_class="mobile", carrier_group="b", conversation_ms=50_000) for place in (1, 2, 3)),
    final(4),
    final(5, "2026-11-01T00:00:02+09:00"),
    final(6, "2026-10-01T00:00:02+09:00", number=OTHER, rating_class="ship"),
    final(7, "2026-09-30T23:59:59.999+09:00"),
    final(8, answered_at_ms=None, conversation_ms=None, reason="no_answer"),
    final(9, rating_class="unknown", number=OTHER, is_confirmed=False),
)
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(params=["sqlite", "postgresql"])
def what_if(request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `chakka tariff what-if WORDS` over FINALS, charged by hikari-wide."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    (tmp_path / "chakka.toml").write_text(f'[ledger]\nurl = "{url}"\n' if url else "")
    place = url or tmp_path / "ledger.sqlite"
    rules = Rules(tariff=HIKARI, table=numbering_table())
    with open_ledger(place) as ledger, ledger.writing() as change:
        hold({}, {one.call_id: [one] for one in FINALS}, change, rules)

    def run(*words: str) -> tuple[int, str, str]:
        with open_ledger_to_read(place) as ledger:
            before = ledger.digest()
        code = main(["tariff", "what-if", *words, "--data", str(tmp_path)])
        with open_ledger_to_read(place) as ledger:
            assert ledger.digest() == before, "the books are as they were"
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture(autouse=True)
def no_other_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHAKKA_CONFIG", raising=False)


def test_e03_a_month_is_re_rated_by_a_published_tariff(what_if: Command) -> None:
    code, out, _ = what_if("freedial", "--month", "2026-10", "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["calls"], found["before_yen"], found["after_yen"], found["difference_yen"]) == (
        6,
        60,
        98,
        38,
    )
    one, other = found["numbers"]
    assert (one["number"], one["calls"], one["before_yen"], one["after_yen"]) == (ONE, 4, 60, 98)
    assert [
        (each["class"], each["before_uy"], each["after_uy"], each["difference_uy"]) for each in one["classes"]
    ] == [
        ("fixed", 8_000_000, 8_500_000, 500_000),
        ("mobile", 52_500_000, 90_000_000, 37_500_000),
    ]
    assert (other["number"], other["calls"], other["suspended_before"], other["suspended_after"]) == (
        OTHER,
        2,
        1,
        1,
    )


def test_the_text_for_people_ends_with_the_difference(what_if: Command) -> None:
    code, out, _ = what_if("freedial", "--month", "2026-10", "--number", "0120-123-456")
    assert code == 0
    assert "mobile          3      52.5    90     37.5" in out
    assert out.splitlines()[-1] == "before 60 yen, after 98 yen, difference +38 yen"
    assert OTHER not in out


def test_by_the_same_tariff_nothing_changes(what_if: Command) -> None:
    found = json.loads(what_if("hikari-wide", "--month", "2026-10", "--json")[1])
    assert found["difference_yen"] == 0
    for number in found["numbers"]:
        assert all(each["difference_uy"] == 0 for each in number["classes"])


def test_a_draft_is_tried_as_if_it_had_been_in_force(what_if: Command, tmp_path: Path) -> None:
    text = (DATA / "tariffs/freedial.toml").read_bytes().replace(b"8_500_000", b"80_000_000")
    draft = tmp_path / "draft.toml"
    draft.write_bytes(dated(text, date(2030, 1, 1)))
    assert json.loads(what_if(str(draft), "--month", "2026-09", "--json")[1])["after_yen"] == 80
    draft.write_bytes(text.replace(b"unit_ms = 20_000", b"unit_ms = 0"))
    code, _, err = what_if(str(draft), "--month", "2026-09")
    assert (code, "rules[1]: bad_value" in err) == (1, True)


def test_the_zone_is_that_of_the_line_that_answered_when_the_record_does_not_say(
    what_if: Command, tmp_path: Path
) -> None:
    """東京 to 03-5200-1234: the same charge area, by the numbering table."""
    zones = '[[zones]]\nname = "same"\nmax_km = 0\n[[zones]]\nname = "far"\n'
    rules = "".join(
        f'[[rules]]\nid = "{zone}"\nclass = "fixed"\nzone = "{zone}"\n'
        f"unit_ms = 60_000\nunit_price_uy = {price}\n"
        for zone, price in (("same", 1_000_000), ("far", 9_000_000))
    )
    draft = tmp_path / "zones.toml"
    draft.write_text(f'name = "z"\ntitle = "z"\nsource = "z"\n[classes]\nfixed = []\n{zones}{rules}')
    assert json.loads(what_if(str(draft), "--month", "2026-11", "--json")[1])["after_yen"] == 2


def test_a_month_without_calls_has_no_numbers(what_if: Command) -> None:
    found = json.loads(what_if("freedial", "--month", "2025-01", "--json")[1])
    assert (found["numbers"], found["calls"], found["difference_yen"]) == ([], 0, 0)
