"""The values that numbering speaks in."""

from enum import StrEnum
from typing import Literal

import msgspec


class CallerClass(StrEnum):
    """What kind of caller a number or signalling shows (plan-format.md, caller classes)."""

    FIXED = "fixed"
    PAYPHONE = "payphone"
    MOBILE = "mobile"
    FMC = "fmc"
    IP_PHONE = "ip_phone"
    INTERNATIONAL = "international"
    SATELLITE = "satellite"
    SHIP = "ship"
    AIRCRAFT = "aircraft"
    M2M = "m2m"
    PAGER = "pager"
    TOLL_FREE = "toll_free"
    UAN = "uan"
    PREMIUM = "premium"
    MASS_CALL = "mass_call"
    OTHER_0AB0 = "other_0ab0"
    SPECIAL_ACCESS = "special_access"
    SERVICE_CODE = "service_code"
    CARRIER_SELECT = "carrier_select"
    UNKNOWN = "unknown"


class Prefecture(msgspec.Struct, frozen=True, kw_only=True):
    """One of the 47 prefectures. `index` is its place in the table, 0–46; `code` the JIS code `01`–`47`."""

    index: int
    code: str
    name: str
    region: str
    ntt: Literal["east", "west"]


class ChargeArea(msgspec.Struct, frozen=True, kw_only=True):
    """One of the 561 charge areas (料金区域, MA). `index` is its place in the table, 0–560.

    prefecture:  name of the principal one (service.md R2.10); prefectures: all, the principal one first.
    grid:        (vertical, horizontal) place of its measuring square in units of 2 km, None when not known.
    """

    index: int
    name: str
    prefecture: str
    prefectures: tuple[str, ...]
    region: str
    ntt: Literal["east", "west"]
    grid: tuple[int, int] | None = None


class NumberFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a calling number says by itself. Absent facts are None: nothing is guessed.

    number:      normalised: digits as dialled in Japan (`0422511234`), or `+` and digits for abroad.
    prefecture:  the principal prefecture of the charge area; or, without a charge area, the one prefecture
                 in which every charge area of the area code lies.
    prefectures: every prefecture into which the charge area reaches, the principal one first.
    """

    number: str
    caller_class: CallerClass
    charge_area: str | None = None
    prefecture: str | None = None
    prefectures: tuple[str, ...] = ()
    region: str | None = None
    ntt: Literal["east", "west"] | None = None
