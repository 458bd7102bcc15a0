"""1351 and 1350: the change is durable before the caller hears of it (service.md R6.1, signalling.md §4)."""

from chakka.callplane import announcing
from chakka.callplane.call import Call, State
from chakka.callplane.finals import REFUSALS
from chakka.callplane.instant import Instant
from chakka.records.model import NotificationSet
from chakka.routing.caller_shown import masked
from chakka.routing.decision import Reason
from chakka.stores.live_store import KeepNotification


def begin(call: Call, now: Instant) -> None:
    """Write the change down; `on_stored` lets it hold."""
    call.state = State.NOTING
    line, freephone = _change(call)
    entry = NotificationSet(call_id=call.id, line=line, freephone=freephone, at_ms=now.utc_ms)
    call.world.outbox.append(entry, tell=call.id)


def on_stored(call: Call, now: Instant) -> None:
    """The change is on the disk: from the next call on it holds, and the caller may be told."""
    world = call.world
    line, freephone = _change(call)
    world.notification.set(line, freephone)
    world.outbox.live.append(KeepNotification(number=line, freephone=freephone))
    world.outbox.show("notification", call_id=call.id, line=masked(line), freephone=freephone)
    announcing.begin(call, now)


def on_not_stored(call: Call, now: Instant) -> None:
    """The disk did not take it: nothing has changed."""
    call.refuse(now, Reason.OVERLOAD, REFUSALS[Reason.OVERLOAD], (("Retry-After", "10"),))


def _change(call: Call) -> tuple[str, str]:
    assert call.line is not None and call.known.notifies is not None, "a line dialled 1351 or 1350"
    return call.line, call.known.notifies
