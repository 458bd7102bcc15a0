"""Which charge areas each receiving group takes its callers from."""

from collections.abc import Iterable, Mapping

from chakka.contract.model import Contract, Origin
from chakka.numbering.table import NumberingTable


def charge_areas_of(contract: Contract, table: NumberingTable) -> Mapping[str, frozenset[int]]:
    """Return the indexes of the charge areas that each group covers, by group name, in text order.

    Result: regions and prefectures stand for the charge areas whose principal prefecture lies there;
            `rest` is what no other group names. Names that the table does not know cover nothing.
    Source: service.md R2.10, R3.2; plan-format.md, expansion.
    """
    names = (group.name for group in contract.groups)
    return dict(zip(names, expansions(contract, table), strict=True))


def expansions(contract: Contract, table: NumberingTable) -> tuple[frozenset[int], ...]:
    """Return the indexes of the charge areas that each group covers, in the order of the groups."""
    named = [_named(group.origin, table) for group in contract.groups]
    rest = _nationwide(table).difference(*named)
    return tuple(
        rest if group.origin.rest else areas for group, areas in zip(contract.groups, named, strict=True)
    )


def prefectures_of(areas: Iterable[int], table: NumberingTable) -> frozenset[str]:
    """Return the names of the prefectures whose mobile callers these charge areas cover.

    Result: the principal prefecture of each; one charge area is enough to cover its prefecture's mobiles.
    Source: plan-format.md, expansion; service.md R2.4, R3.3.
    """
    return frozenset(table.charge_areas[index].prefecture for index in areas)


def _named(origin: Origin, table: NumberingTable) -> frozenset[int]:
    if origin.nationwide:
        return _nationwide(table)
    return frozenset(
        area.index
        for area in table.charge_areas
        if area.region in origin.regions
        or area.prefecture in origin.prefectures
        or area.name in origin.charge_areas
    )


def _nationwide(table: NumberingTable) -> frozenset[int]:
    return frozenset(range(len(table.charge_areas)))
