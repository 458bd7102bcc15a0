"""What a request-URI asks for: `sip:annc@host;play=…` (RFC 4240 §3), and our early form. Pure."""

import re
from dataclasses import dataclass

from chakka.errors import InputError
from chakka.media.prompts import REPEAT_PAUSE_MS, repeats, script
from chakka.sip.grammar import Malformed
from chakka.sip.uri import SipUri, parse_uri

# Nothing is played longer, `repeat=forever` neither.
LONGEST_S = 300.0
_LONGEST_DELAY_MS = 10_000
_FOREVER = 1_000_000

_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
# RFC 3398 §7.2 maps causes to 4xx, 5xx and 6xx; an announcement ends in no other.
_STATUS = re.compile(r"[456][0-9]{2}", re.ASCII)
_HIGHEST_CAUSE = 127

# Which variable (RFC 4240 §3, `param[1]`) a text has, and as what `prompts.script` takes it.
_VARIABLES = {"off_hours": "number", "restricted_class": "variant", "whisper": "variant"}
# The texts that strangers may name; no file, no URL.
ALLOWED = frozenset(
    {
        "off_hours",
        "restricted_area",
        "restricted_class",
        "not_in_service",
        "blocked",
        "suspended",
        "guidance_caller",
        "guidance_callee",
        "whisper",
        "notification_on",
        "notification_off",
        "notification_refused",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Early:
    """The final response that follows an announcement in early media. cause: Q.850, None for no Reason."""

    status: int
    cause: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An announcement that can be played.

    clips: one playing. repeat: how often. delay_ms: between two. longest_s: after which it ends anyhow.
    early: None for the plain form, which is answered.
    """

    clips: tuple[str, ...]
    repeat: int
    delay_ms: int
    longest_s: float
    early: Early | None


@dataclass(frozen=True, slots=True)
class Unacceptable:
    """A request-URI that asks for nothing we have. status: 400 or 404; why: for the log."""

    status: int
    why: str


def asked(request_uri: str) -> Asked | Unacceptable:
    """Return what a request-URI asks for, or the refusal of it.

    Source: RFC 4240 §3: `play` is mandatory (400), what cannot be found is 404; parameters that are not
            known are passed over; signalling.md §3 for `early` and `cause`.
    """
    try:
        uri = parse_uri(request_uri)
    except Malformed:
        return Unacceptable(400, "the request-URI cannot be read")
    if not isinstance(uri, SipUri) or (uri.user or "").lower() != "annc":
        return Unacceptable(404, "only the service annc exists here")
    name = uri.param("play")
    if not name:
        return Unacceptable(400, "the parameter play is missing")
    if name not in ALLOWED:
        return Unacceptable(404, f"there is no announcement {name}")
    try:
        return Asked(
            clips=_clips(uri, name),
            repeat=_repeat(uri, name),
            delay_ms=min(_number(uri, "delay", REPEAT_PAUSE_MS), _LONGEST_DELAY_MS),
            longest_s=min(_number(uri, "duration", _FOREVER) / 1_000, LONGEST_S),
            early=_early(uri),
        )
    except InputError as fault:
        return Unacceptable(400, str(fault))


def _clips(uri: SipUri, name: str) -> tuple[str, ...]:
    # The text of RFC 4240 writes `param[n]`, its grammar `paramn`.
    value = uri.param("param[1]") or uri.param("param1") or ""
    variable = _VARIABLES.get(name)
    if variable == "number":
        return script(name, number=value)
    return script(name, variant=value) if variable == "variant" else script(name)


def _repeat(uri: SipUri, name: str) -> int:
    if uri.param("repeat") == "forever":
        return _FOREVER
    # RFC 4240 §3: by default once; R4.4 wants off-hours twice, so that both planes need not say so.
    return max(_number(uri, "repeat", repeats(name)), 1)


def _early(uri: SipUri) -> Early | None:
    status = uri.param("early")
    if status is None:
        return None
    if not _STATUS.fullmatch(status):
        raise InputError(f"early={status} is no final status of 4xx, 5xx or 6xx")
    if uri.param("cause") is None:
        return Early(status=int(status), cause=None)
    cause = _number(uri, "cause", 0)
    if not 1 <= cause <= _HIGHEST_CAUSE:
        raise InputError(f"cause={cause} is not within 1-{_HIGHEST_CAUSE}")
    return Early(status=int(status), cause=cause)


def _number(uri: SipUri, name: str, default: int) -> int:
    text = uri.param(name)
    if text is None:
        return default
    if not _NUMBER.fullmatch(text):
        raise InputError(f"{name}={text} is not a number of at most nine digits")
    return int(text)
