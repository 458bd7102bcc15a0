"""Who makes a call: a trunk, one of our lines, or a stranger (signalling.md §4; reliability.md §1)."""

from collections import defaultdict
from dataclasses import dataclass

from chakka.caller.number import number_in, parties
from chakka.caller.profile import Spelling, TrunkProfile
from chakka.callplane.credentials import Authentication, Reply, User
from chakka.callplane.instant import Instant
from chakka.callplane.registrar import Registrar
from chakka.config import Config, Trunk, sip_destination
from chakka.sip.address import Address, transport_of
from chakka.sip.message import Request

# RFC 3325 §9.2: a telephone prefers an identity; some PBXs assert one. What it is not, it cannot choose.
_IDENTITIES = Spelling(identity_headers=("P-Preferred-Identity", "P-Asserted-Identity"))
_LINE = TrunkProfile(name="", trusted=True, spelling=_IDENTITIES)


@dataclass(frozen=True, slots=True)
class CallingLine:
    """One of our lines; `number` is the line number that makes the call."""

    number: str


class Callers:
    """Tells callers apart: trunks by address or password, lines by address or, if they register, password."""

    def __init__(self, config: Config, authentication: Authentication, registrar: Registrar) -> None:
        self._config = config
        self._authentication = authentication
        self._registrar = registrar
        self._at_end: dict[tuple[str, int], list[str]] = defaultdict(list)
        self._at_host: dict[str, list[str]] = defaultdict(list)
        self._of_user: dict[str, list[str]] = defaultdict(list)
        for line in config.lines.values():
            if line.register:
                self._of_user[line.user].append(line.number)
                continue
            for host, port in {sip_destination(address)[:2] for address in line.addresses}:
                self._at_end[host, port].append(line.number)
                self._at_host[host].append(line.number)

    def caller_of(self, request: Request, source: Address, now: Instant) -> Trunk | CallingLine | Reply:
        """Return who makes a call, or how to answer whom we do not know.

        A telephone is asked for its password even where a trunk is at the same host. A line is known by its
        whole address, over a stream, whose port means nothing, by its host.
        """
        trunk = self._config.trunk_at(source)
        named = self._named(request)
        is_registered = any(self._is_registered_at(number, source, now) for number in named)
        if not is_registered:
            if trunk is not None and not trunk.peer_user:
                return trunk
            lines = self._lines_at(source)
            if trunk is None and lines:
                return CallingLine(_chosen(named, lines))
            if trunk is None and not self._authentication.has_users:
                return Reply(403)
        user = self._authentication.user(request, source, now)
        if isinstance(user, Reply):
            return user
        if user.trunk is not None and not is_registered and _is_here(user.trunk, trunk):
            return user.trunk
        is_line = user.numbers and (trunk is None or is_registered)
        return CallingLine(_chosen(named, self._numbers(user))) if is_line else Reply(403)

    def _named(self, request: Request) -> list[str]:
        """Return the numbers that the caller says it has, the one it prefers first."""
        numbers = (number_in(party.address.uri) for party in parties(request, _LINE))
        return [number for number in numbers if number]

    def _is_registered_at(self, number: str, source: Address, now: Instant) -> bool:
        here = (*source[:2], transport_of(source))
        bindings = self._registrar.bindings(number, now) if self._of_user else ()
        return any((one.host, one.port, one.transport) == here for one in bindings)

    def _lines_at(self, source: Address) -> list[str]:
        transport = transport_of(source)
        end = (source[0], source[1])
        found = self._at_end.get(end, []) if transport == "udp" else self._at_host.get(source[0], [])
        if transport == "tls":
            return found
        return [number for number in found if not self._config.lines[number].tls_name]

    def _numbers(self, user: User) -> list[str]:
        return self._of_user[user.name]


def _chosen(named: list[str], own: list[str]) -> str:
    """signalling.md §4: the number that the caller names if it is the line's, else the line's first."""
    return next((number for number in named if number in own), own[0])


def _is_here(claimed: Trunk, trunk: Trunk | None) -> bool:
    """A trunk that has addresses is nowhere else, whatever it knows; and no other trunk is at those."""
    return claimed is trunk or (trunk is None and not claimed.hosts)
