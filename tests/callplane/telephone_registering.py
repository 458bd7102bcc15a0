"""A telephone that registers: REGISTERs written as on the wire, answered as a telephone does."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from chakka.callplane.instant import Instant
from chakka.config import Address, Config, LineAddress
from chakka.sip import digest, digest_client
from chakka.sip.digest import Credentials
from chakka.sip.message import Request, parse

TELEPHONE: Address = ("192.0.2.31", 5060)
LINE = "0352001234"
OTHER_LINE = "0352001235"
STRANGE_LINE = "0352009999"
PASSWORD = "kagi to himitsu"
HERE = f"<sip:{LINE}@192.0.2.31:5060>"
WALL_MS = 1_800_000_000_000
_calls = count(1)


def config(**changes: object) -> Config:
    """Return a node with two lines of user shop and one of somebody else."""
    lines = {
        LINE: LineAddress(number=LINE, register=True, user="shop", password=PASSWORD),
        OTHER_LINE: LineAddress(number=OTHER_LINE, register=True, user="shop", password=PASSWORD),
        STRANGE_LINE: LineAddress(number=STRANGE_LINE, register=True, user="other", password="x"),
    }
    return Config(**({"listen": ("192.0.2.9", 5060), "lines": lines} | changes))  # type: ignore[arg-type]


def at(seconds: float) -> Instant:
    """Return a moment."""
    return Instant(1000.0 + seconds, WALL_MS + int(seconds * 1000))


def register(
    *contacts: str, number: str = LINE, cseq: int = 1, call_id: str = "", lines: Sequence[str] = ()
) -> Request:
    """Return a REGISTER; each contact is a header line."""
    head = (
        "REGISTER sip:192.0.2.9 SIP/2.0",
        f"Via: SIP/2.0/UDP 192.0.2.31:5060;branch=z9hG4bK{next(_calls)};rport",
        f"From: <sip:{number}@192.0.2.9>;tag=1",
        f"To: <sip:{number}@192.0.2.9>",
        f"Call-ID: {call_id or f'call{next(_calls)}'}",
        f"CSeq: {cseq} REGISTER",
        "Max-Forwards: 70",
        *(f"Contact: {contact}" for contact in contacts),
        *lines,
        "Content-Length: 0",
    )
    request = parse("\r\n".join((*head, "", "")).encode())
    assert isinstance(request, Request)
    return request


def with_credentials(
    request: Request,
    challenges: Sequence[tuple[str, str]],
    *,
    user: str = "shop",
    password: str = PASSWORD,
    uses: int = 1,
) -> Request:
    """Return the request as a telephone sends it again after a 401."""
    asked = [
        one
        for name, line in challenges
        if name == "WWW-Authenticate" and (one := digest.parse_challenge(line))
    ]
    credentials = Credentials(username=user, realm="chakka", password=password)
    use = digest.Use(count=uses, cnonce=f"c{next(_calls)}")
    line = digest_client.answer(asked, credentials, request.method, request.uri, use)
    assert line is not None
    again = parse(request.to_bytes())
    assert isinstance(again, Request)
    again.headers.set("Authorization", line)
    return again
