"""What header fields say, as values that can be written again (RFC 3261 §20)."""

from collections.abc import Mapping

import msgspec

from chakka.sip.grammar import format_params, quote, safe

Params = Mapping[str, str | None]


class Via(msgspec.Struct, frozen=True, gc=False):
    """One hop of the way back. transport is in upper case; port None when not written (RFC 3261 §20.42)."""

    transport: str
    host: str
    port: int | None = None
    params: Params = {}

    @property
    def branch(self) -> str | None:
        """The transaction's name; None or without the magic cookie from RFC 2543 clients."""
        return self.params.get("branch")

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return f"SIP/2.0/{self.transport} {self.host}{port}{format_params(self.params)}"


class NameAddr(msgspec.Struct, frozen=True, gc=False):
    """A party or target. uri is as written, display readable text without quotes ("" for none)."""

    display: str
    uri: str
    params: Params = {}

    @property
    def tag(self) -> str | None:
        """The dialog tag of From and To."""
        return self.params.get("tag")

    def __str__(self) -> str:
        display = f"{quote(self.display)} " if self.display else ""
        return f"{display}<{self.uri}>{format_params(self.params)}"


class CSeq(msgspec.Struct, frozen=True, gc=False):
    """The number of a request within its dialog, and its method (RFC 3261 §20.16)."""

    number: int
    method: str

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


class RAck(msgspec.Struct, frozen=True, gc=False):
    """Which reliable provisional response a PRACK acknowledges (RFC 3262 §7.2)."""

    rseq: int
    cseq: int
    method: str

    def __str__(self) -> str:
        return f"{self.rseq} {self.cseq} {self.method}"


class Reason(msgspec.Struct, frozen=True, gc=False):
    """Why a call ended: Q.850 or SIP cause (RFC 3326)."""

    protocol: str
    cause: int | None = None
    text: str = ""

    def __str__(self) -> str:
        cause = "" if self.cause is None else f";cause={self.cause}"
        text = f";text={quote(self.text)}" if self.text else ""
        return f"{safe(self.protocol)}{cause}{text}"
