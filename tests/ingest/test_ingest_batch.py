"""Batches of entries become records and charges, the same whatever way they come."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from journalled_calls import FREEPHONE, answered, confirmed, refused, released, tick, whole_call
from ledgers import dump, keyed

from chakka.ingest.batch import take
from chakka.ingest.rating import Rules
from chakka.numbering.model import CallerClass
from chakka.records.model import Answered, Boot, CallKind, NotificationSet
from chakka.stores.journal_reader import JournalEntry
from chakka.stores.ledger import CallFilter, Ledger, LedgerCall
from chakka.stores.open_ledger import open_ledger


@pytest.fixture
def ledger(place: str):
    with open_ledger(place) as opened:
        yield opened


def call(ledger: Ledger, call_id: str) -> LedgerCall:
    found = ledger.call(call_id)
    assert found is not None
    return found


def of_class(entry: Answered, rating_class: CallerClass) -> Answered:
    attempt = msgspec.structs.replace(entry.facts.attempt, rating_class=rating_class)
    return msgspec.structs.replace(entry, facts=msgspec.structs.replace(entry.facts, attempt=attempt))


def test_an_answered_call_is_recorded_and_charged(ledger: Ledger, rules: Rules) -> None:
    """A fixed line talks 180.001 s: two units of 8 yen (charging.md E01)."""
    taken = take(keyed(whole_call("c1", 180_001)), ledger, rules)
    found = call(ledger, "c1")
    assert found.record.conversation_ms == 180_001
    assert found.rated is not None
    assert (found.rated.units, found.rated.amount_uy) == (2, 16_000_000)
    assert (found.rated.usage_month, found.rated.number) == ("2026-11", FREEPHONE)
    assert taken.rated == (found.rated,)


def test_a_refused_call_is_recorded_and_not_charged(ledger: Ledger, rules: Rules) -> None:
    take(keyed([refused("c1")]), ledger, rules)
    assert call(ledger, "c1").rated is None


def test_a_call_that_is_up_is_recorded_and_not_charged_yet(ledger: Ledger, rules: Rules) -> None:
    take(keyed([answered("c1"), confirmed("c1")]), ledger, rules)
    assert call(ledger, "c1").rated is None


def test_p1_a_call_that_was_not_confirmed_has_no_units(ledger: Ledger, rules: Rules) -> None:
    take(keyed([answered("c1"), released("c1")]), ledger, rules)
    rated = call(ledger, "c1").rated
    assert rated is not None
    assert (rated.units, rated.amount_uy, rated.rule) == (0, 0, "not_confirmed")


def test_p1_a_call_cut_by_a_fault_has_whole_units_only(ledger: Ledger, rules: Rules) -> None:
    cut = msgspec.structs.replace(released("c1", 179_999), fault=True, estimated=True)
    take(keyed([answered("c1"), confirmed("c1"), cut]), ledger, rules)
    rated = call(ledger, "c1").rated
    assert rated is not None
    assert rated.units == 0


def test_a_class_without_a_rule_goes_to_suspense_and_not_to_zero_yen(ledger: Ledger, rules: Rules) -> None:
    entries = [of_class(answered("c1"), CallerClass.SATELLITE), confirmed("c1"), released("c1")]
    take(keyed(entries), ledger, rules)
    rated = call(ledger, "c1").rated
    assert rated is not None
    assert (rated.suspense, rated.units, rated.amount_uy) == ("no_rule", None, None)


def test_a_late_confirmation_corrects_the_charge(ledger: Ledger, rules: Rules) -> None:
    entries = keyed(whole_call("c1", 1))
    take([entries[0], entries[2]], ledger, rules)
    take([entries[1]], ledger, rules)
    rated = call(ledger, "c1").rated
    assert rated is not None
    assert rated.units == 1


def test_e14_a_contradicting_entry_is_listed_and_not_charged(ledger: Ledger, rules: Rules) -> None:
    taken = take(keyed([*whole_call("c1", 60_000), released("c1", 600_000)]), ledger, rules)
    assert taken.contradicted == ("c1",)
    assert ledger.conflicts() == [("c1", "n1", 1, 4)]
    rated = call(ledger, "c1").rated
    assert rated is not None
    assert rated.units == 1


def test_what_was_taken_before_is_ignored_and_counted(ledger: Ledger, rules: Rules) -> None:
    entries = keyed(whole_call("c1"))
    take(entries[:2], ledger, rules)
    again = take([*entries, *entries], ledger, rules)
    assert (again.entries, again.repeated) == (1, 5)


def test_an_entry_that_cannot_be_read_is_kept_and_the_rest_goes_on(tmp_path: Path, rules: Rules) -> None:
    strange = JournalEntry(node="n1", boot=1, sequence=4, payload=b"\xc1 from the future")
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        take([strange, *keyed(whole_call("c1"))], ledger, rules)
        assert ledger.call("c1") is not None
        assert ledger.delivered() == {("n1", 1): 4}
        assert [one.key for one in ledger.blockers("2026-11")] == ["unreadable/n1/1/4"]
    assert ("unreadable", "n1", 1, 4, b"\xc1 from the future") in dump(tmp_path / "ledger.sqlite")


def test_a_gap_is_known_and_closed_by_what_comes_late(ledger: Ledger, rules: Rules) -> None:
    entries = keyed([*whole_call("c1"), *whole_call("c2")])
    take(entries[:2] + entries[3:], ledger, rules)
    assert ledger.delivered() == {("n1", 1): 2}
    take(entries[2:3], ledger, rules)
    assert ledger.delivered() == {("n1", 1): 6}


def test_a_batch_that_fails_leaves_nothing(ledger: Ledger, rules: Rules) -> None:
    class Fault(Exception):
        pass

    def entries():
        yield from keyed(whole_call("c1"))

    with pytest.raises(Fault), ledger.writing() as change:
        change.deliver("n1", 1, [(1, 3)])
        raise Fault
    assert ledger.delivered() == {}
    take(entries(), ledger, rules)
    assert ledger.delivered() == {("n1", 1): 3}


def test_calls_are_found_by_number_time_and_reason_newest_first(ledger: Ledger, rules: Rules) -> None:
    take(keyed([*whole_call("c1"), refused("c2"), *whole_call("c3")]), ledger, rules)
    assert [one.record.facts.call_id for one in ledger.calls(CallFilter())] == ["c3", "c2", "c1"]
    assert len(ledger.calls(CallFilter(limit=2))) == 2
    assert len(ledger.calls(CallFilter(number=FREEPHONE))) == 3
    assert ledger.calls(CallFilter(number="0800123456")) == []
    arrived = call(ledger, "c1").record.facts.attempt.at_ms
    assert ledger.calls(CallFilter(until_ms=arrived)) == []
    assert len(ledger.calls(CallFilter(since_ms=arrived, until_ms=arrived + 1))) == 3
    assert [one.record.facts.call_id for one in ledger.calls(CallFilter(reason="off_hours"))] == ["c2"]


@pytest.mark.parametrize("kind", [CallKind.DIRECT, CallKind.OUTGOING])
def test_r2_8_only_calls_to_freephone_numbers_are_rated(ledger: Ledger, rules: Rules, kind: CallKind) -> None:
    direct, *rest = whole_call("c1", 1_000)
    direct = msgspec.structs.replace(direct, facts=msgspec.structs.replace(direct.facts, kind=kind))
    assert take(keyed([direct, *rest, *whole_call("c2", 1_000)]), ledger, rules).rated[0].call_id == "c2"
    assert (call(ledger, "c1").rated, call(ledger, "c1").record.conversation_ms) == (None, 1_000)


def test_calls_can_be_asked_for_by_kind(ledger: Ledger, rules: Rules) -> None:
    direct, *rest = whole_call("c1", 1_000)
    direct = msgspec.structs.replace(
        direct, facts=msgspec.structs.replace(direct.facts, kind=CallKind.DIRECT)
    )
    take(keyed([direct, *rest, *whole_call("c2", 1_000), refused("c3")]), ledger, rules)
    found = {kind: ledger.calls(CallFilter(kind=kind)) for kind in ("direct", "freephone", "outgoing")}
    ids = {kind: {one.record.facts.call_id for one in calls} for kind, calls in found.items()}
    assert ids == {"direct": {"c1"}, "freephone": {"c2", "c3"}, "outgoing": set()}


FIRST_BOOT = [
    Boot(at_ms=1, monotonic_ms=1, version="0"),
    *whole_call("c1", 1_000),
    NotificationSet(call_id="n1", line="0352001234", freephone=FREEPHONE, at_ms=1),
    answered("c2"),
    refused("c3"),
    tick(5_000, "c2"),
    tick(9_000, "c2"),
]
SECOND_BOOT = [msgspec.structs.replace(released("c2", 8_000), estimated=True), *whole_call("c4")]
OTHER_NODE = [released("c1", 2_000), released("c2", 60_000), confirmed("c2")]
SPOOL = [*keyed(FIRST_BOOT), *keyed(SECOND_BOOT, boot=2), *keyed(OTHER_NODE, node="n2")]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, rules: Rules) -> str:
    with Ledger.open(tmp_path_factory.mktemp("whole") / "ledger.sqlite") as ledger:
        take(SPOOL, ledger, rules)
        return ledger.digest()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_twice_out_of_order_and_in_parts_gives_the_same_ledger(
    data: st.DataObject, whole: str, tmp_path_factory: pytest.TempPathFactory, rules: Rules
) -> None:
    repeated = data.draw(st.lists(st.sampled_from(SPOOL), max_size=6))
    order = data.draw(st.permutations([*SPOOL, *repeated]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(order)), max_size=5)))
    with Ledger.open(tmp_path_factory.mktemp("parts") / "ledger.sqlite") as ledger:
        for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True):
            take(order[start:end], ledger, rules)
        assert ledger.digest() == whole


def test_both_engines_have_the_same_ledger(ledger: Ledger, whole: str, rules: Rules) -> None:
    for entry in reversed(SPOOL):
        take([entry], ledger, rules)
    assert ledger.digest() == whole
