"""The plans as the call plane reads them: decoded once for as long as the stored bytes stay the same."""

import logging
from collections import OrderedDict
from collections.abc import Callable

import msgspec

from chakka.errors import InputError
from chakka.routing.plan import CompiledPlan, decode

log = logging.getLogger(__name__)

# Decoding takes some microseconds; the plans of this many busy numbers are kept decoded.
_MOST = 1_000


class Plans:
    """Reads the plan store for every call, so that a publish holds from the next call on (R4.8).

    draws: running numbers of ratio sequences, which start at 0 when a changed plan is published (R4.1).
    """

    def __init__(self, read: Callable[[str], bytes | None]) -> None:
        self._read = read
        self._decoded: OrderedDict[str, tuple[bytes, CompiledPlan | None]] = OrderedDict()
        self._draws: dict[str, tuple[str, dict[str, int]]] = {}

    def plan(self, number: str) -> CompiledPlan | None:
        """Return the published plan of a freephone number, None when it has none.

        Raises: InputError if it cannot be read: damaged, or written by a version of chakka to come.
        """
        stored = self._stored(number)
        if stored is None:
            return None
        known = self._decoded.get(number)
        if known is None or known[0] != stored:
            known = self._decoded[number] = (stored, _decoded(number, stored))
            if len(self._decoded) > _MOST:
                self._decoded.popitem(last=False)
        if known[1] is None:
            raise InputError(f"the plan of {number} cannot be read")
        return known[1]

    def _stored(self, number: str) -> bytes | None:
        try:
            return self._read(number)
        except InputError as fault:
            log.error("a call gets 500: %s", fault)
            raise

    def draws(self, plan: CompiledPlan) -> dict[str, int]:
        """Return the running numbers of the plan's ratio sequences."""
        plan_hash, draws = self._draws.get(plan.number, ("", {}))
        if plan_hash != plan.hash:
            draws = {}
            self._draws[plan.number] = (plan.hash, draws)
        return draws

    def drawn(self, plan: CompiledPlan, sequence: str) -> None:
        """Count one draw from a sequence."""
        draws = self.draws(plan)
        draws[sequence] = draws.get(sequence, 0) + 1


def _decoded(number: str, stored: bytes) -> CompiledPlan | None:
    """Return a plan, None for one that cannot be read: said once, not for every call."""
    try:
        return decode(stored)
    except msgspec.DecodeError as fault:
        log.error("the plan of %s cannot be read, its calls get 500: %s", number, fault)
        return None
