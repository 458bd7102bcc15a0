"""Rules on where a receiving group's calls go: one way, sound weights, a sensible ring time."""

from collections.abc import Iterator, Mapping

from chakka.contract.destinations import lines_by_number
from chakka.contract.faults import bad_value, repeats
from chakka.contract.model import Contract, Group, Line, LineType, Ratio
from chakka.errors import Problem
from chakka.numbering.table import NumberingTable

# service.md R4.1
MAX_WEIGHT = 9
MAX_MEMBERS = 32
MAX_MEMBERS_WITH_HOME_LINE = 5
# plan-format.md, ring_seconds
RING_SECONDS = range(5, 181)
# service.md §9: extended rules allow the two in one group; under strict ones `exclusive` reports them.
RATIO_THEN_OVERFLOW = ("overflow", "ratio")


def one_way(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problems of groups without a destination, or with more ways than the rules allow (R3.5)."""
    found: list[Problem] = []
    for i, group in enumerate(contract.groups):
        ways = _ways(group)
        if not ways:
            message = f"group {group.name!r} has no destination: to, overflow or ratio"
            found.append(Problem(code="missing_key", where=f"groups[{i}].to", message=message))
        elif len(ways) > 1 and ways != RATIO_THEN_OVERFLOW:
            message = f"group {group.name!r} has {' and '.join(ways)}; a group has one of them (R3.5)"
            found.append(bad_value(f"groups[{i}].{ways[-1]}", message))
    return found


def overflow_lists(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problems of overflow lists that try a number twice (R4.2)."""
    return [
        bad_value(f"groups[{i}].overflow[{k}]", f"{group.overflow[k]} is listed twice; each is tried once")
        for i, group in enumerate(contract.groups)
        for k in repeats(group.overflow)
    ]


def ring_times(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problems of ring times that no caller or carrier would bear."""
    return [
        bad_value(
            f"groups[{i}].ring_seconds",
            f"{group.ring_seconds} seconds; {RING_SECONDS.start} to {RING_SECONDS.stop - 1} are allowed",
        )
        for i, group in enumerate(contract.groups)
        if group.ring_seconds is not None and group.ring_seconds not in RING_SECONDS
    ]


def ratios(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problems of ratio distributions: weights and how many members there are (R4.1)."""
    own = lines_by_number(contract)
    found: list[Problem] = []
    for i, group in enumerate(contract.groups):
        if group.ratio is not None:
            place = f"groups[{i}].ratio.weights"
            found += weight_problems(place, group.ratio.weights)
            found += _too_many(place, group.ratio, own)
    return found


def weight_problems(place: str, weights: Mapping[str, int]) -> Iterator[Problem]:
    """Return the problems of one set of weights: out of 0–9, or all zero (R4.1)."""
    for number, weight in weights.items():
        if not 0 <= weight <= MAX_WEIGHT:
            yield bad_value(f"{place}.{number}", f"weight {weight}; weights are 0 to {MAX_WEIGHT} (R4.1)")
    if not any(weights.values()):
        message = "all weights are 0, so no member would ever ring (R4.1)"
        yield Problem(code="weights_all_zero", where=place, message=message)


def _too_many(place: str, ratio: Ratio, own: Mapping[str, Line]) -> Iterator[Problem]:
    members = [own[number] for number in ratio.weights if number in own]
    has_home_line = any(line.type is LineType.HOME for line in members)
    most = MAX_MEMBERS_WITH_HOME_LINE if has_home_line else MAX_MEMBERS
    if len(ratio.weights) > most:
        why = " when one of them lies on a home line" if has_home_line else ""
        message = f"{len(ratio.weights)} members; at most {most}{why} (R4.1)"
        yield Problem(code="too_many_members", where=place, message=message)


def _ways(group: Group) -> tuple[str, ...]:
    given = {"to": group.to is not None, "overflow": bool(group.overflow), "ratio": group.ratio is not None}
    return tuple(way for way, is_given in given.items() if is_given)
