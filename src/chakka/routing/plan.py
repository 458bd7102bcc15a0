"""The compiled plan: everything that deciding a call needs, in one small immutable value.

A store of a million plans is mapped, not loaded: a plan is decoded from its bytes for each call, so it is
arrays and strings, without field names, and names that most callers share are left out (`Places`).
"""

from bisect import bisect_right

import msgspec

from chakka.routing.calendar import Calendar, Moment, moment_at

# Values of `Places` that are no index of a group.
NOWHERE = -1
MOBILE_REFUSED = -2


class Places(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Place name → index of a group, NOWHERE or MOBILE_REFUSED.

    otherwise: what holds for every name not listed: the commonest value.
    names:     the listed ones, each between line feeds, those of one value together.
    starts:    where in `names` the names of each value begin; values: that value.
    """

    otherwise: int
    names: str = ""
    starts: tuple[int, ...] = ()
    values: tuple[int, ...] = ()

    def value_of(self, name: str) -> int:
        """Return the value that holds for a place."""
        if not self.names:
            return self.otherwise
        found = self.names.find(f"\n{name}\n")
        return self.otherwise if found < 0 else self.values[bisect_right(self.starts, found) - 1]


class PlanLine(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One line of the subscriber: how many calls at once, and its numbers."""

    id: str
    channels: int
    numbers: tuple[str, ...]


class PlanHours(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What the clock does to one line number; schedules as indexes of `CompiledPlan.calendars`."""

    off_hours: int | None = None
    change: int | None = None
    change_to: str = ""


class PlanRatio(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Weighted choice among `members`.

    weights:      one byte each, in the order of the members.
    calendar:     index of the weight schedule, or None.
    slot_weights: for each pattern of it, for each slot by start: the weights that hold.
    tables:       sequence → draw table, for the sequences that the plan can reach (`ratio.draw_table`).
    """

    members: tuple[str, ...]
    weights: bytes
    calendar: int | None = None
    slot_weights: tuple[tuple[bytes, ...], ...] = ()
    tables: dict[str, bytes] = {}


class PlanGroup(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A receiving group: `order` is its number or its overflow list; `ratio` picks before it."""

    name: str
    order: tuple[str, ...] = ()
    ratio: PlanRatio | None = None
    ring_seconds: int | None = None


class CompiledPlan(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One freephone number's plan, ready to decide calls. Made by `compile.compile_plan` alone.

    hash:              sha256 over text, compiler version, numbering table and holiday list.
    off_hours_text:    `standard`, or `sha256:…` of an uploaded recording.
    areas:             charge area → group; prefectures: the same for mobile callers.
    unknown_fixed, unknown_mobile: the group for callers of unknown place, NOWHERE = refuse (R2.9).
    hours:             by line number.
    holiday_base:      date ordinal of the first bit of `holiday_bits`, one bit for each day; empty if no
                       schedule names holidays.
    calls, per_second, per_caller_per_minute, per_number: limits, None or absent = none.
    refuses_in_silence: callers whom a shield stops hear no text.
    """

    hash: str
    number: str
    guidance: bool
    restriction_guidance: bool
    whisper: bool
    accepts_withheld: bool
    off_hours_text: str
    lines: tuple[PlanLine, ...]
    groups: tuple[PlanGroup, ...]
    areas: Places
    prefectures: Places
    unknown_fixed: int
    unknown_mobile: int
    hours: dict[str, PlanHours] = {}
    calendars: tuple[Calendar, ...] = ()
    holiday_base: int = 0
    holiday_bits: bytes = b""
    calls: int | None = None
    per_second: int | None = None
    per_caller_per_minute: int | None = None
    per_number: dict[str, int] = {}
    number_notification: tuple[str, ...] = ()
    refuses_in_silence: bool = False

    def moment(self, at_ms: int) -> Moment:
        """Return the instant as the plan's schedules see it."""
        moment = moment_at(at_ms)
        return moment._replace(is_holiday=True) if self.is_holiday(moment.day) else moment

    def is_holiday(self, day: int) -> bool:
        """Return whether a date ordinal is a public holiday that matters to this plan."""
        byte, bit = divmod(day - self.holiday_base, 8)
        return 0 <= byte < len(self.holiday_bits) and bool(self.holiday_bits[byte] >> bit & 1)


_encoder = msgspec.msgpack.Encoder(order="deterministic")
_decoder = msgspec.msgpack.Decoder(CompiledPlan)


def encode(plan: CompiledPlan) -> bytes:
    """Return the plan's bytes (MessagePack); the same plan always gives the same bytes."""
    return _encoder.encode(plan)


def decode(data: bytes) -> CompiledPlan:
    """Return the plan that `encode` wrote.

    data:   bytes or any buffer, a memory-mapped one too.
    Raises: msgspec.DecodeError if they are no plan of this version.
    """
    try:
        return _decoder.decode(data)
    except UnicodeDecodeError as fault:
        # Text that is no UTF-8, which msgspec does not count among its own faults.
        raise msgspec.DecodeError(str(fault)) from fault
