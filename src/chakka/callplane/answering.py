"""From a line's answer to the disk: the entry is durable before anybody is told (reliability.md §1)."""

from chakka.callplane.branch import Branch
from chakka.callplane.call import Call, State
from chakka.callplane.instant import Instant
from chakka.records.model import Answered


def store(call: Call, now: Instant) -> None:
    """Write the answer down; `on_stored` tells the caller."""
    branch = call.current
    assert branch.leg is not None, "an answer came on a leg"
    call.unwait_all()
    call.answered = now
    call.state = State.STORING
    entry = Answered(
        facts=call.facts(),
        destination=branch.number,
        answered_at_ms=now.utc_ms,
        monotonic_ms=now.monotonic_ms,
        caller_dialog=_caller_dialog(call),
        callee_dialog=branch.leg.dialog_text(),
    )
    call.world.outbox.append(entry, tell=call.id)
    call.world.minutes.answered(now.utc_ms)


def _caller_dialog(call: Call) -> str:
    if call.caller.is_final:
        return call.caller.dialog_text()
    (line_tag,) = call.current.early
    return call.caller.answer_text(tag=call.dialog_label(line_tag))


def release_branch(call: Call, branch: Branch) -> None:
    """The branch holds no channel any more, and nothing that it says counts."""
    call.unwait_all()
    if branch.leg is not None:
        branch.leg.owner = None
        branch.leg = None
        free_channel(call, branch)


def free_channel(call: Call, branch: Branch) -> None:
    """The branch's line can take another call."""
    if branch.holds_channel:
        branch.holds_channel = False
        call.world.occupancy.free(branch.number)
