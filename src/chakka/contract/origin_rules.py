"""Rules on receiving groups' origins: known names, disjoint areas, one group for a prefecture's mobiles."""

from collections import defaultdict
from collections.abc import Container, Iterator

from chakka.contract.faults import bad_value, repeats
from chakka.contract.model import Contract, Origin
from chakka.contract.origins import expansions, prefectures_of
from chakka.errors import Problem
from chakka.numbering.table import NumberingTable

REFUSE = "refuse"
# So many conflicting areas are named in one message; the rest is counted.
NAMED_AREAS = 5


def group_names(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problems of a contract without groups (R3.1) and of names that cannot tell groups apart."""
    if not contract.groups:
        return [bad_value("groups", "a contract has at least one receiving group (R3.1)")]
    names = [group.name for group in contract.groups]
    found = [bad_value(f"groups[{i}].name", f"group {names[i]!r} is listed twice") for i in repeats(names)]
    if REFUSE in names:
        place = f"groups[{names.index(REFUSE)}].name"
        found.append(bad_value(place, "a group cannot be named refuse; unknown_origin uses that word"))
    return found


def origin_forms(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problems of origins that name nothing, or mix what excludes each other."""
    found: list[Problem] = []
    resting = [i for i, group in enumerate(contract.groups) if group.origin.rest]
    for i, group in enumerate(contract.groups):
        found += _form(f"groups[{i}].origin", group.origin)
    for i in resting[1:]:
        message = f"group {contract.groups[resting[0]].name!r} already takes the rest; one group at most does"
        found.append(bad_value(f"groups[{i}].origin.rest", message))
    return found


def known_places(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problems of regions, prefectures and charge areas that Japan does not have."""
    regions = frozenset(table.regions)
    prefectures = frozenset(prefecture.name for prefecture in table.prefectures)
    charge_areas = frozenset(area.name for area in table.charge_areas)
    found: list[Problem] = []
    for i, group in enumerate(contract.groups):
        place = f"groups[{i}].origin"
        found += _unknown(f"{place}.regions", "region", group.origin.regions, regions)
        found += _unknown(f"{place}.prefectures", "prefecture", group.origin.prefectures, prefectures)
        found += _unknown(f"{place}.charge_areas", "charge area", group.origin.charge_areas, charge_areas)
    return found


def disjoint_areas(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problems of charge areas that two groups cover, one for each pair of groups (R3.2)."""
    claims = [
        [table.charge_areas[index].name for index in sorted(areas)] for areas in expansions(contract, table)
    ]
    return [
        Problem(
            code="area_in_two_groups",
            where=f"groups[{later}].origin",
            message=f"{_some(names)} already belongs to group {contract.groups[first].name!r}; "
            f"an origin area is in one group only (R3.2)",
        )
        for later, first, names in _clashes(claims)
    ]


def mobiles_of_one_group(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problems of prefectures whose mobiles two groups accept, one for each pair (R3.3)."""
    claims = [
        sorted(prefectures_of(areas, table)) if group.mobile else []
        for group, areas in zip(contract.groups, expansions(contract, table), strict=True)
    ]
    return [
        Problem(
            code="mobile_in_two_groups",
            where=f"groups[{later}].mobile",
            message=f"mobiles from {_some(names)} are already accepted by group "
            f"{contract.groups[first].name!r}; one group only accepts the mobiles of a prefecture (R3.3)",
        )
        for later, first, names in _clashes(claims)
    ]


def unknown_origins(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problems of what is said for callers of unknown origin (R2.9)."""
    accepts = {group.name: group.mobile for group in contract.groups}
    unknown = contract.unknown_origin
    found = [
        Problem(
            code="unknown_name",
            where=f"unknown_origin.{kind}",
            message=f"{name!r} is neither a receiving group of this contract nor refuse (R2.9)",
        )
        for kind, name in (("fixed", unknown.fixed), ("mobile", unknown.mobile))
        if name is not None and name != REFUSE and name not in accepts
    ]
    if unknown.mobile is not None and accepts.get(unknown.mobile) is False:
        message = (
            f"group {unknown.mobile!r} does not accept mobiles, so none can be treated as its own (R2.9)"
        )
        found.append(
            Problem(code="unknown_origin_not_accepting", where="unknown_origin.mobile", message=message)
        )
    return found


def _form(place: str, origin: Origin) -> list[Problem]:
    named = bool(origin.regions or origin.prefectures or origin.charge_areas)
    kinds = origin.nationwide + origin.rest + named
    if kinds == 0:
        message = "names no area: nationwide, rest, regions, prefectures or charge_areas"
        return [Problem(code="missing_key", where=place, message=message)]
    if kinds > 1:
        return [bad_value(place, "is either nationwide, or rest, or a list of areas; not several of them")]
    return []


def _clashes(claims: list[list[str]]) -> Iterator[tuple[int, int, list[str]]]:
    """Return (later claimant, first claimant, what both claim), each pair once."""
    owner: dict[str, int] = {}
    for later, names in enumerate(claims):
        shared: defaultdict[int, list[str]] = defaultdict(list)
        for name in names:
            first = owner.setdefault(name, later)
            if first != later:
                shared[first].append(name)
        for first, common in shared.items():
            yield later, first, common


def _unknown(place: str, kind: str, names: tuple[str, ...], known: Container[str]) -> Iterator[Problem]:
    for i, name in enumerate(names):
        if name not in known:
            message = f"{name!r} is no {kind} of the numbering table"
            yield Problem(code="unknown_name", where=f"{place}[{i}]", message=message)


def _some(names: list[str]) -> str:
    beyond = len(names) - NAMED_AREAS
    return ", ".join(names[:NAMED_AREAS]) + (f" and {beyond} more" if beyond > 0 else "")
