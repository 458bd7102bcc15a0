"""Rules on the remaining settings: limits, the emergency plan, recordings, and names fit to be shown."""

import re
from collections.abc import Iterator

from chakka.contract.faults import bad_value
from chakka.contract.model import Contract
from chakka.errors import Problem
from chakka.numbering.table import NumberingTable

RECORDING = re.compile(r"standard|sha256:[0-9a-f]{64}")
MAX_NAME_LENGTH = 100
# The one printable space that Python's isprintable refuses and Japanese names contain.
IDEOGRAPHIC_SPACE = "\u3000"


def limits(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problems of limits that would let no call through; leave a limit out to have none."""
    bounds = {
        "calls": contract.limits.calls,
        "per_second": contract.limits.per_second,
        "per_caller_per_minute": contract.limits.per_caller_per_minute,
        **{f"per_number.{number}": calls for number, calls in contract.limits.per_number.items()},
    }
    return [
        bad_value(f"limits.{name}", f"{bound} is no limit; it is 1 or more, or left out for none")
        for name, bound in bounds.items()
        if bound is not None and bound < 1
    ]


def emergency(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problem of an emergency plan that would hold for no time."""
    if contract.emergency is None or contract.emergency.minutes >= 1:
        return []
    return [bad_value("emergency.minutes", f"{contract.emergency.minutes} minutes; it is 1 or more")]


def announcements(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problem of an announcement that is neither the standard text nor a recording (R4.4)."""
    named = contract.announcements.off_hours
    if RECORDING.fullmatch(named):
        return []
    message = f"{named!r} is neither standard nor sha256: and 64 hexadecimal digits of a recording"
    return [bad_value("announcements.off_hours", message)]


def names(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problems of names that could not be read on a screen or in a list."""
    return [
        bad_value(
            place, f"{name[:MAX_NAME_LENGTH]!r} is no name: 1 to {MAX_NAME_LENGTH} printable characters"
        )
        for place, name in _names(contract)
        if not is_name(name)
    ]


def _names(contract: Contract) -> Iterator[tuple[str, str]]:
    for i, line in enumerate(contract.lines):
        yield f"lines[{i}].id", line.id
        if line.site is not None:
            yield f"lines[{i}].site", line.site
    for i, group in enumerate(contract.groups):
        yield f"groups[{i}].name", group.name
    if contract.emergency is not None:
        yield "emergency.plan", contract.emergency.plan
    for name, schedule in contract.schedules.items():
        yield f"schedules.{name}", name
        for pattern in schedule.patterns:
            yield f"schedules.{name}.patterns.{pattern}", pattern


def is_name(text: str) -> bool:
    """Return whether a text can be read on a screen or in a list as a name."""
    shown = text.replace(IDEOGRAPHIC_SPACE, " ")
    return 1 <= len(text) <= MAX_NAME_LENGTH and shown.isprintable() and shown == shown.strip()
