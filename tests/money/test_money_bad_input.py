"""What is wrong with records or tariffs is said, bills nothing wrongly and loses nothing."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import msgspec
import pytest
from billed_months import bill, billed_calls, is_proved, standing
from business import NOW_MS
from journalled_calls import answered, confirmed, released
from recorded_months import MICRO, NOVEMBER, NUMBERS, OCTOBER, write

from chakka.charging.publish import parse_tariff, read_tariff
from chakka.cli.main import main
from chakka.ingest.batch import take as take_entries
from chakka.ingest.rating import Rules
from chakka.ingest.record_files import TakenRows, take_file
from chakka.ingest.suspense import rate_suspended
from chakka.localtime import parse_instant_ms
from chakka.records.entries import encode
from chakka.records.final import Final
from chakka.records.model import Entry
from chakka.records.rows import encoded
from chakka.records.tally import Tally
from chakka.routing.calendar import Holidays
from chakka.stores.journal_reader import JournalEntry
from chakka.stores.ledger import Ledger
from chakka.stores.record_file import MARK, frame

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

NUMBER = NUMBERS[0]
TENTH_MS = parse_instant_ms("2026-10-10T10:00+09:00")
MINUTE_MS = 60_000
# Of the calls of `journalled_calls`.
JOURNALLED = (NUMBER, NOVEMBER)


def call(sequence: int, **said: object) -> Final:
    """A fixed line talks for 100 s on the tenth of October: one unit of 8 yen."""
    known: dict[str, object] = {
        "source": "switch1",
        "sequence": sequence,
        "call_id": f"call{sequence}",
        "number": NUMBER,
        "arrived_at_ms": TENTH_MS,
        "rating_class": "fixed",
        "answered_at_ms": TENTH_MS + 5_000,
        "conversation_ms": 100_000,
    }
    return Final(**{**known, **said})


def take(
    path: Path, records: Sequence[Final], ledger: Ledger, rules: Rules, now_ms: int = NOW_MS
) -> TakenRows:
    return take_file(write(path, records), ledger, rules, now_ms, lambda end: None)


def kinds(month: str, ledger: Ledger) -> list[str]:
    return [blocker.kind for blocker in standing(month, ledger)]


def october(ledger: Ledger, *decide: str) -> dict[str, int]:
    """Issue October and return the yen that its invoices have for calls, by number."""
    bill(OCTOBER, ledger, date(2026, 11, 5), decide)
    assert is_proved(ledger)
    return {number: yen for (number, _), (yen, _) in billed_calls().items() if yen}


def test_an_unknown_class_stops_the_run_is_never_0_yen_and_is_billed_once_it_has_a_price(
    ledger: Ledger, rules: Rules, tmp_path: Path
) -> None:
    take(tmp_path / "f", [call(1), call(2, rating_class="satellite")], ledger, rules)
    assert kinds(OCTOBER, ledger) == ["suspense"]
    assert october(ledger, "suspense") == {NUMBER: 8}

    with_satellites = priced(
        "[classes]\nfixed = []\nsatellite = []",
        '[[rules]]\nid = "satellite"\nclass = "satellite"\nunit_ms = 60000\nunit_price_uy = 90000000',
    )
    rate_suspended(ledger, rules_of(with_satellites, rules), None, lambda calls: None)
    bill(NOVEMBER, ledger, date(2026, 12, 5))
    assert billed_calls()[NUMBER, OCTOBER] == (8 + 180, 0)
    assert is_proved(ledger)


def test_a_late_call_that_cannot_be_charged_stops_the_run_of_the_next_month(
    ledger: Ledger, rules: Rules, tmp_path: Path
) -> None:
    take(tmp_path / "in_time", [call(1)], ledger, rules)
    october(ledger)
    take(tmp_path / "late", [call(2, rating_class="satellite")], ledger, rules)
    assert kinds(NOVEMBER, ledger) == ["suspense"]


def priced(head: str = "[classes]\nfixed = []", rules: str = "") -> bytes:
    """Return a tariff in which fixed lines cost 8 yen for 180 s."""
    fixed = '[[rules]]\nid = "fixed"\nclass = "fixed"\nunit_ms = 180000\nunit_price_uy = 8000000\n'
    return f'name = "t"\ntitle = "t"\nsource = "tests"\n{head}\n{fixed}{rules}\n'.encode()


def rules_of(tariff: bytes, rules: Rules) -> Rules:
    return Rules(tariff=parse_tariff(tariff, (), no_holidays), table=rules.table)


def no_holidays() -> Holidays:
    raise AssertionError("no price of these tariffs differs by day")


def test_a_tariff_with_a_gap_is_refused_and_charges_nothing(tmp_path: Path) -> None:
    fixed_by_day = b'bands = { weekday = ["08:00-19:00"], saturday = ["00:00-24:00"] }'
    found, problems = read_tariff(priced() + fixed_by_day, (), no_holidays)
    assert found is None
    assert [problem.message.partition(": ")[2] for problem in problems] == [
        "no rule holds on a weekday 00:00-08:00",
        "no rule holds on a weekday 19:00-24:00",
        "no rule holds on a sunday 00:00-24:00",
        "no rule holds on a holiday 00:00-24:00",
    ]
    file = tmp_path / "gap.toml"
    file.write_bytes(priced() + fixed_by_day)
    assert main(["tariff", "publish", str(file), "--data", str(tmp_path)]) == 1
    assert not list(tmp_path.glob("tariffs/*"))


def test_calls_before_the_first_version_of_a_tariff_stop_the_run(
    ledger: Ledger, rules: Rules, tmp_path: Path
) -> None:
    """The gap is before the tariff: it begins on the eleventh, the call was on the tenth."""
    late = rules_of(priced("valid_from = 2026-10-11\n[classes]\nfixed = []"), rules)
    later = TENTH_MS + 24 * 60 * MINUTE_MS
    take(tmp_path / "f", [call(1), call(2, arrived_at_ms=later, answered_at_ms=later)], ledger, late)
    assert kinds(OCTOBER, ledger) == ["suspense"]
    assert october(ledger, "suspense") == {NUMBER: 8}


def test_e14_a_duplicate_with_other_content_is_not_billed_and_stops_the_run(
    ledger: Ledger, rules: Rules, tmp_path: Path
) -> None:
    records = [call(1), call(1), call(2, call_id="call1", conversation_ms=999_000)]
    taken = take(tmp_path / "f", records, ledger, rules)
    assert (taken.new, taken.repeated) == (2, 1)
    assert kinds(OCTOBER, ledger) == ["conflict"]
    assert october(ledger, "conflict") == {NUMBER: 8}


def test_a_clock_that_jumps_between_answer_and_release_changes_no_charge(
    ledger: Ledger, rules: Rules
) -> None:
    """The wall clock is set back by an hour; the duration is measured by another clock (charging.md §7)."""
    ended = released("c1", 180_001)
    back = msgspec.structs.replace(ended, released_at_ms=ended.released_at_ms - 60 * MINUTE_MS)
    journal([answered("c1"), confirmed("c1"), back], ledger, rules)
    assert kinds(NOVEMBER, ledger) == []
    bill(NOVEMBER, ledger, date(2026, 12, 5))
    assert billed_calls() == {JOURNALLED: (16, 0)}


def test_an_open_call_stops_the_run_and_is_billed_when_it_has_ended(ledger: Ledger, rules: Rules) -> None:
    journal([answered("c1"), confirmed("c1")], ledger, rules)
    assert kinds(NOVEMBER, ledger) == ["open_call"]
    journal([answered("c1"), confirmed("c1"), released("c1", 180_001)], ledger, rules)
    bill(NOVEMBER, ledger, date(2026, 12, 5))
    assert billed_calls() == {JOURNALLED: (16, 0)}


def journal(entries: Sequence[Entry], ledger: Ledger, rules: Rules) -> None:
    received = [
        JournalEntry(node="n1", boot=1, sequence=sequence, payload=encode(entry))
        for sequence, entry in enumerate(entries, 1)
    ]
    take_entries(received, ledger, rules)


@pytest.mark.parametrize(
    "answered_at_ms", [TENTH_MS - 3_600_000, TENTH_MS + 86_400_000], ids=["back an hour", "ahead a day"]
)
def test_a_record_whose_clock_jumped_is_set_aside_and_stops_the_run(
    ledger: Ledger, rules: Rules, tmp_path: Path, answered_at_ms: int
) -> None:
    taken = take(tmp_path / "f", [call(1), call(2, answered_at_ms=answered_at_ms)], ledger, rules)
    assert (taken.new, taken.set_aside) == (1, 1)
    [blocker] = standing(OCTOBER, ledger)
    assert (blocker.kind, "was answered at" in blocker.message) == ("set_aside", True)
    assert october(ledger, "set_aside") == {NUMBER: 8}


def test_a_record_from_the_future_is_billed_once_its_time_has_come(
    ledger: Ledger, rules: Rules, tmp_path: Path
) -> None:
    early_ms = TENTH_MS - 86_400_000
    taken = take(tmp_path / "f", [call(1)], ledger, rules, now_ms=early_ms)
    assert (taken.new, taken.set_aside) == (0, 1)
    [blocker] = standing(OCTOBER, ledger)
    assert "has not come yet" in blocker.message
    for place in range(2):
        take(tmp_path / f"again{place}", [call(1)], ledger, rules)
    assert kinds(OCTOBER, ledger) == []
    assert october(ledger) == {NUMBER: 8}


def test_a_file_that_is_torn_at_any_octet_and_then_whole_bills_every_call_once(
    rules: Rules, tmp_path: Path
) -> None:
    rows = [call(sequence, conversation_ms=60_000 * sequence) for sequence in range(1, 4)]
    whole = MARK + b"".join(frame(encoded(row)) for row in rows)
    expected = None
    for length in range(len(MARK), len(whole) + 1, 7):
        file, database = tmp_path / "f", tmp_path / f"{length}.sqlite"
        with Ledger.open(database) as ledger:
            file.write_bytes(whole[:length])
            first = take_file(file, ledger, rules, NOW_MS, lambda end: None)
            assert first.set_aside == 0
            assert bool(first.torn) == (length not in ends_of(rows))
            file.write_bytes(whole)
            again = take_file(file, ledger, rules, NOW_MS, lambda end: None)
            assert first.new + again.new == len(rows)
            expected = expected or ledger.digest()
            assert ledger.digest() == expected
        database.unlink()


def ends_of(rows: Sequence[Final]) -> set[int]:
    ends = [len(MARK)]
    for row in rows:
        ends.append(ends[-1] + len(frame(encoded(row))))
    return set(ends)


def test_calls_that_a_switch_counted_and_never_delivered_stop_the_run(
    ledger: Ledger, rules: Rules, tmp_path: Path
) -> None:
    """The switch counts two calls in the minute, of which one is recorded."""
    minute_ms = TENTH_MS - TENTH_MS % MINUTE_MS
    tally = Tally(source="switch1", sequence=2, minute_ms=minute_ms, calls=2, answered=2, is_last=True)
    file = tmp_path / "f"
    file.write_bytes(MARK + frame(encoded(call(1))) + frame(encoded(tally)))
    take_file(file, ledger, rules, NOW_MS, lambda end: None)
    assert kinds(OCTOBER, ledger) == ["difference"]
    assert october(ledger, "difference") == {NUMBER: 8}
    assert billed_calls() == {(NUMBER, OCTOBER): (8, 0)}
    assert ledger.usage()[0].amount_uy == 8 * MICRO
