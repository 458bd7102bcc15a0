"""How far a trunk is believed, and how it spells what it says of its callers."""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from chakka.numbering.model import CallerClass

HeaderName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9\-.!%*_+`'~]+\Z")]
Word = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9._\-]+\Z")]
Code = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{2,8}\Z")]
GroupName = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]


class ChargingKeys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The names, in lower case, of what is looked for inside `ttc-charging-params`.

    The exact spelling (TTC JJ-90.30) is not public; these are the words and the ISUP codes of the parameters
    that it mirrors. A trunk that spells otherwise gets its own; an empty list is never found.

    category:               additional party's category as a whole: `fixed1:1`, or octets: `FE01`.
    fixed_1 … mobile_2:     one type of it alone, with its value as a number.
    carrier:                carrier information, the code of the carrier.
    area:                   charge area information: five digits, or octets.
    """

    category: tuple[Word, ...] = (
        "apc",
        "aupc",
        "additional-party-category",
        "additional-user-category",
        "0xf3",
    )
    fixed_1: tuple[Word, ...] = ("fixed1", "fixed-1", "fixed-type-1")
    mobile_1: tuple[Word, ...] = ("mobile1", "mobile-1", "mobile-type-1")
    mobile_2: tuple[Word, ...] = ("mobile2", "mobile-2", "mobile-type-2")
    carrier: tuple[Word, ...] = ("carrier", "carrier-info", "carrier-information", "0xf1")
    area: tuple[Word, ...] = ("cai", "charge-area", "charge-area-info", "charge-area-information", "0xfd")


class Spelling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one trunk writes the facts of its callers; the defaults fit what is published.

    identity_headers:   where the network asserts the calling number, the best first.
    prefecture_header:  header with the prefecture of a mobile caller: its name or JIS code; None for none.
    categories:         further values of `cpc`, in lower case → class.
    carriers:           carrier code → carrier group of the tariff.
    """

    identity_headers: tuple[HeaderName, ...] = ("P-Asserted-Identity",)
    prefecture_header: HeaderName | None = None
    charging: ChargingKeys = ChargingKeys()
    categories: Mapping[Word, CallerClass] = {}
    carriers: Mapping[Code, GroupName] = {}


class TrunkProfile(msgspec.Struct, frozen=True, kw_only=True):
    """What reading an INVITE needs to know of the trunk that brought it.

    trusted: what it says beyond the From number is believed (signalling.md §1, RFC 3325 §5).
    """

    name: str
    trusted: bool = False
    spelling: Spelling = Spelling()
