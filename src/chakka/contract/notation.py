"""How slots and dates are written in a plan."""

import re
from datetime import date

from chakka.contract.model import DateRule, Slot

SLOT = re.compile(r"([0-9]{2}):([0-5][0-9])-([0-9]{2}):([0-5][0-9])")
DATES = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:/([0-9]{4}-[0-9]{2}-[0-9]{2}))?")


def slot_text(slot: Slot) -> str:
    """Return a slot as the plan writes it: `18:00-24:00`."""
    return f"{_clock(slot.start)}-{_clock(slot.end)}"


def parse_slot(written: str) -> Slot | None:
    """Return the slot that a text names, without judging its bounds; None when it has another form."""
    found = SLOT.fullmatch(written)
    if found is None:
        return None
    first_hour, first_minute, last_hour, last_minute = map(int, found.groups())
    return Slot(start=first_hour * 60 + first_minute, end=last_hour * 60 + last_minute)


def dates_text(rule: DateRule) -> str:
    """Return a date or range as the plan writes it: `2026-12-28`, `2026-12-29/2027-01-03`."""
    first = rule.first.isoformat()
    return first if rule.first == rule.last else f"{first}/{rule.last.isoformat()}"


def parse_dates(written: str) -> tuple[date, date] | None:
    """Return the first and last day that a text names; None when it has another form.

    Raises: ValueError for a day that no calendar has.
    """
    found = DATES.fullmatch(written)
    if found is None:
        return None
    return date.fromisoformat(found[1]), date.fromisoformat(found[2] or found[1])


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
