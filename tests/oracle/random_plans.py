"""Valid plans at random, as JSON documents, and calls to them."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from decide_oracle import AREAS, HOLIDAYS, PREFECTURE_OF_AREA, REFUSED_CLASSES, WEEKDAYS, Caller, expansion

NUMBERS = ("0352001234", "0352001235", "0662001234", "0522001234", "0112001234")
OPTIONS = ["multi_line", "origin_distribution", "destination_change", "off_hours", "customer_control"]
PREFECTURES = sorted({area.prefecture for area in AREAS})
REGIONS = sorted({area.region for area in AREAS})
FIRST_DAY = date(2026, 4, 25)
DAYS = 350
MINUTE_MS, DAY_MS = 60_000, 86_400_000


def plan(random: Random) -> dict[str, Any]:
    """Return a plan in strict or extended rules, with any number of groups, hours and schedules."""
    rules = random.choice(["strict", "extended"])
    choice = random.choice(["busy_overflow", "ratio_distribution"])
    contracted = [choice] if rules == "strict" else ["busy_overflow", "ratio_distribution"]
    document: dict[str, Any] = {
        "number": "0120123456",
        "options": OPTIONS + contracted,
        "rules": rules,
        "lines": [
            {"id": "tokyo", "channels": 2, "numbers": list(NUMBERS[:2])},
            {"id": "osaka", "numbers": [NUMBERS[2]]},
            {"id": "rest", "numbers": list(NUMBERS[3:])},
        ],
        "schedules": {name: _schedule(random) for name in ("a", "b", "c")},
    }
    document["groups"] = [
        {"name": name, "origin": origin, **_destination(random, document, contracted)}
        for name, origin in _origins(random)
    ]
    _allow_mobiles(random, document["groups"])
    document["hours"] = {number: _hours(random, number) for number in NUMBERS if random.random() < 0.5}
    if random.random() < 0.3:
        document["restriction_guidance"] = random.random() < 0.5
    if random.random() < 0.6:
        document["unknown_origin"] = _unknown_origin(random, document["groups"])
    return document


def _origins(random: Random) -> list[tuple[str, dict[str, Any]]]:
    """Return groups' names and origins that share no charge area."""
    count = random.randint(1, 4)
    if count == 1 and random.random() < 0.5:
        return [("g0", {"nationwide": True})]
    origins: list[dict[str, Any]] = [{} for _ in range(count)]
    for region in REGIONS:
        taken = random.choice([*range(count), None])
        if taken is not None and random.random() < 0.5:
            origins[taken].setdefault("regions", []).append(region)
            continue
        for prefecture in sorted({area.prefecture for area in AREAS if area.region == region}):
            _assign_prefecture(random, origins, prefecture)
    if random.random() < 0.5:
        origins[random.randrange(count)] = {"rest": True}
    return [(f"g{index}", origin) for index, origin in enumerate(origins) if origin]


def _assign_prefecture(random: Random, origins: list[dict[str, Any]], prefecture: str) -> None:
    chance = random.random()
    if chance < 0.4:
        random.choice(origins).setdefault("prefectures", []).append(prefecture)
    elif chance < 0.8:
        for area in AREAS:
            if area.prefecture == prefecture and random.random() < 0.7:
                random.choice(origins).setdefault("charge_areas", []).append(area.name)


def _allow_mobiles(random: Random, groups: list[dict[str, Any]]) -> None:
    """Let groups accept mobiles as far as one prefecture has one accepting group (R3.3)."""
    expanded = expansion(groups)
    accepted: set[str] = set()
    for group in groups:
        here = {PREFECTURE_OF_AREA[name] for name in expanded[group["name"]]}
        group["mobile"] = random.random() < 0.7 and here.isdisjoint(accepted)
        if group["mobile"]:
            accepted |= here


def _destination(random: Random, document: dict[str, Any], contracted: list[str]) -> dict[str, Any]:
    kind = random.choice(["to", *contracted, *contracted])
    if kind == "to":
        return {"to": random.choice(NUMBERS)}
    overflow = {"overflow": random.sample(NUMBERS, random.randint(1, 4))}
    if kind == "busy_overflow":
        return overflow
    ratio = _ratio(random, document)
    both = document["rules"] == "extended" and random.random() < 0.5
    return {"ratio": ratio, **(overflow if both else {})}


def _ratio(random: Random, document: dict[str, Any]) -> dict[str, Any]:
    members = random.sample(NUMBERS, random.randint(2, 5))
    weights = dict.fromkeys(members, 0) | {members[0]: random.randint(1, 9)}
    weights |= {member: random.randint(0, 9) for member in members[1:]}
    ratio: dict[str, Any] = {"weights": weights}
    if random.random() < 0.5:
        name = f"weights{len(document['schedules'])}"
        document["schedules"][name] = _schedule(random, members)
        ratio["schedule"] = name
    return ratio


def _schedule(random: Random, members: list[str] | None = None) -> dict[str, Any]:
    patterns = {name: _slots(random, members) for name in ("p", "q")} | {"none": []}
    names = list(patterns)
    schedule: dict[str, Any] = {
        "patterns": patterns,
        "week": {day: random.choice(names) for day in WEEKDAYS},
    }
    if random.random() < 0.5:
        schedule["holiday"] = random.choice(names)
    if random.random() < 0.5:
        schedule["dates"] = {written: random.choice(names) for written in _dates(random)}
    return schedule


def _slots(random: Random, members: list[str] | None) -> list[Any]:
    edges = sorted(random.sample(range(1441), 2 * random.randint(1, 3)))
    if random.random() < 0.3:
        edges = [0, 720, 720, 1440]
    written = [
        f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    ]
    if members is None:
        return list(written)
    return [
        {"slot": slot, "weights": {m: random.randint(0, 9) for m in members[1:]} | {members[0]: 1}}
        for slot in written
    ]


def _dates(random: Random) -> list[str]:
    """Return single dates, some within ranges, and ranges that do not overlap."""
    days = sorted(random.sample(range(DAYS), 4))
    first, last, again, end = (FIRST_DAY + timedelta(days=day) for day in days)
    inside = first + (last - first) // 2
    return [f"{first}/{last}", f"{again}/{end}", f"{inside}", "2027-01-02"]


def _hours(random: Random, number: str) -> dict[str, Any]:
    hours: dict[str, Any] = {"off_hours": random.choice("abc")} if random.random() < 0.7 else {}
    if not hours or random.random() < 0.6:
        others = [other for other in NUMBERS if other != number]
        hours["change"] = {"schedule": random.choice("abc"), "to": random.choice(others)}
    return hours


def _unknown_origin(random: Random, groups: list[dict[str, Any]]) -> dict[str, str]:
    unknown = {"fixed": random.choice(["refuse", *(group["name"] for group in groups)])}
    if random.random() < 0.5:
        accepting = [group["name"] for group in groups if group["mobile"]]
        unknown["mobile"] = random.choice(["refuse", *accepting])
    return unknown


def caller(random: Random, document: dict[str, Any]) -> Caller:
    """Return a caller; instants lie often on holidays, and at or 1 ms before a whole or slot's minute."""
    at_ms = _instant_ms(random, document)
    busy = frozenset(random.sample(NUMBERS, random.choice([0, 0, 1, 2, 5])))
    caller_class = random.choice(
        ["fixed", "payphone", "mobile", "fixed", "payphone", "mobile", "fmc", "unknown", *REFUSED_CLASSES[:4]]
    )
    known = random.random() < 0.8
    area = random.choice(AREAS)
    return Caller(
        caller_class=caller_class,
        at_ms=at_ms,
        charge_area=area.name if known and caller_class in ("fixed", "payphone") else None,
        prefecture=random.choice(PREFECTURES) if known and caller_class == "mobile" else None,
        busy=busy,
    )


def _instant_ms(random: Random, document: dict[str, Any]) -> int:
    day = FIRST_DAY + timedelta(days=random.randrange(DAYS))
    if random.random() < 0.2:
        day = random.choice(sorted(HOLIDAYS))
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=9)
    minute = random.choice([_slot_edge(random, document), random.randrange(1440)])
    return int(midnight.timestamp()) * 1000 + minute * MINUTE_MS + random.choice([0, -1, 59_999])


def _slot_edge(random: Random, document: dict[str, Any]) -> int:
    patterns = random.choice(list(document["schedules"].values()))["patterns"]
    slot = random.choice(patterns["p"] + patterns["q"])
    edge = random.choice((slot if isinstance(slot, str) else slot["slot"]).split("-"))
    return int(edge[:2]) * 60 + int(edge[3:])
