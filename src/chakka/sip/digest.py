"""Digest authentication, both ways: challenges, credentials, responses, nonces (RFC 3261 §22, 7616, 8760).

What is configured is the password: it answers challenges of any algorithm and realm, which a stored hash
of user, realm and password could not.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from chakka.sip.grammar import TOKEN, Malformed, bad, is_safe, quote, split_list, unquote
from chakka.sip.message import Request, Response

_SCHEME = re.compile(r"([A-Za-z]++)[ \t]++(.++)", re.DOTALL)
_PARAM = re.compile(rf'({TOKEN})[ \t]*+=[ \t]*+("(?:[^"\\]++|\\.)*+"|[!#-+\--~]++)', re.DOTALL)
_NONCE_COUNT = re.compile(r"[0-9a-fA-F]{8}")
_HEX = re.compile(r"[0-9a-f]++")
# A challenge has seven parameters of RFC 7616, an answer ten; more are unknown ones.
_MOST_PARAMETERS = 32
# Our nonces: milliseconds of issue, serial number, then the proof that they are ours.
_ISSUED_DIGITS, _SERIAL_DIGITS, _PROOF_DIGITS = 12, 8, 24


class Algorithm(StrEnum):
    """A hash that both sides know, the strongest first (RFC 8760 §2.2)."""

    SHA_256 = "SHA-256"
    MD5 = "MD5"

    @classmethod
    def named(cls, text: str) -> "Algorithm | None":
        """Return the algorithm of this name in any case, None for one that we do not know."""
        return next((one for one in cls if one.value == text.upper()), None)


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """What a server asks for (RFC 7616 §3.3).

    algorithm: None when it is none of ours. offers_auth: qop=auth may be used. has_qop: any qop is asked
    for, so that a challenge which knows auth-int alone can be told from one of RFC 2069.
    """

    realm: str
    nonce: str
    algorithm: Algorithm | None = Algorithm.MD5
    has_qop: bool = False
    offers_auth: bool = False
    opaque: str | None = None
    stale: bool = False


class Authorization(msgspec.Struct, frozen=True, kw_only=True):
    """What a client answers (RFC 7616 §3.4). nonce_count: the eight digits as written, "" without qop."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: Algorithm | None = Algorithm.MD5
    qop: str | None = None
    cnonce: str = ""
    nonce_count: str = ""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """Who we are, or a user is, in one realm."""

    username: str
    realm: str
    password: str


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """One use of a nonce by a client: how often it was used, this time included, and our own nonce."""

    count: int
    cnonce: str


# -- reading


def parse_challenge(text: str) -> Challenge | None:
    """Return the challenge of a WWW-Authenticate or Proxy-Authenticate line; None for another scheme.

    Raises: Malformed without realm or nonce, and for parameters that cannot be read.
    """
    params = _digest_params(text, "challenge")
    if params is None:
        return None
    qops = [one.strip(" \t").lower() for one in params.get("qop", "").split(",")]
    return Challenge(
        realm=_required(params, "realm", "challenge"),
        nonce=_required(params, "nonce", "challenge"),
        algorithm=Algorithm.named(params.get("algorithm", "MD5")),
        has_qop="qop" in params,
        offers_auth="auth" in qops,
        opaque=params.get("opaque"),
        stale=params.get("stale", "").lower() == "true",
    )


def parse_authorization(text: str) -> Authorization | None:
    """Return the credentials of an Authorization or Proxy-Authorization line; None for another scheme.

    Raises: Malformed if what RFC 7616 §3.4 requires is missing or cannot be read.
    """
    params = _digest_params(text, "credentials")
    if params is None:
        return None
    qop = params.get("qop")
    count = params.get("nc", "")
    if qop is not None and ("cnonce" not in params or not _NONCE_COUNT.fullmatch(count)):
        raise bad("credentials: qop wants cnonce and nc of eight digits")
    return Authorization(
        username=_required(params, "username", "credentials"),
        realm=_required(params, "realm", "credentials"),
        nonce=_required(params, "nonce", "credentials"),
        uri=_required(params, "uri", "credentials"),
        response=_required(params, "response", "credentials").lower(),
        algorithm=Algorithm.named(params.get("algorithm", "MD5")),
        qop=None if qop is None else qop.lower(),
        cnonce=params.get("cnonce", ""),
        nonce_count=count,
    )


def _digest_params(text: str, what: str) -> dict[str, str] | None:
    match = _SCHEME.fullmatch(text.strip(" \t"))
    if match is None:
        raise bad(what)
    if match[1].lower() != "digest":
        return None
    items = _items(match[2], what)
    params: dict[str, str] = {}
    for item in items:
        pair = _PARAM.fullmatch(item)
        if pair is None or pair[1].lower() in params:
            raise bad(f"{what}: {item[:40]}")
        params[pair[1].lower()] = unquote(pair[2])
    return params


def _items(text: str, what: str) -> list[str]:
    items = split_list(text)
    if len(items) > _MOST_PARAMETERS:
        raise bad(f"{what}: too many parameters")
    return items


def _required(params: dict[str, str], name: str, what: str) -> str:
    value = params.get(name)
    if value is None:
        raise bad(f"{what}: no {name}")
    return value


# -- what both sides compute


def ha1(algorithm: Algorithm, username: str, realm: str, password: str) -> str:
    """Return H(A1) of RFC 7616 §3.4.2: the secret that both sides share."""
    return _hash(algorithm, f"{username}:{realm}:{password}")


def response_value(secret: str, method: str, authorization: Authorization) -> str:
    """Return the response that `secret` gives (RFC 7616 §3.4.1; without qop as RFC 2069 had it).

    secret:        `ha1` for the algorithm of `authorization`.
    authorization: its nonce, uri, qop, cnonce and nonce count count; its own response does not.
    Raises:        ValueError for an algorithm that is not ours.
    """
    algorithm = authorization.algorithm
    if algorithm is None:
        raise ValueError("an unknown algorithm has no response")
    ha2 = _hash(algorithm, f"{method}:{authorization.uri}")
    middle = authorization.nonce
    if authorization.qop is not None:
        middle = f"{middle}:{authorization.nonce_count}:{authorization.cnonce}:{authorization.qop}"
    return _hash(algorithm, f"{secret}:{middle}:{ha2}")


def _hash(algorithm: Algorithm, text: str) -> str:
    octets = text.encode("utf-8", "surrogateescape")
    if algorithm is Algorithm.SHA_256:
        return hashlib.sha256(octets).hexdigest()
    return hashlib.md5(octets, usedforsecurity=False).hexdigest()


# -- the server's side


def challenge(realm: str, nonce: str, algorithms: Iterable[Algorithm], *, stale: bool) -> tuple[str, ...]:
    """Return the challenges of a 401 or 407, one header line for each algorithm (RFC 8760 §2.3).

    Raises: ValueError if the realm holds a line break.
    """
    tail = ", stale=true" if stale else ""
    return tuple(
        f'Digest realm={quote(realm)}, nonce="{nonce}", algorithm={algorithm}, qop="auth"{tail}'
        for algorithm in algorithms
    )


def is_right(authorization: Authorization, method: str, credentials: Credentials) -> bool:
    """Return whether a client knows the password; compared in constant time.

    False for another algorithm than ours, and without qop=auth: nothing would count its uses then.
    """
    algorithm = authorization.algorithm
    if algorithm is None or authorization.qop != "auth":
        return False
    secret = ha1(algorithm, credentials.username, credentials.realm, credentials.password)
    expected = response_value(secret, method, authorization)
    given = authorization.response.encode("utf-8", "surrogateescape")
    return hmac.compare_digest(expected.encode(), given)


@dataclass(slots=True)
class _Seen:
    """The last use of a nonce."""

    issued_ms: int
    count: int


class Nonces:
    """Nonces of a server. Issuing one keeps nothing; only those that were rightly used are remembered.

    secret:   of this run; nonces of an earlier one are stale.
    lifetime: seconds that a nonce may be used.
    most:     how many are remembered. When there are more, the oldest are forgotten and with them all unused
              ones that are no younger: a forgotten nonce is stale, never fresh again.
    """

    __slots__ = ("_forgotten_ms", "_lifetime_ms", "_most", "_secret", "_seen", "_serial")

    def __init__(self, secret: bytes, lifetime: float = 300.0, most: int = 10_000) -> None:
        self._secret = secret
        self._lifetime_ms = int(lifetime * 1000)
        self._most = most
        self._serial = 0
        self._seen: dict[str, _Seen] = {}
        self._forgotten_ms = -1

    def issue(self, source: str, now: float) -> str:
        """Return a new nonce for a client at host `source`."""
        self._serial = (self._serial + 1) & 0xFFFFFFFF
        stamp = f"{int(now * 1000):0{_ISSUED_DIGITS}x}{self._serial:0{_SERIAL_DIGITS}x}"
        return stamp + self._proof(stamp, source)

    def is_issued(self, nonce: str, source: str, now: float) -> bool:
        """Return whether the nonce is ours, for this host, and young enough; it is not used by asking."""
        issued_ms = self._issued(nonce, source)
        return issued_ms is not None and int(now * 1000) - issued_ms <= self._lifetime_ms

    def use(self, nonce: str, count: str, source: str, now: float) -> bool:
        """Return whether the nonce is ours, for this host, young enough, and its count has grown.

        To be asked only after the response was found right, since it remembers the use.
        count: eight hexadecimal digits.
        """
        issued_ms = self._issued(nonce, source)
        if issued_ms is None or int(now * 1000) - issued_ms > self._lifetime_ms:
            return False
        number = int(count, 16)
        seen = self._seen.get(nonce)
        if seen is None:
            if issued_ms <= self._forgotten_ms or number == 0:
                return False
            self._remember(nonce, _Seen(issued_ms, number))
            return True
        if number <= seen.count:
            return False
        seen.count = number
        return True

    def _remember(self, nonce: str, seen: _Seen) -> None:
        self._seen[nonce] = seen
        if len(self._seen) > self._most:
            oldest = next(iter(self._seen))
            self._forgotten_ms = max(self._forgotten_ms, self._seen.pop(oldest).issued_ms)

    def _issued(self, nonce: str, source: str) -> int | None:
        stamp, proof = nonce[:-_PROOF_DIGITS], nonce[-_PROOF_DIGITS:]
        if len(stamp) != _ISSUED_DIGITS + _SERIAL_DIGITS or not _HEX.fullmatch(nonce):
            return None
        if not hmac.compare_digest(proof, self._proof(stamp, source)):
            return None
        return int(stamp[:_ISSUED_DIGITS], 16)

    def _proof(self, stamp: str, source: str) -> str:
        keyed = hmac.digest(self._secret, f"{stamp} {source}".encode(), "sha256")
        return keyed.hex()[:_PROOF_DIGITS]


# -- the client's side


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


def authorization_of(request: Request, header: str, realm: str) -> Authorization | None:
    """Return the first credentials of a request for our realm, None without them.

    header: Authorization or Proxy-Authorization.
    Raises: Malformed if a line for Digest cannot be read.
    """
    for line in request.headers.get_all(header):
        read = parse_authorization(line)
        if read is not None and read.realm == realm:
            return read
    return None
