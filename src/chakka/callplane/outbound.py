"""How a line's call is presented to the outbound trunk, and the INVITE that says so (signalling.md §4, R6.2).

Built from scratch as towards a line: no header of the line's INVITE is copied.
"""

from dataclasses import dataclass
from typing import Literal

from chakka.callplane.bindings import LineTarget
from chakka.callplane.dialling import Dialled, Wish, is_service_code
from chakka.callplane.line_invite import ANONYMOUS, own_host
from chakka.config import Config, Trunk
from chakka.sip.agent import Outgoing

Privacy = Literal["", "id", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """A call from a line to the outbound trunk.

    line:         its real number.
    freephone:    the number that number notification puts in its place, None: none.
    privacy:      the Privacy header (RFC 3323 §4.2); "id": the called party must not see the number.
    is_anonymous: From names nobody.
    """

    trunk: Trunk
    line: str
    freephone: str | None = None
    privacy: Privacy = ""
    is_anonymous: bool = False

    @property
    def presented(self) -> str | None:
        """Return the number that the called party sees, None if none."""
        return None if self.privacy == "id" else self.freephone or self.line


def outbound(
    trunk: Trunk, line: str, asked: Dialled, *, is_withheld: bool, freephone: str | None
) -> Outbound:
    """Return how a call is presented.

    is_withheld: by 184, or because the telephone asks for it.
    freephone:   what number notification presents, if it is on.
    Result:      withholding wins over notification. Service codes carry the real number, 184 or not: who
                 answers 110 must be able to call back, and its network hides what may be hidden.
    """
    is_emergency = is_service_code(asked.number)
    privacy: Privacy = "id" if is_withheld else "none" if asked.wish is Wish.PRESENT else ""
    return Outbound(
        trunk=trunk,
        line=line,
        freephone=None if is_withheld or is_emergency else freephone,
        privacy=privacy,
        is_anonymous=is_withheld and not is_emergency,
    )


def trunk_ways(trunk: Trunk, number: str) -> list[LineTarget]:
    """Return where a number is tried: every host of the trunk, in order."""
    written = [f"[{host}]" if ":" in host else host for host in trunk.hosts]
    return [
        LineTarget(f"sip:{number}@{name}:{trunk.port}", (host, trunk.port))
        for host, name in zip(trunk.hosts, written, strict=True)
    ]


def trunk_invite(config: Config, way: LineTarget, call: Outbound, offer: bytes, hops: int) -> Outgoing:
    """Return the INVITE for the trunk. offer: G.711 alone, or empty. hops: Max-Forwards to write."""
    here = own_host(config)
    return Outgoing(
        request_uri=way.uri,
        destination=way.destination,
        from_=ANONYMOUS if call.is_anonymous else f"<sip:{_number_in(call, 'from')}@{here}>",
        to=f"<{way.uri}>",
        headers=(
            ("P-Asserted-Identity", f"<sip:{_number_in(call, 'pai')}@{here}>"),
            # RFC 8496: whom the trunk charges when the presented number is not that of the line.
            *((("P-Charge-Info", f"<sip:{call.line}@{here}>"),) if call.freephone else ()),
            *((("Privacy", call.privacy),) if call.privacy else ()),
        ),
        body=offer,
        content_type="application/sdp",
        max_forwards=hops,
    )


def _number_in(call: Outbound, header: Literal["from", "pai"]) -> str:
    """R6.2: the freephone number stands where the trunk wants it; elsewhere the real one."""
    return call.freephone if call.freephone and header in call.trunk.presents_in else call.line
