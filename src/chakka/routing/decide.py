"""`decide`: what becomes of a call. Live calls, simulator, replay, proof and audit all ask here."""

from collections.abc import Mapping

from chakka.routing.admission import REFUSALS, admit
from chakka.routing.attempt import CallAttempt, Live, Presentation
from chakka.routing.decision import Announcement, Decision, Outcome, Reason, TraceStep
from chakka.routing.plan import CompiledPlan, PlanGroup, PlanRatio
from chakka.routing.ratio import draw_table
from chakka.routing.resolution import open_shares, open_targets, sequence_of

NOT_IN_SERVICE = Decision(
    outcome=Outcome.REFUSE,
    reason=Reason.NUMBER_NOT_IN_SERVICE,
    plan="",
    announcement=Announcement.NOT_IN_SERVICE,
    trace=(("not_in_service",),),
)
RESTRICTED = frozenset({Announcement.RESTRICTED_AREA, Announcement.RESTRICTED_CLASS})


def decide(plan: CompiledPlan | None, attempt: CallAttempt, draws: Mapping[str, int], live: Live) -> Decision:
    """Return what becomes of a call, and why. Total and deterministic: any attempt gets a decision.

    plan:   of the called number; None when it has none.
    draws:  ratio sequence → its running number; a missing one is at 0. The Decision names the sequence that
            it drew from, so that the edge adds 1.
    live:   what is true just now.
    Result: the first that applies: not in service, suspended, media, class and area, block list, withheld
            number, money guard, off-hours, limits, busy, connect. Media comes before all that would be said,
            for nothing can be said on such an offer; off-hours before limits, for it seizes no line.
    Source: service.md §2–§4, §9; plan-format.md, resolution, reason, announcement.
    """
    if plan is None:
        return NOT_IN_SERVICE
    steps: list[TraceStep] = []
    if live.emergency is not None:
        steps.append(("emergency", live.emergency))
    if live.suspended:
        steps.append(("suspended",))
        return _refused(plan, (Reason.SUSPENDED, Announcement.SUSPENDED), None, steps)
    if not attempt.has_g711:
        steps.append(("media",))
        return _refused(plan, (Reason.MEDIA_NOT_ACCEPTED, None), None, steps)
    place = admit(plan, attempt, steps)
    if place < 0:
        return _refused(plan, REFUSALS[place], None, steps)
    group = plan.groups[place]
    shield = _shield(plan, attempt, live, steps)
    if shield is not None:
        text = None if plan.refuses_in_silence else Announcement.BLOCKED
        return _refused(plan, (shield, text), group.name, steps)
    return _offered(plan, group, (attempt.at_ms, draws, live), steps)


def _shield(plan: CompiledPlan, attempt: CallAttempt, live: Live, steps: list[TraceStep]) -> Reason | None:
    """Return why the subscriber's shields stop this caller (service.md §9.5, §9.6)."""
    if live.blocked:
        steps.append(("blocked",))
        return Reason.BLOCKED
    if not plan.accepts_withheld and attempt.presentation is Presentation.WITHHELD:
        steps.append(("withheld",))
        return Reason.BLOCKED
    if live.money_guard:
        steps.append(("money_guard",))
        return Reason.MONEY_GUARD
    return None


def _offered(
    plan: CompiledPlan, group: PlanGroup, now: tuple[int, Mapping[str, int], Live], steps: list[TraceStep]
) -> Decision:
    """Return what becomes of a call that is let in to a group."""
    at_ms, draws, live = now
    moment = plan.moment(at_ms)
    ratio = group.ratio
    shares = {} if ratio is None else open_shares(plan, ratio, moment, steps)
    targets = open_targets(plan, group.order, moment, steps)
    if not shares and not targets:
        return _off_hours(plan, group.name, steps)
    if _is_limited(plan, live, steps):
        return _busy(plan, group.name, Reason.LIMIT, steps)
    sequence = None
    if ratio is not None and shares:
        sequence = sequence_of(group.name, shares)
        running = draws.get(sequence, 0)
        drawn = _drawn(ratio, sequence, shares, running)
        steps.append(("drawn", drawn, str(running)))
        targets = [drawn, *(target for target in targets if target != drawn)]
    free = _free(targets, live.busy, steps)
    return Decision(
        outcome=Outcome.CONNECT if free else Outcome.BUSY,
        reason=Reason.OK if free else Reason.ALL_BUSY,
        plan=plan.hash,
        targets=tuple(free),
        group=group.name,
        trace=tuple(steps),
        sequence=sequence,
        ring_seconds=group.ring_seconds,
    )


def _drawn(ratio: PlanRatio, sequence: str, shares: Mapping[str, int], running: int) -> str:
    """Return the target whose turn it is (R4.1)."""
    members = tuple(shares)
    # What is not compiled in is rare: made on first use, then remembered.
    table = ratio.tables.get(sequence) or draw_table(tuple(shares.values()))
    return members[table[running % len(table)]]


def _free(targets: list[str], busy: frozenset[str], steps: list[TraceStep]) -> list[str]:
    """Return the targets that are not busy (R4.2)."""
    if busy.isdisjoint(targets):
        return targets
    steps.extend(("busy", target) for target in targets if target in busy)
    return [target for target in targets if target not in busy]


def _is_limited(plan: CompiledPlan, live: Live, steps: list[TraceStep]) -> bool:
    """Return whether a limit of the contract is reached (service.md §9.7)."""
    for name, most, count in (
        ("calls", plan.calls, live.calls_up),
        ("per_second", plan.per_second, live.calls_this_second),
        ("per_caller_per_minute", plan.per_caller_per_minute, live.caller_calls_this_minute),
    ):
        if most is not None and count >= most:
            steps.append(("limit", name, str(most)))
            return True
    return False


def _off_hours(plan: CompiledPlan, group: str, steps: list[TraceStep]) -> Decision:
    steps.append(("off_hours",))
    return Decision(
        outcome=Outcome.ANNOUNCE,
        reason=Reason.OFF_HOURS,
        plan=plan.hash,
        announcement=Announcement.OFF_HOURS,
        group=group,
        trace=tuple(steps),
    )


def _busy(plan: CompiledPlan, group: str, reason: Reason, steps: list[TraceStep]) -> Decision:
    return Decision(outcome=Outcome.BUSY, reason=reason, plan=plan.hash, group=group, trace=tuple(steps))


def _refused(
    plan: CompiledPlan,
    why: tuple[Reason, Announcement | None],
    group: str | None,
    steps: list[TraceStep],
) -> Decision:
    reason, announcement = why
    if announcement in RESTRICTED and not plan.restriction_guidance:
        announcement = None
    return Decision(
        outcome=Outcome.REFUSE,
        reason=reason,
        plan=plan.hash,
        announcement=announcement,
        group=group,
        trace=tuple(steps),
    )
