"""`facts`: everything that an INVITE tells of a call, each fact with where it came from."""

from typing import NamedTuple

from chakka.caller.category import categories, class_by_category
from chakka.caller.charging import NOTHING, ChargingFacts, charging_facts
from chakka.caller.number import Party, calling_number, dialled_number, parties
from chakka.caller.offer import described, g711
from chakka.caller.presentation import NoNumberReason, no_number_reason, presentation
from chakka.caller.profile import TrunkProfile
from chakka.numbering.model import CallerClass, NumberFacts
from chakka.numbering.table import NO_NUMBER, NumberingTable
from chakka.routing.attempt import CallAttempt
from chakka.sip.grammar import readable
from chakka.sip.message import Request

# A caller abroad stays one, whatever kind of telephone it is (service.md R2.2).
_ABROAD = frozenset({CallerClass.INTERNATIONAL, CallerClass.SATELLITE})


class Place(NamedTuple):
    """Where a caller is, as names; sources by fact."""

    charge_area: str | None
    prefecture: str | None
    sources: dict[str, str]


def facts(request: Request, profile: TrunkProfile, table: NumberingTable, at_ms: int) -> CallAttempt:
    """Return the facts of a call.

    request: an INVITE as `sip.message.parse` returns it.
    profile: the trunk that brought it. Not trusted: From's number and what the number says is all there is.
    at_ms:   arrival in milliseconds since 1970 (UTC).
    Result:  total: whatever a header says, there is an attempt. `sources` names a source for each fact known.
    Source:  signalling.md §1, the table; service.md R2.1, R2.5, R2.10.
    """
    who = parties(request, profile)
    number, number_source = calling_number(who)
    known = table.lookup(number) if number else NO_NUMBER
    charging = charging_facts(request, profile.spelling.charging) if profile.trusted else NOTHING
    rating_class, class_source = caller_class(who, charging, known.caller_class, profile)
    shown, shown_source = presentation(request, who, number, trusted=profile.trusted)
    place = _place(known, rating_class, (charging, _stated_prefecture(request, profile)), table)
    group = profile.spelling.carriers.get(charging.carrier) if charging.carrier else None
    return CallAttempt(
        called_number=dialled_number(request.uri),
        calling_number=known.number or None,
        presentation=shown,
        caller_class=admission_class(rating_class),
        rating_class=rating_class,
        carrier_group=group,
        charge_area=place.charge_area,
        prefecture=place.prefecture,
        has_g711=not request.body or bool(g711(described(request))),
        trunk=profile.name,
        at_ms=at_ms,
        sources={
            **({"number": number_source} if known.number else {}),
            **({"class": class_source} if class_source else {}),
            **place.sources,
            **({"carrier_group": "charging"} if group else {}),
            "presentation": shown_source,
        },
    )


def admission_class(rating_class: CallerClass) -> CallerClass:
    """Return the class by which a caller is let in: payphones as fixed (service.md R2.5)."""
    return CallerClass.FIXED if rating_class is CallerClass.PAYPHONE else rating_class


def caller_class(
    who: tuple[Party, ...], charging: ChargingFacts, by_number: CallerClass, profile: TrunkProfile
) -> tuple[CallerClass, str]:
    """Return the class by which a caller is rated, and its source; (unknown, "") if nothing tells it.

    Result: of the first source that tells one: `charging`, `cpc`, `display`, `prefix`. What cpc and display
            names say of a caller with a number from abroad is passed over.
    Source: signalling.md §1.
    """
    if charging.caller_class is not None:
        return charging.caller_class, "charging"
    if profile.trusted and by_number not in _ABROAD:
        category = class_by_category(categories(who), profile.spelling.categories, by_number)
        if category is not None:
            return category, "cpc"
        if any(no_number_reason(party.address.display) is NoNumberReason.PAYPHONE for party in who):
            return CallerClass.PAYPHONE, "display"
    return by_number, "" if by_number is CallerClass.UNKNOWN else "prefix"


def _stated_prefecture(request: Request, profile: TrunkProfile) -> str | None:
    """Return what the trunk's own header says of the caller's prefecture, whatever that is."""
    name = profile.spelling.prefecture_header
    if not profile.trusted or name is None:
        return None
    value = request.headers.get(name)
    return None if value is None else readable(value).partition(";")[0].strip(' "')


def _place(
    known: NumberFacts,
    rating_class: CallerClass,
    signalled: tuple[ChargingFacts, str | None],
    table: NumberingTable,
) -> Place:
    charging, stated = signalled
    area = table.charge_area_by_code(charging.area_code) if charging.area_code else None
    if area is not None:
        sources = {"charge_area": "charging", "prefecture": "charging"}
        return Place(area.name, area.prefecture, sources)
    if rating_class is CallerClass.MOBILE:
        prefecture = table.prefecture(stated) if stated else None
        return Place(None, prefecture.name, {"prefecture": "header"}) if prefecture else Place(None, None, {})
    if admission_class(rating_class) is not CallerClass.FIXED:
        return Place(None, None, {})
    found = {"charge_area": known.charge_area, "prefecture": known.prefecture}
    return Place(
        known.charge_area, known.prefecture, {fact: "prefix" for fact, value in found.items() if value}
    )
