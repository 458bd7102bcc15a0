"""The sessions of a call: what a message describes, with everything but G.711 taken out (R2.1)."""

import re

from chakka.caller.offer import described as described
from chakka.caller.offer import g711 as g711
from chakka.config import Address
from chakka.sip.grammar import Malformed
from chakka.sip.sdp import RemoteAudio, relayed, remote_media, restore_answer

_AUDIO_LINE = re.compile(rb"^m=audio (?!0[ /])", re.MULTILINE)
_MEDIA_LINE = b"\nm="


def answered(offer: bytes, answer: bytes) -> bytes:
    """Return a line's answer with all but G.711 taken out, as an answer to the caller's own offer.

    An answer has one m-line for each of the offer (RFC 3264 §6); equipment that leaves the refused ones out
    must not make ours wrong. offer: empty when the line makes the offer.
    """
    stripped = g711(answer)
    if not stripped or not offer or stripped.count(_MEDIA_LINE) == offer.count(_MEDIA_LINE):
        return stripped
    try:
        return restore_answer(offer, stripped) or b""
    except Malformed:
        return b""


def through_relay(description: bytes, here: Address) -> bytes:
    """Return a G.711 description whose sound comes to us; empty when it has none."""
    try:
        return relayed(description, *here) or b""
    except Malformed:
        return b""


def has_audio(description: bytes) -> bool:
    """Return whether a description has an audio line that is not refused, in whatever codec."""
    return _AUDIO_LINE.search(description) is not None


def listener(description: bytes) -> RemoteAudio | None:
    """Return where the other side takes G.711; None if nowhere."""
    try:
        return remote_media(description) if description else None
    except Malformed:
        return None
