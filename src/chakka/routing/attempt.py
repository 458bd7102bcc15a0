"""What a decision sees of a call and of the moment: two frozen values."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from chakka.numbering.model import CallerClass, NumberFacts


class Presentation(StrEnum):
    """May the called party see the calling number?"""

    ALLOWED = "allowed"
    WITHHELD = "withheld"
    UNAVAILABLE = "unavailable"


class CallAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One INVITE as facts (signalling.md §1).

    calling_number: normalised; None when signalling gave none. Kept for screening and charging even when
                    presentation is withheld; never shown then.
    caller_class:   admission class; rating_class: what it is charged as (payphone, R2.5).
    charge_area, prefecture: names, or None when unknown.
    has_g711:       the offer carries narrow-band G.711 (or there is no offer yet).
    at_ms:          arrival of the INVITE; serves the whole call (R4.7).
    sources:        fact name → where it came from (`pai`, `from`, `prefix`, `cpc`, …).
    """

    called_number: str
    calling_number: str | None = None
    presentation: Presentation = Presentation.ALLOWED
    caller_class: CallerClass = CallerClass.UNKNOWN
    rating_class: CallerClass = CallerClass.UNKNOWN
    carrier_group: str | None = None
    charge_area: str | None = None
    prefecture: str | None = None
    has_g711: bool = True
    trunk: str = ""
    at_ms: int = 0
    sources: Mapping[str, str] = {}


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """What is true just now and is no part of the plan (no publish needed).

    busy:              line numbers that cannot take one more call (channels or `per_number` reached).
    calls_up:          calls of this contract now, this one not counted; calls_this_second and
                       caller_calls_this_minute likewise.
    blocked:           the calling number is on the contract's block list.
    money_guard:       a cap in yen is reached.
    suspended:         the contract is suspended by the operator.
    emergency:         the name of the prepared plan that answers instead of the ordinary one, or None.
    """

    busy: frozenset[str] = frozenset()
    calls_up: int = 0
    calls_this_second: int = 0
    caller_calls_this_minute: int = 0
    blocked: bool = False
    money_guard: bool = False
    suspended: bool = False
    emergency: str | None = None


IDLE = Live()


def attempt_of(facts: NumberFacts, called_number: str, at_ms: int) -> CallAttempt:
    """Return the attempt of a caller of whom only the number is known.

    Further facts of signalling (class, prefecture, presentation) go on top by `msgspec.structs.replace`.
    """
    return CallAttempt(
        called_number=called_number,
        calling_number=facts.number or None,
        caller_class=facts.caller_class,
        rating_class=facts.caller_class,
        charge_area=facts.charge_area,
        prefecture=facts.prefecture,
        at_ms=at_ms,
        sources={"number": "number", "class": "prefix"} if facts.number else {},
    )
