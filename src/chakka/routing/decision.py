"""What `decide` returns."""

from enum import StrEnum

import msgspec


class Outcome(StrEnum):
    """What happens to the caller."""

    CONNECT = "connect"
    ANNOUNCE = "announce"
    REFUSE = "refuse"
    BUSY = "busy"


class Reason(StrEnum):
    """Why (plan-format.md). The second block is used by records only: what became of a connected attempt.

    The third is of calls from lines to 1351 and 1350 (R6.1).
    """

    OK = "ok"
    NUMBER_NOT_IN_SERVICE = "number_not_in_service"
    AREA_NOT_DESIGNATED = "area_not_designated"
    CLASS_NOT_ACCEPTED = "class_not_accepted"
    MOBILE_NOT_ACCEPTED = "mobile_not_accepted"
    UNKNOWN_ORIGIN = "unknown_origin"
    MEDIA_NOT_ACCEPTED = "media_not_accepted"
    OFF_HOURS = "off_hours"
    ALL_BUSY = "all_busy"
    BLOCKED = "blocked"
    MONEY_GUARD = "money_guard"
    LIMIT = "limit"

    SUSPENDED = "suspended"
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"
    REJECTED = "rejected"
    ABANDONED = "abandoned"
    OVERLOAD = "overload"
    FAULT = "fault"

    NOTIFICATION_SET = "notification_set"
    NOTIFICATION_REFUSED = "notification_refused"


class Announcement(StrEnum):
    """Which text the caller hears."""

    OFF_HOURS = "off_hours"
    RESTRICTED_AREA = "restricted_area"
    RESTRICTED_CLASS = "restricted_class"
    NOT_IN_SERVICE = "not_in_service"
    BLOCKED = "blocked"
    SUSPENDED = "suspended"
    NOTIFICATION_ON = "notification_on"
    NOTIFICATION_OFF = "notification_off"
    NOTIFICATION_REFUSED = "notification_refused"


# One step of a trace: a code and its arguments, e.g. ("area", "武蔵野三鷹", "east"). `routing.document`
# renders sentences when somebody reads them.
TraceStep = tuple[str, ...]


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a call, and why.

    targets:      line numbers still to be tried, in order, busy ones removed; empty unless CONNECT.
    announcement: the text to play, or None for a plain refusal.
    group:        the receiving group that decided, or None.
    plan:         hash of the compiled plan.
    trace:        steps in the order in which they were taken.
    sequence:     the ratio sequence that this decision drew from (the edge adds 1 to it), or None.
    ring_seconds: how long each target may ring (R3 of plan-format.md); None = 180 s, no no-answer overflow.
    """

    outcome: Outcome
    reason: Reason
    plan: str
    targets: tuple[str, ...] = ()
    announcement: Announcement | None = None
    group: str | None = None
    trace: tuple[TraceStep, ...] = ()
    sequence: str | None = None
    ring_seconds: int | None = None
