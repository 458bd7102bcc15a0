"""What a line dialled: the number, and whether the caller wants its own to be seen (signalling.md §4)."""

import re
from enum import Enum
from typing import NamedTuple

from chakka.caller.number import written_digits
from chakka.numbering.dialled import national

NOTIFICATION_ON, NOTIFICATION_OFF = "1351", "1350"
_PREFIXED = re.compile(r"(184|186)(\+?[0-9]+)")
_FREEPHONE = re.compile(r"0120[0-9]{6}|0800[0-9]{7}")
_SERVICE_CODE = re.compile(r"1[0-9]{2}")


class Wish(Enum):
    """What the caller asked for by a prefix: 184 withholds its number, 186 forces it to be shown."""

    NONE = ""
    WITHHOLD = "184"
    PRESENT = "186"


class Dialled(NamedTuple):
    """A number as dialled within Japan, without its prefix; "" when there is none."""

    number: str
    wish: Wish


def dialled(request_uri: str) -> Dialled:
    """Return what a Request-URI of a line asks for."""
    digits = written_digits(request_uri) or ""
    prefixed = _PREFIXED.fullmatch(digits)
    if prefixed is None:
        return Dialled(national(digits), Wish.NONE)
    return Dialled(national(prefixed[2]), Wish(prefixed[1]))


def is_freephone(number: str) -> bool:
    """Return whether a number is written as those of the service are."""
    return _FREEPHONE.fullmatch(number) is not None


def is_service_code(number: str) -> bool:
    """Return whether a number is 110, 118, 119 or another 1XY code."""
    return _SERVICE_CODE.fullmatch(number) is not None
