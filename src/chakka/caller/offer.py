"""The offered media: what an INVITE describes, with everything but G.711 taken out (service.md R2.1)."""

from functools import lru_cache

from chakka.sip.grammar import Malformed
from chakka.sip.message import Request, Response
from chakka.sip.sdp import narrowband, sdp_in


def described(message: Request | Response) -> bytes:
    """Return the SDP that a message carries, by itself or in a multipart body; empty for none."""
    try:
        return sdp_in(message.headers.get("Content-Type"), message.body) or b""
    except Malformed:
        return b""


# A call's offer is looked at to decide it and again, at once, to send it on.
@lru_cache(maxsize=1)
def g711(description: bytes) -> bytes:
    """Return a description with all but G.711 taken out; empty when nothing remains or it is no SDP."""
    try:
        return narrowband(description) or b"" if description else b""
    except Malformed:
        return b""
