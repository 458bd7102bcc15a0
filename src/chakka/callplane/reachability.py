"""Which peers are there: OPTIONS at intervals, and what their answers or silence mean (RFC 3261 §11)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from chakka.callplane.bindings import LineTarget
from chakka.config import KeepaliveSettings
from chakka.sip.address import Address

# Answers that say that nobody behind the peer is there; every other one proves that it lives.
_AWAY: Final = frozenset({408, 503})
# Fractions of the interval between the first questions: the golden ratio spreads any number evenly.
_SPREAD: Final = 0.618_033_988_749_895


@dataclass(frozen=True, slots=True)
class Turned:
    """A peer has become reachable, or is so no longer."""

    destination: Address
    is_up: bool


@dataclass(slots=True)
class _Peer:
    """One address that is asked. deadline: until when an answer is awaited; None when none is."""

    uri: str
    due: float
    deadline: float | None = None
    failures: int = 0
    is_up: bool = True


class Reachability:
    """What is known of each watched address; one that is not watched, or not yet known, counts as up."""

    def __init__(self, settings: KeepaliveSettings) -> None:
        self._settings = settings
        self._peers: dict[Address, _Peer] = {}
        self._added = 0
        self._earliest: float | None = None

    def watch(self, targets: Iterable[LineTarget], now: float) -> None:
        """Ask these from now on and no others; what is known of those watched already stays known."""
        wanted = {target.destination: target.uri for target in targets}
        for destination in self._peers.keys() - wanted.keys():
            del self._peers[destination]
        for destination, uri in wanted.items():
            peer = self._peers.get(destination)
            if peer is None:
                self._added += 1
                share = self._added * _SPREAD % 1.0
                self._peers[destination] = _Peer(uri, now + share * self._settings.interval)
            else:
                peer.uri = uri
        self._look_ahead()

    def due(self, now: float) -> tuple[list[LineTarget], list[Turned]]:
        """Return who is to be asked by OPTIONS now, and whose silence has just lasted too long."""
        turned = []
        asked = []
        for destination, peer in self._peers.items():
            if peer.deadline is not None and now >= peer.deadline:
                turned += self._failed(destination, peer, now)
            if peer.deadline is None and now >= peer.due:
                peer.deadline = now + self._settings.within
                peer.due = now + self._settings.interval
                asked.append(LineTarget(peer.uri, destination))
        self._look_ahead()
        return asked, turned

    def ended(self, destination: Address, status: int | None, now: float) -> list[Turned]:
        """Take the answer to an OPTIONS, or None if it could not be sent or was given up.

        An answer that is late is still an answer; silence has been counted at its deadline.
        """
        peer = self._peers.get(destination)
        if peer is None:
            return []
        if status is None or status in _AWAY:
            return self._failed(destination, peer, now) if peer.deadline is not None else []
        peer.deadline, peer.failures = None, 0
        return self._turn(destination, peer, is_up=True)

    def is_up(self, destination: Address) -> bool:
        """Return whether an address may be tried before others."""
        peer = self._peers.get(destination)
        return peer is None or peer.is_up

    def next_timer(self) -> float | None:
        """Return when `due` is to be asked next, None while nobody is watched; too early does no harm."""
        return self._earliest

    def _failed(self, destination: Address, peer: _Peer, now: float) -> list[Turned]:
        peer.deadline = None
        peer.failures += 1
        if peer.failures < self._settings.failures:
            # Doubtful: do not wait a whole interval before asking again.
            peer.due = min(peer.due, now + self._settings.within)
            self._earliest = peer.due if self._earliest is None else min(self._earliest, peer.due)
            return []
        return self._turn(destination, peer, is_up=False)

    def _turn(self, destination: Address, peer: _Peer, *, is_up: bool) -> list[Turned]:
        if peer.is_up is is_up:
            return []
        peer.is_up = is_up
        return [Turned(destination, is_up)]

    def _look_ahead(self) -> None:
        waits = (peer.due if peer.deadline is None else peer.deadline for peer in self._peers.values())
        self._earliest = min(waits, default=None)
