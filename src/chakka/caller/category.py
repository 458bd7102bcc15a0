"""The caller's class as `cpc` says it: the calling party's category of ISUP, in all its spellings."""

import re
from collections.abc import Mapping

from chakka.caller.number import Party
from chakka.numbering.model import CallerClass
from chakka.sip.grammar import unquote

# In the URI's parameters or those of a telephone-subscriber in its user part; quotes come escaped.
_IN_URI = re.compile(r";cpc=(?:%22)?([A-Za-z0-9_.\-]+)", re.IGNORECASE)

# draft-mahy-iptel-cpc-06 §3 and 3GPP TS 24.229 §7.2A.12; `cellular` of its early versions; the two digits
# are those of carriers that tell fixed, mobile and payphone only.
CATEGORIES: Mapping[str, CallerClass] = {
    "payphone": CallerClass.PAYPHONE,
    "mobile": CallerClass.MOBILE,
    "mobile-hplmn": CallerClass.MOBILE,
    "mobile-vplmn": CallerClass.MOBILE,
    "cellular": CallerClass.MOBILE,
    "cellular-roaming": CallerClass.MOBILE,
    "01": CallerClass.FIXED,
    "02": CallerClass.MOBILE,
    "03": CallerClass.PAYPHONE,
}
# A subscriber without anything special: sent for mobiles and 050 callers too, so the number's prefix, where
# there is one, says more.
ORDINARY = frozenset({"ordinary", "priority", "data", "hotel", "hospital", "prison", "subscriber"})


def categories(parties: tuple[Party, ...]) -> list[str]:
    """Return the `cpc` values of the parties in their order, in lower case and without quotes."""
    found = []
    for party in parties:
        match = _IN_URI.search(party.address.uri)
        value = match[1] if match else unquote(party.address.params.get("cpc") or "")
        if value:
            found.append(value.strip().lower())
    return found


def class_by_category(
    values: list[str], further: Mapping[str, CallerClass], by_number: CallerClass
) -> CallerClass | None:
    """Return the class that the first telling `cpc` value gives; None if none tells anything.

    further:   spellings of this trunk; they come before ours.
    by_number: class of the number's prefix; an `ordinary` caller without one is a fixed line.
    Source:    signalling.md §1.
    """
    for value in values:
        known = further.get(value) or CATEGORIES.get(value)
        if known is not None:
            return known
        if value in ORDINARY:
            return CallerClass.FIXED if by_number is CallerClass.UNKNOWN else None
    return None
