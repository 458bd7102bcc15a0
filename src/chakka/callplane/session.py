"""The sessions of a call: what a message describes, with everything but G.711 taken out (R2.1)."""

from chakka.caller.offer import described as described
from chakka.caller.offer import g711 as g711
from chakka.sip.grammar import Malformed
from chakka.sip.sdp import RemoteAudio, remote_media


def listener(description: bytes) -> RemoteAudio | None:
    """Return where the other side takes G.711; None if nowhere."""
    try:
        return remote_media(description) if description else None
    except Malformed:
        return None
