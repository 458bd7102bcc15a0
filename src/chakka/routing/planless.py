"""Decisions that no plan makes: calls to line numbers, and what lines dial (service.md R2.8, R6)."""

from chakka.routing.decision import Announcement, Decision, Outcome, Reason, TraceStep


def direct(number: str) -> Decision:
    """Return the decision on a trunk's call to a line number: connected, outside the service."""
    return _connect(number, ("direct", number))


def outgoing(line: str, number: str, trunk: str, presented: str | None) -> Decision:
    """Return the decision on a line's call that goes out by a trunk.

    presented: the number that the called party sees, None when it is withheld.
    """
    shown = ("presented", presented) if presented else ("withheld_by_line",)
    return _connect(number, ("outgoing", line, trunk), shown)


def notification_set(line: str, freephone: str, *, is_on: bool) -> Decision:
    """Return the decision on a call to 1351 or 1350 of a line that may present a freephone number."""
    text = Announcement.NOTIFICATION_ON if is_on else Announcement.NOTIFICATION_OFF
    return _announce(Reason.NOTIFICATION_SET, text, line, freephone)


def notification_refused(line: str) -> Decision:
    """Return the decision on such a call of any other line."""
    return _announce(Reason.NOTIFICATION_REFUSED, Announcement.NOTIFICATION_REFUSED, line)


def no_g711() -> Decision:
    """Return the decision on data and video calls (R2.1, R6.3)."""
    return _refuse(Reason.MEDIA_NOT_ACCEPTED, "media")


def no_trunk() -> Decision:
    """Return the decision on outgoing calls of a node without an outbound trunk."""
    return _refuse(Reason.UNREACHABLE, "no_trunk")


def _connect(number: str, *trace: TraceStep) -> Decision:
    return Decision(outcome=Outcome.CONNECT, reason=Reason.OK, plan="", targets=(number,), trace=trace)


def _refuse(reason: Reason, step: str) -> Decision:
    return Decision(outcome=Outcome.REFUSE, reason=reason, plan="", trace=((step,),))


def _announce(reason: Reason, text: Announcement, *arguments: str) -> Decision:
    trace = ((text.value, *arguments),)
    return Decision(outcome=Outcome.ANNOUNCE, reason=reason, plan="", announcement=text, trace=trace)
