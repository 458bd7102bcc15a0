"""How the pages say numbers, yen, callers, reasons and places."""

from django import template
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from chakka.numbering.model import CallerClass
from chakka.portal.situation.now import ClassNow, Fate, Reception
from chakka.routing.decision import Outcome, Reason

register = template.Library()

_WORDS = {
    Reception.OPEN: _("Taking calls"),
    Reception.OFF_HOURS: _("Off-hours"),
    Reception.EMERGENCY: _("Emergency"),
    Reception.CLOSED: _("Stopped"),
    Reception.NO_PLAN: _("No plan"),
    CallerClass.FIXED: _("Fixed line"),
    CallerClass.MOBILE: _("Mobile"),
    CallerClass.PAYPHONE: _("Payphone"),
    CallerClass.IP_PHONE: _("IP phone (050)"),
    CallerClass.INTERNATIONAL: _("From abroad"),
}
_REASONS = {
    Reason.OK: _("connected"),
    Reason.NUMBER_NOT_IN_SERVICE: _("number not in service"),
    Reason.AREA_NOT_DESIGNATED: _("refused: area not designated"),
    Reason.CLASS_NOT_ACCEPTED: _("refused: kind of caller not accepted"),
    Reason.MOBILE_NOT_ACCEPTED: _("refused: mobiles not accepted"),
    Reason.UNKNOWN_ORIGIN: _("refused: place of the caller unknown"),
    Reason.MEDIA_NOT_ACCEPTED: _("refused: no common way to speak"),
    Reason.OFF_HOURS: _("off-hours announcement"),
    Reason.ALL_BUSY: _("busy: every line taken"),
    Reason.BLOCKED: _("refused: block list"),
    Reason.MONEY_GUARD: _("refused: cap in yen reached"),
    Reason.LIMIT: _("busy: limit reached"),
    Reason.SUSPENDED: _("refused: number suspended"),
    Reason.NO_ANSWER: _("no answer"),
    Reason.UNREACHABLE: _("line not reached"),
    Reason.REJECTED: _("rejected by the telephone"),
    Reason.ABANDONED: _("caller hung up before the answer"),
    Reason.OVERLOAD: _("refused: overload"),
    Reason.FAULT: _("fault"),
}
_MOST_PLACES = 5


@register.filter
def said(word: Reception | CallerClass) -> str:
    """Return the word for a state or a class of caller."""
    return str(_WORDS[word])


@register.filter
def reason(code: str) -> str:
    """Return the words for the reason of a record; one that is not among the usual ones stays a code."""
    return str(_REASONS.get(Reason(code), code)) if code in list(Reason) else code


@register.filter(name="fate")
def fate_in_words(fate: Fate) -> str:
    """Return what happens to a caller."""
    return str(_("rings")) if fate.outcome is Outcome.CONNECT else reason(fate.reason)


@register.filter
def places(one: ClassNow, fate: Fate) -> str:
    """Return from where callers of a class have this fate: all places, the few by name, or how many."""
    if len(fate.places) == fate.of:
        return str(_("everywhere"))
    if len(fate.places) <= _MOST_PLACES:
        return "、".join(fate.places)
    kind = (
        ngettext_lazy("%(count)d of %(of)d prefecture", "%(count)d of %(of)d prefectures", "of")
        if one.by_prefecture
        else ngettext_lazy("%(count)d of %(of)d charge area", "%(count)d of %(of)d charge areas", "of")
    )
    return str(kind % {"count": len(fate.places), "of": fate.of})


@register.filter
def number(digits: str) -> str:
    """Return a freephone number with its hyphens; other numbers as they are."""
    if digits.startswith("0120") and len(digits) == 10:
        return f"{digits[:4]}-{digits[4:7]}-{digits[7:]}"
    if digits.startswith("0800") and len(digits) == 11:
        return f"{digits[:4]}-{digits[4:7]}-{digits[7:]}"
    return digits


@register.filter
def yen(amount: int) -> str:
    """Return whole yen with commas."""
    return f"{amount:,}"
