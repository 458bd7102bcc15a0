"""The money guard: stops calls as soon as a cap in yen is spent, and lets them in again (service.md §9.5).

What it publishes follows from the caps, the ledger and the clock alone, so that nothing is lost when it dies:
its next turn puts right whatever is not as it should be.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from chakka.charging.guard import Reached, Verdict, judge, period_at
from chakka.clock import monotonic_s, utc_ms
from chakka.errors import InputError
from chakka.ingest.rating import Rules
from chakka.ingest.spending import spent_of
from chakka.localtime import jst_iso
from chakka.money import yen_text
from chakka.routing.live_facts import LiveFacts, MoneyStop, decode, encode
from chakka.stores.ledger import Ledger, Warned
from chakka.stores.plan_store import PlanStore

log = logging.getLogger("chakka.guard")

# A stop is due two seconds after the record that reaches the cap, or after a long call's next unit.
TURN_S = 0.25
# With so many numbers and calls that a turn takes long, ingest still gets most of the time.
_REST_FOR_EACH_TURN = 4
_BETWEEN_COMPLAINTS_S = 60.0
# What has been warned of is remembered, so that it is not asked of the ledger at every turn.
_MOST_REMEMBERED = 100_000


class Guard:
    """Keeps the stops in the plan store as the ledger demands. `hear` is called often, `turn` does it."""

    def __init__(
        self,
        plans: Path,
        ledger: Ledger,
        rules: Callable[[], Rules],
        warn: Callable[[Iterable[Warned]], None],
    ) -> None:
        self._plans = plans
        self._ledger = ledger
        self._rules = rules
        self._warn = warn
        self._revision: tuple[int, int, int] | None = None
        self._guarded: dict[str, LiveFacts] = {}
        self._said: set[tuple[object, ...]] = set()
        self._due_s = self._next_complaint_s = 0.0

    def hear(self) -> None:
        """Take a turn if one is due. Raises: as `turn`."""
        began_s = monotonic_s()
        if began_s >= self._due_s:
            self.turn(utc_ms())
            ended_s = monotonic_s()
            self._due_s = ended_s + max(TURN_S, _REST_FOR_EACH_TURN * (ended_s - began_s))

    def turn(self, now_ms: int) -> None:
        """Publish and lift stops as they should be at an instant, and give the warnings that are due.

        A plan store that cannot be used is tried again at the next turn.
        Raises: LedgerUnavailable to be tried again; InputError if the ledger is damaged.
        """
        guarded = self._read()
        period = period_at(now_ms)
        self._tell_callers_apart(guarded, period.day)
        if not guarded:
            return
        caps = {number: facts.caps for number, facts in guarded.items()}
        spent = spent_of(caps, self._ledger, now_ms, self._rules())
        verdicts = {number: judge(caps[number], spent[number], period) for number in guarded}
        for number, verdict in verdicts.items():
            self._put(number, guarded[number], verdict)
        self._say(verdicts, now_ms)

    def _read(self) -> dict[str, LiveFacts]:
        """Return the live facts of numbers that have caps, or stops of ours."""
        try:
            # Opened anew each time, which costs little: another store may have been put in its place.
            with PlanStore.open(self._plans) as store:
                # Before the facts: what is written meanwhile is read at the next turn.
                revision = store.revision()
                if revision != self._revision:
                    self._guarded = self._decoded(store.live())
                    self._revision = revision
        except (InputError, OSError) as fault:
            self._complain(fault)
        return self._guarded

    def _decoded(self, stored: Mapping[str, bytes]) -> dict[str, LiveFacts]:
        guarded = {}
        for number, octets in stored.items():
            try:
                facts = decode(octets)
            except msgspec.DecodeError as fault:
                log.error("live facts of %s cannot be read, its caps are not guarded: %s", number, fault)
                continue
            if facts.caps.is_set() or facts.cap_stop is not None or facts.caller_stops:
                guarded[number] = facts
        return guarded

    def _tell_callers_apart(self, guarded: Mapping[str, LiveFacts], day: int) -> None:
        """Have the ledger add up callers where they have a cap, of this day alone."""
        wanted = {number: day for number, facts in guarded.items() if facts.caps.caller_day_yen is not None}
        watched = self._ledger.watched()
        if wanted == watched:
            return
        with self._ledger.writing() as change:
            for number in wanted.keys() | watched.keys():
                if wanted.get(number) != watched.get(number):
                    change.watch(number, wanted.get(number))

    def _put(self, number: str, known: LiveFacts, verdict: Verdict) -> None:
        """Publish what follows for a number, unless it is published already."""
        until_ms = verdict.stop_until_ms
        stop = None if until_ms is None else MoneyStop(until_ms=until_ms)
        if (known.cap_stop, dict(known.caller_stops)) == (stop, dict(verdict.caller_stops)):
            return

        def change(stored: bytes | None) -> bytes:
            facts = decode(stored)
            if facts.caps == known.caps:
                facts = msgspec.structs.replace(facts, cap_stop=stop, caller_stops=verdict.caller_stops)
            # Other caps were set meanwhile: judged by at the next turn.
            return encode(facts)

        try:
            with PlanStore.open(self._plans, readonly=False) as store:
                store.change_live(number, change)
        except (InputError, msgspec.DecodeError) as fault:
            self._complain(fault)
        else:
            _log_stop(number, known.cap_stop, stop)

    def _say(self, verdicts: Mapping[str, Verdict], now_ms: int) -> None:
        """Give each warning once, however often it is seen to be due, and whoever starts ingest anew."""
        due = [
            _warned(number, reached, now_ms)
            for number, verdict in verdicts.items()
            for reached in verdict.reached
        ]
        unsaid = [one for one in due if _key(one) not in self._said]
        if not unsaid:
            return
        with self._ledger.writing() as change:
            new = change.put_warnings(unsaid)
        if len(self._said) > _MOST_REMEMBERED:
            self._said.clear()
        self._said.update(map(_key, due))
        for one in new:
            log.warning("%s", _sentence(one))
        self._warn(new)

    def _complain(self, fault: Exception) -> None:
        now_s = monotonic_s()
        if now_s >= self._next_complaint_s:
            log.error("stops of the money guard cannot be published: %s", fault)
            self._next_complaint_s = now_s + _BETWEEN_COMPLAINTS_S


def _warned(number: str, reached: Reached, now_ms: int) -> Warned:
    return Warned(
        number=number,
        scope=reached.scope.value,
        period=reached.period,
        percent=reached.percent,
        cap_yen=reached.cap_yen,
        caller_tag=reached.caller_tag,
        at_ms=now_ms,
        spent_uy=reached.spent_uy,
    )


def _key(warned: Warned) -> tuple[object, ...]:
    return (
        *(warned.number, warned.scope, warned.period),
        *(warned.percent, warned.cap_yen, warned.caller_tag),
    )


def _sentence(warned: Warned) -> str:
    whose = (
        f" by caller {warned.caller_tag[:8] or 'without a number'}" if warned.scope == "caller_day" else ""
    )
    return (
        f"{warned.number}: {yen_text(warned.spent_uy)} of {warned.cap_yen} yen spent{whose}"
        f" in {warned.period}, {warned.percent} % of the cap reached"
    )


def _log_stop(number: str, before: MoneyStop | None, after: MoneyStop | None) -> None:
    if after is not None and after != before and after.until_ms is not None:
        log.warning("%s: no more calls before %s", number, jst_iso(after.until_ms))
    elif after is None and before is not None:
        log.warning("%s: calls are let in again", number)
