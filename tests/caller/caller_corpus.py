"""The corpus: one file each with the facts that are expected, as TOML, and below them the INVITE."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chakka.caller.profile import ChargingKeys, Spelling, TrunkProfile
from chakka.numbering.model import CallerClass
from chakka.sip.message import Request, parse

CORPUS = Path(__file__).parent / "corpus"
_OWN = Spelling(
    identity_headers=("P-Asserted-Identity", "Remote-Party-ID"),
    prefecture_header="X-Caller-Prefecture",
    categories={"coinbox": CallerClass.PAYPHONE},
    carriers={"2001": "a", "2002": "b"},
)
TRUNKS = {
    "carrier": TrunkProfile(name="carrier", trusted=True),
    "own spelling": TrunkProfile(name="own spelling", trusted=True, spelling=_OWN),
    "own keys": TrunkProfile(
        name="own keys",
        trusted=True,
        spelling=Spelling(charging=ChargingKeys(area=("x-where",), category=("x-who",))),
    ),
    "stranger": TrunkProfile(name="stranger", spelling=_OWN),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """An INVITE of the corpus and what it tells."""

    name: str
    invite: bytes
    expected: dict[str, Any]

    @property
    def request(self) -> Request:
        """The INVITE, read."""
        return read(self.invite)

    @property
    def profile(self) -> TrunkProfile:
        """The trunk that brings it."""
        return TRUNKS[self.expected["trunk"]]


def read(octets: bytes) -> Request:
    """Return octets as the request that they are."""
    request = parse(octets)
    assert isinstance(request, Request)
    return request


def specimens() -> list[Specimen]:
    """Return the corpus in order of its names."""
    return [_specimen(path) for path in sorted(CORPUS.glob("*.invite"))]


def _specimen(path: Path) -> Specimen:
    expected, _, invite = path.read_text().partition("\n\n")
    octets = invite.replace("\n", "\r\n").encode()
    return Specimen(name=path.stem, invite=octets, expected=tomllib.loads(expected))


def invite(*headers: str, from_: str = "<sip:0422511234@h>", uri: str = "sip:0120123456@h") -> Request:
    """Return an INVITE with these headers on top of the needed ones."""
    lines = [
        f"INVITE {uri} SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
        f"From: {from_};tag=1",
        "To: <sip:0120123456@h>",
        "Call-ID: 1",
        "CSeq: 1 INVITE",
        *headers,
        "",
        "",
    ]
    return read("\r\n".join(lines).encode("utf-8", "surrogateescape"))
