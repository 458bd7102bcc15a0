"""Who is who: users that register or call with a password, and our own credentials at peers.

Pure but for the nonces that were used: a request and a moment in, who sent it or how to answer it out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from chakka.callplane.gaps import Window
from chakka.callplane.instant import Instant
from chakka.config import Config, LineAddress, Trunk
from chakka.sip.address import Address
from chakka.sip.digest import Authorization, Credentials
from chakka.sip.digest_client import answers
from chakka.sip.digest_server import Nonces, authorization_of, challenge, is_right
from chakka.sip.events import Failed
from chakka.sip.grammar import Malformed
from chakka.sip.message import Request, Response
from chakka.sip.transaction_message import HeaderPairs
from chakka.sip.uri import equivalent, parse_uri

# Compared against when nobody has the name, so that unknown names take as long as wrong passwords.
_NOBODY: Final = "no password is this long and has \x00 in it"


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with a password.

    numbers: the lines that may register as this user. trunk: the one whose calls come as this user.
    """

    name: str
    password: str
    numbers: frozenset[str] = frozenset()
    trunk: Trunk | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A response that a request gets instead of what it asked for."""

    status: int
    headers: HeaderPairs = ()


# How long a wrong answer counts, in seconds.
_THROTTLE_S: Final = 60.0
# RFC 3261 §21.5.4: a telephone whose password is right tries again; 403 would make it give up.
THROTTLED: Final = Reply(503, (("Retry-After", f"{_THROTTLE_S:.0f}"),))


def users(config: Config) -> dict[str, User]:
    """Return everybody who has a password, by user name."""
    found = {
        trunk.peer_user: User(trunk.peer_user, trunk.peer_password, trunk=trunk)
        for trunk in config.trunks
        if trunk.peer_user
    }
    for line in config.lines.values():
        if line.register:
            known = found.get(line.user)
            numbers = (known.numbers if known else frozenset()) | {line.number}
            found[line.user] = User(line.user, line.password, numbers, known.trunk if known else None)
    return found


class Authentication:
    """Asks for credentials and checks them (RFC 3261 §22.1, RFC 7616, RFC 8760).

    secret: at least 16 unguessable octets, new in each run.
    """

    def __init__(self, config: Config, secret: bytes) -> None:
        self._realm = config.auth.realm
        self._algorithms = config.auth.algorithms
        self._users = users(config)
        self._nonces = Nonces(secret, config.auth.nonce_lifetime)
        self._most_wrong = config.auth.wrong_per_minute
        self._wrong = Window(_THROTTLE_S)

    @property
    def has_users(self) -> bool:
        """Whether calls of anybody are taken whose address is not known."""
        return bool(self._users)

    def user(self, request: Request, source: Address, now: Instant) -> User | Reply:
        """Return who sent a request, or the 401 that asks for it; 400 for credentials that cannot be read.

        Wrong passwords and unknown names are told the same in the same time. stale=true asks a client to use
        its password with the new nonce, without troubling anybody; nothing is said of the password then.
        A host that has given too many wrong answers gets 503 to any, right or wrong, until a minute later.
        Its nonce proves that it is there: nobody can shut out another by writing its address.
        """
        try:
            given = authorization_of(request, "Authorization", self._realm)
        except Malformed as fault:
            return Reply(fault.status)
        if given is None:
            return self._challenge(source, now, stale=False)
        host = source[0]
        if not self._nonces.is_issued(given.nonce, host, now.monotonic):
            return self._challenge(source, now, stale=True)
        if self._most_wrong and self._wrong.count(host, now.monotonic) >= self._most_wrong:
            return THROTTLED
        user = self._users.get(given.username)
        password = _NOBODY if user is None else user.password
        credentials = Credentials(username=given.username, realm=self._realm, password=password)
        is_asked = given.algorithm in self._algorithms and _is_for(given, request)
        is_known = is_right(given, request.method, credentials) and is_asked
        if user is None or not is_known:
            self._wrong.add(host, now.monotonic)
            return self._challenge(source, now, stale=False)
        if not self._nonces.use(given.nonce, given.nonce_count, host, now.monotonic):
            return self._challenge(source, now, stale=True)
        return user

    def _challenge(self, source: Address, now: Instant, *, stale: bool) -> Reply:
        nonce = self._nonces.issue(source[0], now.monotonic)
        lines = challenge(self._realm, nonce, self._algorithms, stale=stale)
        return Reply(401, tuple(("WWW-Authenticate", line) for line in lines))


def _is_for(given: Authorization, request: Request) -> bool:
    """RFC 7616 §3.4.6: credentials for another target are not for this request."""
    try:
        return equivalent(parse_uri(given.uri), parse_uri(request.uri))
    except Malformed:
        return False


# -- our own credentials at others


def at_line(line: LineAddress) -> tuple[Credentials, ...]:
    """Return who we are at the server of a line."""
    return _credentials(line.user, line.realm, line.password)


def at_trunk(trunk: Trunk) -> tuple[Credentials, ...]:
    """Return who we are at a trunk."""
    return _credentials(trunk.user, trunk.realm, trunk.password)


def _credentials(user: str, realm: str, password: str) -> tuple[Credentials, ...]:
    return (Credentials(username=user, realm=realm, password=password),) if realm else ()


def invite_again(
    failed: Failed, known: tuple[Credentials, ...], request_uri: str, cnonce: Callable[[], str]
) -> HeaderPairs:
    """Return what to send an INVITE again with that was challenged; () if it is not to be answered.

    known: our credentials at the peer that was called; no other (peer, realm) is answered
           (reliability.md §1).
    To be asked once for each call: the same credentials are not tried twice (RFC 3261 §22.2).
    """
    response: Response | None = failed.response
    return () if response is None else answers(response, known, "INVITE", request_uri, cnonce)
