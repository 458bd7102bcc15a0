"""P10: calls of a node that went silent and does not come back."""

from pathlib import Path

import pytest
from journalled_calls import TEN_O_CLOCK_MS, answered, confirmed, refused, released, seized, tick, whole_call
from ledgers import keyed

from chakka.ingest.batch import take
from chakka.ingest.rating import Rules
from chakka.ingest.silent import SILENCE_MS, close_calls_of_silent_nodes
from chakka.routing.decision import Reason
from chakka.stores.ledger import Ledger

LAST_TICK_MS = 240_000


@pytest.fixture
def ledger(tmp_path: Path, rules: Rules):
    """A call answered at monotonic 1 s, seen last at 240 s; then its node falls silent."""
    with Ledger.open(tmp_path / "ledger.sqlite") as opened:
        take(keyed([answered("c1"), confirmed("c1"), tick(LAST_TICK_MS, "c1")]), opened, rules)
        yield opened


def test_p10_a_call_is_closed_at_its_last_proof_of_life(ledger: Ledger, rules: Rules) -> None:
    now_ms = TEN_O_CLOCK_MS + LAST_TICK_MS + SILENCE_MS + 1
    (rated,) = close_calls_of_silent_nodes(ledger, now_ms, rules)
    found = ledger.call("c1")
    assert found is not None
    assert found.record.conversation_ms == LAST_TICK_MS - 1_000
    assert (found.record.estimated, found.record.fault) == (True, True)
    assert rated.units == 1


def test_p10_a_node_that_may_come_back_keeps_its_calls(ledger: Ledger, rules: Rules) -> None:
    now_ms = TEN_O_CLOCK_MS + LAST_TICK_MS + SILENCE_MS
    assert close_calls_of_silent_nodes(ledger, now_ms, rules) == []


def test_p10_a_real_end_that_comes_later_supersedes_the_estimate(ledger: Ledger, rules: Rules) -> None:
    close_calls_of_silent_nodes(ledger, TEN_O_CLOCK_MS + 10 * SILENCE_MS, rules)
    take(keyed([tick(1, "c1")] * 3 + [released("c1", 300_000)])[3:], ledger, rules)
    found = ledger.call("c1")
    assert found is not None
    assert found.record.conversation_ms == 300_000
    assert not found.record.estimated
    assert found.rated is not None
    assert found.rated.units == 2
    assert ledger.conflicts() == []


def test_p10_a_call_without_any_proof_of_life_is_closed_with_no_units(tmp_path: Path, rules: Rules) -> None:
    with Ledger.open(tmp_path / "other.sqlite") as ledger:
        take(keyed([answered("c1")]), ledger, rules)
        (rated,) = close_calls_of_silent_nodes(ledger, TEN_O_CLOCK_MS + 2 * SILENCE_MS, rules)
        assert (rated.units, rated.rule) == (0, "not_confirmed")


def test_p10_a_call_that_was_only_being_set_up_ends_unanswered_and_costs_nothing(
    tmp_path: Path, rules: Rules
) -> None:
    with Ledger.open(tmp_path / "other.sqlite") as ledger:
        take(keyed([seized("c1"), tick(5_000, seized=("c1",))]), ledger, rules)
        up = ledger.call("c1")
        assert up is not None and up.record.released_at_ms is None
        assert close_calls_of_silent_nodes(ledger, TEN_O_CLOCK_MS + 2 * SILENCE_MS, rules) == []
        found = ledger.call("c1")
        assert found is not None
        assert (found.record.reason, found.record.estimated, found.rated) == (Reason.FAULT, True, None)
        assert found.record.released_at_ms == TEN_O_CLOCK_MS + 4_000


@pytest.mark.parametrize("truth", [[refused("c1")], whole_call("c1")])
def test_p10_what_became_of_it_supersedes_that_it_was_cut(tmp_path: Path, rules: Rules, truth: list) -> None:
    entries = keyed([seized("c1"), *truth])
    with Ledger.open(tmp_path / "other.sqlite") as ledger:
        take(entries[:1], ledger, rules)
        close_calls_of_silent_nodes(ledger, TEN_O_CLOCK_MS + 2 * SILENCE_MS, rules)
        take(entries[1:], ledger, rules)
        found = ledger.call("c1")
        assert found is not None
        assert (found.record.reason, found.record.estimated) != (Reason.FAULT, True)
        assert (found.rated is not None) == (len(truth) > 1)
