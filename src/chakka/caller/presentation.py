"""May the called party see the number: display names, Privacy, anonymous addresses."""

import re
import unicodedata
from enum import Enum

from chakka.caller.number import Party
from chakka.routing.attempt import Presentation
from chakka.sip.message import Request

# RFC 3323 §4.2 and RFC 3325 §9.3: `header` and `user` hide who calls as `id` does (3GPP TS 29.163
# §7.2.3.1.2.6 restricts the number for the three alike); `full` is an older `user`. `session` hides media
# addresses only, `critical` hides nothing by itself, `none` asks that nothing be hidden.
_HIDING = frozenset({"id", "user", "header", "full"})
_WORDS = re.compile(r"[a-z]+")
_LONGEST_NAME = 64


class NoNumberReason(Enum):
    """Why no number is shown, as display names of Japan's networks say it (3GPP TS 24.008 §10.5.4.30)."""

    WITHHELD = "withheld"
    PAYPHONE = "payphone"
    UNAVAILABLE = "unavailable"
    OTHER_SERVICE = "other_service"


_REASONS = {
    "anonymous": NoNumberReason.WITHHELD,
    "reject by user": NoNumberReason.WITHHELD,
    "非通知": NoNumberReason.WITHHELD,
    "非通知設定": NoNumberReason.WITHHELD,
    "ヒツウチ": NoNumberReason.WITHHELD,
    "coin line/payphone": NoNumberReason.PAYPHONE,
    "coin line": NoNumberReason.PAYPHONE,
    "payphone": NoNumberReason.PAYPHONE,
    "公衆電話": NoNumberReason.PAYPHONE,
    "コウシュウデンワ": NoNumberReason.PAYPHONE,
    "unavailable": NoNumberReason.UNAVAILABLE,
    "表示圏外": NoNumberReason.UNAVAILABLE,
    "ヒョウジケンガイ": NoNumberReason.UNAVAILABLE,
    "通知不可": NoNumberReason.UNAVAILABLE,
    "通知不可能": NoNumberReason.UNAVAILABLE,
    "interaction with other service": NoNumberReason.OTHER_SERVICE,
    "サービス競合": NoNumberReason.OTHER_SERVICE,
}


def no_number_reason(display: str) -> NoNumberReason | None:
    """Return the reason that a display name gives for showing no number; None for any other name.

    display: case, width and spaces make no difference.
    """
    if not display or len(display) > _LONGEST_NAME:
        return None
    return _REASONS.get(" ".join(unicodedata.normalize("NFKC", display).casefold().split()))


def asks_to_hide(request: Request) -> bool:
    """Return whether Privacy asks to hide who calls; values are divided by anything that is no letter."""
    lines = request.headers.get_all("Privacy")
    return any(_HIDING.intersection(_WORDS.findall(line.lower())) for line in lines)


def presentation(
    request: Request, parties: tuple[Party, ...], number: str | None, *, trusted: bool
) -> tuple[Presentation, str]:
    """Return whether the called party may see the number, and what said so.

    trusted: a network's reason (payphone, unavailable) is believed; else any wish to hide is `withheld`, so
             that nobody passes a subscriber's refusal of withheld numbers by giving another reason.
    Result:  the source is `display`, `privacy`, `from`, or `number` for its being there or not.
    Source:  signalling.md §1: anonymous callers' numbers are kept and never shown.
    """
    caller = parties[-1].address
    reason = no_number_reason(caller.display)
    if trusted and reason is not None:
        is_wish = reason is NoNumberReason.WITHHELD
        return (Presentation.WITHHELD if is_wish else Presentation.UNAVAILABLE), "display"
    if asks_to_hide(request):
        return Presentation.WITHHELD, "privacy"
    if reason is NoNumberReason.WITHHELD:
        return Presentation.WITHHELD, "display"
    if (hidden := _by_address(caller.uri.lower(), trusted=trusted)) is not None:
        return hidden, "from"
    return (Presentation.ALLOWED if number else Presentation.UNAVAILABLE), "number"


def _by_address(uri: str, *, trusted: bool) -> Presentation | None:
    # RFC 3323 §4.1.1.3: anonymous@anonymous.invalid; some keep the user's own host or user.
    if ":anonymous@" in uri or "@anonymous." in uri:
        return Presentation.WITHHELD
    # 3GPP TS 23.003 §13.7: the network has no number to show.
    if "unavailable@unknown.invalid" in uri:
        return Presentation.UNAVAILABLE if trusted else Presentation.WITHHELD
    return None
