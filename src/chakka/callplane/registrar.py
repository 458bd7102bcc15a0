"""The registrar: REGISTER and a moment in, a reply and changed bindings out (RFC 3261 §10.3)."""

from collections.abc import Iterable
from dataclasses import dataclass

from chakka.callplane.bindings import (
    Binding,
    LineTarget,
    Refused,
    contact_value,
    in_order,
    is_refresh,
    line_number,
    registration,
    updated,
)
from chakka.callplane.credentials import Authentication, Reply
from chakka.callplane.instant import Instant
from chakka.config import Config, sip_destination
from chakka.sip.address import Address
from chakka.sip.grammar import Malformed
from chakka.sip.message import Request


@dataclass(frozen=True, slots=True)
class Changed:
    """The bindings of a line from now on, to be kept for the next run; () when it has none any more.

    is_refresh: only their ends have changed.
    """

    number: str
    bindings: tuple[Binding, ...]
    is_refresh: bool = False


class Registrar:
    """The registered lines of one node. Nothing here waits: expired bindings are passed over and swept.

    Bindings carry UTC. It is counted on from the first moment that is told, so that a step of the wall
    clock neither ends nor prolongs a registration.
    """

    def __init__(self, config: Config, authentication: Authentication) -> None:
        self._lines = config.lines
        self._settings = config.registrar
        self._authentication = authentication
        self._anchor_ms: int | None = None
        self._bindings: dict[str, tuple[Binding, ...]] = {}

    def load(self, bindings: Iterable[Binding], now: Instant) -> list[Changed]:
        """Take the bindings of an earlier run; return what of them need not be kept.

        Lines that are not configured to register any more, and what has expired meanwhile, are dropped.
        """
        by_number: dict[str, list[Binding]] = {}
        for binding in bindings:
            by_number.setdefault(binding.number, []).append(binding)
        dropped = []
        for number, found in by_number.items():
            line = self._lines.get(number)
            is_line = line is not None and line.register
            kept = self._live(found, now) if is_line else ()
            if kept:
                self._bindings[number] = kept
            if len(kept) < len(found):
                dropped.append(Changed(number, kept))
        return dropped

    def register(self, request: Request, source: Address, now: Instant) -> tuple[Reply, Changed | None]:
        """Return the reply to a REGISTER and what it changed.

        401 without right credentials. 403 for a number that is not the user's, whether it exists or not.
        """
        user = self._authentication.user(request, source, now)
        if isinstance(user, Reply):
            return user, None
        number = line_number(request.to.uri)
        if number not in user.numbers:
            return Reply(403), None
        try:
            wanted = registration(request, number, source)
        except Malformed as fault:
            return Reply(fault.status), None
        known = self._bindings.get(number, ())
        after = updated(known, wanted, self._settings, self._steady_ms(now))
        if isinstance(after, Refused):
            least = () if after.min_expires is None else (("Min-Expires", str(after.min_expires)),)
            return Reply(after.status, least), None
        self._keep(number, after)
        contacts = tuple(("Contact", contact_value(one, self._steady_ms(now))) for one in after)
        changed = Changed(number, after, is_refresh(known, after))
        return Reply(200, contacts), None if after == known else changed

    def addresses(self, number: str, now: Instant) -> list[LineTarget]:
        """Return where a line is reached: as configured, then as registered, by preference; [] if nowhere."""
        line = self._lines.get(number)
        configured = line.addresses if line else ()
        targets = [LineTarget(address, sip_destination(address)) for address in configured]
        return targets + [one.target for one in self.bindings(number, now)]

    def bindings(self, number: str, now: Instant) -> tuple[Binding, ...]:
        """Return the bindings of a line that have not expired, the most wanted first."""
        return self._live(self._bindings.get(number, ()), now)

    def registered(self, now: Instant) -> list[LineTarget]:
        """Return every place where a line is registered now, each destination once."""
        targets = [one.target for number in self._bindings for one in self.bindings(number, now)]
        return list({target.destination: target for target in targets}.values())

    def sweep(self, now: Instant) -> list[Changed]:
        """Forget what has expired; return it, so that it is not kept either."""
        changed = []
        for number, found in list(self._bindings.items()):
            kept = self._live(found, now)
            if len(kept) < len(found):
                self._keep(number, kept)
                changed.append(Changed(number, kept))
        return changed

    def _live(self, bindings: Iterable[Binding], now: Instant) -> tuple[Binding, ...]:
        now_ms = self._steady_ms(now)
        return in_order(one for one in bindings if one.expires_ms > now_ms)

    def _keep(self, number: str, bindings: tuple[Binding, ...]) -> None:
        if bindings:
            self._bindings[number] = bindings
        else:
            self._bindings.pop(number, None)

    def _steady_ms(self, now: Instant) -> int:
        if self._anchor_ms is None:
            self._anchor_ms = now.utc_ms - now.monotonic_ms
        return self._anchor_ms + now.monotonic_ms
