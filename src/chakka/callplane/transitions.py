"""The table of a call: in which state what happens on which event. A pair that is missing is our bug."""

from collections.abc import Callable
from typing import Any

from chakka.callplane import announcing, guiding, hunting, notifying, relaying, talking
from chakka.callplane.call import Call, On, State
from chakka.callplane.instant import Instant

Handler = Callable[[Call, Instant, Any], None]


class UnexpectedEvent(Exception):
    """An event came in a state for which the table has no row."""


def _bare(function: Callable[[Call, Instant], None]) -> Handler:
    """A handler that needs nothing of the event."""

    def handler(call: Call, now: Instant, _: Any) -> None:
        function(call, now)

    return handler


def _nothing(_call: Call, _now: Instant, _event: Any) -> None:
    """The event changes nothing here."""


TABLE: dict[tuple[State, On], Handler] = {
    (State.PREPARING, On.MEDIA_OPENED): relaying.on_opened,
    (State.PREPARING, On.MEDIA_REFUSED): _bare(relaying.on_no_streams),
    (State.PREPARING, On.MEDIA_TIMER): _bare(relaying.on_no_streams),
    (State.PREPARING, On.CANCELLED): _bare(hunting.on_given_up),
    (State.PREPARING, On.STOPPING): _bare(hunting.on_stopping),
    (State.HUNTING, On.PROVISIONAL): hunting.on_provisional,
    (State.HUNTING, On.ANSWERED): hunting.on_answered,
    (State.HUNTING, On.FAILED): hunting.on_failed,
    (State.HUNTING, On.CANCELLED): _bare(hunting.on_given_up),
    (State.HUNTING, On.NO_REPLY_TIMER): _bare(hunting.on_no_reply),
    (State.HUNTING, On.RING_TIMER): _bare(hunting.on_ring_time),
    (State.HUNTING, On.PRACKED): _nothing,
    # The relay's streams are lost; it is found out when the line answers, and until then it may be back.
    (State.HUNTING, On.MEDIA_REFUSED): _nothing,
    # RFC 3262 §3: a caller that does not acknowledge a reliable provisional is not there any more.
    (State.HUNTING, On.RELIABLE_TIMEOUT): _bare(hunting.on_given_up),
    (State.HUNTING, On.STOPPING): _bare(hunting.on_stopping),
    (State.OPENING, On.MEDIA_OPENED): announcing.on_opened,
    (State.OPENING, On.MEDIA_REFUSED): _bare(announcing.on_over),
    (State.OPENING, On.MEDIA_TIMER): _bare(announcing.on_over),
    (State.OPENING, On.CANCELLED): _bare(announcing.on_given_up),
    (State.OPENING, On.STOPPING): _bare(announcing.on_over),
    (State.PLAYING, On.STOPPING): _bare(announcing.on_over),
    (State.PLAYING, On.MEDIA_FINISHED): _bare(announcing.on_over),
    (State.PLAYING, On.MEDIA_REFUSED): _bare(announcing.on_over),
    # A media process that started again knows nothing of what its last run played.
    (State.PLAYING, On.MEDIA_TIMER): _bare(announcing.on_over),
    (State.PLAYING, On.ACKED): announcing.on_acked,
    (State.PLAYING, On.ACK_TIMEOUT): _bare(announcing.on_over),
    (State.PLAYING, On.BYE): _bare(announcing.on_over),
    (State.PLAYING, On.SESSION_EXPIRED): _bare(announcing.on_over),
    (State.PLAYING, On.REINVITE): guiding.on_reinvite,
    (State.PLAYING, On.CANCELLED): _bare(announcing.on_given_up),
    (State.PLAYING, On.PRACKED): announcing.on_pracked,
    # A caller that does not acknowledge our 183 cannot hear us either.
    (State.PLAYING, On.RELIABLE_TIMEOUT): _bare(announcing.on_over),
    (State.GUIDING, On.MEDIA_FINISHED): guiding.on_finished,
    (State.GUIDING, On.MEDIA_REFUSED): _bare(guiding.on_no_media),
    (State.GUIDING, On.MEDIA_TIMER): _bare(guiding.on_no_media),
    (State.GUIDING, On.MEDIA_SILENT): _nothing,
    (State.GUIDING, On.CANCELLED): _bare(guiding.on_given_up),
    (State.GUIDING, On.RELIABLE_TIMEOUT): _bare(guiding.on_given_up),
    (State.GUIDING, On.PRACKED): guiding.on_pracked,
    (State.GUIDING, On.ACKED): guiding.on_acked,
    (State.GUIDING, On.ACK_TIMEOUT): _bare(guiding.on_given_up),
    (State.GUIDING, On.BYE): guiding.on_bye,
    (State.GUIDING, On.SESSION_EXPIRED): guiding.on_bye,
    (State.GUIDING, On.REINVITE): guiding.on_reinvite,
    (State.GUIDING, On.STOPPING): _bare(guiding.on_stopping),
    (State.NOTING, On.STORED): _bare(notifying.on_stored),
    (State.NOTING, On.NOT_STORED): _bare(notifying.on_not_stored),
    # The change that was issued stands, and is told.
    (State.NOTING, On.CANCELLED): _nothing,
    (State.NOTING, On.STOPPING): _nothing,
    (State.STORING, On.MEDIA_SILENT): _nothing,
    # The answer stands; that there is nothing to be bridged is found out when it is stored.
    (State.STORING, On.MEDIA_REFUSED): _nothing,
    (State.STORING, On.STORED): _bare(talking.on_stored),
    (State.STORING, On.NOT_STORED): _bare(talking.on_not_stored),
    (State.STORING, On.BYE): talking.on_bye_while_storing,
    (State.STORING, On.SESSION_EXPIRED): talking.on_bye_while_storing,
    (State.STORING, On.REINVITE): talking.on_reinvite,
    # Once the append is issued the answer stands (signalling.md §3).
    (State.STORING, On.CANCELLED): _nothing,
    (State.STORING, On.PRACKED): _nothing,
    (State.STORING, On.RELIABLE_TIMEOUT): _nothing,
    # The entry may or may not reach the disk: the next boot closes the call.
    (State.STORING, On.STOPPING): _nothing,
    (State.ANSWERED, On.ACKED): talking.on_acked,
    (State.ANSWERED, On.ACK_TIMEOUT): _bare(talking.on_ack_timeout),
    (State.ANSWERED, On.BYE): talking.on_bye_before_ack,
    (State.ANSWERED, On.CANCELLED): _nothing,
    (State.ANSWERED, On.PRACKED): _nothing,
    (State.ANSWERED, On.RELIABLE_TIMEOUT): _nothing,
    (State.ANSWERED, On.SESSION_EXPIRED): _bare(talking.on_session_expired),
    (State.ANSWERED, On.REINVITE): talking.on_reinvite,
    (State.ANSWERED, On.LONGEST_TIMER): _bare(talking.on_too_long),
    (State.ANSWERED, On.STOPPING): _bare(talking.on_stopping),
    (State.UP, On.STOPPING): _bare(talking.on_stopping),
    (State.ANSWERED, On.MEDIA_SILENT): _bare(talking.on_silence),
    (State.UP, On.MEDIA_SILENT): _bare(talking.on_silence),
    (State.ANSWERED, On.MEDIA_REFUSED): _bare(talking.on_no_media),
    (State.UP, On.MEDIA_REFUSED): _bare(talking.on_no_media),
    (State.UP, On.ACKED): talking.on_reacked,
    (State.UP, On.ACK_TIMEOUT): _bare(talking.on_ack_timeout),
    (State.UP, On.BYE): talking.on_bye,
    (State.UP, On.SESSION_EXPIRED): _bare(talking.on_session_expired),
    (State.UP, On.REINVITE): talking.on_reinvite,
    (State.UP, On.REINVITE_ANSWERED): talking.on_reinvite_answered,
    (State.UP, On.REINVITE_FAILED): talking.on_reinvite_failed,
    (State.UP, On.LONGEST_TIMER): _bare(talking.on_too_long),
    (State.UP, On.CANCELLED): _nothing,
}


def _on_fault(call: Call, now: Instant) -> None:
    """A bug of ours broke off what was being done for this call: both sides are released."""
    if call.state in (State.ANSWERED, State.UP) and call.caller.is_final:
        talking.on_stopping(call, now)
    else:
        hunting.on_fault(call, now)


for _state in State:
    if _state is not State.RELEASED:
        TABLE[_state, On.FAULT] = _bare(_on_fault)


def happen(call: Call, on: On, now: Instant, event: Any = None) -> None:
    """Let an event happen to a call. After release everything is stale.

    Raises: UnexpectedEvent when the table has no row for it.
    """
    if call.state is State.RELEASED:
        return
    handler = TABLE.get((call.state, on))
    if handler is None:
        raise UnexpectedEvent(f"call {call.id}: {on} in state {call.state}")
    handler(call, now, event)
