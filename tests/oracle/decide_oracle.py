"""What a caller must get, worked out by brute force from the plan's text, without a line of `chakka.routing`.

Plans are the JSON documents of plan-format.md. Nothing is compiled: every call reads the document anew, areas
come straight from the CSV table, and holidays are written out by hand.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[2] / "data" / "numbering"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
REFUSED_CLASSES = (
    "ip_phone",
    "international",
    "satellite",
    "ship",
    "aircraft",
    "m2m",
    "pager",
    "toll_free",
    "uan",
    "premium",
    "mass_call",
    "other_0ab0",
    "special_access",
    "service_code",
    "carrier_select",
)
# 祝日 and substitute holidays by month and day.
HOLIDAYS_2026 = "0101 0112 0211 0223 0320 0429 0503 0504 0505 0506 0720 0811 0921 0922 0923 1012 1103 1123"
HOLIDAYS_2027 = "0101 0111 0211 0223 0321 0322 0429 0503 0504 0505 0719 0811 0920 0923 1011 1103 1123"
HOLIDAYS = {
    date(year, int(day[:2]), int(day[2:]))
    for year, days in ((2026, HOLIDAYS_2026), (2027, HOLIDAYS_2027))
    for day in days.split()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A charge area with its principal prefecture and its region."""

    name: str
    prefecture: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """What is known of a caller, and of the line numbers, at one millisecond (UTC)."""

    caller_class: str
    at_ms: int
    charge_area: str | None = None
    prefecture: str | None = None
    busy: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Outcome, reason, announcement and group; `drawn` holds every list of targets that a draw may give."""

    outcome: str
    reason: str
    announcement: str | None = None
    group: str | None = None
    drawn: tuple[tuple[str, ...], ...] = ((),)


def areas() -> list[Area]:
    """Return the charge areas of the shipped table."""
    with (DATA / "ma_list.csv").open(encoding="utf-8", newline="") as rows:
        return [
            Area(name=row["ma_name"], prefecture=row["prefecture"], region=row["region"])
            for row in csv.DictReader(rows)
        ]


AREAS = areas()
PREFECTURE_OF_AREA = {area.name: area.prefecture for area in AREAS}


def expected(plan: Mapping[str, Any], caller: Caller) -> Expected:
    """Return what plan-format.md says that this caller gets."""
    if caller.caller_class in REFUSED_CLASSES:
        return _refusal(plan, "class_not_accepted", "restricted_class")
    group = _group_of(plan, caller)
    if isinstance(group, Expected):
        return group
    return _resolved(plan, group, caller)


def members_now(plan: Mapping[str, Any], group: Mapping[str, Any], at_ms: int) -> dict[str, int]:
    """Return the effective weights of a ratio group: closed members left, changed ones merged."""
    weights: dict[str, int] = {}
    for number, weight in _weights(plan, group["ratio"], at_ms).items():
        target = _rings(plan, number, at_ms)
        if weight > 0 and target is not None:
            weights[target] = weights.get(target, 0) + weight
    return weights


def _refusal(plan: Mapping[str, Any], reason: str, announcement: str) -> Expected:
    said = announcement if plan.get("restriction_guidance", True) else None
    return Expected(outcome="refuse", reason=reason, announcement=said)


def _group_of(plan: Mapping[str, Any], caller: Caller) -> Mapping[str, Any] | Expected:
    """Return the receiving group of a telephone, or the refusal."""
    expanded = expansion(plan["groups"])
    if caller.caller_class in ("mobile", "fmc"):
        prefecture = caller.prefecture if caller.caller_class == "mobile" else None
        if prefecture is None:
            return _unknown(plan, "mobile")
        covering = [
            group
            for group in plan["groups"]
            if any(PREFECTURE_OF_AREA[name] == prefecture for name in expanded[group["name"]])
        ]
        if not covering:
            return _refusal(plan, "area_not_designated", "restricted_area")
        accepting = [group for group in covering if group["mobile"]]
        return accepting[0] if accepting else _refusal(plan, "mobile_not_accepted", "restricted_class")
    if caller.caller_class == "unknown" or caller.charge_area is None:
        return _unknown(plan, "fixed")
    for group in plan["groups"]:
        if caller.charge_area in expanded[group["name"]]:
            return dict(group)
    return _refusal(plan, "area_not_designated", "restricted_area")


def expansion(groups: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    """Return the charge areas of each group by its name."""
    expanded = {group["name"]: _named_areas(group["origin"]) for group in groups}
    for group in groups:
        if group["origin"].get("rest"):
            others = set().union(*(found for name, found in expanded.items() if name != group["name"]))
            expanded[group["name"]] = {area.name for area in AREAS} - others
    return expanded


def _named_areas(origin: Mapping[str, Any]) -> set[str]:
    return {
        area.name
        for area in AREAS
        if origin.get("nationwide")
        or area.region in origin.get("regions", ())
        or area.prefecture in origin.get("prefectures", ())
        or area.name in origin.get("charge_areas", ())
    }


def _unknown(plan: Mapping[str, Any], kind: str) -> Mapping[str, Any] | Expected:
    """Return what R2.9 says of a fixed or mobile caller whose place is not known."""
    refusal = _refusal(plan, "unknown_origin", "restricted_area")
    named = plan.get("unknown_origin", {}).get(kind)
    if named is not None:
        return next((group for group in plan["groups"] if group["name"] == named), refusal)
    expanded = expansion(plan["groups"])
    candidates = [group for group in plan["groups"] if kind == "fixed" or group["mobile"]]
    if not candidates:
        return refusal
    most = max(len(expanded[group["name"]]) for group in candidates)
    return next(group for group in candidates if len(expanded[group["name"]]) == most)


def _resolved(plan: Mapping[str, Any], group: Mapping[str, Any], caller: Caller) -> Expected:
    overflow = _ringing(plan, group.get("overflow", ()), caller.at_ms)
    if "ratio" in group:
        members = members_now(plan, group, caller.at_ms)
        lists = [[member, *overflow] for member in members] or [overflow]
    elif "to" in group:
        lists = [_ringing(plan, [group["to"]], caller.at_ms)]
    else:
        lists = [overflow]
    if not any(lists):
        return Expected(outcome="announce", reason="off_hours", announcement="off_hours", group=group["name"])
    drawn = tuple(
        tuple(number for number in dict.fromkeys(numbers) if number not in caller.busy) for numbers in lists
    )
    return Expected(outcome="connect", reason="ok", group=group["name"], drawn=drawn)


def _ringing(plan: Mapping[str, Any], numbers: Iterable[str], at_ms: int) -> list[str]:
    """Return what rings instead of each number; closed ones left out."""
    targets = (_rings(plan, number, at_ms) for number in numbers)
    return [target for target in targets if target is not None]


def _rings(plan: Mapping[str, Any], number: str, at_ms: int) -> str | None:
    hours = plan.get("hours", {}).get(number, {})
    if "off_hours" in hours and _slot(plan, hours["off_hours"], at_ms) is not None:
        return None
    if "change" in hours and _slot(plan, hours["change"]["schedule"], at_ms) is not None:
        return str(hours["change"]["to"])
    return number


def _weights(plan: Mapping[str, Any], ratio: Mapping[str, Any], at_ms: int) -> Mapping[str, int]:
    if "schedule" in ratio:
        slot = _slot(plan, ratio["schedule"], at_ms)
        if slot is not None:
            return dict(slot["weights"])
    return dict(ratio["weights"])


def _slot(plan: Mapping[str, Any], name: str, at_ms: int) -> Mapping[str, Any] | None:
    """Return the slot of a schedule that holds the instant, if one does."""
    jst = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms, hours=9)
    schedule = plan["schedules"][name]
    for slot in schedule["patterns"][_pattern(schedule, jst.date())]:
        fields = {"slot": slot} if isinstance(slot, str) else slot
        start, end = fields["slot"].split("-")
        if start <= jst.strftime("%H:%M") < end:
            return dict(fields)
    return None


def _pattern(schedule: Mapping[str, Any], day: date) -> str:
    """Return the pattern of a day: single date, range, holiday, weekday, the first that there is."""
    dates: Mapping[str, str] = schedule.get("dates", {})
    if day.isoformat() in dates:
        return dates[day.isoformat()]
    for written, pattern in dates.items():
        first, _, last = written.partition("/")
        if last and first <= day.isoformat() <= last:
            return pattern
    if "holiday" in schedule and day in HOLIDAYS:
        return str(schedule["holiday"])
    return str(schedule["week"][WEEKDAYS[day.weekday()]])
