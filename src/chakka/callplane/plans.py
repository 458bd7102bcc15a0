"""Plans and live facts as the call plane reads them: decoded once while the stored bytes stay the same."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

import msgspec

from chakka.errors import InputError
from chakka.routing import live_facts
from chakka.routing.live_facts import NO_FACTS, LiveFacts
from chakka.routing.plan import CompiledPlan, decode
from chakka.stores.plan_store import prepared

log = logging.getLogger(__name__)

# Decoding takes some microseconds; what belongs to this many busy numbers is kept decoded.
_MOST = 1_000

Value = TypeVar("Value")


class InForce(NamedTuple):
    """What decides the calls of a number at a moment.

    plan: None when the number has none in service. emergency: the name of the plan if it is a prepared one.
    """

    plan: CompiledPlan | None
    facts: LiveFacts = NO_FACTS
    emergency: str | None = None

    @property
    def key(self) -> str:
        """Return under what the plan is stored."""
        number = self.plan.number if self.plan else ""
        return prepared(number, self.emergency) if self.emergency else number


class Plans:
    """Reads the plan store for every call, so that a publish holds from the next call on (R4.8).

    draws: running numbers of ratio sequences, which start at 0 when a changed plan is published (R4.1); they
           wait while an emergency plan, which has its own, is in force.
    """

    def __init__(self, read: Callable[[str], bytes | None], read_live: Callable[[str], bytes | None]) -> None:
        self._read = read
        self._read_live = read_live
        self._plans = _Decoded("its calls get 500", decode)
        self._facts = _Decoded("its calls go on without", live_facts.decode)
        self._draws: dict[str, tuple[str, dict[str, int]]] = {}
        self._missing: set[str] = set()

    def in_force(self, number: str, at_ms: int) -> InForce:
        """Return plan and live facts that hold for a call to a number.

        Raises: InputError if the plan cannot be read: damaged, or written by a version of chakka to come.
        """
        plan = self._plan(number)
        if plan is None:
            return InForce(None)
        facts = self._live_facts(number)
        name = facts.emergency_plan(at_ms)
        emergency = None if name is None else self._emergency(number, name)
        return InForce(plan, facts) if emergency is None else InForce(emergency, facts, name)

    def _plan(self, key: str) -> CompiledPlan | None:
        try:
            stored = self._read(key)
        except InputError as fault:
            log.error("a call gets 500: %s", fault)
            raise
        if stored is None:
            return None
        plan = self._plans.value(key, stored)
        if plan is None:
            raise InputError(f"the plan of {key} cannot be read")
        return plan

    def _live_facts(self, number: str) -> LiveFacts:
        """A number whose facts cannot be read is still answered: a block missed is less than a call lost."""
        stored = self._read_live(number)
        return NO_FACTS if stored is None else self._facts.value(number, stored) or NO_FACTS

    def _emergency(self, number: str, name: str) -> CompiledPlan | None:
        """Return the prepared plan; without one that can be read calls go on by the ordinary plan."""
        key = prepared(number, name)
        try:
            plan = self._plan(key)
        except InputError:
            return None
        if plan is not None:
            self._missing.discard(key)
        elif key not in self._missing:
            self._missing.add(key)
            log.error("emergency plan %s is in force but was never prepared: the ordinary plan answers", key)
        return plan

    def draws(self, in_force: InForce) -> dict[str, int]:
        """Return the running numbers of the plan's ratio sequences."""
        plan_hash = in_force.plan.hash if in_force.plan else ""
        known_hash, draws = self._draws.get(in_force.key, ("", {}))
        if known_hash != plan_hash:
            draws = {}
            self._draws[in_force.key] = (plan_hash, draws)
        return draws

    def drawn(self, in_force: InForce, sequence: str) -> None:
        """Count one draw from a sequence."""
        draws = self.draws(in_force)
        draws[sequence] = draws.get(sequence, 0) + 1


class _Decoded(Generic[Value]):
    """What stored bytes say, decoded when they change. What cannot be read is logged once, not every call."""

    def __init__(self, otherwise: str, decode: Callable[[bytes], Value]) -> None:
        self._otherwise = otherwise
        self._decode = decode
        self._known: OrderedDict[str, tuple[bytes, Value | None]] = OrderedDict()

    def value(self, key: str, stored: bytes) -> Value | None:
        """Return the value of the bytes stored under a key, None if they cannot be read."""
        known = self._known.get(key)
        if known is None or known[0] != stored:
            known = self._known[key] = (stored, self._read(key, stored))
            if len(self._known) > _MOST:
                self._known.popitem(last=False)
        return known[1]

    def _read(self, key: str, stored: bytes) -> Value | None:
        try:
            return self._decode(stored)
        except msgspec.DecodeError as fault:
            log.error("what is stored for %s cannot be read, %s: %s", key, self._otherwise, fault)
            return None
