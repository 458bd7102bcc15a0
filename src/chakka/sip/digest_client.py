"""Digest authentication as a client: which challenges are answered, and how (RFC 7616 §3.4, 8760 §2.4)."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from chakka.sip.digest import (
    Algorithm,
    Authorization,
    Challenge,
    Credentials,
    Use,
    ha1,
    parse_challenge,
    response_value,
)
from chakka.sip.grammar import Malformed, is_safe, quote
from chakka.sip.message import Response


def answer(
    challenges: Sequence[Challenge], credentials: Credentials, method: str, uri: str, use: Use
) -> str | None:
    """Return the credentials for the strongest challenge of the credentials' realm; None if there is none.

    challenges: those of one response. No other realm is ever answered (reliability.md §1).
    uri:        the Request-URI of the request that is to be sent again.
    """
    chosen = strongest(challenges, credentials.realm)
    if chosen is None or chosen.algorithm is None:
        return None
    given = Authorization(
        username=credentials.username,
        realm=chosen.realm,
        nonce=chosen.nonce,
        uri=uri,
        response="",
        algorithm=chosen.algorithm,
        qop="auth" if chosen.offers_auth else None,
        cnonce=use.cnonce,
        nonce_count=f"{use.count:08x}",
    )
    secret = ha1(chosen.algorithm, credentials.username, chosen.realm, credentials.password)
    return _written(given, response_value(secret, method, given), chosen)


def strongest(challenges: Iterable[Challenge], realm: str) -> Challenge | None:
    """Return the challenge of this realm that we answer: SHA-256 before MD5, then the topmost.

    Not answered: other algorithms, auth-int alone, and texts that cannot be repeated in a line.
    """
    order = list(Algorithm)
    ours = [
        (order.index(one.algorithm), place, one)
        for place, one in enumerate(challenges)
        if one.realm == realm
        and one.algorithm is not None
        and (one.offers_auth or not one.has_qop)
        and is_safe(f"{one.realm}{one.nonce}{one.opaque or ''}")
    ]
    return min(ours)[2] if ours else None


def _written(given: Authorization, response: str, chosen: Challenge) -> str:
    """RFC 7616 §3.4: algorithm, qop and nc are not quoted, everything else is."""
    parts = [
        f"username={quote(given.username)}",
        f"realm={quote(given.realm)}",
        f"nonce={quote(given.nonce)}",
        f"uri={quote(given.uri)}",
        f'response="{response}"',
        f"algorithm={given.algorithm}",
    ]
    if given.qop is not None:
        parts += [f"qop={given.qop}", f"nc={given.nonce_count}", f"cnonce={quote(given.cnonce)}"]
    if chosen.opaque is not None:
        parts.append(f"opaque={quote(chosen.opaque)}")
    return f"Digest {', '.join(parts)}"


_CHALLENGED: Final = {
    401: ("WWW-Authenticate", "Authorization"),
    407: ("Proxy-Authenticate", "Proxy-Authorization"),
}


def answers(
    response: Response, known: Sequence[Credentials], method: str, uri: str, cnonce: Callable[[], str]
) -> tuple[tuple[str, str], ...]:
    """Return the header lines with which a challenged request is sent again; () if it must not be.

    response: a 401 or 407 to the request's first sending; anything else is not answered.
    known:    our credentials at this peer.
    cnonce:   returns another unguessable word each time.
    Result:   one line for each realm that is known; () when no challenge is of a known realm.
    """
    asked, given = _CHALLENGED.get(response.status, ("", ""))
    if not asked:
        return ()
    challenges = challenges_of(response, asked)
    lines = (
        answer(challenges, credentials, method, uri, Use(count=1, cnonce=cnonce())) for credentials in known
    )
    return tuple((given, line) for line in lines if line is not None)


def challenges_of(response: Response, header: str) -> list[Challenge]:
    """Return the challenges of a response; what cannot be read, or is no Digest, is passed over."""
    found = []
    for line in response.headers.get_all(header):
        try:
            read = parse_challenge(line)
        except Malformed:
            continue
        if read is not None:
            found.append(read)
    return found
