"""Recorded calls on a draft plan: what changes for whom, and the difference in yen (service.md §9.3)."""

from collections.abc import Callable

import msgspec

from chakka.charging.explain import rated_call
from chakka.charging.rate import Charge, rate
from chakka.charging.tariff import Tariff
from chakka.money import MICRO_YEN
from chakka.records.model import Record
from chakka.routing.decision import Outcome, Reason
from chakka.routing.plan import CompiledPlan
from chakka.routing.replay import Change, PastCall, Route, change, replayed
from chakka.stores.ledger_values import LedgerCall

# Decisions by the reason in a record of another call plane, which does not say them; all others connect.
_OUTCOMES = {
    Reason.NUMBER_NOT_IN_SERVICE: Outcome.REFUSE,
    Reason.AREA_NOT_DESIGNATED: Outcome.REFUSE,
    Reason.CLASS_NOT_ACCEPTED: Outcome.REFUSE,
    Reason.MOBILE_NOT_ACCEPTED: Outcome.REFUSE,
    Reason.UNKNOWN_ORIGIN: Outcome.REFUSE,
    Reason.MEDIA_NOT_ACCEPTED: Outcome.REFUSE,
    Reason.BLOCKED: Outcome.REFUSE,
    Reason.MONEY_GUARD: Outcome.REFUSE,
    Reason.SUSPENDED: Outcome.REFUSE,
    Reason.OFF_HOURS: Outcome.ANNOUNCE,
    Reason.ALL_BUSY: Outcome.BUSY,
    Reason.LIMIT: Outcome.BUSY,
}
# What a call would cost had another line answered it; None if that cannot be said.
Repriced = Callable[[LedgerCall, str], int | None]


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """Calls that change in the same way.

    difference_uy: of those whose charge is known before and after; unknown: how many are not.
    witness:       the id of the first of them.
    """

    change: Change
    before: Route
    after: Route
    calls: int
    difference_uy: int
    unknown: int
    witness: str


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """Calls of a rating class that would newly be connected: nobody knows for how long.

    connected, connected_uy: calls of the class that were connected, answered or not, and what they cost:
                             their mean stands for the new ones.
    """

    rating_class: str
    calls: int
    connected: int
    connected_uy: int

    @property
    def estimated_uy(self) -> int | None:
        """Return what they would cost at the mean of those that were connected, floored to micro-yen."""
        return self.calls * self.connected_uy // self.connected if self.connected else None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a draft changes.

    calls:       that were decided again. left_out: why others were not → how many.
    was_uy, now_uy: what calls cost whose charge is known before and after: not those newly connected.
    """

    calls: int
    unchanged: int
    changes: tuple[Changed, ...]
    left_out: dict[str, int]
    was_uy: int
    now_uy: int
    estimates: tuple[Estimate, ...]

    @property
    def was_yen(self) -> int:
        """Return the same in whole yen, floored once as on the line of an invoice (charging.md P4)."""
        return self.was_uy // MICRO_YEN

    @property
    def now_yen(self) -> int:
        """Return the same in whole yen."""
        return self.now_uy // MICRO_YEN


class _Sum:
    """Calls that change in the same way, while they are counted."""

    __slots__ = ("calls", "difference_uy", "unknown", "witness")

    def __init__(self, witness: str) -> None:
        self.calls = self.difference_uy = self.unknown = 0
        self.witness = witness


class Replay:
    """Decides call after call again, in the order in which they came, and adds up."""

    def __init__(self, plan: CompiledPlan, repriced: Repriced) -> None:
        self._plan = plan
        self._repriced = repriced
        self._draws: dict[str, int] = {}
        self._calls = self._was_uy = self._now_uy = 0
        self._sums: dict[tuple[Change, Route, Route], _Sum] = {}
        self._left_out: dict[str, int] = {}
        self._connected: dict[str, list[int]] = {}
        self._new: dict[str, int] = {}

    def add(self, call: LedgerCall) -> None:
        """Decide one call again."""
        why = _left_out(call.record)
        if why is not None:
            self._left_out[why] = self._left_out.get(why, 0) + 1
            return
        past = past_call(call.record)
        after = replayed(self._plan, past, self._draws)
        kind = change(past, after)
        self._calls += 1
        self._learn(call, past)
        was_uy, now_uy = self._charges(call, kind, after)
        is_known = was_uy is not None and now_uy is not None
        self._was_uy += was_uy or 0 if is_known else 0
        self._now_uy += now_uy or 0 if is_known else 0
        if kind is not None:
            sums = self._sums.setdefault((kind, past.route(), after), _Sum(call.record.facts.call_id))
            sums.calls += 1
            sums.unknown += not is_known
            sums.difference_uy += (now_uy or 0) - (was_uy or 0) if is_known else 0

    def report(self) -> Report:
        """Return what was found so far."""
        changes = [
            Changed(
                change=kind,
                before=before,
                after=after,
                calls=sums.calls,
                difference_uy=sums.difference_uy,
                unknown=sums.unknown,
                witness=sums.witness,
            )
            for (kind, before, after), sums in self._sums.items()
        ]
        order = list(Change)
        changes.sort(key=lambda one: (order.index(one.change), -one.calls, one.witness))
        return Report(
            calls=self._calls,
            unchanged=self._calls - sum(one.calls for one in changes),
            changes=tuple(changes),
            left_out=dict(sorted(self._left_out.items())),
            was_uy=self._was_uy,
            now_uy=self._now_uy,
            estimates=tuple(self._estimate(rating_class) for rating_class in sorted(self._new)),
        )

    def _learn(self, call: LedgerCall, past: PastCall) -> None:
        """Note what connected calls of a class cost, those without an answer too."""
        amount_uy = call.rated.amount_uy if call.rated else 0
        if past.outcome is Outcome.CONNECT and amount_uy is not None:
            known = self._connected.setdefault(_rating_class(call), [0, 0])
            known[0] += 1
            known[1] += amount_uy

    def _charges(self, call: LedgerCall, kind: Change | None, after: Route) -> tuple[int | None, int | None]:
        """Return what a call cost and would cost; None where that cannot be said."""
        if kind is Change.NEWLY_CONNECTED:
            rating_class = _rating_class(call)
            self._new[rating_class] = self._new.get(rating_class, 0) + 1
            return 0, None
        if call.rated is None:
            return 0, 0
        was_uy = call.rated.amount_uy
        if kind is Change.NO_LONGER_CONNECTED:
            return was_uy, 0
        if kind is Change.OTHER_LINE and after.line is not None and was_uy is not None:
            return was_uy, self._repriced(call, after.line)
        return was_uy, was_uy

    def _estimate(self, rating_class: str) -> Estimate:
        connected, connected_uy = self._connected.get(rating_class, (0, 0))
        return Estimate(
            rating_class=rating_class,
            calls=self._new[rating_class],
            connected=connected,
            connected_uy=connected_uy,
        )


def past_call(record: Record) -> PastCall:
    """Return a record as the replay sees it. The caller's number is not needed."""
    facts = record.facts
    # A decision leaves steps; another call plane's record has none.
    outcome = facts.outcome if facts.trace else _OUTCOMES.get(record.reason, Outcome.CONNECT)
    return PastCall(
        attempt=facts.attempt,
        outcome=outcome,
        # What became of a connected call afterwards is no part of the decision.
        reason=Reason.OK if outcome is Outcome.CONNECT else record.reason,
        group=facts.group,
        trace=facts.trace,
        line=record.destination if record.answered_at_ms is not None else None,
        in_vain=tuple(
            leg.destination
            for leg in facts.legs
            if record.answered_at_ms is None or leg.destination != record.destination
        ),
        all_tried=outcome is Outcome.CONNECT and record.reason is Reason.ALL_BUSY,
    )


def repriced(version: Callable[[str], Tariff | None], area_of: Callable[[str], str | None]) -> Repriced:
    """Return how a call is charged that another line answers: by its own tariff version, as long as it was.

    version: the version of a name `NAME@HASH`, None if it is not known. area_of: charge area of a line.
    """

    def amount_uy(call: LedgerCall, line: str) -> int | None:
        rated, final = call.rated, call.final
        if rated is None or final is None or final.answered_at_ms is None:
            return None
        was_area = final.home_area or area_of(final.destination or "")
        if was_area == area_of(line):
            return rated.amount_uy
        tariff = version(rated.tariff_version)
        if tariff is None:
            return None
        charge = rate(rated_call(final, area_of(line)), tariff)
        return charge.amount_uy if isinstance(charge, Charge) else None

    return amount_uy


def _left_out(record: Record) -> str | None:
    """Return why a call cannot be decided again."""
    if record.released_at_ms is None:
        return "up"
    if any(step[0] == "emergency" for step in record.facts.trace):
        return "emergency"
    return None


def _rating_class(call: LedgerCall) -> str:
    if call.rated is not None:
        return call.rated.rating_class
    return call.final.rating_class if call.final else call.record.facts.attempt.rating_class.value
