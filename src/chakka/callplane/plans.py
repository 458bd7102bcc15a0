"""The plans as the call plane reads them: decoded once for as long as the stored bytes stay the same."""

from collections import OrderedDict
from collections.abc import Callable

from chakka.routing.plan import CompiledPlan, decode

# Decoding takes some microseconds; the plans of this many busy numbers are kept decoded.
_MOST = 1_000


class Plans:
    """Reads the plan store for every call, so that a publish holds from the next call on (R4.8).

    draws: running numbers of ratio sequences, which start at 0 when a changed plan is published (R4.1).
    """

    def __init__(self, read: Callable[[str], bytes | None]) -> None:
        self._read = read
        self._decoded: OrderedDict[str, tuple[bytes, CompiledPlan]] = OrderedDict()
        self._draws: dict[str, tuple[str, dict[str, int]]] = {}

    def plan(self, number: str) -> CompiledPlan | None:
        """Return the published plan of a freephone number, None when it has none."""
        stored = self._read(number)
        if stored is None:
            return None
        known = self._decoded.get(number)
        if known is not None and known[0] == stored:
            return known[1]
        plan = decode(stored)
        self._decoded[number] = (stored, plan)
        if len(self._decoded) > _MOST:
            self._decoded.popitem(last=False)
        return plan

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
