"""The summary of a proof for people: who is treated alike, and how much of the time each thing happens."""

from collections.abc import Mapping

import msgspec


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the summary's `outcomes` (plan-format.md, `chakka check`)."""

    caller_class: str = msgspec.field(name="class")
    group: str | None
    outcome: str
    reason: str
    area_minutes: dict[str, int]


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the summary's `notes`: strange, but no problem."""

    code: str
    where: str
    message: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What people are shown of a proof."""

    plan: str
    charge_areas: int
    minutes: dict[str, int]
    decisions: int
    outcomes: list[Happening]
    notes: list[Note]


def summary_text(proof: Mapping[str, object]) -> str:
    """Return a proof's summary as lines: classes treated alike together, shares of areas times minutes."""
    summary = msgspec.convert(proof, Summary)
    rows: dict[str, tuple[str, ...]] = {}
    for happening in summary.outcomes:
        caller_class = happening.caller_class
        rows[caller_class] = (*rows.get(caller_class, ()), _row(happening, summary))
    alike: dict[tuple[str, ...], list[str]] = {}
    for caller_class, happenings in rows.items():
        alike.setdefault(happenings, []).append(caller_class)
    lines = [
        f"plan {summary.plan}",
        f"{summary.charge_areas} charge areas, {len(rows)} caller classes, every minute: "
        f"{summary.decisions} decisions stand for all calls",
    ]
    for happenings, classes in alike.items():
        lines += [", ".join(classes), *happenings]
    return "\n".join([*lines, *(f"note: {note.where}: {note.message}" for note in summary.notes)])


def _row(happening: Happening, summary: Summary) -> str:
    group = "" if happening.group is None else f", group {happening.group}"
    shares = (
        # Callers of unknown place count as one more charge area.
        f"{kind} {_percent(happening.area_minutes.get(kind, 0), minutes * (summary.charge_areas + 1))}"
        for kind, minutes in summary.minutes.items()
    )
    return f"  {happening.outcome} ({happening.reason}){group}: {', '.join(shares)}"


def _percent(part: int, whole: int) -> str:
    """Return a share rounded to one decimal; but only all is 100 %, and only nothing is 0 %."""
    permille = (part * 1000 + whole // 2) // whole
    if 0 < part < whole:
        permille = min(max(permille, 1), 999)
    return f"{permille // 10}.{permille % 10} %"
