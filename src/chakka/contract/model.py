"""A contract's call handling as values: one field for each key of the plan text (plan-format.md)."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

import msgspec


class Option(StrEnum):
    """What can be contracted beyond the basic function (service.md §1)."""

    MULTI_LINE = "multi_line"
    ORIGIN_DISTRIBUTION = "origin_distribution"
    BUSY_OVERFLOW = "busy_overflow"
    RATIO_DISTRIBUTION = "ratio_distribution"
    DESTINATION_CHANGE = "destination_change"
    OFF_HOURS = "off_hours"
    CUSTOMER_CONTROL = "customer_control"
    NUMBER_NOTIFICATION = "number_notification"


class Rules(StrEnum):
    """Which rule set holds (service.md R3.6)."""

    STRICT = "strict"
    EXTENDED = "extended"


class LineType(StrEnum):
    """`home` lines allow 5 ratio members, `office` lines 32 (R4.1)."""

    OFFICE = "office"
    HOME = "home"


class Withheld(StrEnum):
    """What happens to callers who hide their number."""

    ACCEPT = "accept"
    REFUSE = "refuse"


class Blocked(StrEnum):
    """What callers get whom the subscriber's shields stop: block list, `withheld`, money guard."""

    TEXT = "text"
    SILENCE = "silence"


class LineNotes(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of equipment on the line that can talk over the guidance (R5.4)."""

    answering_machine: bool = False
    caller_rejection: bool = False
    number_request: bool = False


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One optical telephone line at one site: `channels` calls at once, one or more line numbers."""

    id: str
    site: str | None = None
    channels: int = 1
    numbers: tuple[str, ...] = ()
    type: LineType = LineType.OFFICE
    notes: LineNotes = LineNotes()


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a group's callers are: the whole country, what no other group names, or a union of areas.

    Prefectures are held by name, whatever the text used.
    """

    nationwide: bool = False
    rest: bool = False
    regions: tuple[str, ...] = ()
    prefectures: tuple[str, ...] = ()
    charge_areas: tuple[str, ...] = ()


class Ratio(msgspec.Struct, frozen=True, kw_only=True):
    """Weighted choice: line number → weight 0–9, in text order; an optional weight schedule."""

    weights: Mapping[str, int]
    schedule: str | None = None


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A receiving group: origin areas, whether mobiles are accepted, where its calls go."""

    name: str
    origin: Origin
    mobile: bool
    to: str | None = None
    overflow: tuple[str, ...] = ()
    ratio: Ratio | None = None
    ring_seconds: int | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Destination change: while the schedule is active the number is replaced by `to` (R4.3)."""

    schedule: str
    to: str


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """What the clock does to one line number (R4.3–R4.6)."""

    off_hours: str | None = None
    change: Change | None = None


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """Minutes of a day, `[start, end)`, end ≤ 1440; `weights` only in schedules used by a ratio."""

    start: int
    end: int
    weights: Mapping[str, int] | None = None


# The order of `Schedule.week`, as the plan's keys.
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class DateRule(msgspec.Struct, frozen=True, kw_only=True):
    """A single date (`first == last`) or a range, both ends included, and the pattern it takes."""

    first: date
    last: date
    pattern: str


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """Named day patterns, assigned to weekdays (Monday first), to holidays and to dates (R4.7)."""

    patterns: Mapping[str, tuple[Slot, ...]]
    week: tuple[str, str, str, str, str, str, str]
    holiday: str | None = None
    dates: tuple[DateRule, ...] = ()


class UnknownOrigin(msgspec.Struct, frozen=True, kw_only=True):
    """Group name or `refuse` for callers of unknown place; None = the default of R2.9."""

    fixed: str | None = None
    mobile: str | None = None


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on calls; None = no limit."""

    calls: int | None = None
    per_number: Mapping[str, int] = {}
    per_second: int | None = None
    per_caller_per_minute: int | None = None


class Emergency(msgspec.Struct, frozen=True, kw_only=True):
    """The prepared alternative plan and for how long one tap holds it."""

    plan: str
    minutes: int


class Announcements(msgspec.Struct, frozen=True, kw_only=True):
    """Which text is played: `standard`, or `sha256:…` of an uploaded recording."""

    off_hours: str = "standard"


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """One freephone number with its options and how its calls are handled: the plan text as a value."""

    number: str
    options: tuple[Option, ...] = ()
    rules: Rules = Rules.STRICT
    guidance: bool = False
    restriction_guidance: bool = True
    unknown_origin: UnknownOrigin = UnknownOrigin()
    lines: tuple[Line, ...] = ()
    groups: tuple[Group, ...] = ()
    limits: Limits = Limits()
    withheld: Withheld = Withheld.ACCEPT
    blocked: Blocked = Blocked.TEXT
    whisper: bool = False
    number_notification: tuple[str, ...] = ()
    emergency: Emergency | None = None
    announcements: Announcements = Announcements()
    hours: Mapping[str, Hours] = {}
    schedules: Mapping[str, Schedule] = {}
