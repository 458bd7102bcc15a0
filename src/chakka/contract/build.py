"""Nodes to a Contract: one table for each mapping of the plan format, in the order of its example."""

from chakka.contract.model import (
    WEEKDAYS,
    Announcements,
    Blocked,
    Change,
    Contract,
    DateRule,
    Emergency,
    Group,
    Hours,
    Limits,
    Line,
    LineNotes,
    LineType,
    Option,
    Origin,
    Ratio,
    Rules,
    Schedule,
    Slot,
    UnknownOrigin,
    Withheld,
)
from chakka.contract.nodes import Node, Scalar, key_place
from chakka.contract.notation import parse_dates, parse_slot
from chakka.contract.readers import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    TEXT,
    Key,
    Reader,
    Reading,
    choice,
    items,
    mapping,
    structure,
    text,
    without_hyphens,
)

NO_SLOT = Slot(start=0, end=0)


def contract(node: Node, reading: Reading) -> Contract | None:
    """Return the contract that a document says, as far as it can be read; problems gather in `reading`.

    Result: None when the document is no mapping. Whatever has a problem holds its blank or default, so
            that the rules can still look at the rest.
    Source: plan-format.md.
    """
    built = CONTRACT.read(node, "", reading)
    return built if isinstance(built, Contract) else None


def _prefecture(node: Node, place: str, reading: Reading) -> str | None:
    written = text(node, place, reading)
    if written is None:
        return None
    known = reading.table.prefecture(written)
    return written if known is None else known.name


def _slot(node: Node, place: str, reading: Reading) -> Slot | None:
    if isinstance(node, Scalar):
        return _minutes(node, place, reading)
    read = WEIGHTED_SLOT.read(node, place, reading)
    return read if isinstance(read, Slot) else None


def _minutes(node: Node, place: str, reading: Reading) -> Slot | None:
    written = text(node, place, reading)
    if written is None:
        return None
    slot = parse_slot(written)
    if slot is None:
        reading.report("slot_invalid", place, f"{written!r} is no slot; a slot is HH:MM-HH:MM, end excluded")
    return slot


def _weighted(*, slot: Slot, weights: dict[str, int] | None = None) -> Slot:
    return Slot(start=slot.start, end=slot.end, weights=weights)


def _week(**days: str) -> tuple[str, ...]:
    return tuple(days[day] for day in WEEKDAYS)


def _dates(node: Node, place: str, reading: Reading) -> tuple[DateRule, ...] | None:
    patterns = mapping(TEXT).read(node, place, reading)
    if not isinstance(patterns, dict):
        return None
    rules = (_date_rule(key, pattern, key_place(place, key), reading) for key, pattern in patterns.items())
    return tuple(rule for rule in rules if rule is not None)


def _date_rule(key: str, pattern: str, place: str, reading: Reading) -> DateRule | None:
    try:
        days = parse_dates(key)
    except ValueError:
        reading.report("bad_value", place, f"{key!r} names a day that no calendar has")
        return None
    if days is None:
        reading.report("bad_value", place, f"{key!r} is no date; write YYYY-MM-DD or YYYY-MM-DD/YYYY-MM-DD")
        return None
    return DateRule(first=days[0], last=days[1], pattern=pattern)


def _required(reader: Reader) -> Key:
    return Key(reader=reader, required=True)


def _optional(reader: Reader) -> Key:
    return Key(reader=reader)


WEIGHTS = mapping(INTEGER, without_hyphens)

WEIGHTED_SLOT = structure(
    _weighted,
    {
        "slot": _required(Reader(read=_minutes, blank=NO_SLOT)),
        "weights": _required(WEIGHTS),
    },
)

SCHEDULE = structure(
    Schedule,
    {
        "patterns": _required(mapping(items(Reader(read=_slot, blank=NO_SLOT)))),
        "week": _required(structure(_week, dict.fromkeys(WEEKDAYS, _required(TEXT)))),
        "holiday": _optional(TEXT),
        "dates": _optional(Reader(read=_dates, blank=())),
    },
)

HOURS = structure(
    Hours,
    {
        "off_hours": _optional(TEXT),
        "change": _optional(structure(Change, {"schedule": _required(TEXT), "to": _required(NUMBER)})),
    },
)

NOTES = structure(
    LineNotes,
    dict.fromkeys(("answering_machine", "caller_rejection", "number_request"), _optional(BOOLEAN)),
)

LINE = structure(
    Line,
    {
        "id": _required(TEXT),
        "site": _optional(TEXT),
        "channels": _optional(INTEGER),
        "numbers": _required(items(NUMBER)),
        "type": _optional(choice(LineType)),
        "notes": _optional(NOTES),
    },
)

ORIGIN = structure(
    Origin,
    {
        "nationwide": _optional(BOOLEAN),
        "rest": _optional(BOOLEAN),
        "regions": _optional(items(TEXT)),
        "prefectures": _optional(items(Reader(read=_prefecture, blank=""))),
        "charge_areas": _optional(items(TEXT)),
    },
)

GROUP = structure(
    Group,
    {
        "name": _required(TEXT),
        "origin": _required(ORIGIN),
        "mobile": _required(BOOLEAN),
        "to": _optional(NUMBER),
        "overflow": _optional(items(NUMBER)),
        "ratio": _optional(structure(Ratio, {"weights": _required(WEIGHTS), "schedule": _optional(TEXT)})),
        "ring_seconds": _optional(INTEGER),
    },
)

LIMITS = structure(
    Limits,
    {
        "calls": _optional(INTEGER),
        "per_number": _optional(WEIGHTS),
        "per_second": _optional(INTEGER),
        "per_caller_per_minute": _optional(INTEGER),
    },
)

CONTRACT = structure(
    Contract,
    {
        "number": _required(NUMBER),
        "options": _optional(items(choice(Option))),
        "rules": _optional(choice(Rules)),
        "guidance": _optional(BOOLEAN),
        "restriction_guidance": _optional(BOOLEAN),
        "unknown_origin": _optional(
            structure(UnknownOrigin, {"fixed": _optional(TEXT), "mobile": _optional(TEXT)})
        ),
        "lines": _required(items(LINE)),
        "groups": _required(items(GROUP)),
        "limits": _optional(LIMITS),
        "withheld": _optional(choice(Withheld)),
        "blocked": _optional(choice(Blocked)),
        "whisper": _optional(BOOLEAN),
        "number_notification": _optional(items(NUMBER)),
        "emergency": _optional(
            structure(Emergency, {"plan": _required(TEXT), "minutes": _required(INTEGER)})
        ),
        "announcements": _optional(structure(Announcements, {"off_hours": _optional(TEXT)})),
        "hours": _optional(mapping(HOURS, without_hyphens)),
        "schedules": _optional(mapping(SCHEDULE)),
    },
    # Live facts (block list, caps) are exported beside the plan; `chakka live set` reads them, no plan does.
    frozenset({"live"}),
)
