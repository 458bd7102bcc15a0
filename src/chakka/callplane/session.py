"""The sessions of a call: what a message describes, with everything but G.711 taken out (R2.1)."""

from chakka.caller.offer import described as described
from chakka.caller.offer import g711 as g711
from chakka.config import Address
from chakka.sip.grammar import Malformed
from chakka.sip.sdp import RemoteAudio, relayed, remote_media


def through_relay(description: bytes, here: Address) -> bytes:
    """Return a G.711 description whose sound comes to us; empty when it has none."""
    try:
        return relayed(description, *here) or b""
    except Malformed:
        return b""


def listener(description: bytes) -> RemoteAudio | None:
    """Return where the other side takes G.711; None if nowhere."""
    try:
        return remote_media(description) if description else None
    except Malformed:
        return None
