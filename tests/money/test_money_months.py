"""Two months from recorded calls to issued invoices: 0 yen difference (charging.md P4, P6, P8)."""

import os
import random
from collections.abc import Iterable
from datetime import date
from itertools import islice
from pathlib import Path

import pytest
from billed_months import bill, billed_calls, bodies, is_proved
from business import NOW_MS
from recorded_months import MICRO, NOVEMBER, OCTOBER, corrected, judged_uy, recorded, write

from chakka.ingest.rating import Rules
from chakka.ingest.record_files import TakenRows, take_file
from chakka.records.final import Final
from chakka.stores.ledger import Ledger

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

# `make soak` asks for a million.
COUNT = int(os.environ.get("CHAKKA_SOAK_CALLS", "10000"))


def take(path: Path, records: Iterable[Final], ledger: Ledger, rules: Rules) -> TakenRows:
    return take_file(write(path, records), ledger, rules, NOW_MS, lambda end: None)


def late(records: list[Final]) -> list[Final]:
    """Return calls that nobody had heard of, corrections of others, and others once more."""
    answered = [record for record in records[::50] if record.answered_at_ms is not None]
    unheard = list(recorded(COUNT // 20, "switch2", seed=2))
    corrections = [
        corrected(record, "switch2", len(unheard) + place) for place, record in enumerate(answered, 1)
    ]
    return [*unheard, *corrections]


def test_p4_p8_what_is_billed_is_what_the_calls_cost_to_the_last_micro_yen(
    ledger: Ledger, rules: Rules, tmp_path: Path
) -> None:
    """October is billed; then late calls, corrections and repeated records come, and November is billed."""
    in_time = list(recorded(COUNT))
    shuffled = random.Random(3).sample(in_time, COUNT)
    taken = take(tmp_path / "in_time", shuffled, ledger, rules)
    assert (taken.new, taken.repeated, taken.set_aside) == (COUNT, 0, 0)
    bill(OCTOBER, ledger, date(2026, 11, 5))
    assert {key: yen for key, (yen, _) in billed_calls().items()} == {
        key: cost // MICRO for key, cost in judged_uy(in_time).items() if key[1] == OCTOBER
    }

    afterwards = late(in_time)
    taken = take(tmp_path / "late", [*islice(in_time, 500), *afterwards], ledger, rules)
    assert (taken.new, taken.repeated, taken.set_aside) == (len(afterwards), 500, 0)
    bill(NOVEMBER, ledger, date(2026, 12, 5))

    costs = {key: cost for key, cost in judged_uy([*in_time, *afterwards]).items() if key[1] <= NOVEMBER}
    assert billed_calls() == {key: divmod(cost, MICRO) for key, cost in costs.items()}
    assert sum(total.amount_uy for total in ledger.usage() if total.usage_month <= NOVEMBER) == sum(
        costs.values()
    )
    assert is_proved(ledger)
    found = ledger.conservation()
    assert found.holds
    assert (found.suspense, found.open) == (0, 0)


def test_p6_every_invoice_is_the_sum_of_its_lines_and_its_tax_is_floored_once(
    ledger: Ledger, rules: Rules, tmp_path: Path
) -> None:
    take(tmp_path / "calls", recorded(COUNT), ledger, rules)
    bill(OCTOBER, ledger, date(2026, 11, 5))
    issued = bodies()
    assert len(issued) == 6
    for body in issued:
        assert body.net_yen == sum(line.net_yen for line in body.lines)
        assert body.tax_yen == body.net_yen // 10
        assert body.total_yen == body.net_yen + body.tax_yen


def test_the_order_and_the_files_in_which_calls_come_change_no_invoice(rules: Rules, tmp_path: Path) -> None:
    records = list(recorded(2_000))
    with Ledger.open(tmp_path / "one.sqlite") as one, Ledger.open(tmp_path / "other.sqlite") as other:
        take(tmp_path / "whole", records, one, rules)
        for place in range(7):
            part = random.Random(place).sample(records[place::7], len(records[place::7]))
            take(tmp_path / f"part{place}", part, other, rules)
        assert one.digest() == other.digest()
        assert one.usage() == other.usage()
