"""The INVITE towards a line, built from scratch (signalling.md §3): no header of the caller is copied."""

from chakka.callplane.bindings import LineTarget
from chakka.config import Config
from chakka.routing.attempt import CallAttempt, Presentation
from chakka.sip.agent import Outgoing

# RFC 3323 §4.1.1.3.
ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>'
_UNAVAILABLE = '"Unavailable" <sip:anonymous@anonymous.invalid>'


def line_invite(config: Config, way: LineTarget, attempt: CallAttempt, offer: bytes, hops: int) -> Outgoing:
    """Return the INVITE for one line.

    way:   where the line is tried.
    offer: the caller's offer with everything but G.711 taken out, or empty.
    hops:  Max-Forwards to write.
    """
    here = own_host(config)
    dialled = f"<sip:{attempt.called_number}@{here}>"
    return Outgoing(
        request_uri=way.uri,
        destination=way.destination,
        from_=_calling_party(attempt, here),
        to=f"<{way.uri}>",
        headers=(
            # RFC 7044: which number was dialled, and that it led to this line.
            ("History-Info", f"{dialled};index=1, <{way.uri}>;index=1.1;mp=1"),
            ("P-Called-Party-ID", dialled),
            *_privacy(attempt),
        ),
        body=offer,
        content_type="application/sdp",
        max_forwards=hops,
    )


def own_host(config: Config) -> str:
    """Return what our own URIs have as host."""
    host = config.listen[0]
    return f"[{host}]" if ":" in host else host


def _calling_party(attempt: CallAttempt, here: str) -> str:
    """A withheld number is never shown (signalling.md §1); RFC 3323 §4.1.1.3 gives the anonymous URI."""
    if attempt.presentation is Presentation.ALLOWED and attempt.calling_number:
        return f"<sip:{attempt.calling_number}@{here}>"
    return ANONYMOUS if attempt.presentation is Presentation.WITHHELD else _UNAVAILABLE


def _privacy(attempt: CallAttempt) -> tuple[tuple[str, str], ...]:
    return (("Privacy", "id"),) if attempt.presentation is Presentation.WITHHELD else ()
