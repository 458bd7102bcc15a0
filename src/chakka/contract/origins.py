"""Which charge areas each receiving group takes its callers from."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from chakka.contract.model import Contract, Origin
from chakka.numbering.table import NumberingTable


def expansions(contract: Contract, table: NumberingTable) -> tuple[frozenset[int], ...]:
    """Return the indexes of the charge areas that each group covers, in the order of the groups.

    Result: regions and prefectures stand for the charge areas whose principal prefecture lies there;
            `rest` is what no other group names. Names that the table does not know cover nothing.
    Source: service.md R2.10, R3.2; plan-format.md, expansion.
    """
    everywhere = frozenset(range(len(table.charge_areas)))
    by_name = _indexes_by_name(table)
    named = [
        everywhere if group.origin.nationwide else _union(group.origin, by_name) for group in contract.groups
    ]
    rest = everywhere.difference(*named)
    return tuple(
        rest if group.origin.rest else areas for group, areas in zip(contract.groups, named, strict=True)
    )


def prefectures_of(areas: Iterable[int], table: NumberingTable) -> frozenset[str]:
    """Return the names of the prefectures whose mobile callers these charge areas cover.

    Result: the principal prefecture of each; one charge area is enough to cover its prefecture's mobiles.
    Source: plan-format.md, expansion; service.md R2.4, R3.3.
    """
    return frozenset(table.charge_areas[index].prefecture for index in areas)


def _union(origin: Origin, by_name: Mapping[tuple[str, str], set[int]]) -> frozenset[int]:
    names = [
        *(("region", name) for name in origin.regions),
        *(("prefecture", name) for name in origin.prefectures),
        *(("charge area", name) for name in origin.charge_areas),
    ]
    return frozenset().union(*(by_name[name] for name in names if name in by_name))


def _indexes_by_name(table: NumberingTable) -> Mapping[tuple[str, str], set[int]]:
    """Return (kind, name) of every place → its charge areas. 北海道 is a region and a prefecture."""
    found: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for area in table.charge_areas:
        found["region", area.region].add(area.index)
        found["prefecture", area.prefecture].add(area.index)
        found["charge area", area.name].add(area.index)
    return found
