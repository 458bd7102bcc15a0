"""Plans of small businesses, as the value that plan-format.md describes."""

from typing import Any

from peer_node import Line, Node

EVERY_DAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def plan(number: str, lines: list[Line], **changes: Any) -> dict[str, Any]:
    """Return the plan of a business that takes calls from everywhere on its first line.

    changes: keys of the plan that differ; `origin`, `mobile` and `ring_seconds` are the group's;
             `overflow=True` has all lines tried in order.
    """
    group: dict[str, Any] = {"name": "all", "origin": {"nationwide": True}, "mobile": True}
    group |= {key: changes.pop(key) for key in ("origin", "mobile", "ring_seconds") if key in changes}
    options = [*changes.pop("options", [])]
    if changes.pop("overflow", False):
        options += ["multi_line", "busy_overflow"]
        group["overflow"] = [line.number for line in lines]
    else:
        group["to"] = lines[0].number
    channels = changes.pop("channels", 2)
    return {
        "number": number,
        "options": options,
        "lines": [
            {"id": f"line{place}", "site": "東京本社", "channels": channels, "numbers": [line.number]}
            for place, line in enumerate(lines)
        ],
        "groups": [group],
    } | changes


def business(node: Node, lines: int = 1, **changes: Any) -> tuple[str, list[Line]]:
    """Return the freephone number and the lines of a business that is now in service.

    changes: as for `plan`.
    """
    number, own = node.new_number(), [node.new_line() for _ in range(lines)]
    node.publish(plan(number, own, **changes))
    return number, own


def closed_all_day(lines: list[Line]) -> dict[str, Any]:
    """Return the changes that close lines at any time."""
    always = {
        "patterns": {"closed": ["00:00-24:00"]},
        "week": dict.fromkeys(EVERY_DAY, "closed"),
    }
    return {
        "options": ["off_hours"],
        "hours": {line.number: {"off_hours": "always"} for line in lines},
        "schedules": {"always": always},
    }
