"""Where a contract's calls can ring: every number that its text names, with its place."""

from collections.abc import Iterator, Mapping

from chakka.contract.model import Contract, Group, Line


def lines_by_number(contract: Contract) -> Mapping[str, Line]:
    """Return the contract's own line numbers, each with the line it lies on."""
    return {number: line for line in contract.lines for number in line.numbers}


def destinations(contract: Contract) -> Iterator[tuple[str, str]]:
    """Return (place, number) of all that can ring: groups' destinations, then change targets (R3.4)."""
    for i, group in enumerate(contract.groups):
        yield from group_destinations(group, f"groups[{i}]")
    for number, hours in contract.hours.items():
        if hours.change is not None:
            yield f"hours.{number}.change.to", hours.change.to


def group_destinations(group: Group, place: str) -> Iterator[tuple[str, str]]:
    """Return (place, number) of one group's destinations in text order."""
    if group.to is not None:
        yield f"{place}.to", group.to
    for i, number in enumerate(group.overflow):
        yield f"{place}.overflow[{i}]", number
    if group.ratio is not None:
        for number in group.ratio.weights:
            yield f"{place}.ratio.weights.{number}", number
