"""How many calls each line number and each contract has up now; what makes a number busy."""

from collections import Counter

from chakka.routing.plan import CompiledPlan


class Occupancy:
    """Counts of calls that hold a channel, from the INVITE to a line until its release."""

    def __init__(self) -> None:
        self._on_number: Counter[str] = Counter()
        self._on_contract: Counter[str] = Counter()

    def seize(self, number: str) -> None:
        """Count a branch towards a line number."""
        self._on_number[number] += 1

    def free(self, number: str) -> None:
        """Take a branch back."""
        _subtract(self._on_number, number)

    def enter(self, contract: str) -> None:
        """Count a call to a freephone number."""
        self._on_contract[contract] += 1

    def leave(self, contract: str) -> None:
        """Take a call back."""
        _subtract(self._on_contract, contract)

    def calls_up(self, contract: str) -> int:
        """Return the number of calls to a freephone number."""
        return self._on_contract[contract]

    def busy(self, plan: CompiledPlan) -> frozenset[str]:
        """Return the plan's line numbers that cannot take one more call: channels or `per_number` reached."""
        full: set[str] = set()
        for line in plan.lines:
            if sum(self._on_number[number] for number in line.numbers) >= line.channels:
                full.update(line.numbers)
        for number, most in plan.per_number.items():
            if self._on_number[number] >= most:
                full.add(number)
        return frozenset(full)


def _subtract(counts: Counter[str], key: str) -> None:
    counts[key] -= 1
    if counts[key] <= 0:
        del counts[key]
