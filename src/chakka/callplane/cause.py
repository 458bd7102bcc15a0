"""Q.850 causes in Reason headers of peers (RFC 3326)."""

from chakka.sip.grammar import Malformed
from chakka.sip.headers import parse_reason
from chakka.sip.message import Request, Response


def q850_cause(message: Request | Response) -> int | None:
    """Return the Q.850 cause that a message gives, None if it gives none that can be read."""
    for value in message.headers.values("Reason"):
        try:
            reason = parse_reason(value)
        except Malformed:
            continue
        if reason.protocol.upper() == "Q.850" and reason.cause is not None:
            return reason.cause
    return None
