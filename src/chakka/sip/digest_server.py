"""Digest authentication as a server: challenges, checks of answers, nonces (RFC 7616 §3.3, §3.4)."""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass

from chakka.sip.digest import Algorithm, Authorization, Credentials, ha1, parse_authorization, response_value
from chakka.sip.grammar import quote
from chakka.sip.message import Request

_HEX = re.compile(r"[0-9a-f]++")
# Our nonces: milliseconds of issue, serial number, then the proof that they are ours.
_ISSUED_DIGITS, _SERIAL_DIGITS, _PROOF_DIGITS = 12, 8, 24


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
