"""What `ttc-charging-params` of P-Charging-Vector tells of the caller (RFC 7315 §4.6, TTC JJ-90.30)."""

import re
from collections.abc import Iterator

import msgspec

from chakka.caller.profile import ChargingKeys
from chakka.numbering.model import CallerClass
from chakka.sip.message import Request

_START = re.compile(r"ttc-charging-params", re.IGNORECASE)
_PAIR = re.compile(r"(?<![\w.\-])([A-Za-z0-9][\w.\-]*+)\s*+[=:]\s*+([^;,&|\s=]++)", re.ASCII)
_AREA = re.compile(r"[0-9]{5}")
# Odd count of digits and nature of information, then digits two to an octet, the lower half first.
_AREA_OCTETS = re.compile(r"(?:0x)?[89a-f][0-9a-f]([0-9]{6})", re.IGNORECASE)
_OCTETS = re.compile(r"(?:0x)?((?:f[b-e][0-9a-f]{2})+)", re.IGNORECASE)
_SPELLED = re.compile(r"(fixed|mobile)[-_]?(?:type)?[-_]?([12])[:/._\-]([0-9]{1,3})", re.IGNORECASE)

FIXED_1, MOBILE_1, MOBILE_2 = "fixed 1", "mobile 1", "mobile 2"
_TYPES_BY_OCTET = {0xFE: FIXED_1, 0xFD: MOBILE_1, 0xFC: MOBILE_2}

# Additional party's category (ISUP parameter 0xF3): type, value → class. PHS is mobile today. A train's
# payphone and a pink phone (a shop's coin telephone) are both payphones: their callers pay with coins, so the
# called party is charged as for a payphone.
_CLASSES = {
    (FIXED_1, 1): CallerClass.PAYPHONE,
    (FIXED_1, 2): CallerClass.PAYPHONE,
    (MOBILE_1, 1): CallerClass.MOBILE,
    (MOBILE_1, 2): CallerClass.SHIP,
    (MOBILE_1, 3): CallerClass.AIRCRAFT,
    (MOBILE_1, 4): CallerClass.PAGER,
    (MOBILE_1, 5): CallerClass.MOBILE,
    (MOBILE_2, 5): CallerClass.SATELLITE,
    (MOBILE_2, 7): CallerClass.SATELLITE,
    (MOBILE_2, 9): CallerClass.MOBILE,
}
# Type 2 says of a cellular telephone (type 1) that it speaks by satellite, so it comes first.
_ORDER = (MOBILE_2, MOBILE_1, FIXED_1)


class ChargingFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the charging parameters say; None for what they leave out or say in a way nobody knows.

    area_code:    five digits of the charge area. carrier: code of the caller's carrier.
    """

    caller_class: CallerClass | None = None
    area_code: str | None = None
    carrier: str | None = None


NOTHING = ChargingFacts()


def charging_facts(request: Request, keys: ChargingKeys) -> ChargingFacts:
    """Return what the charging parameters of a request tell.

    keys:   the names looked for; any case, `=` or `:`, quoted as a whole, one by one or not at all,
            divided by semicolons, commas, `&`, `|` or blanks. The first of several that can be read counts.
    Source: signalling.md §1; ISUP parameters 0xF1, 0xF3, 0xFD.
    """
    pairs = [pair for line in request.headers.get_all("P-Charging-Vector") for pair in _pairs(line)]
    if not pairs:
        return NOTHING
    categories = dict(reversed([found for name, value in pairs for found in _categories(name, value, keys)]))
    classes = (_CLASSES.get((kind, categories[kind])) for kind in _ORDER if kind in categories)
    areas = (_area(value) for name, value in pairs if name in keys.area)
    carriers = (value for name, value in pairs if name in keys.carrier and value.isdigit())
    return ChargingFacts(
        caller_class=next((known for known in classes if known is not None), None),
        area_code=next((area for area in areas if area is not None), None),
        carrier=next(carriers, None),
    )


def _pairs(line: str) -> list[tuple[str, str]]:
    start = _START.search(line)
    if start is None:
        return []
    rest = line[start.end() :].replace("\\", " ").replace('"', " ").lstrip(" =:")
    return [(name.lower(), value) for name, value in _PAIR.findall(rest)]


def _categories(name: str, value: str, keys: ChargingKeys) -> Iterator[tuple[str, int]]:
    """Yield (type, value) of the additional party's categories in one pair."""
    for kind, names in ((FIXED_1, keys.fixed_1), (MOBILE_1, keys.mobile_1), (MOBILE_2, keys.mobile_2)):
        if name in names and value.isascii() and value.isdigit() and len(value) <= 3:
            yield kind, int(value)
    if name in keys.category:
        if octets := _OCTETS.fullmatch(value):
            coded = bytes.fromhex(octets[1])
            for octet, number in zip(coded[::2], coded[1::2], strict=True):
                if octet in _TYPES_BY_OCTET:
                    yield _TYPES_BY_OCTET[octet], number
        elif spelled := _SPELLED.fullmatch(value):
            yield f"{spelled[1].lower()} {spelled[2]}", int(spelled[3])


def _area(value: str) -> str | None:
    if _AREA.fullmatch(value):
        return value
    coded = _AREA_OCTETS.fullmatch(value)
    if coded is None:
        return None
    first, second, third = (coded[1][place : place + 2][::-1] for place in (0, 2, 4))
    return first + second + third[0]
