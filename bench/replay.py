"""How long a month takes on a draft plan (service.md §9.3): `chakka replay` on a ledger of its own."""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from chakka.cli.main import main as chakka
from chakka.contract.text import read
from chakka.facts import DATA, numbering_table, shipped_tariff
from chakka.ingest.batch import take
from chakka.ingest.rating import Rules
from chakka.localtime import DAY_MS, jst_instant_ms
from chakka.numbering.model import CallerClass
from chakka.records.entries import encode
from chakka.records.model import Answered, CallFacts, Confirmed, Entry, Leg, Released, ReleasedBy, Unanswered
from chakka.routing.attempt import IDLE, CallAttempt
from chakka.routing.calendar import shipped_holidays
from chakka.routing.compile import compile_plan
from chakka.routing.decide import decide
from chakka.routing.decision import Outcome
from chakka.routing.plan import CompiledPlan
from chakka.stores.journal_reader import JournalEntry
from chakka.stores.ledger import Ledger

DEMO = DATA / "demo" / "0120123456.yaml"
FIRST_MS = jst_instant_ms(739_921, 0)  # 2026-11-01
TARGET_S_PER_100_000 = 10.0


def entries_of(place: int, plan: CompiledPlan, calls: int) -> Iterator[Entry]:
    """Yield the entries of one call of a month."""
    areas = tuple(area.name for area in numbering_table().charge_areas)
    at_ms = FIRST_MS + place * (30 * DAY_MS // calls)
    attempt = CallAttempt(
        called_number=plan.number,
        caller_class=CallerClass.FIXED,
        rating_class=CallerClass.FIXED,
        charge_area=areas[place * 7919 % len(areas)],
        at_ms=at_ms,
    )
    decision = decide(plan, attempt, {}, IDLE)
    is_connected = decision.outcome is Outcome.CONNECT
    facts = CallFacts(
        call_id=f"{place:012}",
        sip_call_id="",
        attempt=attempt,
        outcome=decision.outcome,
        group=decision.group,
        plan=decision.plan,
        trace=decision.trace,
        legs=(Leg(destination=decision.targets[0], address="", seized_at_ms=at_ms),) if is_connected else (),
    )
    if not is_connected:
        yield Unanswered(
            facts=facts,
            reason=decision.reason,
            announcement=decision.announcement,
            status=480,
            cause=21,
            released_at_ms=at_ms + 10_000,
        )
        return
    yield Answered(
        facts=facts, destination=decision.targets[0], answered_at_ms=at_ms + 3_000, monotonic_ms=place
    )
    yield Confirmed(call_id=facts.call_id, at_ms=at_ms + 3_050)
    yield Released(
        call_id=facts.call_id,
        released_at_ms=at_ms + 90_000,
        conversation_ms=87_000,
        released_by=ReleasedBy.CALLER,
    )


def fill(ledger: Ledger, calls: int) -> None:
    """Take the calls into a ledger."""
    contract, _ = read(DEMO.read_bytes(), numbering_table())
    assert contract is not None
    plan = compile_plan(contract, numbering_table(), shipped_holidays())
    rules = Rules(tariff=shipped_tariff("hikari-wide"), table=numbering_table())
    batch: list[JournalEntry] = []
    sequence = 0
    for place in range(calls):
        for entry in entries_of(place, plan, calls):
            sequence += 1
            batch.append(JournalEntry(node="n1", boot=1, sequence=sequence, payload=encode(entry)))
        if len(batch) > 10_000 or place == calls - 1:
            take(batch, ledger, rules)
            batch = []


def main() -> None:
    """Print how long a month took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    calls: int = parser.parse_args().calls
    with TemporaryDirectory() as name:
        directory = Path(name)
        with Ledger.open(directory / "ledger.sqlite") as ledger:
            fill(ledger, calls)
        draft = directory / "draft.yaml"
        draft.write_text(DEMO.read_text(encoding="utf-8").replace("18:00-24:00", "17:00-24:00"))
        began = time.perf_counter()
        os.environ.pop("CHAKKA_CONFIG", None)
        code = chakka(["replay", str(draft), "--month", "2026-11", "--data", str(directory)])
        spent = time.perf_counter() - began
    if code:
        sys.exit(code)
    target = TARGET_S_PER_100_000 * calls / 100_000
    print(
        f"\n{calls:,} calls replayed in {spent:.1f} s ({calls / spent:,.0f}/s);"
        f" target {target:.1f} s, ratio {spent / target:.2f}"
    )


if __name__ == "__main__":
    main()
