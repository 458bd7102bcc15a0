"""The lines of one node: where each is reached, who registers for it, and which addresses answer."""

from collections.abc import Callable, Iterator

from chakka.callplane import bindings, credentials
from chakka.callplane.bindings import Binding, LineTarget
from chakka.callplane.callers import Callers, CallingLine
from chakka.callplane.credentials import Authentication, Reply
from chakka.callplane.instant import Instant
from chakka.callplane.outbound import trunk_ways
from chakka.callplane.outbox import Outbox
from chakka.callplane.reachability import Reachability, Turned
from chakka.callplane.registrar import Changed, Registrar
from chakka.config import Config, Trunk, sip_destination
from chakka.records.model import RegistrationSet
from chakka.sip import events
from chakka.sip.agent import Address, Outgoing, UserAgent
from chakka.sip.message import Request, respond
from chakka.sip.transaction_message import HeaderPairs
from chakka.stores.live_store import KeepRegistration

# Expired registrations are passed over at once; how often, in seconds, they are also forgotten.
_SWEEP_EVERY = 60.0
# Telephones that register in a storm are watched together after so many seconds.
_WATCH_AFTER = 1.0
# Under this word requests are counted that were not looked at, for their host had guessed too often.
_GUESSED = "too many wrong passwords"


class Lines:
    """What call control asks about lines. Effects wait in the outbox and in the agent."""

    def __init__(
        self, config: Config, agent: UserAgent, outbox: Outbox, randomness: Callable[[int], bytes]
    ) -> None:
        self._config = config
        self._agent = agent
        self._outbox = outbox
        self._randomness = randomness
        self._authentication = Authentication(config, randomness(32))
        self._registrar = Registrar(config, self._authentication)
        self._callers = Callers(config, self._authentication, self._registrar)
        self._reachability = Reachability(config.keepalive)
        self._fixed = list(_watched(config))
        self._sweep_at = 0.0
        self._watch_at: float | None = 0.0

    # -- asked by call control

    def ways(self, number: str, now: Instant) -> list[LineTarget]:
        """Return where a line is tried, in order: addresses known to be silent only if all are."""
        found = self._registrar.addresses(number, now)
        return [way for way in found if self._reachability.is_up(way.destination)] or found

    def is_reachable(self, number: str, now: Instant) -> bool:
        """Return whether a line has an address that is not known to be silent (R4.2: a route)."""
        found = self._registrar.addresses(number, now)
        return any(self._reachability.is_up(way.destination) for way in found)

    def answer_to_challenge(self, failed: events.Failed, number: str, request_uri: str) -> HeaderPairs:
        """Return the headers for a line's 401 or 407; () unless its realm is configured for this line."""
        line = self._config.lines.get(number)
        known = credentials.at_line(line) if line else ()
        return credentials.invite_again(failed, known, request_uri, lambda: self._randomness(8).hex())

    def answer_to_trunk(self, failed: events.Failed, trunk: Trunk, request_uri: str) -> HeaderPairs:
        """Return the headers for the outbound trunk's 401 or 407; () unless we are known in its realm."""
        known = credentials.at_trunk(trunk)
        return credentials.invite_again(failed, known, request_uri, lambda: self._randomness(8).hex())

    def trunk_ways(self, trunk: Trunk, number: str) -> list[LineTarget]:
        """Return where a number is tried at the outbound trunk: silent hosts only if all are."""
        found = trunk_ways(trunk, number)
        return [way for way in found if self._reachability.is_up(way.destination)] or found

    def caller_of(self, request: Request, source: Address, now: Instant) -> Trunk | CallingLine | Reply:
        """Return who makes a call, or how to answer whom we do not know."""
        caller = self._callers.caller_of(request, source, now)
        if caller is credentials.THROTTLED:
            self._agent.counts[_GUESSED] += 1
        return caller

    # -- what happens

    def load(self, kept: list[Binding], now: Instant) -> None:
        """Take the registrations of an earlier run."""
        for changed in self._registrar.load(kept, now):
            self._changed(changed, now)

    def register(self, event: events.OtherRequest, now: Instant) -> None:
        """Answer a REGISTER."""
        reply, changed = self._registrar.register(event.request, event.source, now)
        if reply is credentials.THROTTLED:
            self._agent.counts[_GUESSED] += 1
        if reply.status == 200:
            # It answered a nonce that was sent to its host: a repeated request may get the same response.
            event.transaction.is_proven = True
        self._agent.respond(
            event.transaction, respond(event.request, reply.status, headers=reply.headers), now.monotonic
        )
        if changed is not None:
            self._changed(changed, now)

    def ended(self, event: events.RequestEnded, now: Instant) -> None:
        """Take the answer to an OPTIONS of ours."""
        asked = event.request.owner
        if isinstance(asked, LineTarget):
            status = event.response.status if event.response else None
            self._turned(self._reachability.ended(asked.destination, status, now.monotonic))

    def handle_timer(self, now: Instant) -> None:
        """Ask by OPTIONS who is due, and forget what has expired."""
        if now.monotonic >= self._sweep_at:
            self._sweep_at = now.monotonic + _SWEEP_EVERY
            for changed in self._registrar.sweep(now):
                self._changed(changed, now)
        if self._watch_at is not None and now.monotonic >= self._watch_at:
            self._watch_at = None
            self._reachability.watch([*self._fixed, *self._registrar.registered(now)], now.monotonic)
        due, turned = self._reachability.due(now.monotonic)
        self._turned(turned)
        for target in due:
            self._ask(target, now)

    def next_timer(self) -> float:
        """Return when `handle_timer` is wanted next."""
        waiting = (self._sweep_at, self._watch_at, self._reachability.next_timer())
        return min(due for due in waiting if due is not None)

    def _ask(self, target: LineTarget, now: Instant) -> None:
        host = self._config.listen[0]
        here = f"<sip:[{host}]>" if ":" in host else f"<sip:{host}>"
        outgoing = Outgoing(
            request_uri=target.uri, destination=target.destination, from_=here, to=f"<{target.uri}>"
        )
        self._agent.request("OPTIONS", outgoing, now.monotonic).owner = target

    def _changed(self, changed: Changed, now: Instant) -> None:
        octets = bindings.encode(changed.bindings)
        self._outbox.live.append(KeepRegistration(number=changed.number, octets=octets))
        if not changed.is_refresh:
            entry = RegistrationSet(number=changed.number, octets=octets, at_ms=now.utc_ms)
            self._outbox.append(entry)
            self._outbox.show("registered", number=changed.number, telephones=len(changed.bindings))
        if self._watch_at is None:
            self._watch_at = now.monotonic + _WATCH_AFTER

    def _turned(self, turned: list[Turned]) -> None:
        for one in turned:
            host, port = one.destination[0], one.destination[1]
            self._outbox.show("reachable" if one.is_up else "unreachable", host=host, port=port)


def _watched(config: Config) -> Iterator[LineTarget]:
    """Return the configured addresses that are asked whether they are there."""
    for line in config.lines.values():
        if line.keepalive:
            for address in line.addresses:
                yield LineTarget(address, sip_destination(address))
    for trunk in config.trunks:
        if trunk.keepalive:
            for host in trunk.hosts:
                written = f"[{host}]" if ":" in host else host
                yield LineTarget(f"sip:{written}:{trunk.port}", (host, trunk.port))
